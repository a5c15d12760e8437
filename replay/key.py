"""The key that signs a replay's orders: ``--key FILE``."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from wsreplay.errors import UserError

_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")
_LONGEST = 256


def load_key(path: Path) -> bytes:
    """A private key of 32 bytes, as hexadecimal text in a file that nobody else can read."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            content = file.read(_LONGEST).decode("ascii", "replace").strip()
    except OSError as error:
        raise UserError(f"--key {path}: {error.strerror}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UserError(f"--key {path} is open to other users (mode {mode:04o}): run chmod 600 on it")
    found = _HEX.fullmatch(content)
    if found is None or not int(found[1], 16):
        raise UserError(f"--key {path} holds no private key: it must be 64 hexadecimal digits, and nothing else")
    return bytes.fromhex(found[1])
