"""What both bots of the demo know: how to sign an order, say it, and look at the open ones."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import ExitStack
from typing import Any, NamedTuple
from urllib.request import ProxyHandler, build_opener

import msgspec
from websockets.sync.client import ClientConnection, connect

from wsreplay.venues.keys import sign_digest
from wsreplay.venues.reya.markets import SYMBOLS
from wsreplay.venues.reya.networks import TESTNET
from wsreplay.venues.reya.setup import DEMO_KEY, DEMO_SPOT_ACCOUNT, DEMO_WALLET
from wsreplay.venues.reya.signing import digest_of
from wsreplay.venues.reya.wire import Payload

SYMBOL = "WETHRUSD"
PATIENCE = 10.0


class Order(NamedTuple):
    """An order that a strategy wants, once."""

    is_buy: bool
    qty: str
    price: str
    client_order_id: int


class Trader:
    """A wallet, and a line to the venue that may break."""

    def __init__(self, url: str, rest_url: str) -> None:
        self._url = url
        self._rest_url = rest_url
        self._last_nonce = 0
        self._lines = ExitStack()
        self._line: ClientConnection | None = None

    def connect(self) -> None:
        """Open a line; whatever was on the old one is gone."""
        self._line = self._lines.enter_context(connect(self._url, proxy=None, compression=None))

    def create(self, order: Order) -> dict[str, Any]:
        """Send an order and wait for its reply. Raises ``ConnectionClosed`` when the line breaks before it comes."""
        return self._ask(
            "createOrder",
            exchangeId=2,
            symbol=SYMBOL,
            accountId=DEMO_SPOT_ACCOUNT,
            isBuy=order.is_buy,
            limitPx=order.price,
            qty=order.qty,
            orderType="LIMIT",
            timeInForce="GTC",
            signerWallet=DEMO_WALLET,
            clientOrderId=order.client_order_id,
        )

    def cancel(self, order_id: str) -> dict[str, Any]:
        """Cancel an order."""
        return self._ask("cancelOrder", orderId=order_id, accountId=DEMO_SPOT_ACCOUNT, symbol=SYMBOL)

    def open_orders(self) -> list[dict[str, Any]]:
        """Ask the venue's REST API which orders are open."""
        opener = build_opener(ProxyHandler({}))
        with opener.open(f"{self._rest_url}/v2/wallet/{DEMO_WALLET}/openOrders", timeout=PATIENCE) as answer:
            orders: list[dict[str, Any]] = json.load(answer)
        return orders

    def close(self) -> None:
        """End the line in order."""
        self._lines.close()

    def _ask(self, op: str, **fields: object) -> dict[str, Any]:
        assert self._line is not None
        fields |= {"nonce": str(self._nonce()), "expiresAfter": int(time.time()) + 600}
        payload = msgspec.convert(fields, Payload)
        digest = digest_of(op, payload, TESTNET, SYMBOLS[SYMBOL])
        request_id = uuid.uuid4().hex[:12]
        fields["signature"] = sign_digest(digest, DEMO_KEY)
        self._line.send(json.dumps({"type": op, "id": request_id, "payload": fields}))
        while True:
            reply: dict[str, Any] = json.loads(self._line.recv(PATIENCE))
            if reply.get("id") == request_id:
                return reply

    def _nonce(self) -> int:
        """Strictly increasing, as the venue wants it; the clock in microseconds is."""
        self._last_nonce = max(time.time_ns() // 1000, self._last_nonce + 1)
        return self._last_nonce
