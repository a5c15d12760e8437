"""Packets for Wireshark: every connection and REST exchange as a TCP stream in plain text, framed anew.

Messages are whole, uncompressed and masked with zeros, as the capture has them; fragments, compression, TLS and the
venue's addresses are not in it. A packet's comment is the event's address.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from wsreplay.analysis.exports import Wanted
from wsreplay.analysis.exports.packets import PacketFile, Stream
from wsreplay.captures.event import Event
from wsreplay.captures.frame_writer import OPCODES, close_payload, frame
from wsreplay.captures.rest_rows import request_in, response_in
from wsreplay.captures.wire import Handshake
from wsreplay.venues.envelope import HttpMessage

_CLIENT, _VENUE = "10.0.0.1", "10.0.0.2"
_PORT = 80
"""Where Wireshark looks for HTTP, and after an upgrade for WebSocket."""
_FIRST_PORT = 20_000
_NEVER = frozenset({"sec-websocket-extensions", "content-encoding", "transfer-encoding", "content-length"})
"""What would be untrue of messages that are framed anew."""
_handshake = msgspec.json.Decoder(Handshake).decode


def write(wanted: Wanted, path: Path) -> int:
    """Write the packets; how many there were."""
    with path.open("wb") as out:
        file = PacketFile(out)
        streams = _Streams(file)
        for event in wanted.events():
            if event.part == 0:
                streams.see(event)
        return file.packets


class _Streams:
    def __init__(self, file: PacketFile) -> None:
        self._file = file
        self._lines: dict[int | None, Stream] = {}
        self._asked: dict[int | None, tuple[Stream, HttpMessage]] = {}
        self._ports = 0

    def see(self, event: Event) -> None:
        comment = f"#{event.seq}"
        by_venue = event.sender == "venue"
        match event.kind:
            case "open":
                self._opened(event, comment)
            case "text" | "binary" | "ping" | "pong":
                self._line(event).say(by_venue, event.at_ns, _framed(event, by_venue), comment)
            case "close":
                payload = close_payload(event.close_code, event.close_reason)
                self._line(event).say(by_venue, event.at_ns, frame(0x8, payload, masked=not by_venue), comment)
            case "raw":
                self._line(event).say(by_venue, event.at_ns, event.data or b"", comment)
            case "end":
                line = self._line(event)
                (line.reset if event.ended_by == "rst" else line.finish)(by_venue, event.at_ns, comment)
            case "http_request":
                request = request_in(event)
                stream = self._stream(event.at_ns)
                stream.say(False, event.at_ns, _request(request.method, request.url, request), comment)
                self._asked[event.conn] = stream, request
            case "http_response":
                self._answered(event, comment)

    def _opened(self, event: Event, comment: str) -> None:
        try:
            said = _handshake(event.text or "")
        except msgspec.MsgspecError:
            return
        asked_ns = said.asked_at_ns or event.at_ns
        stream = self._lines[event.conn] = self._stream(asked_ns)
        asked = _head(f"GET {_target(said.url)} HTTP/1.1", _with(said.request, _UPGRADE), said.url)
        stream.say(False, asked_ns, asked, comment)
        if said.status:
            body = said.body.encode()
            switched = said.status == 101
            length = [("Content-Length", str(len(body)))]
            answered = _with(said.response, _UPGRADED) if switched else [*said.response, *length]
            head = _head(f"HTTP/1.1 {said.status} {said.reason}".rstrip(), answered)
            stream.say(True, event.at_ns, head + body, comment)

    def _answered(self, event: Event, comment: str) -> None:
        stream, request = self._asked.pop(event.conn, (None, None))
        if stream is None:
            return
        answer = response_in(event, request)
        if answer is not None:
            length = [("Content-Length", str(len(answer.body)))]
            head = _head(f"HTTP/1.1 {answer.status} ", [*answer.headers, *length])
            stream.say(True, event.at_ns, head + answer.body, comment)
        stream.finish(True, event.at_ns)
        stream.finish(False, event.at_ns)

    def _line(self, event: Event) -> Stream:
        line = self._lines.get(event.conn)
        if line is None:
            # A part of a capture may begin in the middle of a line. Wireshark must be shown that it is WebSocket.
            line = self._lines[event.conn] = self._stream(event.at_ns)
            line.say(False, event.at_ns, _head("GET / HTTP/1.1", _UPGRADE, "ws://unknown"))
            line.say(True, event.at_ns, _head("HTTP/1.1 101 Switching Protocols", _UPGRADED))
        return line

    def _stream(self, at_ns: int) -> Stream:
        port = _FIRST_PORT + self._ports % 40_000
        self._ports += 1
        stream = Stream(self._file, (_CLIENT, port), (_VENUE, _PORT))
        stream.begin(at_ns)
        return stream


_UPGRADE = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ("Sec-WebSocket-Version", "13"),
]
_UPGRADED = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Accept", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
]


def _with(headers: list[tuple[str, str]], needed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers, and those of the needed that are missing: without them nobody takes it for an upgrade."""
    there = {name.lower() for name, _ in headers}
    return [*headers, *((name, value) for name, value in needed if name.lower() not in there)]


def _framed(event: Event, by_venue: bool) -> bytes:
    payload = event.text.encode() if event.text is not None else event.data or b""
    return frame(OPCODES[event.kind], payload, masked=not by_venue)


def _request(method: str, url: str, request: HttpMessage) -> bytes:
    length = [("Content-Length", str(len(request.body)))] if request.body else []
    return _head(f"{method} {_target(url)} HTTP/1.1", [*request.headers, *length], url) + request.body


def _head(first: str, headers: list[tuple[str, str]], url: str = "") -> bytes:
    kept = [(name, value) for name, value in headers if name.lower() not in _NEVER or name == "Content-Length"]
    if url and not any(name.lower() == "host" for name, _ in kept):
        kept.insert(0, ("Host", url.partition("://")[2].partition("/")[0]))
    lines = [first, *(f"{name}: {value}" for name, value in kept)]
    return "\r\n".join(line.replace("\r", " ").replace("\n", " ") for line in lines).encode() + b"\r\n\r\n"


def _target(url: str) -> str:
    rest = url.partition("://")[2]
    slash = rest.find("/")
    query = rest.find("?")
    if slash < 0 or (0 <= query < slash):
        return f"/{rest[query:]}" if query >= 0 else "/"
    return rest[slash:].replace(" ", "%20")
