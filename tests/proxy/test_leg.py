"""A leg: taken from the streams that held the socket, in whatever state they are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from proxy.line import End, run

from wsreplay.proxy.leg import PAUSE_AT, Leg


@contextlib.asynccontextmanager
async def accepted() -> AsyncIterator[tuple[End, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A peer, and the streams that asyncio made of its connection."""
    got: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.get_running_loop().create_future()

    async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.set_result((reader, writer))

    server = await asyncio.start_server(on_connect, "127.0.0.1", 0)
    peer = End(*await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1]))
    reader, writer = await got
    try:
        yield peer, reader, writer
    finally:
        peer.writer.transport.abort()
        writer.transport.abort()
        server.close()


async def everything(leg: Leg) -> bytes:
    said = bytearray()
    async with asyncio.timeout(5):
        while part := await leg.read(65536):
            said += part
    return bytes(said)


@pytest.mark.parametrize("size", [10, 200_000, 2 * PAUSE_AT])
def test_what_a_stream_held_back_is_read_by_the_leg(size: int) -> None:
    async def scene() -> None:
        async with accepted() as (peer, reader, writer):
            peer.writer.write(b"x" * size)
            peer.fin()
            held = min(size, 140_000)
            while len(reader._buffer) < held:  # type: ignore[attr-defined]  # noqa: ASYNC110
                await asyncio.sleep(0)
            assert len(await everything(Leg.take(reader, writer))) == size

    run(scene())


def test_a_socket_that_was_reset_before_is_at_its_end() -> None:
    async def scene() -> None:
        async with accepted() as (peer, reader, writer):
            peer.reset()
            while reader.exception() is None:  # noqa: ASYNC110
                await asyncio.sleep(0)
            leg = Leg.take(reader, writer)
            assert await everything(leg) == b""
            assert isinstance(leg.fault, ConnectionResetError)

    run(scene())
