"""One direction of a connection: a frame parser that survives the scribe, and that finds its way after a gap.

A scribe that is killed takes its parsers with it, and the bytes that they were fed are gone from the hand-over. So a
direction remembers what a successor must be shown to stand where it stood (:class:`DirectionNotes`): the bytes since
the last message boundary, and of a compressed stream the 32 KiB that later messages may refer to. The successor is a
new parser that is simply fed these, and whose messages of the past are thrown away.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Literal

import msgspec

from wsreplay.captures.frames import FrameParser, Message

type Chunk = tuple[bytes, int, int, int]
"""Bytes with their at_ns, mono_ns and relay_ns."""

_WINDOW = 1 << 15
"""How far back deflate refers at most."""
_LIMIT = 64 << 20
_FIRST_BYTE = re.compile(rb"[\x81\x82\x88-\x8a\xc1\xc2]")
"""How a frame begins that begins a message. Text on the wire has none of these bytes outside of words in UTF-8."""


class DirectionNotes(msgspec.Struct, array_like=True, omit_defaults=True):
    """What a successor is shown."""

    extensions: str
    tail: list[Chunk] = []
    """What was fed since the last message boundary."""
    said: int = 0
    """Messages that came out of the tail already (control frames between fragments)."""
    window: bytes = b""
    """The end of what was inflated so far."""
    closed: bool = False
    lost: bool = False
    astray: bool = False


class Direction:
    """Bytes of one leg in, messages out."""

    def __init__(self, sender: Literal["client", "venue"], notes: DirectionNotes) -> None:
        """A new direction is one whose notes hold nothing but the agreed ``Sec-WebSocket-Extensions``."""
        self._sender: Literal["client", "venue"] = sender
        self._extensions = notes.extensions
        self._compressing = "permessage-deflate" in notes.extensions.lower()
        self._tail = notes.tail
        self._said = notes.said
        self._pending = 0
        self._window = deque([notes.window] if notes.window else [])
        self._window_size = len(notes.window)
        self._closed, self._lost, self._astray = notes.closed, notes.lost, notes.astray
        self._parser = self._parser_at_boundary()
        for data, *stamps in self._tail:
            messages = self._parser.feed(data, *stamps)
            self._pending += len(data) - sum(message.size for message in messages)

    def feed(self, data: bytes, at_ns: int, mono_ns: int, relay_ns: int) -> list[Message]:
        """The messages that end in these bytes."""
        if self._astray:
            return self._find_way(data, at_ns, mono_ns, relay_ns)
        messages = self._parser.feed(data, at_ns, mono_ns, relay_ns)
        pending = self._pending + len(data)
        if len(messages) == 1 and messages[0].size == pending and messages[0].kind == "text" and not self._compressing:
            if self._tail:
                self._tail = []
                self._said = 0
            self._pending = 0
            return messages  # a plain message that ends with the bytes, as nearly always, leaves nothing to remember
        behind = 0  # bytes of control frames and the like behind the last data message
        said = 0
        boundary = False
        for message in messages:
            pending -= message.size
            behind += message.size
            said += 1
            if message.compressed:
                self._remember(message)
            if message.kind in ("text", "binary"):
                behind = said = 0
                boundary = True
            elif message.kind == "close":
                self._closed = True
            elif message.frames == 0:
                self._lost = True
        self._pending = pending
        if not pending:
            if self._tail:
                self._tail = []
                self._said = 0
        elif boundary:
            # A data message is no longer in progress when it ends, and it ended in these bytes.
            self._tail = [(data[-pending - behind :], at_ns, mono_ns, relay_ns)]
            self._said = said
        else:
            self._tail.append((data, at_ns, mono_ns, relay_ns))
            self._said += said
        return messages

    def end(self) -> list[Message]:
        """The bytes left over when the leg ends."""
        messages = self._parser.end()
        self._tail, self._said, self._pending = [], 0, 0
        return messages

    def miss(self) -> list[Message]:
        """Bytes of this direction are missing from here on; what they were the rest of comes out as it is.

        From then on bytes are raw until a frame is found, see :func:`frame_start`. What is compressed is inflated as
        far as it does not refer to what is missing.
        """
        messages = self.end()
        for message in messages:
            message.problems = ()  # the loss is ours, and stands in a gap row: the sender is not to blame
        self._astray = True
        self._window.clear()
        self._window_size = 0
        return messages

    def notes(self, brief: bool = False) -> DirectionNotes:
        """What a successor is to be shown. ``brief``: next to nothing, and it begins as behind a gap."""
        if brief:
            return DirectionNotes(self._extensions, astray=True)
        return DirectionNotes(
            extensions=self._extensions,
            tail=self._tail,
            said=self._said,
            window=b"".join(self._window)[-_WINDOW:],
            closed=self._closed,
            lost=self._lost,
            astray=self._astray,
        )

    def _remember(self, message: Message) -> None:
        if message.kind not in ("text", "binary"):  # could not be inflated: nobody refers to what was before it
            self._window.clear()
            self._window_size = 0
            return
        self._window.append(message.payload)
        self._window_size += len(message.payload)
        while self._window_size - len(self._window[0]) >= _WINDOW:
            self._window_size -= len(self._window.popleft())

    def _parser_at_boundary(self) -> FrameParser:
        """A parser that has seen what matters of the past, in frames made for this purpose."""
        parser = FrameParser(self._sender, self._extensions, _LIMIT)
        if self._window:
            parser.feed(self._frame(0xC2, _stored(b"".join(self._window)[-_WINDOW:])), 0, 0, -1)
        if self._closed:
            parser.feed(self._frame(0x88, b""), 0, 0, -1)
        if self._lost:
            parser.feed(self._frame(0x82, b"", length=_LIMIT + 1), 0, 0, -1)
        return parser

    def _frame(self, first: int, payload: bytes, length: int | None = None) -> bytes:
        size = (len(payload) if length is None else length).to_bytes(8)
        if length is None and len(payload) < 0x10000:
            head = bytes((first, 126)) + size[6:] if len(payload) > 125 else bytes((first, len(payload)))
        else:
            head = bytes((first, 127)) + size
        if self._sender == "client":
            head = bytes((head[0], head[1] | 0x80)) + head[2:] + bytes(4)  # a mask of zeros changes nothing
        return head + payload

    def _find_way(self, data: bytes, at_ns: int, mono_ns: int, relay_ns: int) -> list[Message]:
        start = frame_start(data, masked=self._sender == "client", compressing=self._compressing)
        if start is None:
            return [_raw(data, at_ns, mono_ns, relay_ns)]
        self._astray = self._lost = self._closed = False
        self._parser = self._parser_at_boundary()
        if self._compressing:
            # A message that can't be inflated tells the parser that the history is unknown.
            self._parser.feed(self._frame(0xC2, b"\x06"), 0, 0, -1)
        skipped = [_raw(data[:start], at_ns, mono_ns, relay_ns)] if start else []
        return skipped + self.feed(data[start:], at_ns, mono_ns, relay_ns)


def frame_start(data: bytes, masked: bool, compressing: bool) -> int | None:
    """Where in the middle of a stream a message begins, as far as one can tell; None: nowhere in these bytes.

    A place counts if a chain of possible frame headers leads from it to the very end of the bytes, or over at least
    two whole frames; at the first byte, where a read mostly begins a frame, one possible header is enough.
    """
    for found in _FIRST_BYTE.finditer(data):
        start = found.start()
        position, frames = start, 0
        while (end := _frame_end(data, position, masked, compressing)) is not None:
            if end > len(data):
                break
            frames += 1
            position = end
            if position == len(data):
                return start
        if end is not None and (start == 0 or frames >= 2):
            return start
    return None


def _frame_end(data: bytes, start: int, masked: bool, compressing: bool) -> int | None:
    """Where the frame ends whose header would be here, perhaps behind the data; None: this is no header."""
    if len(data) < start + 2:
        return len(data) + 1
    first, second = data[start], data[start + 1]
    opcode, length = first & 0x0F, second & 0x7F
    reserved = first & 0x70
    if opcode not in (0, 1, 2, 8, 9, 10) or (second & 0x80 != 0) != masked:
        return None
    if reserved and not (reserved == 0x40 and compressing and opcode in (1, 2)):
        return None
    if opcode >= 8 and (not first & 0x80 or length > 125):
        return None
    body = start + 2 + (0 if length < 126 else 2 if length == 126 else 8)
    if body > len(data):
        return len(data) + 1
    if length > 125:
        shortest = 126 if length == 126 else 0x10000
        length = int.from_bytes(data[start + 2 : body])
        if not shortest <= length <= _LIMIT:
            return None
    return body + (4 if masked else 0) + length


def _stored(window: bytes) -> bytes:
    """A compressed message that stands for these bytes, made without compressing: a stored block of deflate."""
    size = len(window)
    return b"\x00" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + window + b"\x00"


def _raw(data: bytes, at_ns: int, mono_ns: int, relay_ns: int) -> Message:
    return Message(
        kind="raw",
        payload=data,
        text=None,
        size=len(data),
        frames=0,
        compressed=False,
        close_code=None,
        close_reason=None,
        problems=(),
        at_ns=at_ns,
        mono_ns=mono_ns,
        first_mono_ns=mono_ns,
        relay_ns=relay_ns,
    )
