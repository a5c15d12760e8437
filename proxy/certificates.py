"""Certificates: which roots we trust upstream, and what a bot must trust to be recorded through the proxy modes."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi

from wsreplay.captures.errors import UserError

CA_FILE = "mitmproxy-ca-cert.pem"
"""What mitmproxy names the certificate of the CA that it makes."""


def ca_folder() -> Path:
    """The folder of our own CA; its key signs what the proxy modes show to bots, so it is for this user alone."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    folder = Path(base).expanduser() / "wsreplay" / "ca"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def upstream_roots(folder: Path, extra: Path | None) -> Path | None:
    """A file of all roots that a venue's certificate may lead to; None: mitmproxy's own default will do."""
    chosen = os.environ.get("SSL_CERT_FILE")
    if extra is None and not chosen:
        return None
    return _bundle(folder / "trusted-upstream.pem", *([extra] if extra else []), *_system_roots())


def bot_roots(folder: Path) -> Path:
    """A file with the system's roots and our CA, for ``SSL_CERT_FILE`` and its cousins."""
    return _bundle(folder / "trusted-by-bot.pem", folder / CA_FILE, *_system_roots())


def _system_roots() -> list[Path]:
    chosen = os.environ.get("SSL_CERT_FILE")
    if chosen:
        return [Path(chosen)]
    system = ssl.get_default_verify_paths().cafile
    return [Path(system) if system and Path(system).is_file() else Path(certifi.where())]


def _bundle(target: Path, *sources: Path) -> Path:
    parts = []
    for source in sources:
        try:
            text = source.read_bytes()
        except OSError as error:
            raise UserError(f"can't read the certificates in {source}: {error.strerror}") from None
        if b"-----BEGIN" not in text:
            raise UserError(f"{source} holds no PEM certificate (it should have a line -----BEGIN CERTIFICATE-----)")
        parts.append(text.rstrip() + b"\n")
    new = target.with_suffix(f".{os.getpid()}.tmp")
    new.write_bytes(b"".join(parts))
    new.replace(target)
    return target
