"""Messages, and how they are put together from frames: fragments, control frames between them, deflate, close codes."""

from __future__ import annotations

from typing import Literal

import msgspec

from wsreplay.captures.deflate import DeflateError, Inflater

type MessageKind = Literal["text", "binary", "ping", "pong", "close", "raw"]
type Stamps = tuple[int, int, int]
"""at_ns, mono_ns and relay_ns of one chunk of bytes."""

_CONTINUATION, _TEXT, _CLOSE = 0x0, 0x1, 0x8
_KINDS: dict[int, MessageKind] = {0x1: "text", 0x2: "binary", 0x8: "close", 0x9: "ping", 0xA: "pong"}
_RESERVED_BITS, _COMPRESSED_BIT = 0x70, 0x40
_LONGEST_CONTROL = 125


class Message(msgspec.Struct, gc=False):
    """One message, one control frame, or one stretch of bytes that is neither (``raw``)."""

    kind: MessageKind
    payload: bytes
    """Unmasked and inflated; of ``raw`` the bytes as they were on the wire."""
    text: str | None
    """The payload of a valid text message."""
    size: int
    """Bytes on the wire, with headers, of all its frames."""
    frames: int
    """How many whole frames it came in; 0: it is no whole frame."""
    compressed: bool
    close_code: int | None
    close_reason: str | None
    problems: tuple[str, ...]
    """What is wrong with it, in plain words."""
    at_ns: int
    mono_ns: int
    """When its last byte was read, on both clocks."""
    first_mono_ns: int
    """When its first byte was read."""
    relay_ns: int
    """Time from the read of its last byte to the hand-on; -1: never handed on."""


class Frame(msgspec.Struct, gc=False):
    """A frame, or as many fragments of a message as have come."""

    head: int
    """The first byte: the final bit, three reserved bits, the opcode. Of fragments, that of the first."""
    wire: bytes | bytearray
    payload: bytes | bytearray
    """Unmasked, not inflated."""
    first_mono_ns: int
    stamps: Stamps
    """Of the chunk that its last byte came in."""
    problems: tuple[str, ...] = ()
    frames: int = 1
    compressed: bool = False

    @property
    def opcode(self) -> int:
        """What kind of frame it is."""
        return self.head & 0x0F

    @property
    def final(self) -> bool:
        """Whether its message, if it is one's fragment, ends here."""
        return self.head & 0x80 != 0

    def has(self, *problems: str) -> None:
        """Note what is wrong with it; once, in however many fragments it shows."""
        self.problems += tuple(problem for problem in problems if problem not in self.problems)

    def join(self, fragment: Frame) -> None:
        """Take in the next fragment."""
        if self.frames == 1:
            self.wire, self.payload = bytearray(self.wire), bytearray(self.payload)
        self.wire += fragment.wire
        self.payload += fragment.payload
        self.frames += 1
        self.stamps = fragment.stamps
        self.has(*fragment.problems)


class Assembler:
    """Takes the frames of one side in their order and makes messages of them."""

    def __init__(self, inflater: Inflater | None, limit: int) -> None:
        """Fragments beyond ``limit`` bytes are not held any longer."""
        self._inflater = inflater
        self._limit = limit
        self._compressed_bit = 0 if inflater is None else _COMPRESSED_BIT
        self._foreign_bits = _RESERVED_BITS & ~self._compressed_bit
        self._unfinished: Frame | None = None
        self._closed = False
        self.between_messages = True
        """A whole message in one plain frame may come now, and needs no assembling."""

    def add(self, frame: Frame, messages: list[Message]) -> None:
        """Read one more frame, and append to ``messages`` what is complete with it, or spoilt by it."""
        opcode = frame.opcode
        frame.compressed = frame.head & self._compressed_bit != 0
        if self._closed and opcode < _CLOSE:
            frame.has("sent after the close frame")
        if opcode != _CONTINUATION and opcode not in _KINDS:
            frame.has(f"reserved opcode {opcode}")
            messages.append(self._raw(frame))
        elif frame.head & self._foreign_bits:
            frame.has("reserved bit set that no agreed extension explains")
            if opcode == _CONTINUATION:
                self.give_up("one of its frames can't be read", messages)
            messages.append(self._raw(frame))
        elif opcode >= _CLOSE:
            messages.append(self._control(frame))
        elif opcode == _CONTINUATION:
            self._continue(frame, messages)
        else:
            self.give_up("a new message began before this one was complete", messages)
            if frame.final:
                messages.append(self._message(frame))
            else:
                self._unfinished = frame
        self.between_messages = self._unfinished is None and not self._closed

    def give_up(self, problem: str, messages: list[Message]) -> None:
        """If a message is unfinished, it stays so: its fragments go out as they are."""
        if self._unfinished is not None:
            self._unfinished.has(problem)
            messages.append(self._raw(self._unfinished))
            self._unfinished = None

    def _continue(self, frame: Frame, messages: list[Message]) -> None:
        message = self._unfinished
        if message is None:
            frame.has("continuation frame without the start of its message")
            messages.append(self._raw(frame))
            return
        if frame.compressed:
            frame.has("continuation frame marked as compressed, which only a first frame may be")
        message.join(frame)
        if len(message.wire) > self._limit:
            self.give_up(f"its frames exceed {self._limit} bytes, the most that is held", messages)
        elif frame.final:
            self._unfinished = None
            messages.append(self._message(message))

    def _message(self, frame: Frame) -> Message:
        payload = bytes(frame.payload)
        if frame.compressed and not payload:
            # An empty message is one byte of deflate. Without it there is nothing to inflate; no history is lost.
            frame.has("compressed message without any data")
        elif frame.compressed and self._inflater is not None:
            try:
                payload = self._inflater.inflate(payload)
            except DeflateError as error:
                frame.has(str(error))
                return _emerge("raw", frame, bytes(frame.wire))
        text = None
        if frame.opcode == _TEXT:
            text = _utf8(payload)
            if text is None:
                frame.has("text that is not valid UTF-8")
        return _emerge(_KINDS[frame.opcode], frame, payload, text)

    def _control(self, frame: Frame) -> Message:
        if not frame.final:
            frame.has("control frame marked as a fragment, which it may not be")
        if frame.compressed:
            frame.has("control frame marked as compressed, which it may not be")
            frame.compressed = False
        if len(frame.payload) > _LONGEST_CONTROL:
            frame.has(f"control frame of {len(frame.payload)} bytes, where {_LONGEST_CONTROL} are allowed")
        code = reason = None
        if frame.opcode == _CLOSE:
            if self._closed:
                frame.has("a second close frame")
            self._closed = True
            code, reason = _read_close(frame)
        return _emerge(_KINDS[frame.opcode], frame, bytes(frame.payload), None, code, reason)

    def _raw(self, frame: Frame) -> Message:
        if frame.compressed and self._inflater is not None:
            self._inflater.forget()
        return _emerge("raw", frame, bytes(frame.wire))


def raw(data: bytes, first_mono_ns: int, stamps: Stamps, *problems: str) -> Message:
    """A stretch of bytes that is no frame."""
    return _emerge("raw", Frame(0, data, b"", first_mono_ns, stamps, problems, frames=0), data)


def _emerge(
    kind: MessageKind,
    frame: Frame,
    payload: bytes,
    text: str | None = None,
    close_code: int | None = None,
    close_reason: str | None = None,
) -> Message:
    at_ns, mono_ns, relay_ns = frame.stamps
    return Message(
        kind,
        payload,
        text,
        len(frame.wire),
        frame.frames,
        frame.compressed,
        close_code,
        close_reason,
        frame.problems,
        at_ns,
        mono_ns,
        frame.first_mono_ns,
        relay_ns,
    )


def _read_close(frame: Frame) -> tuple[int | None, str | None]:
    """Code and reason of a close frame, each None where there is none or it can't be read."""
    body = bytes(frame.payload)
    if len(body) < 2:
        if body:
            frame.has("close frame with a body of one byte, where a code takes two")
        return None, None
    code = int.from_bytes(body[:2])
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        frame.has(f"close code {code}, which may not be sent")
    reason = _utf8(body[2:])
    if reason is None:
        frame.has("close reason that is not valid UTF-8")
    # A column of codes is as wide as codes are (below 5000); the problem and the payload tell what it was.
    return (code if code < 5000 else None), reason


def _utf8(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None
