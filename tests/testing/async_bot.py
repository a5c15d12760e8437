"""The demo's two bots as coroutines, for tests that play a client in their own process."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from wsreplay.demo.naive_bot import WANTED, WARM_UP
from wsreplay.demo.trader import SYMBOL, Order
from wsreplay.replay.rest import exchange
from wsreplay.replay.targets import Place
from wsreplay.venues.keys import sign_digest
from wsreplay.venues.reya.markets import SYMBOLS
from wsreplay.venues.reya.networks import TESTNET
from wsreplay.venues.reya.setup import DEMO_KEY, DEMO_SPOT_ACCOUNT, DEMO_WALLET
from wsreplay.venues.reya.signing import digest_of
from wsreplay.venues.reya.wire import Payload

__all__ = ["WANTED", "WARM_UP", "Order", "bot", "create"]


async def create(line: ClientConnection, order: Order) -> dict[str, Any]:
    """Send an order, and wait for its reply."""
    fields = {
        "exchangeId": 2,
        "symbol": SYMBOL,
        "accountId": DEMO_SPOT_ACCOUNT,
        "isBuy": order.is_buy,
        "limitPx": order.price,
        "qty": order.qty,
        "orderType": "LIMIT",
        "timeInForce": "GTC",
        "signerWallet": DEMO_WALLET,
        "clientOrderId": order.client_order_id,
    }
    return await ask(line, "createOrder", fields)


async def ask(line: ClientConnection, op: str, fields: dict[str, Any]) -> dict[str, Any]:
    fields |= {"nonce": str(time.time_ns() // 1000), "expiresAfter": int(time.time()) + 600}
    digest = digest_of(op, msgspec.convert(fields, Payload), TESTNET, SYMBOLS[SYMBOL])
    fields["signature"] = sign_digest(digest, DEMO_KEY)
    await line.send(json.dumps({"type": op, "id": uuid.uuid4().hex[:12], "payload": fields}))
    reply: dict[str, Any] = json.loads(await line.recv())
    return reply


async def open_orders(url: str) -> list[dict[str, Any]]:
    parts = urlsplit(url)
    target = f"/v2/wallet/{DEMO_WALLET}/openOrders"
    place = Place(host=str(parts.hostname), port=parts.port or 0, secure=False, target=target)
    answer, _ = await exchange(place, "GET", [("Host", place.authority)], b"", tls=None, timeout_s=5)
    found: list[dict[str, Any]] = json.loads(answer.body)
    return found


async def bot(urls: Mapping[str, str], *, careful: bool = False, pause: float = 0.5) -> int:
    """One order placed and cancelled, then the one that matters; how many the venue shows in the end."""
    line = await connect(urls[""], proxy=None)
    made = await create(line, WARM_UP)
    await ask(
        line,
        "cancelOrder",
        {"orderId": made["payload"]["orderId"], "accountId": DEMO_SPOT_ACCOUNT, "symbol": SYMBOL},
    )
    try:
        await create(line, WANTED)
    except ConnectionClosed:
        await asyncio.sleep(pause)
        line = await connect(urls[""], proxy=None)
        if not (careful and await open_orders(urls["rest"])):
            await create(line, WANTED)
    await line.close()
    return len(await open_orders(urls["rest"]))
