"""The tap: handshakes, refusals, REST, and lines that never came up are on record as well."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import trustme
from proxy.line import REQUEST, End, Note, line, proxied, run

from wsreplay.captures.wire import What
from wsreplay.proxy.exchange import KEPT

REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 15\r\nX-Why: no-key\r\n\r\nno key, no line"


@contextlib.asynccontextmanager
async def venue_that_answers(
    *answers: bytes, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A raw HTTP venue with one answer a request; its port, and the request heads it got."""
    heads: list[bytes] = []
    left = list(answers)

    async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while left:
                head = await reader.readuntil(b"\r\n\r\n")
                heads.append(head)
                for row in head.lower().split(b"\r\n"):
                    if row.startswith(b"content-length:"):
                        heads[-1] += await reader.readexactly(int(row[15:]))
                writer.write(left.pop(0))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(on_connect, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()


def bodies(notes: list[Note], what: What) -> list[Any]:
    return [json.loads(n.body) for n in notes if n.what == what]


async def ask(port: int, request: bytes) -> bytes:
    end = End(*await asyncio.open_connection("127.0.0.1", port))
    await end.send(request)
    async with asyncio.timeout(10):
        head = await end.reader.readuntil(b"\r\n\r\n")
        length = next(int(r[15:]) for r in head.lower().split(b"\r\n") if r.startswith(b"content-length:"))
        answer = head + await end.reader.readexactly(length)
    end.close()
    return answer


def test_a_handshake_is_recorded_as_it_was_asked_and_answered(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path) as made:
            [opened] = bodies(made.notes, What.OPEN)
            assert opened["status"] == 101
            assert opened["url"].startswith("ws://127.0.0.1:")
            assert opened["url"].endswith("/v1?x=1")
            assert ["X-Odd-Header", "two  words"] in [[n, v.strip()] for n, v in opened["request"]]
            assert ["Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="] in opened["response"]
            assert opened["asked_mono_ns"] <= next(n.mono_ns for n in made.notes if n.what == What.OPEN)

    run(scene())


def test_a_refused_handshake_reaches_the_bot_and_the_record_with_its_body(tmp_path: Path) -> None:
    async def scene() -> None:
        async with (
            venue_that_answers(REFUSAL) as (port, _),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (_, listening, notes, _),
        ):
            answer = await ask(listening, REQUEST)
            assert answer == REFUSAL
            [opened] = bodies(notes, What.OPEN)
            assert (opened["status"], opened["reason"], opened["body"]) == (401, "Unauthorized", "no key, no line")
            assert [n.what for n in notes] == [What.OPEN, What.OVER]

    run(scene())


def test_a_venue_that_can_not_be_reached_leaves_a_trace_and_a_word_for_the_user(tmp_path: Path) -> None:
    async def scene() -> None:
        async with proxied(tmp_path, "http://127.0.0.1:1") as (proxy, listening, notes, told):
            assert (await ask(listening, REQUEST)).startswith(b"HTTP/1.1 502")
            [opened] = bodies(notes, What.OPEN)
            assert opened["status"] == 0
            assert "onnect" in opened["error"]
            assert any("127.0.0.1:1" in text for text in told)
            assert (proxy.tap.opened, proxy.tap.failed) == (0, 1)

    run(scene())


def test_a_certificate_that_is_not_trusted_ends_the_line_before_a_word_is_said(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)

    async def scene() -> None:
        async with (
            venue_that_answers(REFUSAL, tls=context) as (port, heads),
            proxied(tmp_path, f"https://localhost:{port}") as (_, listening, notes, told),
        ):
            assert (await ask(listening, REQUEST)).startswith(b"HTTP/1.1 502")
            assert heads == []
            assert "ertificate verify failed" in bodies(notes, What.OPEN)[0]["error"]
            assert any("--trust" in text for text in told)

    run(scene())


def test_rest_calls_are_part_of_the_story(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n" + b'{"open": []}'
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

    async def scene() -> None:
        async with (
            venue_that_answers(answer, chunked) as (port, heads),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (_, listening, notes, _),
            aiohttp.ClientSession() as client,
        ):
            url = f"http://127.0.0.1:{listening}"
            async with client.post(f"{url}/v2/createOrder?a=b", data=b'{"qty": "1.50"}') as reply:
                assert await reply.text() == '{"open": []}'
            async with client.get(f"{url}/time") as reply:
                assert await reply.text() == "abcde"
            assert heads[0].endswith(b'{"qty": "1.50"}')
            asked, _ = bodies(notes, What.ASKED)
            assert asked["method"] == "POST"
            assert asked["url"].endswith("/v2/createOrder?a=b")
            assert asked["request_body"] == "eyJxdHkiOiAiMS41MCJ9"
            first, second = bodies(notes, What.HTTP)
            assert (first["status"], first["response_body"]) == (200, "eyJvcGVuIjogW119")
            assert second["response_body"] == "YWJjZGU="
            assert not [each for each in (first, second) if "request" in each or "request_body" in each]
            assert {n.conn for n in notes} == {1}, "one connection carried both"

    run(scene())


def test_a_large_body_passes_whole_and_is_kept_in_part(tmp_path: Path) -> None:
    size = 3 << 20
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size

    async def scene() -> None:
        async with (
            venue_that_answers(answer) as (port, _),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (_, listening, notes, _),
            aiohttp.ClientSession() as client,
        ):
            async with client.get(f"http://127.0.0.1:{listening}/all") as reply:
                assert len(await reply.read()) == size
            [exchange] = bodies(notes, What.HTTP)
            assert exchange["cut"] is True
            assert len(base64.b64decode(exchange["response_body"])) == KEPT

    run(scene())


def test_an_upgrade_may_follow_rest_on_the_same_connection(tmp_path: Path) -> None:
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    switch = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi"
    )

    async def scene() -> None:
        async with (
            venue_that_answers(ok, switch) as (port, _),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (_, listening, notes, _),
        ):
            bot = End(*await asyncio.open_connection("127.0.0.1", listening))
            await bot.send(b"GET /key HTTP/1.1\r\nHost: v\r\n\r\n")
            assert (await bot.hears(len(ok))).endswith(b"ok")
            await bot.send(REQUEST)
            assert (await bot.hears(len(switch))).endswith(b"\x81\x02hi")
            assert await bot.hears_end() == "fin"
            bot.close()
            async with asyncio.timeout(5):
                while notes[-1].what != What.OVER:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            whats = [What.ASKED, What.HTTP, What.OPEN, What.DATA, What.END, What.END, What.OVER]
            assert [n.what for n in notes] == whats
            assert {n.conn for n in notes} == {1}

    run(scene())
