"""A bot that does many things wrong, and some right: python troublesome_bot.py WS_URL REST_URL."""

from __future__ import annotations

import json
import sys
import time
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import msgspec
from websockets.sync.client import ClientConnection, connect

from wsreplay.venues.keys import sign_digest
from wsreplay.venues.reya.markets import SYMBOLS
from wsreplay.venues.reya.networks import TESTNET
from wsreplay.venues.reya.renewals import perp_nonce
from wsreplay.venues.reya.setup import DEMO_KEY, DEMO_PERP_ACCOUNT, DEMO_SPOT_ACCOUNT, DEMO_WALLET
from wsreplay.venues.reya.signing import digest_of
from wsreplay.venues.reya.wire import Payload

SPOT, PERP = "WETHRUSD", "ETHRUSDPERP"
STRANGER = b"\x22" * 32


class Bot:
    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self._asked = 0
        self._nonce = 0

    def frame(self, op: str, key: bytes = DEMO_KEY, name: str = "", **fields: Any) -> str:
        """A signed message; fields that are None are left out."""
        self._asked += 1
        self._nonce = max(time.time_ns() // 1000, self._nonce + 1)
        if op != "cancelOrder" or "accountId" in fields:
            fields = {"nonce": str(self._nonce), "expiresAfter": int(time.time()) + 600, **fields}
        fields = {field: value for field, value in fields.items() if value is not None}
        market = SYMBOLS.get(fields.get("symbol", ""))
        fields["signature"] = sign_digest(digest_of(op, msgspec.convert(fields, Payload), TESTNET, market), key)
        return json.dumps({"type": op, "id": name or f"r{self._asked}", "payload": fields})

    def spot(self, price: str, qty: str = "0.010", **more: Any) -> str:
        return self.frame("createOrder", **self._order(SPOT, DEMO_SPOT_ACCOUNT, price, qty, more))

    def perp(self, price: str, **more: Any) -> str:
        nonce = str(perp_nonce(DEMO_PERP_ACCOUNT, time.time_ns() // 10**6, SYMBOLS[PERP]))
        return self.frame(
            "createOrder", **self._order(PERP, DEMO_PERP_ACCOUNT, price, "0.01", {"nonce": nonce, **more})
        )

    def ask(self, frame: str) -> dict[str, Any]:
        self.line.send(frame)
        return self.hear(json.loads(frame)["id"])

    def hear(self, name: str) -> dict[str, Any]:
        while True:
            reply: dict[str, Any] = json.loads(self.line.recv(10))
            if reply.get("id") == name:
                return reply

    def _order(self, symbol: str, account: int, price: str, qty: str, more: dict[str, Any]) -> dict[str, Any]:
        kind = {"orderType": "LIMIT", "timeInForce": "GTC", "signerWallet": DEMO_WALLET}
        order = {"exchangeId": 2, "symbol": symbol, "accountId": account, "isBuy": True, "limitPx": price, "qty": qty}
        return order | kind | more


def main(url: str, rest_url: str) -> None:
    with connect(url, proxy=None, compression=None) as line:
        bot = Bot(line)
        first = bot.ask(bot.spot("2500"))["payload"]["orderId"]
        bot.ask(bot.spot("2490", key=STRANGER))
        bot.ask(bot.spot("2480", nonce="5"))
        bot.ask(bot.spot("2470", expiresAfter=int(time.time()) - 5))
        bot.ask(bot.spot("2460", qty="0.0000001"))
        # The first waits for the chain, a quarter of a second at least: the second meets it in flight on any machine.
        soon = int(time.time()) + 30
        waits = bot.perp("1000000", name="twice", timeInForce="IOC", reduceOnly=False, expiresAfter=soon)
        meets = bot.spot("2440", name="twice")
        line.send(waits)
        line.send(meets)
        bot.hear("twice")
        bot.hear("twice")
        line.send("this is no JSON")
        bot.ask('{"type": "ping", "id": "p"}')
        in_a_moment = int(time.time()) + 30
        bot.ask(bot.perp("1000000", timeInForce="IOC", reduceOnly=False, expiresAfter=in_a_moment))
        resting = bot.ask(bot.perp("1000", expiresAfter=None))["payload"]["orderId"]
        bot.ask(bot.frame("cancelOrder", orderId=resting))
        bot.ask(bot.frame("cancelOrder", orderId=first, accountId=DEMO_SPOT_ACCOUNT, symbol=SPOT))
        bot.ask(bot.frame("cancelOrder", orderId="999", accountId=DEMO_SPOT_ACCOUNT, symbol=SPOT))
        body = json.dumps(json.loads(bot.spot("2430"))["payload"]).encode()
        asked = Request(f"{rest_url}/v2/createOrder", body, {"Content-Type": "application/json"})
        with build_opener(ProxyHandler({})).open(asked, timeout=10) as answer:
            answer.read()
        probe = bot.spot("2420")
        bot.ask(probe)
        bot.ask(probe)
        bot.ask(bot.frame("cancelAll", accountId=DEMO_SPOT_ACCOUNT))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
