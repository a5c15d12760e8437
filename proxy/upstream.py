"""Where the venue is: ``--to [NAME=]URL``, and the listener that stands in for it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from wsreplay.captures.errors import UserError

PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
SECURE = {"wss", "https"}
LOOPBACK = re.compile(r"^(localhost|127(\.\d+){3}|::1)$")


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """One address of the venue, reached through a listener of its own."""

    name: str
    """Empty for one without a name."""
    scheme: str
    host: str
    port: int
    path: str
    """Path and query of the URL; they belong to the bot's URL, and are repeated in what it is told to use."""

    @property
    def speaks_websocket(self) -> bool:
        """Whether the bot opens sockets here, or makes REST calls."""
        return self.scheme in ("ws", "wss")

    def mode(self, listen_host: str, listen_port: int) -> str:
        """The listener as mitmproxy specifies it, which knows http and https only."""
        scheme = "https" if self.scheme in SECURE else "http"
        return f"reverse:{scheme}://{_bracket(self.host)}:{self.port}@{_bracket(listen_host)}:{listen_port}"

    def local_url(self, host: str, port: int) -> str:
        """What the bot uses in place of the venue's URL."""
        return f"{'ws' if self.speaks_websocket else 'http'}://{_bracket(host)}:{port}{self.path}"

    def url(self) -> str:
        """The venue's URL."""
        return f"{self.scheme}://{_bracket(self.host)}:{self.port}{self.path}"


def parse_upstream(text: str) -> Upstream:
    """Read ``[NAME=]URL``."""
    name, equals, url = text.partition("=")
    if not equals or "/" in name or ":" in name:
        name, url = "", text
    elif not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise UserError(f"--to {text}: the name {name!r} must be letters, digits, - and _, and begin with a letter")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UserError(f"--to {text}: {error}") from None
    if parts.scheme not in PORTS:
        raise UserError(f"--to {text}: give a URL that begins with ws://, wss://, http:// or https://")
    if not parts.hostname:
        raise UserError(f"--to {text}: there is no host in this URL")
    if parts.username or parts.password:
        raise UserError(f"--to {text.replace(parts.netloc, parts.hostname)}: a user name in a URL can't be passed on")
    path = parts.path if parts.path != "/" else ""
    if parts.query:
        path = f"{path or '/'}?{parts.query}"
    return Upstream(
        name=name,
        scheme=parts.scheme,
        host=parts.hostname,
        port=PORTS[parts.scheme] if port is None else port,
        path=path,
    )


def parse_listen(text: str, *, anywhere: bool = False) -> tuple[str, int]:
    """Read ``HOST:PORT``; other machines may connect only where the user says so twice."""
    match = re.fullmatch(r"(?:\[(?P<six>[0-9a-fA-F:]+)\]|(?P<host>[^:\[\]]*)):(?P<port>\d+)", text.strip())
    if match is None:
        raise UserError(f"--listen {text}: give HOST:PORT, such as 127.0.0.1:9000; port 0 takes a free one")
    host = match["six"] or match["host"] or "127.0.0.1"
    port = int(match["port"])
    if port > 65535:
        raise UserError(f"--listen {text}: {port} is no port; the highest is 65535")
    if not LOOPBACK.match(host) and not anywhere:
        raise UserError(
            f"--listen {text}: other machines could connect and trade through this proxy; "
            "add --listen-anywhere to allow it"
        )
    return host, port


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host
