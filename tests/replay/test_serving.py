"""The recorded venue on real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from math import inf
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from captures.recorded import capture
from replay.recording import BEGAN_NS, URL, Recording
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

import wsreplay
from wsreplay.captures.event import Event
from wsreplay.errors import UserError
from wsreplay.replay.serving import ServedServer, served

UPSTREAMS = {"": URL, "rest": "https://api.venue.example"}
BOTH = {"": "wss://venue.example"}
"""Sockets and REST at one address."""


def play(
    tmp_path: Path,
    events: list[Event],
    story: Callable[[ServedServer], Awaitable[None]],
    upstreams: dict[str, str] = UPSTREAMS,
    **options: Any,
) -> None:
    about = {"venue": "generic", "upstreams": upstreams, "mode": "reverse", **options}
    path = capture(tmp_path, *events, **about)

    async def run() -> None:
        with wsreplay.open(path) as opened:
            async with served(opened, speed=inf) as server:
                await story(server)

    asyncio.run(asyncio.wait_for(run(), 30))


def rest(seq: int, method: str, url: str, answer: Any, body: str = "", status: int = 200) -> list[Event]:
    asked = {"method": method, "url": url, "headers": [], "body": body}
    headers = [["Content-Type", "application/json"], ["X-Limit", "7"], ["Content-Length", "3"], ["Date", "then"]]
    told = {"status": status, "headers": headers, "body": json.dumps(answer)}
    times: dict[str, Any] = {"at_ns": BEGAN_NS + seq, "mono_ns": seq, "first_mono_ns": seq, "conn": 50}
    return [
        Event(seq=seq, sender="client", kind="http_request", text=json.dumps(asked), role="request", **times),
        Event(seq=seq + 1, sender="venue", kind="http_response", text=json.dumps(told), reply_to=seq, **times),
    ]


def test_sockets_and_rest_live_at_one_address_where_they_did(tmp_path: Path) -> None:
    events = Recording("generic").open().hear('{"type": "welcome"}').events()
    events += rest(10, "POST", "https://venue.example/v1/echo", {"said": "yes"}, '{"hello": 1}')
    events += rest(12, "GET", "https://venue.example/v1/time", {"now": "then"})

    async def story(server: ServedServer) -> None:
        assert list(server.urls) == [""]
        base = server.urls[""].replace("ws://", "http://")
        async with connect(server.urls[""], proxy=None) as line, aiohttp.ClientSession() as session:
            assert json.loads(await line.recv()) == {"type": "welcome"}
            async with session.post(f"{base}/v1/echo", json={"hello": 1}) as response:
                assert (response.status, await response.json()) == (200, {"said": "yes"})
                assert response.headers["X-Limit"] == "7"
                assert response.headers.get("Date") != "then"
            async with session.get(f"{base}/v1/time") as response:
                assert await response.json() == {"now": "then"}
            async with session.get(f"{base}/v1/nothing") as response:
                assert response.status == 404
                assert (await response.json())["error"] == "NOT_RECORDED"

    play(tmp_path, events, story, BOTH)


def test_a_request_that_comes_in_pieces_is_still_told_apart(tmp_path: Path) -> None:
    events = Recording("generic").open().events() + rest(10, "GET", "https://venue.example/v1/time", {"now": "then"})

    async def story(server: ServedServer) -> None:
        port = int(server.urls[""].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for piece in (b"GET /v1/ti", b"me HTTP/1.1\r\nHost: x\r\n", b"Connection: close\r\n\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        assert b'{"now": "then"}' in await reader.read()
        writer.close()
        # One that says nothing, and one that goes in the middle, harm nobody.
        for beginning in (b"", b"GET /"):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(beginning)
            writer.close()
        async with connect(server.urls[""], proxy=None):
            pass

    play(tmp_path, events, story, BOTH)


def test_a_handshake_is_answered_as_it_was(tmp_path: Path) -> None:
    headers: dict[str, Any] = {"Sec-WebSocket-Protocol": "v2.venue", "X-Server": "eu-1", "Upgrade": "websocket"}
    events = Recording("generic").open(**headers).open(2, status=520, body="origin gone").events()

    async def story(server: ServedServer) -> None:
        offered = [Subprotocol("v1.venue"), Subprotocol("v2.venue")]
        async with connect(server.urls[""], proxy=None, subprotocols=offered) as line:
            assert line.subprotocol == "v2.venue"
            assert line.response is not None
            assert line.response.headers["X-Server"] == "eu-1"
        with pytest.raises(InvalidStatus) as refused:
            await connect(server.urls[""], proxy=None)
        assert refused.value.response.status_code == 520
        assert refused.value.response.body == b"origin gone"

    play(tmp_path, events, story)


@pytest.mark.parametrize(("code", "reason"), [(1012, "restart"), (4001, "")])
def test_a_close_comes_with_its_code_and_reason(tmp_path: Path, code: int, reason: str) -> None:
    events = Recording("generic").open().wait(5).close(code, sender="venue").events()
    events[-1].close_reason = reason

    async def story(server: ServedServer) -> None:
        async with connect(server.urls[""], proxy=None) as line:
            with pytest.raises(ConnectionClosed) as closed:
                await line.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)

    play(tmp_path, events, story)


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_a_line_that_the_venue_cut_is_cut_as_it_was(tmp_path: Path, how: Any) -> None:
    events = Recording("generic").open().wait(5).end(how, leg="venue").events()

    async def story(server: ServedServer) -> None:
        async with connect(server.urls[""], proxy=None) as line:
            with pytest.raises(ConnectionClosed) as closed:
                await line.recv()
            assert closed.value.rcvd is None
            assert isinstance(closed.value.__cause__, ConnectionResetError) == (how == "rst")

    play(tmp_path, events, story)


def test_bytes_come_as_the_bytes_that_they_were(tmp_path: Path) -> None:
    events = Recording("generic").open().hear("x").events()
    events[-1].kind, events[-1].text, events[-1].data = "binary", None, b"\x00\xff{}"

    async def story(server: ServedServer) -> None:
        async with connect(server.urls[""], proxy=None) as line:
            assert await line.recv() == b"\x00\xff{}"

    play(tmp_path, events, story)


def test_where_the_bot_named_hosts_itself_each_gets_an_address(tmp_path: Path) -> None:
    events = Recording("generic").open().hear('{"type": "welcome"}').events()
    events += rest(10, "GET", "https://api.venue.example/v1/time", {"now": "then"})

    async def story(server: ServedServer) -> None:
        assert list(server.urls) == ["", "api-venue-example"]
        assert server.urls["api-venue-example"].startswith("http://127.0.0.1:")
        async with (
            aiohttp.ClientSession() as session,
            session.get(server.urls["api-venue-example"] + "/v1/time") as response,
        ):
            assert await response.json() == {"now": "then"}

    play(tmp_path, events, story, {}, mode="regular")


def test_a_capture_in_which_nobody_met_a_venue_can_not_be_served(tmp_path: Path) -> None:
    async def story(_: ServedServer) -> None:
        raise AssertionError("it was served")

    with pytest.raises(UserError, match="nothing to serve"):
        play(tmp_path, [], story)


def test_the_simulator_can_only_answer_where_there_is_one(tmp_path: Path) -> None:
    path = capture(tmp_path, *Recording("generic").open().events(), venue="generic", upstreams=UPSTREAMS)

    async def run() -> None:
        with wsreplay.open(path) as opened:
            async with served(opened, unmatched="simulator"):
                pass

    with pytest.raises(UserError, match="no simulator of 'generic'"):
        asyncio.run(run())
