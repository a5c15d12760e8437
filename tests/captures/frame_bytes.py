"""Bytes of frames for tests: valid ones written by the ``websockets`` library, odd ones by hand."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode

from wsreplay.captures.frames import FrameParser, Message

type Side = Literal["client", "venue"]

MASK = b"\x37\xfa\x21\x3d"
DEFLATE = "permessage-deflate"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def odd_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    final: bool = True,
    reserved: int = 0,
    masked: bool = False,
    length_bytes: Literal[0, 2, 8] | None = None,
    claims: int | None = None,
) -> bytes:
    """One frame with any head and any way to write its length; ``claims`` another length than it has."""
    length = len(payload) if claims is None else claims
    if length_bytes is None:
        length_bytes = 0 if length < 126 else 2 if length < 0x10000 else 8
    head = bytes([final << 7 | reserved << 4 | opcode])
    mask_bit = masked << 7
    if length_bytes == 0:
        head += bytes([mask_bit | length])
    else:
        head += bytes([mask_bit | (126 if length_bytes == 2 else 127)]) + length.to_bytes(length_bytes)
    if masked:
        return head + MASK + bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))
    return head + payload


class Agreement(NamedTuple):
    """What a handshake agreed on for permessage-deflate."""

    client_alone: bool = False
    server_alone: bool = False
    client_bits: int = 15
    server_bits: int = 15

    def header(self) -> str:
        """As it stands in ``Sec-WebSocket-Extensions``."""
        words = ["permessage-deflate"]
        words += ["server_no_context_takeover"] * self.server_alone
        words += ["client_no_context_takeover"] * self.client_alone
        words += [f"server_max_window_bits={self.server_bits}"] * (self.server_bits < 15)
        words += [f"client_max_window_bits={self.client_bits}"] * (self.client_bits < 15)
        return "; ".join(words)


class Said(NamedTuple):
    """A message as its sender meant it, and where it lies on the wire."""

    kind: str
    payload: bytes
    size: int
    frames: int
    compressed: bool
    first_byte: int
    last_byte: int
    close_code: int | None = None
    close_reason: str | None = None


@dataclass
class _Begun:
    kind: str
    first_byte: int
    compressed: bool
    payload: bytes = b""
    size: int = 0
    frames: int = 0


class Speaker:
    """One side of a connection, speaking through the library's own encoder."""

    def __init__(self, side: Side, agreement: Agreement | None = None) -> None:
        self.wire = b""
        self.said: list[Said] = []
        self._masks = side == "client"
        self._deflate: PerMessageDeflate | None = None
        self._begun: _Begun | None = None
        if agreement is not None:
            client = (agreement.client_alone, agreement.client_bits)
            server = (agreement.server_alone, agreement.server_bits)
            (local_alone, local_bits), (remote_alone, remote_bits) = (
                (client, server) if side == "client" else (server, client)
            )
            self._deflate = PerMessageDeflate(remote_alone, local_alone, remote_bits, local_bits)

    def say(self, kind: Literal["text", "binary"], payload: bytes, *, final: bool = True, plain: bool = False) -> None:
        """A message, or its first fragment; ``plain``: not compressed, whatever was agreed."""
        compressed = self._deflate is not None and not plain
        self._begun = _Begun(kind, len(self.wire), compressed)
        self._fragment(Opcode.TEXT if kind == "text" else Opcode.BINARY, payload, final)

    def go_on(self, payload: bytes, *, final: bool = True) -> None:
        """A further fragment of the message."""
        self._fragment(Opcode.CONT, payload, final)

    def control(self, kind: Literal["ping", "pong"], payload: bytes) -> None:
        """A control frame, at any time."""
        first = len(self.wire)
        self.wire += Frame(Opcode[kind.upper()], payload).serialize(mask=self._masks)
        self.said.append(Said(kind, payload, len(self.wire) - first, 1, False, first, len(self.wire) - 1))

    def close(self, code: int, reason: str) -> None:
        """A close frame."""
        first = len(self.wire)
        payload = Close(code, reason).serialize()
        self.wire += Frame(Opcode.CLOSE, payload).serialize(mask=self._masks)
        size = len(self.wire) - first
        self.said.append(Said("close", payload, size, 1, False, first, len(self.wire) - 1, code, reason))

    def _fragment(self, opcode: Opcode, payload: bytes, final: bool) -> None:
        begun = self._begun
        assert begun is not None
        extensions = [self._deflate] if self._deflate is not None and begun.compressed else []
        frame = Frame(opcode, payload, final).serialize(mask=self._masks, extensions=extensions)
        self.wire += frame
        begun.payload += payload
        begun.size += len(frame)
        begun.frames += 1
        if final:
            last = len(self.wire) - 1
            self.said.append(
                Said(begun.kind, begun.payload, begun.size, begun.frames, begun.compressed, begun.first_byte, last)
            )
            self._begun = None


def read(wire: bytes, sender: Side = "venue", extensions: str = "", *, limit: int = 64 << 20) -> list[Message]:
    """All messages of a stream that came in one chunk, and what is left over at its end."""
    parser = FrameParser(sender, extensions, limit)
    return parser.feed(wire, 1, 2, 3) + parser.end()


def only(messages: list[Message]) -> Message:
    """The one message that there is."""
    (message,) = messages
    return message


def problem(message: Message) -> str:
    """The one thing that is wrong with it."""
    (why,) = message.problems
    return why


def kinds(messages: list[Message]) -> list[str]:
    """Of which kinds they are, in order."""
    return [message.kind for message in messages]


def compressed(text: bytes, packer: zlib._Compress | None = None) -> bytes:
    """The text as it stands in a compressed frame."""
    packer = packer or zlib.compressobj(wbits=-15)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def packed(payload: bytes, opcode: int = TEXT, final: bool = True) -> bytes:
    """A frame of compressed data."""
    return odd_frame(opcode, payload, final=final, reserved=4)
