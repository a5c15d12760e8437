"""The simulator on real sockets: the same venue, seen by real clients."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from venues.streams.venue import order_body
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from wsreplay.venues.streams.gateway import PlainGateway
from wsreplay.venues.streams.setup import NO_LIFE, Limits, StreamsSetup
from wsreplay.venues.streams.simulator import BinanceStreamsSimulator, StreamsSimulator

TRADE = "trade.SOL_USDC"
SUBSCRIBE = json.dumps({"method": "SUBSCRIBE", "params": [TRADE], "id": 1})
QUIET = StreamsSetup(life=NO_LIFE, engine_ms=(0.0, 1.0))


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 30))


async def fetch(sim: StreamsSimulator, method: str, path: str, **options: Any) -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{sim.rest_url}/api/v1{path}", **options) as response,
    ):
        return response.status, response.headers["Content-Type"], await response.text()


async def trade(sim: StreamsSimulator) -> None:
    for side in ("SELL", "BUY"):
        status, _, told = await fetch(sim, "POST", "/order", json=order_body(side, "10", "1.50"))
        assert (status, json.loads(told)["status"]) == (200, "Created Order")


def test_streams_and_rest_are_one_venue() -> None:
    async def story() -> None:
        async with StreamsSimulator(QUIET) as sim, connect(f"{sim.url}/any/path") as line:
            await line.send(SUBSCRIBE)
            assert await (await line.ping()) >= 0, "it answers pings"
            await trade(sim)
            push = json.loads(await line.recv())
            assert (push["stream"], push["data"]["p"], push["data"]["q"]) == (TRADE, "10", "1.50")
            status, kind, told = await fetch(sim, "GET", "/trades?symbol=SOL_USDC")
            assert (status, kind, json.loads(told)[0]["trade_id"]) == (200, "application/json", push["data"]["t"])

    run(story())


def test_a_get_may_have_a_body_and_a_bad_one_gets_plain_words() -> None:
    async def story() -> None:
        async with StreamsSimulator(QUIET) as sim:
            status, _, told = await fetch(sim, "GET", "/orders", json={"user_id": "test_user", "market": "SOL_USDC"})
            assert (status, told) == (200, "[]")
            status, kind, told = await fetch(sim, "POST", "/order", data="{")
            assert (status, kind, told) == (400, "text/plain; charset=utf-8", "Content type error")
            assert (await fetch(sim, "GET", "/nothing"))[0] == 404

    run(story())


def farewells(sim: StreamsSimulator, patch: pytest.MonkeyPatch) -> asyncio.Queue[int]:
    """The numbers of connections as they go."""
    gone: asyncio.Queue[int] = asyncio.Queue()
    forget = sim.gateway.on_closed

    def on_closed(conn: int, now_ns: int) -> None:
        forget(conn, now_ns)
        gone.put_nowait(conn)

    patch.setattr(sim.gateway, "on_closed", on_closed)
    return gone


def test_a_close_is_acknowledged_and_frees_the_client_from_its_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with StreamsSimulator(QUIET) as sim:
            gone, gateway = farewells(sim, monkeypatch), sim.gateway
            assert isinstance(gateway, PlainGateway)
            async with connect(sim.url) as line:
                await line.send(SUBSCRIBE)
                await (await line.ping())
                assert gateway.subscribers.of(TRADE) == (1,)
            assert line.close_code == 1000
            assert await gone.get() == 1
            assert gateway.subscribers.of(TRADE) == ()
            await trade(sim)

    run(story())


def test_who_vanishes_without_a_word_is_removed_and_the_others_are_served_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with StreamsSimulator(QUIET) as sim, connect(sim.url) as other:
            gone = farewells(sim, monkeypatch)
            await other.send(SUBSCRIBE)
            line = await connect(sim.url)
            await line.send(SUBSCRIBE)
            await (await line.ping())
            await (await other.ping())
            line.transport.abort()
            assert await gone.get() == 2
            await trade(sim)
            assert json.loads(await other.recv())["stream"] == TRADE

    run(story())


def test_a_frame_that_breaks_the_protocol_ends_the_connection() -> None:
    async def story() -> None:
        async with StreamsSimulator(QUIET) as sim, connect(sim.url) as line:
            line.transport.write(b"\xf1\x81\x00\x00\x00\x00x")  # a reserved bit is set
            with pytest.raises(ConnectionClosed) as ended:
                await line.recv()
            assert ended.value.rcvd is not None
            assert ended.value.rcvd.code == 1002

    run(story())


def test_no_websocket_is_no_venue() -> None:
    async def story() -> None:
        async with StreamsSimulator(QUIET) as sim:
            address = urlsplit(sim.url)
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: venue\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 4")
            writer.close()
            await writer.wait_closed()

    run(story())


def test_the_binance_profile_answers_pings_and_ends_who_does_not_answer() -> None:
    async def story() -> None:
        limits = Limits(ping_every_s=1, pong_within_s=1)
        setup = StreamsSetup(life=NO_LIFE, limits=limits)
        async with BinanceStreamsSimulator(setup) as sim:
            async with connect(f"{sim.url}/ws") as line:
                await line.send(SUBSCRIBE)
                assert json.loads(await line.recv()) == {"result": None, "id": 1}
                await trade(sim)
                assert json.loads(await line.recv())["e"] == "trade", "raw, for the path says so"
            deaf = socket.create_connection((urlsplit(sim.url).hostname or "", urlsplit(sim.url).port or 0))
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            await loop.sock_sendall(
                deaf,
                b"GET /ws HTTP/1.1\r\nHost: venue\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + key + b"\r\n",
            )
            heard = b""
            while b"Pong timeout" not in heard:
                more = await loop.sock_recv(deaf, 4096)
                assert more
                heard += more
            deaf.close()

    run(story())


def test_too_many_connections_are_refused_with_429() -> None:
    async def story() -> None:
        limits = Limits(connections_per_5_min=1)
        async with BinanceStreamsSimulator(StreamsSetup(life=NO_LIFE, limits=limits)) as sim, connect(sim.url):
            with pytest.raises(InvalidStatus) as refused:
                await connect(sim.url)
            assert refused.value.response.status_code == 429

    run(story())


def test_a_shutdown_is_announced_to_real_clients() -> None:
    async def story() -> None:
        async with BinanceStreamsSimulator(QUIET) as sim, connect(f"{sim.url}/stream") as line:
            draining = asyncio.create_task(sim.drain())
            assert json.loads(await line.recv())["stream"] == "!serverShutdown"
            with pytest.raises(ConnectionClosed):
                await line.recv()
            assert line.close_code == 1001
            await draining

    run(story())
