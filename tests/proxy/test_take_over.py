"""The take-over: whatever is under way while the sockets change hands arrives whole, in order, and once."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from proxy.line import ANSWER, HELLO, End, Note, line, proxied, run
from proxy.test_relay import venue_tls

from wsreplay.captures.wire import What
from wsreplay.proxy.relay import Relay, Wire


def counted(size: int) -> bytes:
    """Bytes that tell where they belong."""
    return b"".join(b"%07d." % number for number in range(size // 8))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


@pytest.fixture(params=["plain", "tls 1.2", "tls 1.3"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ssl.SSLContext, Path] | None:
    if request.param == "plain":
        return None
    context, ca = venue_tls(tmp_path)
    if request.param == "tls 1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context, ca


@pytest.mark.parametrize("size", [200_000, 400_000, 1 << 20])
def test_a_flood_right_behind_the_101_stays_in_order(
    tmp_path: Path, tls: tuple[ssl.SSLContext, Path] | None, size: int
) -> None:
    said = counted(size) + counted(3 << 20)

    async def scene() -> None:
        async with line(tmp_path, answer=ANSWER + said[:size], tls=tls) as made:
            saying = asyncio.create_task(made.venue.send(said[size:]))
            heard = await made.bot.hears(len(said))
            await saying
            assert heard == said
            assert made.said(by_venue=True) == said
            assert made.proxy.tap.relays, "the sockets were not taken over"

    run(scene())


@pytest.mark.parametrize("first", [b"\n\tfragment1\x80\tfragment2", b"\r\n\x81\x05hello", b"\n"])
def test_bytes_behind_the_101_that_look_like_line_ends_are_not_trimmed(
    tmp_path: Path, tls: tuple[ssl.SSLContext, Path] | None, first: bytes
) -> None:
    async def scene() -> None:
        async with line(tmp_path, answer=ANSWER + first, tls=tls) as made:
            assert await made.bot.hears(len(first)) == first
            await made.recorded(What.DATA)
            assert made.said(by_venue=True) == first

    run(scene())


def test_the_answer_of_a_handshake_is_no_later_than_the_frames_in_its_breath(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path, answer=ANSWER + HELLO) as made:
            await made.bot.hears(len(HELLO))
            [said], [answered] = await made.recorded(What.DATA), await made.recorded(What.OPEN)
            assert answered.mono_ns <= said.mono_ns
            assert answered.at_ns <= said.at_ns

    run(scene())


@pytest.mark.parametrize("count", [1, 300, 1000])
def test_connections_that_are_reset_at_once_leave_nothing_behind(tmp_path: Path, count: int) -> None:
    async def scene() -> None:
        async with proxied(tmp_path, "http://127.0.0.1:1") as (proxy, port, _, _):
            for _ in range(count // 50 + 1):
                ends = [End(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(min(count, 50))]
                for end in ends:
                    end.reset()
            await until(lambda: not proxy.connections)
            tap = proxy.tap
            assert not any((tap._conns, tap._legs, tap._sessions))

    run(scene())


def test_a_large_upload_in_one_breath_with_the_connect_arrives(tmp_path: Path) -> None:
    body = counted(900_000)
    head = b"POST /upload HTTP/1.1\r\nHost: v\r\nContent-Length: %d\r\n\r\n" % len(body)
    got = bytearray()

    async def scene() -> None:
        async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            got.extend(await reader.readexactly(len(body)))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            writer.close()

        server = await asyncio.start_server(on_connect, "127.0.0.1", 0)
        target = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with proxied(tmp_path, target) as (_, port, _, _):
            bot = End(*await asyncio.open_connection("127.0.0.1", port))
            bot.writer.write(head + body)
            assert (await bot.hears(40)).endswith(b"ok")
            assert bytes(got) == body
            bot.close()
        server.close()

    run(scene())


def test_a_socket_that_is_about_to_be_lost_is_taken_over_with_its_loss(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path) as made:
            await until(lambda: bool(made.proxy.tap.relays))
            [before] = made.proxy.tap.relays
            notes: list[Note] = []

            def note(*args: Any) -> bool:
                notes.append(Note(*args))
                return True

            over = asyncio.Event()
            bot, venue = Wire(before.bot.transport, False), Wire(before.venue.transport, True)
            bot.transport.abort()
            Relay(9, note, bot, venue, read_on=0, when_over=over.set).begin()
            made.venue.close()
            await asyncio.wait_for(over.wait(), 5)
            assert [n.what for n in notes] == [What.END, What.END, What.OVER]

    run(scene())
