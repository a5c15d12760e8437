"""HTTP archive 1.2: REST exchanges as entries, connections as entries with their messages, as browsers write them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from wsreplay import __version__
from wsreplay.analysis.exports import Wanted
from wsreplay.captures.event import Event
from wsreplay.captures.rest_rows import request_in, response_in
from wsreplay.captures.wire import Handshake
from wsreplay.venues.envelope import HttpMessage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPCODES = {"text": 1, "binary": 2}
_MESSAGES = "_webSocketMessages"
_encode = msgspec.json.Encoder().encode
_handshake = msgspec.json.Decoder(Handshake).decode


def write(wanted: Wanted, path: Path) -> int:
    """Write the archive; how many entries it has."""
    archive = _Archive()
    for event in wanted.events():
        if event.part == 0:
            archive.see(event)
    archive.end()
    entries = sorted(archive.entries, key=lambda entry: str(entry["startedDateTime"]))
    log = {"version": "1.2", "creator": {"name": "wsreplay", "version": __version__}, "pages": [], "entries": []}
    beginning, end = _encode({"log": log}).rsplit(b"]", 1)
    with path.open("wb") as out:
        out.write(beginning)
        for number, entry in enumerate(entries):
            if _MESSAGES in entry:
                entry[_MESSAGES] = msgspec.Raw(b"[" + entry[_MESSAGES] + b"]")
            out.write((b"," if number else b"") + _encode(entry))
        out.write(b"]" + end)
    return len(entries)


class _Archive:
    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._lines: dict[int | None, dict[str, Any]] = {}
        self._asked: dict[int | None, tuple[Event, HttpMessage]] = {}

    def see(self, event: Event) -> None:
        match event.kind:
            case "open":
                self._opened(event)
            case "text" | "binary":
                self._said(event)
            case "http_request":
                self._asked[event.conn] = event, request_in(event)
            case "http_response":
                self._answered(event)

    def _opened(self, event: Event) -> None:
        try:
            said = _handshake(event.text or "")
        except msgspec.MsgspecError:
            return
        entry = _entry(
            said.asked_at_ns or event.at_ns,
            max(0, event.mono_ns - (said.asked_mono_ns or event.mono_ns)),
            _request("GET", said.url, said.request),
            _response(said.status, said.reason, said.response, said.body.encode(), said.error),
        )
        entry |= _line(event)
        self._lines[event.conn] = entry
        self.entries.append(entry)

    def _said(self, event: Event) -> None:
        line = self._lines.get(event.conn)
        if line is None:
            # The part that is exported begins in the middle of this connection.
            line = _entry(event.at_ns, 0, _request("GET", "ws:", []), _response(101, "", [], b"", ""))
            line |= _line(event)
            self._lines[event.conn] = line
            self.entries.append(line)
        payload = event.text if event.text is not None else base64.b64encode(event.data or b"").decode()
        messages: bytearray = line[_MESSAGES]
        if messages:
            messages += b","
        messages += _encode(
            {
                "type": "send" if event.sender == "client" else "receive",
                "time": event.at_ns / 1e9,
                "opcode": _OPCODES[event.kind],
                "data": payload,
                "_seq": event.seq,
            }
        )

    def end(self) -> None:
        """What still waits for an answer."""
        for asked, request in self._asked.values():
            self._exchanged(asked, request, None, 0)

    def _answered(self, event: Event) -> None:
        asked, request = self._asked.pop(event.conn, (None, None))
        if asked is not None and request is not None:
            self._exchanged(asked, request, response_in(event, request), event.mono_ns - asked.mono_ns)

    def _exchanged(self, asked: Event, request: HttpMessage, response: HttpMessage | None, took_ns: int) -> None:
        error = "" if response is not None else "it was never answered"
        entry = _entry(
            asked.at_ns,
            took_ns,
            _request(request.method, request.url, list(request.headers), request.body),
            _response(
                (response.status if response else None) or 0,
                "",
                list(response.headers) if response else [],
                response.body if response else b"",
                error,
            ),
        )
        entry["_seq"] = asked.seq
        self.entries.append(entry)


def _line(event: Event) -> dict[str, Any]:
    """What a connection has besides; its messages as they are written, for as objects they take four times that."""
    return {"_resourceType": "websocket", _MESSAGES: bytearray(), "connection": str(event.conn)}


def _entry(at_ns: int, took_ns: int, request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    started = (_EPOCH + timedelta(microseconds=at_ns // 1000)).isoformat(timespec="microseconds")
    return {
        "startedDateTime": started.replace("+00:00", "Z"),
        "time": took_ns / 1e6,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": took_ns / 1e6, "receive": 0},
    }


def _request(method: str, url: str, headers: list[tuple[str, str]], body: bytes = b"") -> dict[str, Any]:
    try:
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        query = []
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": len(body),
    }
    if body:
        request["postData"] = {"mimeType": _kind(headers), "text": body.decode(errors="replace")}
    return request


def _response(status: int, reason: str, headers: list[tuple[str, str]], body: bytes, error: str) -> dict[str, Any]:
    content: dict[str, Any] = {"size": len(body), "mimeType": _kind(headers)}
    try:
        content["text"] = body.decode()
    except UnicodeDecodeError:
        content |= {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    return {
        "status": status,
        "statusText": reason,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(body),
        **({"_error": error} if error else {}),
    }


def _pairs(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _kind(headers: list[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")
