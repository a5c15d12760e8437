"""At which addresses the venue is played: one for each upstream of the recording, or for each host the bot named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from wsreplay.replay.served.script import Stage


class Stages:
    """Told of every address in a recording; says by which name its stage goes."""

    def __init__(self, upstreams: Mapping[str, str]) -> None:
        self._upstreams = upstreams
        self._names: dict[str, str] = {}
        """Of hosts that the bot named itself."""
        self._sockets: dict[str, bool] = {}
        self._origins: dict[str, str] = {}

    def meet(self, upstream: str, url: str, *, sockets: bool) -> str:
        """A line was opened there, or a request made; the name of the stage."""
        name = upstream if upstream in self._upstreams else self._host_named(url)
        # A socket's scheme tells less than REST's when both live at one address.
        self._origins.setdefault(name, origin_of(url))
        self._sockets[name] = self._sockets.get(name, False) or sockets
        return name

    def all(self) -> tuple[Stage, ...]:
        """The stages, the unnamed first."""
        stages = []
        for name, url in self._upstreams.items():
            parts = urlsplit(url)
            path = parts.path.rstrip("/")
            stages.append(
                Stage(
                    name=name,
                    origin=self._origins.pop(name, origin_of(url)),
                    path=f"{path or '/'}?{parts.query}" if parts.query else path,
                    sockets=self._sockets.get(name, parts.scheme in ("ws", "wss")),
                )
            )
        stages += [Stage(name=name, origin=url, sockets=self._sockets[name]) for name, url in self._origins.items()]
        return tuple(stages)

    def _host_named(self, url: str) -> str:
        host = origin_of(url).partition("://")[2]
        if host not in self._names:
            taken = {*self._upstreams, *self._names.values()}
            word = re.sub(r"[^A-Za-z0-9]+", "-", host).strip("-")
            word = word if word[:1].isalpha() else f"host-{word}"
            self._names[host] = "" if "" not in taken else word
        return self._names[host]


def origin_of(url: str) -> str:
    """Scheme, host and port; empty for what is no URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
