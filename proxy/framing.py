"""The bytes of one direction, cut into whole WebSocket frames that can be held, lost or damaged one by one.

Sans-I/O. Unlike :mod:`wsreplay.captures.frames`, which reads what has passed, this keeps what was read, with the times
of its reading, so that it can be handed on and recorded to the byte as it came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Literal, NamedTuple

try:
    from websockets.speedups import apply_mask
except ImportError:  # the same in Python, where there is no wheel with the compiled one
    from websockets.utils import apply_mask

type UnitKind = Literal["text", "binary", "ping", "pong", "close", "other"]

LIMIT = 64 << 20
"""Most bytes of one message that are held; what is longer passes as it comes."""

_KINDS: dict[int, UnitKind] = {0x1: "text", 0x2: "binary", 0x8: "close", 0x9: "ping", 0xA: "pong"}
_OPCODES = {kind: opcode for opcode, kind in _KINDS.items()}


class Chunk(NamedTuple):
    """Bytes that were read at once."""

    data: bytes
    at_ns: int
    mono_ns: int


class Unit:
    """A whole message with all its frames, a control frame, or bytes that are neither (``other``)."""

    __slots__ = ("chunks", "kind", "masked", "payload")

    def __init__(self, kind: UnitKind, payload: bytes, masked: bool, chunks: list[Chunk]) -> None:
        self.kind = kind
        self.payload = payload
        self.masked = masked
        self.chunks = chunks

    @property
    def size(self) -> int:
        """Its bytes on the wire."""
        return sum(len(chunk.data) for chunk in self.chunks)

    @property
    def wire(self) -> bytes:
        """What it was on the wire."""
        return b"".join(chunk.data for chunk in self.chunks)

    def reframed(self, payload: bytes, *, reserved: int = 0) -> bytes:
        """A frame like it with another payload, or with reserved bits set."""
        return frame(_OPCODES[self.kind], payload, masked=self.masked, reserved=reserved)


class Cutter:
    """Bytes in as they are read, units out as they are complete."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._chunks: deque[Chunk] = deque()
        self._needed = 2
        self._fragments: list[Chunk] = []
        self._payload = bytearray()
        self._kind: UnitKind = "other"
        self.astray = False
        """Where frames begin is not known any more: bytes pass as they come."""

    @property
    def between_messages(self) -> bool:
        """Whether nothing is held: the next byte begins a message, or a frame between messages."""
        return not self._bytes and not self._fragments and not self.astray

    def feed(self, data: bytes, at_ns: int, mono_ns: int) -> Iterator[Unit]:
        """The units that end in these bytes."""
        self._bytes += data
        self._chunks.append(Chunk(data, at_ns, mono_ns))
        while not self.astray and len(self._bytes) >= self._needed:
            header = _header(self._bytes)
            if header is None:
                break
            body, length = header
            if length > LIMIT:
                self.astray = True
                break
            if len(self._bytes) < body + length:
                self._needed = body + length
                break
            self._needed = 2
            yield from self._frame(body, length)
        if self.astray and (rest := self.rest()):
            yield rest

    def rest(self) -> Unit | None:
        """What is held and not whole, when nothing more comes."""
        chunks = self._fragments + list(self._chunks)
        self._fragments = []
        self._chunks.clear()
        self._bytes.clear()
        self._payload.clear()
        return Unit("other", b"", False, chunks) if chunks else None

    def _frame(self, body: int, length: int) -> Iterator[Unit]:
        head, masked = self._bytes[0], self._bytes[1] & 0x80 != 0
        payload = bytes(self._bytes[body : body + length])
        if masked:
            payload = apply_mask(payload, bytes(self._bytes[body - 4 : body]))
        del self._bytes[: body + length]
        chunks = self._take(body + length)
        opcode, final = head & 0x0F, head & 0x80 != 0
        kind: UnitKind = "other" if head & 0x70 else _KINDS.get(opcode, "other")
        if opcode >= 0x8 or (kind == "other" and (opcode != 0 or not self._fragments)):
            yield Unit(kind, payload, masked, chunks)
            return
        if opcode != 0 and self._fragments:
            # A new message, though the one before was not complete: that one stays what it was.
            yield self._message("other", masked)
        if opcode != 0 or head & 0x70:
            self._kind = kind
        self._fragments += chunks
        self._payload += payload
        if final or len(self._payload) > LIMIT:
            yield self._message(self._kind if final else "other", masked)

    def _message(self, kind: UnitKind, masked: bool) -> Unit:
        unit = Unit(kind, bytes(self._payload), masked, self._fragments)
        self._fragments = []
        self._payload.clear()
        return unit

    def _take(self, size: int) -> list[Chunk]:
        """The chunks that these bytes came in, the last one cut where they end."""
        taken = []
        while size:
            chunk = self._chunks.popleft()
            if len(chunk.data) > size:
                self._chunks.appendleft(chunk._replace(data=chunk.data[size:]))
                chunk = chunk._replace(data=chunk.data[:size])
            taken.append(chunk)
            size -= len(chunk.data)
        return taken


def frame(opcode: int, payload: bytes, *, masked: bool, reserved: int = 0) -> bytes:
    """A frame of our own. A client's is masked with zeros, which leave the payload as it is."""
    length = len(payload)
    mask = 0x80 if masked else 0
    head = bytes([0x80 | reserved | opcode])
    if length < 126:
        head += bytes([mask | length])
    elif length < 1 << 16:
        head += bytes([mask | 126]) + length.to_bytes(2)
    else:
        head += bytes([mask | 127]) + length.to_bytes(8)
    return head + (bytes(4) if masked else b"") + payload


def close_frame(code: int, reason: str, *, masked: bool) -> bytes:
    """A close frame of our own."""
    return frame(0x8, code.to_bytes(2) + reason.encode(errors="replace"), masked=masked)


def _header(data: bytearray) -> tuple[int, int] | None:
    """Where the payload begins, and how long it is; None until the header is complete."""
    second = data[1]
    length = second & 0x7F
    body = 2 + (0 if length < 126 else 2 if length == 126 else 8)
    if len(data) < body:
        return None
    if length > 125:
        length = int.from_bytes(data[2:body])
    return body + (4 if second & 0x80 else 0), length
