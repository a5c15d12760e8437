"""One leg of a connection: a socket that first serves mitmproxy, then the relay.

Until the 101 mitmproxy reads and writes through its asyncio streams. A `Leg` takes the place of both the reader and the
writer, so that the socket can be taken over, with no byte lost in between, once both sides have switched protocols.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

PAUSE_AT = 1 << 20
"""Bytes that may wait for mitmproxy before reading stops."""


class Leg(asyncio.Protocol):
    """A socket's protocol that offers what mitmproxy uses of `StreamReader` and `StreamWriter`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.transport = cast(asyncio.Transport, writer.transport)
        # A StreamWriter closes its transport when it is collected; it has to live as long as the leg.
        self._streams = (reader, writer)
        self.heard_end = False
        """The peer has sent its FIN."""
        self.lost = False
        """The socket is gone, because of ``fault`` if there is one."""
        self.fault: Exception | None = None
        self.end_mono_ns = 0
        self.takes_ws_urls = False
        """The bot takes us for its HTTP proxy, and some then ask for ``ws://``, which mitmproxy knows as ``http://``."""
        self.holds_end = False
        """The end is kept from mitmproxy: the sockets are about to be taken over, and it belongs to the relay."""
        self._arrived = bytearray()
        self._finished = False
        self._reading: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._paused = False
        self.read_mono_ns = time.monotonic_ns()
        self.read_at_ns = time.time_ns()
        """When bytes last came."""

    @classmethod
    def take(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Leg:
        """Take a socket over from the streams that hold it, with all that has arrived."""
        leg = cls(reader, writer)
        # The stream's buffer has no public name; test_mitmproxy_contract.py watches over it.
        held = cast(Any, reader)._buffer  # noqa: SLF001
        if held:
            leg.data_received(bytes(held))
            held.clear()
        if reader.at_eof():
            leg.eof_received()
        if (fault := reader.exception()) is not None:
            # The event loop has said so already, and says it once.
            leg.connection_lost(fault)
        leg.transport.set_protocol(leg)
        if not leg._paused and not leg.heard_end:
            # The stream stops reading at a limit of its own, and nobody would undo it.
            leg.transport.resume_reading()
        return leg

    @property
    def idle(self) -> bool:
        """Whether mitmproxy waits here for bytes and there are none."""
        return self._reading is not None and not self._reading.done() and not self._arrived

    @property
    def full(self) -> bool:
        """Whether the peer has yet to take much of what was sent."""
        return not self._writable.is_set()

    def finish(self) -> None:
        """Let mitmproxy see the end of the connection, so that it cleans up."""
        self._finished = True
        self._wake()

    def release_end(self) -> None:
        """Give the end back to mitmproxy: the sockets stay with it."""
        self.holds_end = False
        self._wake()

    # What the event loop calls.

    def data_received(self, data: bytes) -> None:
        """Keep the bytes until mitmproxy asks for them."""
        self.read_at_ns = time.time_ns()
        self.read_mono_ns = time.monotonic_ns()
        if self.takes_ws_urls and data.startswith(b"GET ws://"):
            data = b"GET http://" + data[9:]
        self._arrived += data
        if len(self._arrived) > PAUSE_AT and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The peer sends no more; the socket stays open for our side."""
        self.heard_end = True
        self.end_mono_ns = time.monotonic_ns()
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self.lost = True
        self.fault = exc
        self.end_mono_ns = time.monotonic_ns()
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        """The peer reads too slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The peer caught up."""
        self._writable.set()

    # What mitmproxy calls on its reader.

    async def read(self, limit: int) -> bytes:
        """Up to ``limit`` bytes, or none at the end."""
        while not self._arrived and not self._at_end:
            self._reading = asyncio.get_running_loop().create_future()
            try:
                await self._reading
            finally:
                self._reading = None
        data = bytes(self._arrived[:limit])
        del self._arrived[:limit]
        if self._paused and len(self._arrived) <= PAUSE_AT // 2:
            self._paused = False
            self.transport.resume_reading()
        return data

    # What mitmproxy calls on its writer.

    def write(self, data: bytes) -> None:
        """Send bytes to this leg's peer."""
        self.transport.write(data)

    def write_eof(self) -> None:
        """Send no more to this leg's peer."""
        if self.transport.can_write_eof():
            self.transport.write_eof()

    async def drain(self) -> None:
        """Wait until the peer has taken what waits to be sent."""
        await self._writable.wait()
        if self.fault is not None and not self.holds_end:
            raise ConnectionResetError("the connection is gone") from self.fault

    def is_closing(self) -> bool:
        """Whether the socket is closed or about to be."""
        return self.transport.is_closing()

    def close(self) -> None:
        """Close the socket."""
        self.transport.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What the transport knows."""
        return self.transport.get_extra_info(name, default)

    @property
    def _at_end(self) -> bool:
        return self._finished or ((self.heard_end or self.lost) and not self.holds_end)

    def _wake(self) -> None:
        if self._reading is not None and not self._reading.done():
            self._reading.set_result(None)
