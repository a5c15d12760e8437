"""Raw rows: bytes as they were on the wire, in which a secret may be masked, packed, or cut by a frame's header.

A frame that never became a message is no less readable to whoever has the capture: the mask stands beside it. So a raw
stretch is read as the frames that it is made of, and what is secret in it is overwritten in place, with as many bytes:
the headers stay true, and the row stays what it is, a stretch of that traffic.
"""

from __future__ import annotations

import string
import zlib

try:
    from websockets.speedups import apply_mask
except ImportError:  # the same in Python, where there is no wheel with the compiled one
    from websockets.utils import apply_mask

_ABOUT_DEFLATE = 0x7F
_COMPRESSED = (0x41, 0x42)
"""Text or binary, with the bit that says compressed, and without those that say nothing yet."""
_READABLE = string.printable.encode()
_BOUND = 16 << 20
_WINDOW = 48
"""So many bytes look like ASCII under a mask by chance once in 2 to the 44."""


class RawStretch:
    """The payloads in a stretch of raw bytes, and the way back into the stretch."""

    def __init__(self, data: bytes, client: bool):
        """``client``: the stretch is the client's, so its frames are masked."""
        self._data = data
        self._mask_bit = 0x80 if client else 0
        self._payloads: list[tuple[int, int, bytes]] = []
        self.compressed = False
        """What it says is packed, so that its parts can't be overwritten alone."""
        self._read_frames()
        self.payload = b"".join(
            apply_mask(data[start:end], mask) if mask else data[start:end] for start, end, mask in self._payloads
        )
        """What the frames say, one after the other, as in the message that they were to become."""

    def inflated(self) -> bytes | None:
        """The payload, unpacked if it was packed; None where that takes what was sent before."""
        if not self.compressed:
            return self.payload
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(self.payload, _BOUND)
        except zlib.error:
            return None

    def with_payload(self, payload: bytes) -> bytes:
        """The stretch with another payload of the same length."""
        written, at = bytearray(self._data), 0
        for start, end, mask in self._payloads:
            piece = payload[at : at + end - start]
            written[start:end] = apply_mask(piece, mask) if mask else piece
            at += end - start
        return bytes(written)

    def _read_frames(self) -> None:
        data, start = self._data, 0
        while start + 2 <= len(data):
            head, second = data[start], data[start + 1]
            length, body, mask = second & 0x7F, start + 2, b""
            if length >= 126:
                wide = 2 if length == 126 else 8
                length, body = int.from_bytes(data[body : body + wide]), body + wide
            if second & 0x80:
                mask, body = data[body : body + 4], body + 4
            if body > len(data):
                break  # cut within the header
            end = min(body + length, len(data))
            self._payloads.append((body, end, mask))
            self.compressed |= head & _ABOUT_DEFLATE in _COMPRESSED and second & 0x80 == self._mask_bit
            start = end


def may_be_masked_text(data: bytes) -> bool:
    """Whether bytes from the middle of a frame look like ASCII under a mask, which is lost, but is easily guessed.

    The highest bit of ASCII is 0, so each fourth byte has the same highest bit: the mask's.
    """
    high = data.translate(_HIGHEST_BITS)
    for start in range(0, len(data) - _WINDOW + 1, _WINDOW // 2):
        window = high[start : start + _WINDOW]
        if window == window[:4] * (_WINDOW // 4) and data[start : start + _WINDOW].translate(None, _READABLE):
            return True
    return False


_HIGHEST_BITS = bytes(byte & 0x80 for byte in range(256))
