"""The key that turns secrets into tokens: one small file a user, which a fleet may share.

With the same key the same secret has the same token on every machine, so their captures can be joined. Whoever has the
key can test a guess at a secret, no more; so the file is the user's alone.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from wsreplay.captures.errors import UserError

KEY_FILE_VARIABLE = "WSREPLAY_REDACTION_KEY_FILE"
"""Names a key file in place of the user's own; it must be there."""
_SHORTEST = 32
_LONGEST = 4096
_HOW = "create it with: (umask 077; python3 -c 'import secrets; print(secrets.token_hex(32))' > FILE)"


def load_or_create_key(environment: Mapping[str, str] = os.environ) -> bytes:
    """The redaction key, 32 bytes. The user's own is created at its first use; a shared one must be there."""
    named = environment.get(KEY_FILE_VARIABLE)
    if named:
        return _read(Path(named), f"redaction key {named} (named by ${KEY_FILE_VARIABLE})")
    path = _users_own(environment)
    what = f"redaction key {path}"
    try:
        if not path.exists():
            _create(path)
    except OSError as error:
        raise UserError(
            f"can't create the {what}: {error.strerror}; make the folder writable or name a key file "
            f"in ${KEY_FILE_VARIABLE}"
        ) from error
    return _read(path, what)


def seeded_key(seed: int, own: bytes = b"") -> bytes:
    """A key that is the same for the same seed, for replays that must come out the same to the byte.

    Without ``own``, everybody knows it: whoever has the capture can test a guess at a secret in it. Where there are
    secrets that are worth a guess, ``own`` is the user's key, and the result is as private as that.
    """
    return blake2b(str(seed).encode(), key=own, digest_size=32, person=b"wsreplay.seeded").digest()


def _users_own(environment: Mapping[str, str]) -> Path:
    folder = Path(environment.get("XDG_CONFIG_HOME") or "")
    if not folder.is_absolute():  # the standard says to ignore a relative one
        try:
            home = Path(environment.get("HOME") or Path.home())
        except RuntimeError as error:
            raise UserError(
                f"no place for the redaction key: there is no home folder; name a key file in ${KEY_FILE_VARIABLE}"
            ) from error
        folder = home / ".config"
    return folder / "wsreplay" / "redaction.key"


def _create(path: Path) -> None:
    """Write a new key, whole or not at all. Of two processes that create it at once, the first one's stays."""
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "w", encoding="ascii") as out:
            out.write(secrets.token_hex(32) + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(unfinished, path)
        except FileExistsError:
            return
    finally:
        unfinished.unlink()


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            content = file.read(_LONGEST + 1).strip()
    except FileNotFoundError as error:
        raise UserError(f"{what}: there is no such file; {_HOW}") from error
    except OSError as error:
        raise UserError(f"{what} can't be read: {error.strerror}") from error
    if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = stat.S_IMODE(about.st_mode)
        raise UserError(f"{what} is open to other users (mode {mode:04o}): run chmod 600 on it")
    if not content:
        raise UserError(f"{what} is empty; {_HOW}")
    if not _SHORTEST <= len(content) <= _LONGEST:
        raise UserError(
            f"{what} holds {'more than ' if len(content) > _LONGEST else ''}{min(len(content), _LONGEST)} bytes, "
            f"where {_SHORTEST} to {_LONGEST} are a key; {_HOW}"
        )
    # Whatever a fleet's vault hands out becomes 32 bytes; the mark keeps it apart from other uses of the same secret.
    return blake2b(content, digest_size=32, person=b"wsreplay.redact").digest()
