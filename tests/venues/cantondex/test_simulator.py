"""The simulator on real sockets: the same venue, seen by real clients."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import aiohttp
from venues.cantondex.trader import ACCOUNT, SYMBOL, Fields, quiet
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wsreplay.venues.cantondex.dialect import CantonDexDialect
from wsreplay.venues.cantondex.setup import DEMO_EMAIL, DEMO_PASSWORD, Delays, Limits
from wsreplay.venues.cantondex.simulator import CantonDexSimulator
from wsreplay.venues.simulation import simulated, simulator

DEX = CantonDexDialect()


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 30))


async def fetch(sim: CantonDexSimulator, method: str, path: str, token: str = "", **options: Any) -> tuple[int, Fields]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{sim.rest_url}/v1{path}", **options) as response,
    ):
        assert response.content_type == "application/json"
        said: Fields = await response.json()
        return response.status, said


async def ask(line: ClientConnection, **message: Any) -> Fields:
    await line.send(json.dumps(message))
    answer: Fields = json.loads(await line.recv())
    return answer


async def token_of(sim: CantonDexSimulator) -> str:
    _, tokens = await fetch(sim, "POST", "/auth/login", json={"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
    token: str = tokens["access_token"]
    return token


def test_an_order_over_rest_is_told_on_the_socket() -> None:
    async def story() -> None:
        async with CantonDexSimulator(quiet()) as sim, connect(f"{sim.url}/v1/ws") as line:
            token = await token_of(sim)
            assert (await ask(line, type="auth", token=token))["account_id"] == ACCOUNT
            assert (await ask(line, type="subscribe", channel="orders"))["status"] == "subscribed"
            wish = {"account_id": ACCOUNT, "symbol": SYMBOL, "side": "buy", "order_type": "limit", "quantity": 1}
            status, order = await fetch(sim, "POST", "/orders", token, json={**wish, "price": 100.25})
            assert status == 201
            created = json.loads(await line.recv())
            assert (created["type"], created["order_id"]) == ("order_created", order["order_id"])
            assert (await fetch(sim, "DELETE", f"/orders/{order['order_id']}", token))[1]["status"] == "cancelled"
            assert json.loads(await line.recv())["type"] == "order_cancelled"

    run(story())


def test_it_pings_and_what_the_dialect_answers_keeps_the_line() -> None:
    limits = Limits(ping_every_s=0.05, heartbeat_s=0.5)

    async def story() -> None:
        async with CantonDexSimulator(quiet(limits=limits)) as sim, connect(sim.url) as line:
            for _ in range(15):
                pong = DEX.pong(await line.recv(), time.time_ns())
                assert pong is not None
                await line.send(pong)
            said: list[Fields] = []
            with suppress(ConnectionClosed):
                while True:  # and now no more
                    said.append(json.loads(await line.recv()))
            assert said[-1]["details"]["reason"] == "heartbeat_timeout"
            assert (line.close_code, line.close_reason) == (1008, "heartbeat_timeout")

    run(story())


def test_an_answer_that_comes_late_was_done_at_once() -> None:
    async def story() -> None:
        async with CantonDexSimulator(quiet(delays=Delays(rest_ms=(500, 500)))) as sim, connect(sim.url) as line:
            token = await token_of(sim)
            await ask(line, type="auth", token=token)
            await ask(line, type="subscribe", channel="orders")
            wish = {"account_id": ACCOUNT, "symbol": SYMBOL, "side": "buy", "order_type": "limit", "quantity": 1}
            asked = asyncio.create_task(fetch(sim, "POST", "/orders", token, json={**wish, "price": 100}))
            created = json.loads(await line.recv())
            assert not asked.done()
            assert (await asked)[1]["order_id"] == created["order_id"]

    run(story())


def test_it_drains() -> None:
    async def story() -> None:
        async with CantonDexSimulator(quiet()) as sim, connect(sim.url) as line:
            await asyncio.gather(sim.drain(), read_all(line))
            assert (line.close_code, line.close_reason) == (1001, "server_shutdown")

    async def read_all(line: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                await line.recv()

    run(story())


def test_it_is_found_by_its_name_and_made_for_a_recording() -> None:
    assert "cantondex" in simulated()
    assert simulator("cantondex").siblings == ("rest",)
    made = DEX.simulator(key=b"k" * 32, accounts=["acc_7"], symbols=["X/USDC"], speed=10)
    assert made.setup.secret == b"k" * 32
    assert made.setup.limits.messages_per_s == 1_000
    assert made.setup.accounts[-1].account_id == "acc_7"
