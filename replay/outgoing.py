"""A client's messages as the bytes that go out: one frame each, masked, joined into few large writes. Sans-I/O."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from wsreplay.replay.outputs import Send

try:
    from websockets.speedups import apply_mask
except ImportError:  # the same in Python, where there is no wheel with the compiled one
    from websockets.utils import apply_mask

WRITE = 64 << 10
"""So many bytes are joined into one write; a longer message goes alone."""
_TEXT, _BINARY = 0x81, 0x82
_MASKED = 0x80
_MASKS = 1024
"""So many masks are drawn at once: a system call for each would cost more than all the rest."""


class Framer:
    """Makes the frames of one line."""

    def __init__(self) -> None:
        self._masks = b""
        self._at = 0

    def frames(self, messages: Iterable[Send]) -> Iterator[bytes]:
        """The bytes of these messages, in as few pieces as may be."""
        pieces: list[bytes] = []
        size = 0
        for message in messages:
            payload = message.payload
            data = payload.encode() if isinstance(payload, str) else payload
            length = len(data)
            if size and size + length > WRITE:
                yield b"".join(pieces)
                pieces, size = [], 0
            if self._at == len(self._masks):
                self._masks, self._at = os.urandom(4 * _MASKS), 0
            mask = self._masks[self._at : self._at + 4]
            self._at += 4
            first = _BINARY if message.binary else _TEXT
            if length < 126:
                head = bytes((first, _MASKED | length))
            elif length < 1 << 16:
                head = bytes((first, _MASKED | 126, length >> 8, length & 0xFF))
            else:
                head = bytes((first, _MASKED | 127)) + length.to_bytes(8)
            pieces += (head, mask, apply_mask(data, mask))
            size += length + 14
        if pieces:
            yield b"".join(pieces)
