"""Whole bots in this process, on virtual time: what a search for the worst moment to cut a line stands on."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from replay.virtual import plan_of
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.event import Event
from wsreplay.replay.clock import running_clock
from wsreplay.replay.middle import Middle
from wsreplay.replay.recorder import Remembered
from wsreplay.replay.rest import exchange
from wsreplay.replay.targets import Place
from wsreplay.replay.virtual_run import on_virtual_time
from wsreplay.venues.keys import sign_digest
from wsreplay.venues.registry import dialect
from wsreplay.venues.reya.markets import SYMBOLS
from wsreplay.venues.reya.networks import TESTNET
from wsreplay.venues.reya.setup import DEMO_KEY, DEMO_SPOT_ACCOUNT, DEMO_WALLET
from wsreplay.venues.reya.signing import digest_of
from wsreplay.venues.reya.simulator import ReyaSimulator
from wsreplay.venues.reya.wire import Payload

BEGAN_NS = 1_795_242_445_000_000_000


async def order(line: ClientConnection, number: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "exchangeId": 2,
        "symbol": "WETHRUSD",
        "accountId": DEMO_SPOT_ACCOUNT,
        "isBuy": True,
        "limitPx": "2500.00",
        "qty": "0.010",
        "orderType": "LIMIT",
        "timeInForce": "GTC",
        "signerWallet": DEMO_WALLET,
        "clientOrderId": number,
        "nonce": str(time.time_ns() // 1000),
        "expiresAfter": int(time.time()) + 600,
    }
    digest = digest_of("createOrder", msgspec.convert(fields, Payload), TESTNET, SYMBOLS["WETHRUSD"])
    fields["signature"] = sign_digest(digest, DEMO_KEY)
    await line.send(json.dumps({"type": "createOrder", "id": uuid.uuid4().hex[:12], "payload": fields}))
    reply: dict[str, Any] = json.loads(await line.recv())
    return reply


async def open_orders(url: str) -> list[dict[str, Any]]:
    parts = urlsplit(url)
    place = Place(
        host=str(parts.hostname), port=parts.port or 0, secure=False, target=f"/v2/wallet/{DEMO_WALLET}/openOrders"
    )
    answer, _ = await exchange(place, "GET", [("Host", place.authority)], b"", tls=None, timeout_s=5)
    found: list[dict[str, Any]] = json.loads(answer.body)
    return found


async def naive_bot(urls: dict[str, str]) -> int:
    """It wants one order, sends it again when the line breaks, and tells how many it has then."""
    while True:
        try:
            async with connect(urls[""], proxy=None) as line:
                assert (await order(line, 7))["ok"]
                break
        except ConnectionClosed:
            await asyncio.sleep(0.5)
    return len(await open_orders(urls["rest"]))


def cut(*faults: str, seed: int = 1) -> tuple[int, list[Event]]:
    """What the bot has in the end, and all that is on record, with these faults."""

    async def run() -> tuple[int, list[Event]]:
        clock, reya = running_clock(), dialect("reya")
        record = Remembered(reya, b"k" * 32)
        middle = Middle(plan_of(*faults), reya.decode, record.note, clock=clock)
        async with ReyaSimulator(clock=clock.wall_ns) as venue, middle.before(venue.urls) as urls:
            has = await naive_bot(urls)
            await middle.finish()
        return has, record.events()

    return on_virtual_time(run, seed=seed, wall_ns=BEGAN_NS, mono_ns=10**9, limit_s=3600)


@pytest.mark.parametrize(
    ("fault", "has", "kinds"),
    [
        ("drop rst after 1h", 1, set()),
        ("drop rst before request createOrder #1", 1, {"disconnect", "lost-response"}),
        ("drop rst before reply createOrder #1", 2, {"disconnect", "duplicate-order", "lost-response", "blind-retry"}),
        ("drop fin before reply createOrder #1", 2, {"disconnect", "duplicate-order", "lost-response", "blind-retry"}),
        ("delay 2s reply createOrder #1", 1, set()),
    ],
)
def test_a_bot_meets_the_cut_and_the_record_tells_what_came_of_it(fault: str, has: int, kinds: set[str]) -> None:
    found, events = cut(fault)
    assert found == has
    assert kinds <= {incident.kind for incident in incidents_in(events)}
    requests = [(event.kind, event.op) for event in events if event.role == "request" and event.sender == "client"]
    assert requests[-1] == ("http_request", "openOrders")
    assert sum(op == "createOrder" for _, op in requests) == 1 + bool(kinds)


def test_the_same_seed_gives_the_same_run_of_the_bot() -> None:
    one, again, other = (cut("drop rst before reply createOrder #1", seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert all(event.at_ns >= BEGAN_NS for event in one[1])
