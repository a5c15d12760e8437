"""The frame parser: bytes of one direction in, messages out. Sans-I/O; it knows no socket and no clock.

It never raises and never loses a byte. What is no frame, or belongs to no message, comes out as ``raw`` with the bytes
as they were on the wire; what breaks the protocol and can be read all the same is read, and its ``problems`` say what
is wrong. The sizes of all messages add up to the bytes that were fed.

Here bytes are cut into frames; :mod:`wsreplay.captures.messages` puts frames together to messages.
"""

from __future__ import annotations

from typing import Literal

from wsreplay.captures.deflate import inflater_for
from wsreplay.captures.messages import Assembler, Frame, Message, raw

try:
    from websockets.speedups import apply_mask
except ImportError:  # the same in Python, where there is no wheel with the compiled one
    from websockets.utils import apply_mask

__all__ = ["FrameParser", "Message"]

_MASKED = 0x80
_LENGTH = 0x7F
_WHOLE_TEXT = 0x81
_LONG_LENGTH = "length written in more bytes than needed"


class FrameParser:
    """Reads what one side of a WebSocket connection sends after the handshake."""

    def __init__(self, sender: Literal["client", "venue"], extensions: str = "", limit: int = 64 << 20) -> None:
        """``extensions``: the agreed ``Sec-WebSocket-Extensions``; ``limit``: the longest message held or inflated."""
        self._limit = limit
        self._assembler = Assembler(inflater_for(sender, extensions, limit), limit)
        self._mask_bit = _MASKED if sender == "client" else 0
        self._mask_problem = "client frame without a mask" if sender == "client" else "venue frame with a mask"
        self._held = bytearray()
        """The beginning of a frame, until the rest of it comes."""
        self._held_since = 0
        self._needed = 0
        """How long ``_held`` must be before a further look at it is worth while."""
        self._stamps = (0, 0, -1)
        self._lost = False
        """A frame had no sensible length: where the next one begins is not known any more."""

    def feed(self, data: bytes, at_ns: int, mono_ns: int, relay_ns: int) -> list[Message]:
        """The messages that end in these bytes, which were read at that time, in the order of their ends.

        Most of what is recorded are whole text messages in one frame each, so the loop deals with these on the spot
        and leaves all others to the assembler.
        """
        if not data:
            return []
        self._stamps = (at_ns, mono_ns, relay_ns)
        if self._lost:
            return [raw(data, mono_ns, self._stamps)]
        first_mono_ns = mono_ns
        if self._held:
            self._held += data
            if len(self._held) < self._needed:
                return []
            data = bytes(self._held)
            self._held.clear()
            first_mono_ns = self._held_since
        messages: list[Message] = []
        limit, mask_bit, plain = self._limit, self._mask_bit, self._assembler.between_messages
        available = len(data)
        start = 0
        while True:
            body = start + 2
            if body > available:
                needed = 2
                break
            head = data[start]
            second = data[start + 1]
            length = second & _LENGTH
            shortest = True
            if length == 126:
                body += 2
                if body > available:
                    needed = 4
                    break
                length = data[start + 2] << 8 | data[start + 3]
                shortest = length > 125
            elif length == 127:
                body += 8
                if body > available:
                    needed = 10
                    break
                length = int.from_bytes(data[start + 2 : body])
                shortest = length > 0xFFFF
            if length > limit:
                self._lose_the_boundaries(data[start:], length, first_mono_ns, messages)
                return messages
            masked = second & _MASKED
            if masked:
                body += 4
            end = body + length
            if end > available:
                needed = end - start
                break
            payload = data[body:end]
            if masked:
                payload = apply_mask(payload, data[body - 4 : body])
            text = None
            if plain and head == _WHOLE_TEXT and masked == mask_bit and shortest:
                try:
                    text = payload.decode()
                except UnicodeDecodeError:
                    text = None
            if text is not None:
                messages.append(
                    Message(
                        "text", payload, text, end - start, 1, False, None, None, (),
                        at_ns, mono_ns, first_mono_ns, relay_ns,
                    )
                )  # fmt: skip
            else:
                frame = Frame(head, data[start:end], payload, first_mono_ns, self._stamps)
                if masked != mask_bit:
                    frame.has(self._mask_problem)
                if not shortest:
                    frame.has(_LONG_LENGTH)
                self._assembler.add(frame, messages)
                plain = self._assembler.between_messages
            start = end
            first_mono_ns = mono_ns
        if start < available:
            self._held += data[start:]
            self._held_since = first_mono_ns
            self._needed = needed
        return messages

    def end(self) -> list[Message]:
        """What is left over when the connection has ended: an unfinished message, an unfinished frame, or both."""
        messages: list[Message] = []
        self._assembler.give_up("the connection ended inside a fragmented message", messages)
        if self._held:
            rest = bytes(self._held)
            self._held.clear()
            messages.append(raw(rest, self._held_since, self._stamps, "the connection ended inside a frame"))
        return messages

    def _lose_the_boundaries(self, rest: bytes, length: int, first_mono_ns: int, messages: list[Message]) -> None:
        self._lost = True
        self._assembler.give_up("one of its frames can't be read", messages)
        problem = (
            f"frame that claims {length} bytes, where {self._limit} are the most that is held;"
            " from here on this side's bytes are kept as they came"
        )
        messages.append(raw(rest, first_mono_ns, self._stamps, problem))
