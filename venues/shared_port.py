"""WebSocket and REST at one address: each connection is looked at until it has said which of the two it is."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, cast

from wsreplay.venues.server import WatchedConnection

if TYPE_CHECKING:
    from collections.abc import Callable

_UPGRADE = re.compile(rb"\r\nupgrade:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
_HEAD = 64 << 10


def shared_with(rest: Callable[[], asyncio.Protocol]) -> type[WatchedConnection]:
    """A connection that becomes a WebSocket if its first request asks for one, else one that ``rest`` makes."""

    class SharedConnection(WatchedConnection):
        """Decides with its first request."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._held: bytearray | None = bytearray()
            self._waiting: asyncio.Transport | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._waiting = cast(asyncio.Transport, transport)

        def data_received(self, data: bytes) -> None:
            if self._held is None or self._waiting is None:
                super().data_received(data)
                return
            self._held += data
            end = self._held.find(b"\r\n\r\n")
            if end < 0 and len(self._held) < _HEAD:
                return
            held, self._held = bytes(self._held), None
            if _UPGRADE.search(held, 0, end + 2 if end >= 0 else len(held)) is not None:
                super().connection_made(self._waiting)
                super().data_received(held)
                return
            other = rest()
            self._waiting.set_protocol(other)
            other.connection_made(self._waiting)
            other.data_received(held)

        def eof_received(self) -> None:
            if self._held is None:
                super().eof_received()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._held is None:
                super().connection_lost(exc)

    return SharedConnection
