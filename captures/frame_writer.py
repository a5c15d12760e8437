"""Frames written anew, for what was seen as messages and is wanted as bytes: plain, whole, and with a mask of zeros."""

from __future__ import annotations

OPCODES = {"text": 0x1, "binary": 0x2, "close": 0x8, "ping": 0x9, "pong": 0xA}


def frame(opcode: int, payload: bytes, *, masked: bool) -> bytes:
    """A frame that says what the message said; a client's mask is zero, which leaves the payload as it is."""
    length = len(payload)
    mask = 0x80 if masked else 0
    if length < 126:
        head = bytes([0x80 | opcode, mask | length])
    elif length < 1 << 16:
        head = bytes([0x80 | opcode, mask | 126]) + length.to_bytes(2)
    else:
        head = bytes([0x80 | opcode, mask | 127]) + length.to_bytes(8)
    return head + (bytes(4) if masked else b"") + payload


def close_payload(code: int | None, reason: str | None) -> bytes:
    """The payload of a close frame: code and reason, or nothing."""
    return b"" if code is None else code.to_bytes(2) + (reason or "").encode()[:123]
