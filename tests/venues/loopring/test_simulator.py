"""The simulator on real sockets: a key, a line, orders that come back as pushes, and the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import aiohttp
import pytest
from venues.loopring.bot import KEYS, MARKET
from venues.loopring.trader import quiet
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from wsreplay.venues.loopring.setup import DEMO_ACCOUNT, DEMO_API_KEY, EXCHANGE, Delays, Limits
from wsreplay.venues.loopring.simulator import LoopringSimulator
from wsreplay.venues.simulation import simulator

FAST = Delays(rest_ms=(0, 1), pool_ms=None, block_ms=None)


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 30))


async def fetch(sim: LoopringSimulator, method: str, path: str, **options: Any) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, sim.rest_url + path, headers=KEYS, **options) as response,
    ):
        return response.status, await response.json()


async def line_to(sim: LoopringSimulator, version: str = "v3") -> ClientConnection:
    _, body = await fetch(sim, "GET", f"/{version}/ws/key")
    return await connect(f"{sim.url}?wsApiKey={body['key' if version == 'v3' else 'data']}", proxy=None)


def test_it_is_known_by_name_and_has_one_sibling() -> None:
    made = simulator("loopring")
    assert made is LoopringSimulator
    urls = made(host="127.0.0.1", port=0).urls
    assert urls.keys() == {"", "rest"}
    assert urls[""].endswith("/v3/ws")


def test_without_a_fresh_key_the_handshake_is_refused() -> None:
    async def story() -> None:
        async with LoopringSimulator(quiet(delays=FAST)) as sim:
            for query in ("", "?wsApiKey=", "?wsApiKey=fx2xW5hoVFbcaanWS"):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(sim.url + query, proxy=None)
                assert refused.value.response.status_code == 401
            _, body = await fetch(sim, "GET", "/v3/ws/key")
            line = await connect(f"{sim.url}?wsApiKey={body['key']}", proxy=None)
            with pytest.raises(InvalidStatus):
                await connect(f"{sim.url}?wsApiKey={body['key']}", proxy=None)
            await line.close()

    run(story())


@pytest.mark.parametrize("version", ["v3", "v2"])
def test_an_order_by_rest_comes_back_on_the_line(version: str) -> None:
    async def story() -> None:
        async with LoopringSimulator(quiet(delays=FAST)) as sim, await line_to(sim, version) as line:
            topics = [{"topic": "order", "market": MARKET}, {"topic": "account"}]
            await line.send(json.dumps({"op": "sub", "sequence": 1, "apiKey": DEMO_API_KEY, "topics": topics}))
            assert json.loads(await line.recv())["result"] == {"status": "ok"}
            body = {
                "exchange": EXCHANGE,
                "accountId": DEMO_ACCOUNT,
                "storageId": 0,
                "sellToken": {"tokenId": 1, "volume": str(20 * 10**18)},
                "buyToken": {"tokenId": 0, "volume": str(2 * 10**15)},
                "allOrNone": "false",
                "fillAmountBOrS": "false",
                "validUntil": 1 << 31,
                "maxFeeBips": 20,
                "eddsaSignature": "0x1",
            }
            status, answer = await fetch(sim, "POST", "/api/v3/order", json=body)
            assert (status, answer["status"], answer["clientOrderId"]) == (200, "processed", "")
            pushed = [json.loads(await line.recv()) for _ in range(5)]
            orders = [push["data"] for push in pushed if push["topic"]["topic"] == "order"]
            assert [(each["hash"], each["status"]) for each in orders] == [
                (answer["hash"], "processing"),
                (answer["hash"], "processed"),
            ]
            assert sum(push["topic"]["topic"] == "account" for push in pushed) == 3

    run(story())


def test_pings_are_words_and_too_many_pongs_end_the_line() -> None:
    async def story() -> None:
        setup = quiet(delays=FAST, limits=Limits(ping_s=1))
        async with LoopringSimulator(setup) as sim, await line_to(sim) as line:
            assert await line.recv() == "ping"
            await line.send("pong")
            await line.send("pong")
            with pytest.raises(ConnectionClosed) as ended:
                await line.recv()
            assert ended.value.rcvd is None, "without a close frame"

    run(story())


def test_who_is_there_when_it_shuts_down_is_told() -> None:
    async def story() -> None:
        async with LoopringSimulator(quiet(delays=FAST)) as sim, await line_to(sim) as line:
            await sim.drain()
            with pytest.raises(ConnectionClosed):
                await line.recv()
            assert line.close_code == 1001

    run(story())
