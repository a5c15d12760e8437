"""Back-pressure: a slow reader is felt on the other side, and an end behind what it has not read is no reset."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from mitmproxy.connection import Client, Connection
from proxy.line import ANSWER, HELLO, REQUEST, End, Line, line, proxied, run

from wsreplay.captures.wire import What
from wsreplay.proxy.relay import WATCH_PAUSED, Relay


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def taken_over(made: Line) -> Relay:
    await until(lambda: bool(made.proxy.tap.relays))
    [relay] = made.proxy.tap.relays
    return relay


async def flood(end: End, until_paused: Callable[[], bool]) -> int:
    """Say as much as is taken until the line does not move any more; how many bytes that were."""
    said = 0
    async with asyncio.timeout(10):
        while not until_paused():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(end.send(HELLO * 10_000), 0.05)
            said += len(HELLO) * 10_000
    return said


@pytest.mark.parametrize("size", [50_000, 95_000, 140_000])
def test_a_bot_that_reads_nothing_from_the_101_on_stops_the_venue(tmp_path: Path, size: int) -> None:
    async def scene() -> None:
        accepted: asyncio.Future[End] = asyncio.get_running_loop().create_future()

        async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER + b"\x00" * size)
            accepted.set_result(End(reader, writer))

        server = await asyncio.start_server(on_connect, "127.0.0.1", 0)
        target = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with proxied(tmp_path, target) as (proxy, port, _, _):
            adopt = proxy.tap._adopt

            def narrow(client: Client, conn: Connection) -> None:
                adopt(client, conn)
                if conn is client:
                    held = proxy.tap._legs[client.id].transport.get_extra_info("socket")
                    held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

            proxy.tap._adopt = narrow  # type: ignore[method-assign]
            with socket.socket() as bot:
                bot.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                bot.connect(("127.0.0.1", port))
                bot.sendall(REQUEST)
                venue = await accepted
                await until(lambda: bool(proxy.tap.relays or proxy.tap._by_hook))
                if proxy.tap.relays:  # else mitmproxy keeps the sockets, and waits for the bot by itself
                    [relay] = proxy.tap.relays
                    for _ in range(40):
                        try:
                            await asyncio.wait_for(venue.send(b"\x00" * (1 << 20)), 0.02)
                        except TimeoutError:
                            continue
                    assert relay.bot.transport.get_write_buffer_size() < 1 << 20
            venue.writer.transport.abort()
        server.close()

    run(scene())


def test_the_end_of_a_venue_that_is_not_being_read_is_no_reset(tmp_path: Path) -> None:
    """The bot has said its last word, reads slowly, and the venue ends in order behind much that was not read yet."""

    async def scene() -> None:
        async with line(tmp_path) as made:
            made.bot.fin()
            await made.venue.hears_end()
            relay = await taken_over(made)
            relay.venue.pause()
            await made.venue.send(HELLO)
            made.venue.close()
            await asyncio.sleep(2 * WATCH_PAUSED)
            relay.venue.resume()
            assert await made.bot.hears(len(HELLO)) == HELLO
            assert await made.bot.hears_end() == "fin"
            assert await made.ends() == [("bot", "fin"), ("venue", "fin")]

    run(scene())


def test_a_stop_is_not_held_up_by_a_peer_that_reads_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path) as made:
            made.bot.stop_reading()
            relay = await taken_over(made)
            await flood(made.venue, lambda: relay.venue.paused)
            async with asyncio.timeout(3):
                await made.proxy.stop(patience=0.5)
            assert await made.ends() == [("venue", "proxy"), ("bot", "proxy")]
            assert len(await made.recorded(What.OVER)) == 1

    run(scene())


def test_both_directions_full_flow_again(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path) as made:
            made.bot.stop_reading()
            made.venue.stop_reading()
            relay = await taken_over(made)
            by_venue, by_bot = await asyncio.gather(
                flood(made.venue, lambda: relay.venue.paused), flood(made.bot, lambda: relay.bot.paused)
            )
            made.bot.read_again()
            made.venue.read_again()
            heard = await asyncio.gather(made.bot.hears(by_venue), made.venue.hears(by_bot))
            assert [len(part) for part in heard] == [by_venue, by_bot]

    run(scene())


def test_a_line_that_stops_and_goes_keeps_one_watch(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path) as made:
            relay = await taken_over(made)
            watched: list[float] = []
            loop = asyncio.get_running_loop()
            watch = relay.venue._watch

            def seen() -> None:
                watched.append(loop.time())
                watch()

            relay.venue._watch = seen  # type: ignore[method-assign]
            for _ in range(1000):
                relay.venue.pause()
                relay.venue.resume()
            relay.venue.pause()
            await until(lambda: len(watched) >= 1)
            await asyncio.sleep(WATCH_PAUSED)
            assert len(watched) <= 3

    run(scene())
