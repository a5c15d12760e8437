"""The simulator on real sockets: the same venue, seen by real clients."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from venues.reya.trader import STRANGER_KEY, Fields, Trader, quiet
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from wsreplay.venues import server as edge
from wsreplay.venues.http_edge import MAX_BODY
from wsreplay.venues.keys import address_of
from wsreplay.venues.reya.dialect import ReyaDialect
from wsreplay.venues.reya.renewals import SECOND
from wsreplay.venues.reya.setup import Delays, Limits
from wsreplay.venues.reya.simulator import ReyaSimulator
from wsreplay.venues.simulation import simulator

FAST = Delays(engine_ms=(0, 2), chain_ms=(5, 20))


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 30))


def now_trader(key: bytes | None = None) -> Trader:
    return Trader(now_ns=time.time_ns()) if key is None else Trader(key, now_ns=time.time_ns())


async def ask(line: ClientConnection, op: str, payload: Fields, key: str = "a") -> Fields:
    await line.send(json.dumps({"type": op, "id": key, "payload": payload}))
    reply: Fields = json.loads(await line.recv())
    assert reply["id"] == key
    return reply


async def fetch(sim: ReyaSimulator, method: str, path: str, **options: Any) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, sim.rest_url + "/v2" + path, **options) as response,
    ):
        return response.status, await response.json()


def test_socket_and_rest_are_one_venue() -> None:
    async def story() -> None:
        trader = now_trader()
        async with ReyaSimulator(quiet(delays=FAST)) as sim, connect(sim.url) as line:
            order = (await ask(line, "createOrder", trader.spot()))["payload"]
            status, listed = await fetch(sim, "GET", f"/wallet/{trader.wallet}/openOrders")
            assert (status, [each["orderId"] for each in listed]) == (200, [order["orderId"]])
            status, cancelled = await fetch(sim, "POST", "/cancelOrder", json=trader.cancel(order["orderId"]))
            assert (status, cancelled["status"]) == (200, "CANCELLED")
            assert not (await ask(line, "cancelOrder", trader.cancel(order["orderId"])))["ok"]
            assert (await ask(line, "createOrder", trader.perp()))["payload"]["status"] == "FILLED"
            status, filled = await fetch(sim, "POST", "/createOrder", json=trader.perp())
            assert (status, filled["status"]) == (200, "FILLED")

    run(story())


def test_a_duplicate_order_by_a_cut_line() -> None:
    """The bot's line dies between order and reply; it sends again, and owns two."""

    async def story() -> None:
        trader = now_trader()
        async with ReyaSimulator(quiet(delays=Delays(engine_ms=(50, 50)))) as sim:
            async with connect(sim.url) as line:
                await line.send(json.dumps({"type": "createOrder", "id": "a", "payload": trader.spot()}))
                pong = await line.ping()
                await pong
                line.transport.abort()
            async with connect(sim.url) as line:
                assert (await ask(line, "createOrder", trader.spot()))["ok"]
            _, listed = await fetch(sim, "GET", f"/wallet/{trader.wallet}/openOrders")
            assert len(listed) == 2

    run(story())


def test_many_connections_and_replies_out_of_order() -> None:
    async def story() -> None:
        trader = now_trader()
        setup = quiet(delays=Delays(engine_ms=(0, 20)))
        async with ReyaSimulator(setup) as sim, connect(sim.url) as one, connect(sim.url) as two:
            for n in range(20):
                for line in (one, two):
                    await line.send(json.dumps({"type": "createOrder", "id": f"{n}", "payload": trader.spot()}))
            for line in (one, two):
                answered = [json.loads(await line.recv())["id"] for _ in range(20)]
                assert sorted(answered, key=int) == [f"{n}" for n in range(20)]
                assert answered != sorted(answered, key=int)

    run(story())


def test_protocol_pings_keep_an_idle_client_and_cut_a_dead_one() -> None:
    limits = Limits(ping_after_s=1, idle_timeout_s=2)

    async def story() -> None:
        setup = quiet(limits=limits, delays=FAST)
        async with ReyaSimulator(setup) as sim, connect(sim.url, ping_interval=None) as line:
            started = asyncio.get_running_loop().time()
            reader, writer = await asyncio.open_connection("127.0.0.1", int(sim.url.rpartition(":")[2]))
            writer.write(
                b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")
            said = b""
            with suppress(ConnectionError):
                said = await reader.read()
            assert said == b"\x89\x04" + said[2:6], "one ping, and no close frame"
            assert asyncio.get_running_loop().time() - started >= 1.9
            writer.close()
            await line.send('{"type":"ping"}')
            assert await line.recv() == '{"type":"pong"}', "the library's pongs kept this one"

    run(story())


def test_drain_says_1001_and_turns_newcomers_away() -> None:
    async def story() -> None:
        trader = now_trader()
        setup = quiet(delays=Delays(engine_ms=(100, 100)))
        async with ReyaSimulator(setup) as sim, connect(sim.url) as idle, connect(sim.url) as busy:
            assert await ready(sim) == (200, 200)
            await busy.send(json.dumps({"type": "createOrder", "id": "a", "payload": trader.spot()}))
            await (await busy.ping())
            draining = asyncio.create_task(sim.drain())
            with pytest.raises(ConnectionClosed) as ended:
                await idle.recv()
            assert (ended.value.rcvd and ended.value.rcvd.code) == 1001
            assert (ended.value.rcvd and ended.value.rcvd.reason) == "SERVER_SHUTTING_DOWN"
            with pytest.raises(InvalidStatus) as refused:
                await connect(sim.url)
            assert refused.value.response.status_code == 503
            assert json.loads(await busy.recv())["ok"]
            with pytest.raises(ConnectionClosed):
                await busy.recv()
            await draining
            assert await ready(sim) == (503, 503)

    async def ready(sim: ReyaSimulator) -> tuple[int, int]:
        found = []
        for base in (sim.url.replace("ws:", "http:"), sim.rest_url):
            async with aiohttp.ClientSession() as session, session.get(f"{base}/ready") as response:
                found.append(response.status)
        return found[0], found[1]

    run(story())


def test_a_client_that_reads_nothing_does_not_hold_up_the_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "_CLOSE_TIMEOUT_S", 0.1)

    async def story() -> None:
        async with ReyaSimulator(quiet(delays=FAST)) as sim, connect(sim.url, max_queue=1, ping_interval=None) as deaf:
            deaf.transport.pause_reading()
            ping = json.dumps({"type": "ping", "id": "x" * 60_000})
            for _ in range(400):
                await deaf.send(ping)
            await sim.drain()
            assert not sim.gateway.connections
            deaf.transport.abort()

    run(story())


def test_it_is_found_by_its_venues_name() -> None:
    async def story() -> None:
        make = simulator("reya")
        async with make(host="127.0.0.1", port=0) as sim:
            assert set(sim.urls) == {"", *make.siblings}
            async with connect(sim.urls[""]) as line:
                await line.send('{"type":"ping"}')
                assert await line.recv() == '{"type":"pong"}'
            async with aiohttp.ClientSession() as session:
                answer = await session.get(sim.urls["rest"] + "/v2/marketDefinitions")
                assert answer.status == 200
            await sim.drain()

    run(story())


def test_leaving_it_ends_every_line() -> None:
    async def story() -> None:
        async with ReyaSimulator(quiet()) as sim:
            line = await connect(sim.url)
        with pytest.raises(ConnectionClosed) as ended:
            await line.recv()
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1001

    run(story())


def test_a_clock_that_is_moved_by_hand() -> None:
    moment = 1_800_000_000 * SECOND

    async def story() -> None:
        nonlocal moment
        trader = Trader(now_ns=moment)
        async with ReyaSimulator(quiet(), clock=lambda: moment) as sim, connect(sim.url) as line:
            await line.send(json.dumps({"type": "createOrder", "id": "a", "payload": trader.spot()}))
            await (await line.ping())
            moment += 5 * SECOND
            sim.advance()
            assert json.loads(await line.recv())["ok"]
            moment += 3600 * SECOND
            sim.advance()
            with pytest.raises(ConnectionClosed):
                await line.recv()

    run(story())


def test_a_port_in_use_leaves_nothing_behind() -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            for ports in ({"port": port}, {"rest_port": port}):
                with pytest.raises(OSError, match="in use"):
                    async with ReyaSimulator(quiet(), **ports):
                        pytest.fail("it must not start")

    run(story())


def test_the_rest_edge_takes_hostile_bytes() -> None:
    async def story() -> None:
        async with ReyaSimulator(quiet(delays=FAST)) as sim:
            port = int(sim.rest_url.rpartition(":")[2])

            async def exchange(raw: bytes) -> bytes:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(raw)
                writer.write_eof()
                answer = await reader.read()
                writer.close()
                return answer

            assert b" 400 " in await exchange(b"\x00\x01\x02\r\n\r\n")
            assert await exchange(b"") == b""
            assert await exchange(b"POST /v2/createOrder HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc") == b""
            head = b"POST /v2/createOrder HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1)
            assert b" 413 " in (await exchange(head + b"x" * (MAX_BODY + 1)))[:30]
            twice = b"GET /v2/marketDefinitions HTTP/1.1\r\nHost: x\r\n\r\n" * 2
            assert (await exchange(twice)).count(b"HTTP/1.1 200 OK") == 2, "one connection, many requests"
            waiting = b"POST /v2/cancelAll HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
            assert (await exchange(waiting + b"{}")).startswith(b"HTTP/1.1 400")

    run(story())


def test_the_dialect_starts_a_simulator_for_a_recording() -> None:
    async def story() -> None:
        stranger = now_trader(STRANGER_KEY)
        dialect = ReyaDialect()
        assert address_of(dialect.demo_key) == now_trader().wallet
        async with dialect.simulator(accounts=["77"], key=STRANGER_KEY) as sim, connect(sim.url) as line:
            assert (await ask(line, "createOrder", stranger.spot(accountId=77)))["ok"]

    run(story())
