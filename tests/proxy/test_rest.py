"""REST on its way through: every exchange is on record once, however it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from proxy.line import ANSWER, REQUEST, End, proxied, run
from proxy.test_tap import REFUSAL, bodies, venue_that_answers

from wsreplay.captures.wire import What

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = b"GET /%d HTTP/1.1\r\nHost: v\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "answer", "heard"),
    [
        (GET % 1, OK, OK),
        (b"HEAD / HTTP/1.1\r\nHost: v\r\n\r\n", OK[:-2], OK[:-2]),
        (GET % 2, b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (GET % 3, b"HTTP/1.1 304 Not Modified\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    ],
    ids=["GET", "HEAD", "204", "304"],
)
def test_exchanges_in_a_row_are_one_record_each(tmp_path: Path, request_: bytes, answer: bytes, heard: bytes) -> None:
    async def scene() -> None:
        async with (
            venue_that_answers(*[answer] * 3) as (port, _),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (_, listening, notes, _),
        ):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            for _ in range(3):
                await bot.send(request_)
                assert await bot.hears(len(heard)) == heard
            bot.close()
            assert [n.what for n in notes] == [What.HTTP] * 3

    run(scene())


def test_requests_sent_ahead_are_answered_in_order(tmp_path: Path) -> None:
    async def scene() -> None:
        async with (
            venue_that_answers(*[OK] * 5) as (port, heads),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (_, listening, notes, _),
        ):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            await bot.send(b"".join(GET % number for number in range(5)))
            assert await bot.hears(5 * len(OK)) == 5 * OK
            bot.close()
            assert [head[:6] for head in heads] == [b"GET /%d" % number for number in range(5)]
            assert [b["url"][-2:] for b in bodies(notes, What.HTTP)] == [f"/{number}" for number in range(5)]

    run(scene())


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"no HTTP\r\n\r\n"],
    ids=["no answer", "half a body", "no HTTP"],
)
def test_an_exchange_that_breaks_is_one_record_with_its_error(tmp_path: Path, answer: bytes) -> None:
    async def scene() -> None:
        async with (
            venue_that_answers(answer) as (port, _),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (proxy, listening, notes, _),
        ):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            await bot.send(GET % 1)
            assert await bot.hears_end() == "fin"
            bot.close()
            async with asyncio.timeout(5):
                while proxy.connections:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            [exchange] = bodies(notes, What.HTTP)
            assert exchange["error"]

    run(scene())


def test_a_refused_handshake_may_be_tried_again_on_the_same_connection(tmp_path: Path) -> None:
    async def scene() -> None:
        async with (
            venue_that_answers(REFUSAL, ANSWER) as (port, _),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (_, listening, notes, _),
        ):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            await bot.send(REQUEST)
            assert await bot.hears(len(REFUSAL)) == REFUSAL
            await bot.send(REQUEST)
            assert await bot.hears(len(ANSWER)) == ANSWER
            assert await bot.hears_end() == "fin"
            bot.close()
            async with asyncio.timeout(5):
                while len(notes) < 6:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            assert [n.what for n in notes] == [What.OPEN, What.OVER, What.OPEN, What.END, What.END, What.OVER]

    run(scene())


def test_a_bot_that_leaves_during_the_handshake_is_on_record_once(tmp_path: Path) -> None:
    async def scene() -> None:
        asked = asyncio.Event()

        async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(on_connect, "127.0.0.1", 0)
        target = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with proxied(tmp_path, target) as (proxy, listening, notes, _):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            await bot.send(REQUEST)
            await asked.wait()
            bot.close()
            async with asyncio.timeout(5):
                while proxy.connections:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            assert [n.what for n in notes] == [What.OPEN, What.OVER]
            assert bodies(notes, What.OPEN)[0]["error"]
        server.close()

    run(scene())
