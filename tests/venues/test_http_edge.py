"""The HTTP edge of simulated venues: what a client may send, and what has no body."""

from __future__ import annotations

import asyncio

import pytest

from wsreplay.venues.gateway import Ask
from wsreplay.venues.http_edge import Answer, HttpEdge


def told(*requests: bytes) -> list[bytes]:
    """What comes back for each of these, on a connection of its own that the server ends or the request asks to end."""

    async def respond(ask: Ask) -> Answer:
        return Answer(int(ask.target.strip("/")), {"ok": True})

    async def talk() -> list[bytes]:
        edge = await HttpEdge(respond).start("127.0.0.1", 0)
        answers = []
        for request in requests:
            reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
            writer.write(request)
            answers.append(await asyncio.wait_for(reader.read(), 20))
            writer.close()
            await writer.wait_closed()
        await edge.close()
        return answers

    return asyncio.run(talk())


def test_head_gets_the_head_alone_and_the_connection_goes_on() -> None:
    both = b"HEAD /200 HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /200 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    (answer,) = told(both)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.count(b"Content-Length: 11") == 2
    assert answer.count(b'{"ok":true}') == 1


@pytest.mark.parametrize("status", [b"204", b"304"])
def test_a_status_without_a_body_has_none(status: bytes) -> None:
    (answer,) = told(b"GET /" + status + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in answer


@pytest.mark.parametrize(
    ("request_", "status"),
    [(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"405"), (b"\x16\x03\x01\x02\r\n\r\n", b"400")],
)
def test_what_is_for_a_proxy_or_is_no_http_is_refused(request_: bytes, status: bytes) -> None:
    (answer,) = told(request_)
    assert answer.startswith(b"HTTP/1.1 " + status)
