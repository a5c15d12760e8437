"""A real line for tests of the relay: a raw bot, the proxy, and a raw venue, all on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, NamedTuple, cast

from wsreplay.captures.wire import What
from wsreplay.proxy.gates import GateFactory
from wsreplay.proxy.loop import new_loop
from wsreplay.proxy.master import Proxy, with_ports
from wsreplay.proxy.tap import Tap

REQUEST = (
    b"GET /v1?x=1 HTTP/1.1\r\nHost: venue.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Odd-Header:  two  words \r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
HELLO = b"\x81\x05hello"
"""A text frame of a venue."""
ORDER = b"\x81\x85\x00\x00\x00\x00order"
"""A text frame of a client, masked with zeros."""


class Note(NamedTuple):
    """One record as the tap gave it."""

    what: int
    venue_side: bool
    conn: int
    at_ns: int
    mono_ns: int
    relay_ns: int
    body: bytes


class End:
    """One end of the line: a raw stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hears(self, count: int) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readexactly(count)

    async def hears_end(self) -> str:
        """How the line ends here: "fin" or "rst", after whatever was still said."""
        async with asyncio.timeout(10):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionResetError:
                return "rst"
            return "fin"

    def reset(self) -> None:
        handle = self.writer.get_extra_info("socket")
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def fin(self) -> None:
        """Say no more, and listen on."""
        self.writer.write_eof()

    def stop_reading(self) -> None:
        cast(asyncio.Transport, self.writer.transport).pause_reading()

    def read_again(self) -> None:
        cast(asyncio.Transport, self.writer.transport).resume_reading()

    def close(self) -> None:
        self.writer.close()


class Line:
    """Bot, proxy and venue, upgraded and ready to talk."""

    def __init__(self, bot: End, venue: End, proxy: Proxy, notes: list[Note], told: list[str]) -> None:
        self.bot = bot
        self.venue = venue
        self.proxy = proxy
        self.notes = notes
        self.told = told

    async def recorded(self, what: What, count: int = 1) -> list[Note]:
        """The records of this kind, once there are so many."""
        async with asyncio.timeout(10):
            while len(found := [n for n in self.notes if n.what == what]) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        return found

    async def ends(self) -> list[tuple[str, str]]:
        """Who ended and how, in order, once the connection is over."""
        await self.recorded(What.OVER)
        return [("venue" if n.venue_side else "bot", n.body.decode()) for n in self.notes if n.what == What.END]

    def said(self, *, by_venue: bool) -> bytes:
        """All recorded bytes of one side."""
        return b"".join(n.body for n in self.notes if n.what == What.DATA and n.venue_side is by_venue)


@contextlib.asynccontextmanager
async def proxied(
    folder: Path,
    target: str,
    *,
    read_on: float = 3.0,
    trust: Path | None = None,
    gate: GateFactory | None = None,
    drops: What | None = None,
) -> AsyncIterator[tuple[Proxy, int, list[Note], list[str]]]:
    """A proxy in front of ``target``; the port it listens on, and what it notes and tells.

    ``drops``: records of this kind find no room.
    """
    notes: list[Note] = []
    told: list[str] = []

    def note(*args: Any) -> bool:
        made = Note(*args)
        if made.what != drops:
            notes.append(made)
        return made.what != drops

    tap = Tap(note, read_on=read_on, tell=told.append, gate=gate)
    proxy = Proxy(tap, with_ports([f"reverse:{target}@127.0.0.1:0"]), ca_folder=folder, trust=trust, tell=told.append)
    [(_, port)] = await proxy.start()
    try:
        yield proxy, port, notes, told
    finally:
        await proxy.stop(patience=1)


@contextlib.asynccontextmanager
async def line(
    folder: Path,
    *,
    read_on: float = 3.0,
    answer: bytes = ANSWER,
    tls: tuple[ssl.SSLContext, Path] | None = None,
    then: str = "",
    gate: GateFactory | None = None,
) -> AsyncIterator[Line]:
    """A line that has been upgraded. ``then``: what the venue does in the same breath as its 101."""
    loop = asyncio.get_running_loop()
    accepted: asyncio.Future[End] = loop.create_future()

    async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = End(reader, writer)
        await reader.readuntil(b"\r\n\r\n")
        await end.send(answer)
        if then == "rst":
            end.reset()
        elif then == "fin":
            end.close()
        accepted.set_result(end)

    server = await asyncio.start_server(on_connect, "127.0.0.1", 0, ssl=tls[0] if tls else None)
    port = server.sockets[0].getsockname()[1]
    scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
    target, trust = f"{scheme}://{host}:{port}", tls[1] if tls else None
    async with proxied(folder, target, read_on=read_on, trust=trust, gate=gate) as made:
        proxy, listening, notes, told = made
        bot = End(*await asyncio.open_connection("127.0.0.1", listening))
        await bot.send(REQUEST)
        head = await asyncio.wait_for(bot.reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 101")
        venue = await asyncio.wait_for(accepted, 10)
        try:
            yield Line(bot, venue, proxy, notes, told)
        finally:
            for end in (bot, venue):
                end.writer.transport.abort()
            server.close()


def run(coro: Coroutine[Any, Any, None]) -> None:
    """Run a test on the proxy's own loop."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(coro)
