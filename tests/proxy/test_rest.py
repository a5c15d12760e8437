"""REST on its way through: every exchange is on record once, however it ends."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from proxy.line import ANSWER, REQUEST, End, proxied, run
from proxy.test_tap import REFUSAL, bodies, venue_that_answers

from wsreplay.captures.wire import What
from wsreplay.proxy.exchange import KEPT

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
            assert [n.what for n in notes] == [What.ASKED, What.HTTP] * 3

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
            assert [n.what for n in notes] == [What.ASKED, What.HTTP] * 5
            assert {n.conn for n in notes} == {1}
            for what in (What.ASKED, What.HTTP):
                assert [b["url"][-2:] for b in bodies(notes, what)] == [f"/{number}" for number in range(5)]

    run(scene())


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"no HTTP\r\n\r\n"],
    ids=["no answer", "half a body", "no HTTP"],
)
def test_an_exchange_that_breaks_is_told_once_with_its_error(tmp_path: Path, answer: bytes) -> None:
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
            assert [n.what for n in notes] == [What.ASKED, What.HTTP]
            [exchange] = bodies(notes, What.HTTP)
            assert exchange["error"]
            assert exchange["asked_before"] is True

    run(scene())


POST = b"POST /order HTTP/1.1\r\nHost: v\r\n"
LARGE = b"x" * (3 << 20)


@pytest.mark.parametrize(
    ("pieces", "ends"),
    [
        ([GET % 1], b"\r\n\r\n"),
        ([POST + b"Content-Length: 5\r\n\r\norder"], b"order"),
        ([POST + b"Content-Length: 5\r\n\r\n", b"ord", b"er"], b"order"),
        ([POST + b"Content-Length: %d\r\n\r\n" % len(LARGE), LARGE], LARGE[-9:]),
        ([POST + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\norder\r\n", b"0\r\n\r\n"], b"0\r\n\r\n"),
    ],
    ids=["no body", "at once", "in pieces", "large", "chunked"],
)
def test_a_request_is_on_record_when_the_venue_hears_the_last_of_it(
    tmp_path: Path, pieces: list[bytes], ends: bytes
) -> None:
    async def scene() -> None:
        noted: list[list[int]] = []

        async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard = b""
            size = sum(len(piece) for piece in pieces)
            while not heard.endswith(ends) or len(heard) < size // 2:
                heard += await reader.read(1 << 20)
            noted.append([n.what for n in notes])
            writer.write(OK)
            await writer.drain()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(on_connect, "127.0.0.1", 0)
        target = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with proxied(tmp_path, target) as (_, listening, notes, _):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            for piece in pieces:
                before_ns = time.monotonic_ns()
                await bot.send(piece)
                await asyncio.sleep(0.01)
            assert await bot.hears(len(OK)) == OK
            bot.close()
            assert noted == [[What.ASKED]]
            assert [n.what for n in notes] == [What.ASKED, What.HTTP]
            [asked] = bodies(notes, What.ASKED)
            assert asked.get("cut", False) is (len(pieces[-1]) > KEPT)
            # From its first byte to its last.
            assert asked["asked_mono_ns"] <= notes[0].mono_ns
            assert notes[0].mono_ns >= before_ns
            assert len(pieces) == 1 or asked["asked_mono_ns"] < before_ns
        server.close()

    run(scene())


def test_a_request_that_is_answered_before_its_end_is_told_with_its_answer(tmp_path: Path) -> None:
    too_large = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"

    async def scene() -> None:
        async with (
            venue_that_answers(too_large) as (port, _),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (proxy, listening, notes, _),
        ):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            await bot.send(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n")
            assert await bot.hears(len(too_large)) == too_large
            await bot.send(b"5\r\nended\r\n0\r\n\r\n")
            bot.close()
            async with asyncio.timeout(5):
                while proxy.connections:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            assert [n.what for n in notes] == [What.HTTP]
            [exchange] = bodies(notes, What.HTTP)
            assert (exchange["status"], exchange["request_body"]) == (413, "YmVndW4=")
            assert "asked_before" not in exchange

    run(scene())


def test_a_request_that_found_no_room_is_told_with_its_answer(tmp_path: Path) -> None:
    async def scene() -> None:
        async with (
            venue_that_answers(OK) as (port, _),
            proxied(tmp_path, f"http://127.0.0.1:{port}", drops=What.ASKED) as (_, listening, notes, _),
        ):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            await bot.send(POST + b"Content-Length: 5\r\n\r\norder")
            assert await bot.hears(len(OK)) == OK
            bot.close()
            [exchange] = bodies(notes, What.HTTP)
            assert (exchange["request_body"], exchange["status"]) == ("b3JkZXI=", 200)
            assert "asked_before" not in exchange

    run(scene())


def test_what_the_recorder_can_not_tell_passes_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("no words for it")

    monkeypatch.setattr("wsreplay.proxy.tap.request_of", fails)

    async def scene() -> None:
        async with (
            venue_that_answers(OK) as (port, heads),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (_, listening, notes, _),
        ):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            await bot.send(POST + b"Content-Length: 5\r\n\r\norder")
            assert await bot.hears(len(OK)) == OK
            bot.close()
            assert heads[0].endswith(b"order")
            [exchange] = bodies(notes, What.HTTP)
            assert "asked_before" not in exchange

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
