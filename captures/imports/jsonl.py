"""JSON lines: those that ``wsreplay export`` writes, and those that other programs log.

A line of ours has ``seq`` and ``kind``, and comes back exactly as it was observed. A line of another program needs a
time, a direction and a payload, under any of the names below. A payload that is JSON itself keeps the text that it has
in the line: read and written anew, its numbers would lose digits.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import OBSERVED, Event
from wsreplay.captures.imports.observed import CLOCK, FRAMES, LATEST, RELAY, Speaker, mended, ns_of, opened, said
from wsreplay.captures.wire import Handshake

LONGEST_LINE = 256 << 20
TIMES = ("at_ns", "at", "time", "ts", "timestamp", "t")
DIRECTIONS = ("sender", "direction", "dir", "type", "side", "from")
PAYLOADS = ("text", "payload", "message", "msg", "data", "raw")
CONNECTIONS = ("conn", "connection", "connection_id", "socket")
SENT = frozenset({"client", "send", "sent", "out", "outgoing", "tx", ">", "->", "to", "bot", "request"})
RECEIVED = frozenset(
    {"venue", "server", "receive", "received", "recv", "in", "incoming", "rx", "<", "<-", "push", "reply"}
)
BLIND = (CLOCK, FRAMES, RELAY)
_NEEDED = tuple(field.name for field in msgspec.structs.fields(Event) if field.required)
_DEFAULTS = {field.name: None if field.required else field.default for field in msgspec.structs.fields(Event)}
_read_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_FINER = re.compile(r"(?<=[.,]\d{6})\d{1,3}")
"""The digits of a second that :mod:`datetime` drops."""


def is_ours(path: Path) -> bool:
    """Whether the first line is one that ``wsreplay export`` wrote."""
    first = next(_lines(path), (1, {}))[1]
    return "seq" in first and "kind" in first and "mono_ns" in first


def read(path: Path) -> Iterator[Event]:
    """The events in the file, in its order."""
    yield from (_own(path) if is_ours(path) else _foreign(path))


def _own(path: Path) -> Iterator[Event]:
    last = (-1, -1)
    for number, fields in _lines(path):
        try:
            row = {name: msgspec.json.decode(value) for name, value in fields.items()}
            if row.get("kind") == "incident" or (row.get("kind") == "fact" and row.get("venue") is not None):
                continue  # derived, and worked out anew
            event = msgspec.convert(_list_of({name: row[name] for name in OBSERVED if name in row}), Event)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, binascii.Error) as error:
            raise CaptureError(f"{path}, line {number}: no event of a capture ({error})") from None
        if (event.seq, event.part) <= last:
            raise CaptureError(f"{path}, line {number}: event {event.seq} is not in its order, the file was altered")
        last = event.seq, event.part
        yield event


def _list_of(observed: dict[str, Any]) -> list[Any]:
    """The columns of an event in their order, bytes decoded."""
    if isinstance(observed.get("data"), str):
        observed["data"] = base64.b64decode(observed["data"], validate=True)
    for name in _NEEDED:
        if name not in observed:
            raise msgspec.ValidationError(f"it has no {name}")
    return [observed.get(name, default) for name, default in _DEFAULTS.items()]


def _foreign(path: Path) -> Iterator[Event]:
    numbers: dict[str, int] = {}
    latest_ns = 0
    for number, fields in _lines(path):
        where = f"{path}, line {number}"
        at_ns = _moment(_one_of(fields, TIMES, where, "time"), where)
        sender = _speaker(_one_of(fields, DIRECTIONS, where, "direction"), where)
        payload = _text(_one_of(fields, PAYLOADS, where, "payload"))
        name = next((_text(fields[each]) for each in CONNECTIONS if each in fields), "")
        conn = numbers.get(name)
        if conn is None:
            conn = numbers[name] = len(numbers) + 1
            url = _text(fields["url"]) if "url" in fields else ""
            yield _after(latest_ns, opened(at_ns, conn, Handshake(url=url, status=101)))
        yield _after(latest_ns, said(at_ns, conn, sender, payload))
        latest_ns = max(latest_ns, at_ns)


def _after(latest_ns: int, event: Event) -> Event:
    """The event on a clock that does not run backwards where the log's does: intervals are told by that one."""
    event.mono_ns = event.first_mono_ns = max(event.mono_ns, latest_ns)
    return event


def _lines(path: Path) -> Iterator[tuple[int, dict[str, msgspec.Raw]]]:
    """The objects in the file, each with the number of its line; their values are as they stand there."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                raise CaptureError(
                    f"{path}, line {number} is longer than {LONGEST_LINE >> 20} MiB: it is no log of messages"
                )
            if number == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            if not line.strip():
                continue
            yield number, _fields(line, f"{path}, line {number}")


def _fields(line: bytes, where: str) -> dict[str, msgspec.Raw]:
    try:
        try:
            return _read_fields(line)
        except msgspec.DecodeError:
            return _read_fields(mended(line))
    except msgspec.ValidationError:
        raise CaptureError(f"{where} is no JSON object: give one object a line") from None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise CaptureError(f"{where} is no JSON ({error}): give one object a line") from None


def _one_of(fields: dict[str, msgspec.Raw], names: tuple[str, ...], where: str, what: str) -> msgspec.Raw:
    for name in names:
        value = fields.get(name)
        if value is not None and bytes(value) != b"null":
            return value
    raise CaptureError(f"{where} has no {what}: it is looked for under {', '.join(names)}")


def _text(value: msgspec.Raw) -> str:
    """A string's content; of anything else, the JSON as it stands in the line."""
    text = bytes(value).decode(errors="replace")
    return msgspec.json.decode(text, type=str) if text.startswith('"') else text


def _speaker(value: msgspec.Raw, where: str) -> Speaker:
    word = _text(value)
    if word.strip().lower() in SENT:
        return "client"
    if word.strip().lower() in RECEIVED:
        return "venue"
    raise CaptureError(f"{where} has the direction {word[:40]!r}: say send or receive")


def _moment(value: msgspec.Raw, where: str) -> int:
    """Nanoseconds since 1970 from ISO 8601, or from seconds, milli-, micro- or nanoseconds, told by their size."""
    text = _text(value).strip()
    at_ns = -1
    try:
        number = Decimal(text)
        for power, below in ((9, 10**11), (6, 10**14), (3, 10**17), (0, 10**20)):
            if abs(number) < below:
                at_ns = int(number.scaleb(power))
                break
    except ArithmeticError:  # no number, or one that is no number
        with suppress(ValueError, OverflowError):
            finer = _FINER.search(text)
            at_ns = ns_of(datetime.fromisoformat(text)) + (int(finer[0].ljust(3, "0")) if finer else 0)
    if not 0 <= at_ns <= LATEST:
        raise CaptureError(f"{where} has the time {text[:40]!r}: give ISO 8601, or a number since 1970")
    return at_ns
