"""HTTP archives (HAR 1.2) with WebSocket messages, as browsers write them."""

from __future__ import annotations

import base64
import binascii
import codecs
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.imports.observed import CLOCK, FRAMES, RELAY, exchanged, mended, ns_of, opened, said
from wsreplay.captures.wire import Exchange, Handshake

LARGEST = 2 << 30
"""A larger archive is refused: it has to be in memory as a whole."""
BLIND = (CLOCK, FRAMES, RELAY)
_LONGEST_MS = 1e9
"""No exchange takes eleven days: what says so is no time."""


class _Pair(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Body(msgspec.Struct):
    text: str | None = ""
    encoding: str | None = ""


class _Request(msgspec.Struct, rename="camel"):
    method: str = "GET"
    url: str = ""
    headers: list[_Pair] = []
    post_data: _Body | None = None


class _Response(msgspec.Struct, rename="camel"):
    status: int = 0
    status_text: str = ""
    headers: list[_Pair] = []
    content: _Body | None = None


class _Message(msgspec.Struct):
    type: str = ""
    time: float = 0.0
    opcode: int = 1
    data: str | None = ""


class _Entry(msgspec.Struct, rename="camel"):
    started_date_time: str = ""
    time: float | None = None
    request: _Request = msgspec.field(default_factory=_Request)
    response: _Response = msgspec.field(default_factory=_Response)
    messages: list[_Message] | None = msgspec.field(default=None, name="_webSocketMessages")


class _Log(msgspec.Struct):
    entries: list[_Entry] = []


class _Archive(msgspec.Struct):
    log: _Log


def looks_so(beginning: bytes) -> bool:
    """Whether a file that begins so is an archive."""
    return (
        beginning.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{"
        and b'"log"' in beginning
        and b"\n{" not in beginning.strip()
    )


def read(path: Path) -> Iterator[Event]:
    """The events in an archive, in the order of their times."""
    if path.stat().st_size > LARGEST:
        raise CaptureError(f"{path} is larger than {LARGEST >> 30} GiB: export fewer entries from the browser")
    content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    try:
        try:
            archive = msgspec.json.decode(content, type=_Archive)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            archive = msgspec.json.decode(mended(content), type=_Archive)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CaptureError(f"{path} is no HTTP archive ({error}): export it again as HAR with content") from None
    events = [event for conn, entry in enumerate(archive.log.entries, 1) for event in _events_of(entry, conn, path)]
    events.sort(key=lambda event: event.at_ns)  # stable: a request stays before its answer
    yield from events


def _events_of(entry: _Entry, conn: int, path: Path) -> Iterator[Event]:
    started_ns = _moment(entry.started_date_time, path)
    took_ms = entry.time or 0
    over_ns = started_ns + (round(took_ms * 1e6) if 0 < took_ms < _LONGEST_MS else 0)
    request, response = entry.request, entry.response
    asked, answered = _pairs(request.headers), _pairs(response.headers)
    if entry.messages is None:
        yield from exchanged(
            over_ns,
            conn,
            Exchange(
                method=request.method,
                url=request.url,
                request=asked,
                request_body=_bytes(request.post_data),
                status=response.status or None,
                reason=response.status_text,
                response=answered,
                response_body=_bytes(response.content),
                error="" if response.status else "it was never answered",
                asked_at_ns=started_ns,
                asked_mono_ns=started_ns,
            ),
        )
        return
    # A browser counts the whole life of a connection as the time of its entry: the handshake ends where it began.
    first_ns = min((_ns(message.time) for message in entry.messages), default=started_ns)
    yield opened(
        min(started_ns, first_ns),
        conn,
        Handshake(
            url=request.url,
            request=asked,
            status=response.status or 101,
            reason=response.status_text,
            response=answered,
            asked_at_ns=min(started_ns, first_ns),
            asked_mono_ns=min(started_ns, first_ns),
        ),
    )
    for message in entry.messages:
        payload: str | bytes = message.data or ""
        if message.opcode == 2:
            payload = _decoded(message.data or "")
        elif message.opcode != 1:
            continue
        yield said(_ns(message.time), conn, "client" if message.type == "send" else "venue", payload)


def _moment(text: str, path: Path) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CaptureError(f"{path} has an entry with the time {text!r}, which is none: the file was altered") from None
    return ns_of(moment)


def _ns(seconds: float) -> int:
    """Exact to the microsecond, which is all that a double of this size holds."""
    return round(seconds * 1e6) * 1000 if abs(seconds) < 9e9 else 0


def _pairs(headers: list[_Pair]) -> list[tuple[str, str]]:
    return [(header.name, header.value) for header in headers]


def _bytes(body: _Body | None) -> bytes:
    if body is None:
        return b""
    text = body.text or ""
    return _decoded(text) if body.encoding == "base64" else text.encode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()
