"""One WebSocket line of a replay, down to its bytes."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from wsreplay.captures.wire import Handshake, What, as_json
from wsreplay.proxy.framing import Cutter
from wsreplay.replay.clock import SYSTEM, Clock
from wsreplay.replay.incoming import leading_texts
from wsreplay.replay.listeners import LineEvents, Note
from wsreplay.replay.outgoing import Framer
from wsreplay.replay.outputs import Send
from wsreplay.replay.script import Open
from wsreplay.replay.targets import Place

if TYPE_CHECKING:
    from wsreplay.replay.line_gate import LineGate

CLOSE_S = 2.0
"""How long the venue has for its part of a goodbye."""
_LINGER_NONE = struct.pack("ii", 1, 0)
_HEAD_END = b"\r\n\r\n"
_OURS = frozenset({"host", "connection", "upgrade", "content-length", "proxy-connection"})


class Line(asyncio.Protocol):
    """A bot's end of one line. Pings are answered by the WebSocket library; all bytes are noted as they pass."""

    def __init__(
        self,
        step: Open,
        place: Place,
        conn: int,
        note: Note,
        events: LineEvents,
        *,
        clock: Clock = SYSTEM,
        gated: bool = False,
    ) -> None:
        """``gated``: a gate on its way records it and reads the venue on; nothing is noted here."""
        self.number = step.line
        self._upstream = step.upstream
        self._place = place
        self._conn = conn
        self._note = _unrecorded if gated else note
        self.gate: LineGate | None = None
        """What stands before the venue, once the handshake is over."""
        self._events = events
        self._clock = clock
        self._cutter = Cutter()
        self._framer = Framer()
        self._transport: asyncio.Transport | None = None
        self._asked_at_ns = self._asked_mono_ns = 0
        self._head = bytearray()
        self._handshaken = False
        self._bot_gone = False
        """Nothing reaches the bot any more."""
        self._ended = {False: False, True: False}
        self._how = "proxy"
        scheme = "wss" if place.secure else "ws"
        self._url = f"{scheme}://{place.authority}{place.target}"
        recorded = {name.lower(): value for name, value in step.headers}
        compresses = "permessage-deflate" in recorded.get("sec-websocket-extensions", "")
        offered = [each.strip() for each in recorded.get("sec-websocket-protocol", "").split(",") if each.strip()]
        self._protocol = ClientProtocol(
            parse_uri(self._url),
            extensions=[ClientPerMessageDeflateFactory()] if compresses else None,
            subprotocols=[Subprotocol(each) for each in offered] or None,
            max_size=None,
        )
        self._headers = [
            (name, value)
            for name, value in step.headers
            if name.lower() not in _OURS and not name.lower().startswith("sec-websocket-")
        ]

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        request = self._protocol.connect()
        for name, value in self._headers:
            request.headers[name] = value
        self._request = request
        self._asked_at_ns, self._asked_mono_ns = self._clock.now()
        self._protocol.send_request(request)
        self._flush(noted=False)

    def data_received(self, data: bytes) -> None:
        """Bytes of the venue."""
        at_ns, mono_ns = self._clock.now()
        if not self._handshaken:
            self._head += data
            end = self._head.find(_HEAD_END)
            status = self._head[:16].split(b" ")[1:2]
            if end < 0 or status != [b"101"]:
                self._protocol.receive_data(data)
                self._answered()
                return
            data = bytes(self._head[end + len(_HEAD_END) :])
            self._protocol.receive_data(bytes(self._head[: end + len(_HEAD_END)]))
            self._answered()
            if not self._handshaken:
                return
        if self._cutter.between_messages and not self._protocol.extensions:
            at = 0
            for text, wire in leading_texts(data):
                if self._protocol.state is not OPEN:
                    break
                at += len(wire)
                self._heard(text, wire, at_ns, mono_ns)
            if at == len(data):
                return
            data = data[at:]
        for unit in self._cutter.feed(data, at_ns, mono_ns):
            wire = unit.wire
            self._heard(self._message(wire), wire, at_ns, mono_ns)
            self._flush()

    def eof_received(self) -> bool:
        """The venue says no more."""
        self._how = "fin"
        if not self._handshaken:
            self._protocol.receive_eof()
            self._answered()
            return False
        self._end(True, "fin")
        self._protocol.receive_eof()
        self._flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone."""
        if not self._handshaken:
            self._protocol.receive_eof()
            self._answered()
            if not self._handshaken and not self._ended[True]:
                self.fail(in_words(exc) if exc else "the connection ended during the handshake")
            return
        if exc is not None:
            self._how = "rst"
            self._end(True, "rst")
        self._end(True, "proxy")
        # Who was left behind saw nothing but the end of its own socket.
        self._end(False, "fin" if self._how == "fin" else "proxy")
        self._note(What.OVER, False, self._conn, *self._clock.now(), -1, b"")
        self._events.ended(self.number, self._how)

    def pause_writing(self) -> None:
        """The venue reads slower than we send."""
        self._events.full(self.number, True)

    def resume_writing(self) -> None:
        """The venue has caught up."""
        self._events.full(self.number, False)

    # What the replay calls

    def send(self, messages: Iterable[Send]) -> None:
        """Send messages that are due at once, in as few writes as may be."""
        if self._protocol.state is not OPEN:
            return  # the venue's goodbye has just come in
        if not self._protocol.extensions:
            for data in self._framer.frames(messages):
                self._write(data)
            return
        for message in messages:
            payload = message.payload
            data = payload.encode() if isinstance(payload, str) else payload
            (self._protocol.send_binary if message.binary else self._protocol.send_text)(data)
        self._flush()

    def read(self, on: bool) -> None:
        """Read on, or let the venue wait."""
        if self._transport is not None and not self._transport.is_closing():
            (self._transport.resume_reading if on else self._transport.pause_reading)()

    def withdraw(self, how: str) -> None:
        """The bot's end is gone; what the venue still says is read on."""
        if self.gate is not None:
            self.gate.withdraw(how)
        self._bot_gone = True
        self._end(False, how)

    def close(self, code: int | None, reason: str) -> None:
        """Say goodbye."""
        if self._protocol.state is OPEN:
            if code is None or code == 1005:
                self._protocol.send_close()
            else:
                self._protocol.send_close(code if _may_be_sent(code) else 1000, reason)
            self._flush()
        asyncio.get_running_loop().call_later(CLOSE_S, self._close_transport)

    def cut(self, how: str) -> None:
        """End without a goodbye."""
        if self._transport is None or self._transport.is_closing():
            return
        if how != "rst":
            self._transport.close()
            return
        handle = self._transport.get_extra_info("socket")
        if handle is not None:
            # abort() alone sends a FIN.
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
        self._transport.abort()

    def give_up(self, why: str) -> None:
        """Wait no longer for an answer to the handshake, if there is none yet."""
        if not (self._handshaken or self._ended[True]):
            self.fail(why)
            self._close_transport()

    def fail(self, why: str) -> None:
        """There is no answer to the handshake."""
        self._ended[True] = True
        self._note_open(Handshake(url=self._url, status=0, error=why))
        self._note(What.OVER, False, self._conn, *self._clock.now(), -1, b"")
        self._events.refused(self.number, 0, why)

    # Private parts

    def _answered(self) -> None:
        """Whatever the handshake was answered with."""
        for event in self._protocol.events_received():
            if not isinstance(event, Response):
                continue
            why = self._protocol.handshake_exc
            self._note_open(
                Handshake(
                    url=self._url,
                    status=event.status_code,
                    reason=event.reason_phrase,
                    response=_pairs(event.headers),
                    body=(event.body or b"").decode(errors="replace") if event.status_code != 101 else "",
                    error=str(why) if why is not None and event.status_code == 101 else "",
                )
            )
            if why is None:
                self._handshaken = True
                self._events.opened(self.number)
            else:
                self._ended[True] = True
                self._note(What.OVER, False, self._conn, *self._clock.now(), -1, b"")
                self._close_transport()
                # A 101 that breaks the protocol opens nothing.
                wrong = event.status_code == 101
                self._events.refused(
                    self.number, 0 if wrong else event.status_code, str(why) if wrong else event.reason_phrase
                )

    def _heard(self, message: str | bytes | None, wire: bytes, at_ns: int, mono_ns: int) -> None:
        """Something came: tell of it, put it on record, and do what follows from it, in this order."""
        after: Callable[[], None] | None = None
        delivered = not self._bot_gone
        if message is not None:
            reaches, after = self._events.received(self.number, message)
            delivered = delivered and reaches
        relay_ns = self._clock.mono_ns() - mono_ns if delivered else -1
        self._note(What.DATA, True, self._conn, at_ns, mono_ns, relay_ns, wire)
        if after is not None:
            after()

    def _message(self, wire: bytes) -> str | bytes | None:
        """The message in these bytes, if there is one."""
        self._protocol.receive_data(wire)
        frames = [event for event in self._protocol.events_received() if isinstance(event, Frame)]
        data = [frame for frame in frames if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)]
        if not data:
            return None
        payload = b"".join(bytes(frame.data) for frame in data)
        # What is no UTF-8 is decoded leniently, only to be shown to the dialect.
        return payload.decode(errors="replace") if data[0].opcode is Opcode.TEXT else payload

    def _flush(self, *, noted: bool = True) -> None:
        """Send what the WebSocket library wants sent."""
        if self._transport is None:
            return
        for data in self._protocol.data_to_send():
            if not data:
                self._close_transport()
            else:
                self._write(data, noted=noted)

    def _write(self, data: bytes, *, noted: bool = True) -> None:
        """Hand bytes to the system first, and note them afterwards."""
        if self._transport is None or self._transport.is_closing():
            return
        at_ns, mono_ns = self._clock.now()
        self._transport.write(data)
        if noted and not self._bot_gone:
            self._note(What.DATA, False, self._conn, at_ns, mono_ns, self._clock.mono_ns() - mono_ns, data)

    def _end(self, venue_side: bool, how: str) -> None:
        if not self._ended[venue_side]:
            self._ended[venue_side] = True
            self._note(What.END, venue_side, self._conn, *self._clock.now(), -1, how.encode())

    def _note_open(self, handshake: Handshake) -> None:
        handshake.upstream = self._upstream
        handshake.asked_at_ns, handshake.asked_mono_ns = self._asked_at_ns, self._asked_mono_ns
        if self._transport is not None:
            handshake.request = _pairs(self._request.headers)
        now = self._clock.now()
        self._note(What.OPEN, True, self._conn, *now, -1, as_json(handshake))

    def _close_transport(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()


def _may_be_sent(code: int) -> bool:
    return 1000 <= code < 5000 and code not in (1004, 1006, 1015)


def in_words(error: Exception) -> str:
    """Why a connection failed, as people say it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return str(error)  # its number is none of the system's
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number else str(error)


def _unrecorded(*_: object) -> None:
    """In the place of a recorder."""


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers.raw_items())
