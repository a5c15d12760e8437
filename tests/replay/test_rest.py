"""One REST request and its answer, whatever the server does."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
from collections.abc import AsyncIterator

import pytest

from wsreplay.replay.outputs import Answer
from wsreplay.replay.rest import exchange, headers_for
from wsreplay.replay.targets import Place


@contextlib.asynccontextmanager
async def server(says: bytes | None, heard: list[bytes]) -> AsyncIterator[Place]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1 << 16))
        if says is None:
            await reader.read()
        else:
            writer.write(says)
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield Place(host="127.0.0.1", port=listening.sockets[0].getsockname()[1], secure=False, target="/v2/orders?a=1")


def ask(says: bytes | None, body: bytes = b"", timeout_s: float = 5) -> tuple[Answer, bytes]:
    heard: list[bytes] = []

    async def story() -> Answer:
        async with server(says, heard) as place:
            recorded = (("Host", "api.venue.example"), ("X-Mine", "1"), ("Connection", "keep-alive"))
            headers = headers_for(place, recorded, body)
            answer, _ = await exchange(
                place, "POST", headers, body, tls=ssl.create_default_context(), timeout_s=timeout_s
            )
            return answer

    return asyncio.run(story()), b"".join(heard)


def test_it_is_asked_as_the_bot_asked_but_at_this_host() -> None:
    answer, heard = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", b"{}")
    assert (answer.status, answer.body) == (200, b"[]")
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v2/orders?a=1 HTTP/1.1\r\n")
    assert b"X-Mine: 1" in head
    assert b"venue.example" not in head
    assert b"keep-alive" not in head
    assert body == b"{}"


def test_a_packed_answer_is_read() -> None:
    body = gzip.compress(b'[{"orderId": "1"}]')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert ask(head + body)[0].body == b'[{"orderId": "1"}]'


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    answer, heard = ask(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    assert answer.status == 302
    assert heard.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("says", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
def test_what_is_no_answer_is_told_as_none(says: bytes) -> None:
    answer, _ = ask(says)
    assert answer.status is None
    assert answer.error


def test_silence_has_an_end() -> None:
    assert ask(None, timeout_s=0.05)[0].error == "no answer within 0.05 s"
