"""The relayer on real sockets, seen by real clients."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine
from typing import Any

import aiohttp
import pytest
from venues.zeroex.venue import MAKER, hash_of, quiet, signed
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from wsreplay.venues.simulation import simulated, simulator
from wsreplay.venues.zeroex.dialect import ZeroExDialect
from wsreplay.venues.zeroex.rules import PING_EVERY_NS
from wsreplay.venues.zeroex.setup import ZRX
from wsreplay.venues.zeroex.simulator import LaunchKitSimulator, ZeroExSimulator

SUBSCRIBE = json.dumps({"type": "subscribe", "channel": "orders", "requestId": "a", "payload": {}})


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 30))


def fresh(**fields: Any) -> dict[str, Any]:
    return signed(expirationTimeSeconds=str(int(time.time()) + 3600), **fields)


async def post(sim: ZeroExSimulator, order: dict[str, Any]) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.post(sim.rest_url + "/v2/order", json=order) as answer:
        return answer.status, await answer.read()


def test_both_profiles_are_found_by_their_names() -> None:
    assert {"zeroex", "zeroex-launch-kit"} <= set(simulated())
    assert simulator("zeroex") is ZeroExSimulator
    assert simulator("zeroex-launch-kit") is LaunchKitSimulator


def test_an_order_that_is_posted_is_told_on_the_socket() -> None:
    async def story() -> None:
        async with ZeroExSimulator(quiet()) as sim, connect(sim.url, proxy=None) as line:
            await line.send(SUBSCRIBE)
            await (await line.ping())
            order = fresh()
            assert await post(sim, order) == (201, b"")
            said = json.loads(await line.recv())
            assert said["payload"] == [{"order": order, "remainingFillableAmount": order["takerAssetAmount"]}]
            sim.relayer.set_balance(MAKER, ZRX, 0, time.time_ns())
            sim.advance()
            assert json.loads(await line.recv())["payload"][0]["remainingFillableAmount"] == "0"
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{sim.rest_url}/v2/order/{hash_of(order)}") as answer,
            ):
                assert (await answer.json())["order"] == order

    run(story())


def test_things_happen_of_themselves_on_a_real_clock() -> None:
    async def story() -> None:
        async with ZeroExSimulator() as sim, connect(sim.url, proxy=None) as line:
            await line.send(SUBSCRIBE)
            for _ in range(3):
                assert json.loads(await line.recv())["type"] == "update"

    run(story())


@pytest.mark.parametrize("nonsense", ["{", '{"type":"subscribe"}'])
def test_the_reference_server_says_what_is_wrong_and_cuts_without_a_close_frame(nonsense: str) -> None:
    async def story() -> None:
        async with LaunchKitSimulator(quiet()) as sim, connect(sim.url, proxy=None) as line:
            await line.send(nonsense)
            assert json.loads(await line.recv())["code"] in (100, 101)
            with pytest.raises(ConnectionClosedError) as ended:
                await line.recv()
            assert ended.value.rcvd is None

    run(story())


def test_the_reference_server_pings_and_believes_pongs() -> None:
    async def story() -> None:
        now_ns = time.time_ns()
        sim = LaunchKitSimulator(quiet(), clock=lambda: now_ns)
        async with sim, connect(sim.url, proxy=None, ping_interval=None) as line:
            await (await line.ping())
            for _ in range(3):
                now_ns += PING_EVERY_NS
                sim.advance()
                [connection] = sim.gateway.connections.values()
                while not connection.alive:
                    # The client's answer is on its way.
                    await (await line.ping())
            sim.gateway.connections[1].alive = False
            now_ns += PING_EVERY_NS
            sim.advance()
            with pytest.raises(ConnectionClosedError):
                await line.recv()

    run(story())


def test_a_simulator_for_a_replay_knows_the_recordings_makers_and_assets() -> None:
    async def story() -> None:
        stranger = "0x" + "ab" * 20
        async with ZeroExDialect().simulator(accounts=[stranger], symbols=[f"{'0x' + '12' * 20}/0x00"], speed=2) as sim:
            assert stranger in {maker.address for maker in sim.setup.all_makers()}
            assert sim.setup.asset("0xf47261b0" + "0" * 24 + "12" * 20) is not None
            assert (await post(sim, fresh(exchangeAddress="0x" + "cd" * 20)))[0] == 201

    run(story())
