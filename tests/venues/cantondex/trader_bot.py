"""A bot of CantonDEX that lives one of six stories: python trader_bot.py STORY WS_URL REST_URL [PATIENCE].

happy: does everything as it should. impatient: gives up on an order, and sends it again without looking.
careless: breaks the rules. hasty: says too much at once. stale: its token has expired.
forgetful: subscribes again without logging in again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

EMAIL, PASSWORD = "trader@cantondex.io", "secure_password"
PATIENCE = float(sys.argv[4]) if len(sys.argv) > 4 else 10.0

type Fields = dict[str, Any]


class Bot:
    """An account's REST access, and a line that may break."""

    def __init__(self, url: str, rest_url: str) -> None:
        self._url = f"{url.rstrip('/')}/v1/ws"
        self._rest = urlsplit(rest_url)
        self.token = ""
        self.account = ""
        self.heard: list[Fields] = []
        self._lines = ExitStack()
        self._line: ClientConnection | None = None

    # REST

    def ask(self, method: str, path: str, body: Fields | None = None, timeout: float = PATIENCE) -> tuple[int, Fields]:
        """A request on a connection of its own; raises ``TimeoutError`` when it gives up."""
        connection = HTTPConnection(self._rest.hostname or "", self._rest.port, timeout=timeout)
        try:
            headers = {"Content-Type": "application/json"}
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            connection.request(method, f"/v1{path}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            said: Fields = json.loads(answer.read())
            return answer.status, said
        finally:
            connection.close()

    def log_in(self) -> None:
        status, tokens = self.ask("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD})
        assert status == 200, tokens
        self.token = tokens["access_token"]

    def order(self, side: str, quantity: int, price: float | None, timeout: float = PATIENCE) -> tuple[int, Fields]:
        kind: Fields = {"order_type": "market"} if price is None else {"order_type": "limit", "price": price}
        wish = {"account_id": self.account, "symbol": "AAPL/USDC", "side": side, "quantity": quantity, **kind}
        return self.ask("POST", "/orders", {**wish, "time_in_force": "gtc"}, timeout)

    # The line

    def connect(self) -> None:
        self._line = self._lines.enter_context(connect(self._url, proxy=None, compression=None))

    def say(self, message: Fields | str) -> None:
        assert self._line is not None
        self._line.send(message if isinstance(message, str) else json.dumps(message))

    def until(self, happened: Callable[[Fields], bool], patience: float = PATIENCE) -> Fields:
        """Read on, answering pings, until this was said."""
        assert self._line is not None
        ends = time.monotonic() + patience
        while True:
            message: Fields = json.loads(self._line.recv(max(0.0, ends - time.monotonic())))
            self.heard.append(message)
            if message["type"] == "ping":
                self.say({"type": "pong", "timestamp": message["timestamp"]})
            if happened(message):
                return message

    def authenticate(self, token: str | None = None) -> Fields:
        self.say({"type": "auth", "token": self.token if token is None else token})
        answer = self.until(lambda said: said["type"] in ("auth_response", "error"))
        self.account = answer.get("account_id", self.account)
        return answer

    def subscribe(self, channel: str, **more: Any) -> Fields:
        self.say({"type": "subscribe", "channel": channel, **more})
        return self.until(
            lambda said: (
                said["type"] in ("subscription_response", "error")
                and channel in (said.get("channel"), said.get("details", {}).get("channel"))
            )
        )

    def unsubscribe(self, channel: str) -> Fields:
        self.say({"type": "unsubscribe", "channel": channel})
        return self.until(lambda said: said["type"] in ("unsubscribe_response", "error"))

    def close(self) -> None:
        self._lines.close()


def happy(bot: Bot) -> None:
    bot.log_in()
    bot.connect()
    assert bot.authenticate()["status"] == "authenticated"
    for channel in ("orders", "trades", "settlements", "account_notifications"):
        assert bot.subscribe(channel, account_id=bot.account)["type"] == "subscription_response"
    assert bot.subscribe("market_data", symbols=["AAPL/USDC"], aggregation="1s")["status"] == "subscribed"
    assert bot.subscribe("system_health")["status"] == "subscribed"
    status, resting = bot.order("buy", 10, 140.50)
    assert status == 201, resting
    order = resting["order_id"]
    bot.until(lambda said: said["type"] == "order_created")
    assert bot.ask("PUT", f"/orders/{order}", {"quantity": 12, "price": 141.25})[0] == 200
    assert bot.ask("DELETE", f"/orders/{order}", {"account_id": bot.account})[0] == 200
    bot.until(lambda said: said["type"] == "order_cancelled")
    status, _ = bot.order("buy", 50, 152.00)
    assert status == 201
    created = bot.until(lambda said: said["type"] == "settlement_created")
    bot.until(lambda said: said.get("settlement_id") == created["settlement_id"])
    assert bot.ask("GET", f"/orders?account_id={bot.account}")[1]["total"] == 2
    bot.until(lambda said: said["type"] == "price_update")
    for channel in ("market_data", "orders"):
        assert bot.unsubscribe(channel)["status"] == "unsubscribed"
    bot.close()


def impatient(bot: Bot) -> None:
    bot.log_in()
    bot.connect()
    bot.authenticate()
    bot.subscribe("market_data", symbols=["AAPL/USDC"], aggregation="1s")  # and not orders, which would tell
    try:
        bot.order("buy", 25, 145.00, timeout=0.3)
    except TimeoutError:
        print("impatient bot: no answer; I send the order again")
        bot.order("buy", 25, 145.00)
    orders = bot.ask("GET", f"/orders?account_id={bot.account}&status=pending")[1]["orders"]
    print(f"impatient bot: I wanted 1 order, the venue shows {len(orders)}")
    bot.unsubscribe("market_data")
    bot.close()


def careless(bot: Bot) -> None:
    bot.log_in()
    bot.connect()
    bot.subscribe("orders")  # before auth
    bot.authenticate("not a token")
    assert bot.authenticate()["status"] == "authenticated"
    bot.subscribe("orders", account_id="acc_fedcba0987654321")  # somebody else's
    bot.subscribe("orders")
    bot.subscribe("orders")  # twice
    bot.subscribe("candles")  # no such channel
    bot.subscribe("compliance_events")  # not for traders
    bot.subscribe("market_data", symbols=["NOPE/USDC"])
    for wrong in ("{", {"type": "order"}, {"type": "subscribe"}, {"type": "order", "pad": "x" * 70_000}):
        bot.say(wrong)
        bot.until(lambda said: said["type"] == "error")
    bot.unsubscribe("trades")  # which it does not have
    bot.unsubscribe("orders")
    assert bot.order("buy", 1_000_000, 150.00)[0] == 422
    assert bot.order("sell", 501, None)[0] == 403
    assert bot.ask("GET", "/orders/ord_none")[0] == 404
    bot.close()


def hasty(bot: Bot) -> None:
    bot.log_in()
    bot.connect()
    bot.authenticate()
    for _ in range(120):
        bot.say({"type": "subscribe", "channel": "orders"})
    for _ in range(120):
        bot.until(lambda said: said["type"] != "ping")
    bot.close()


def stale(bot: Bot) -> None:
    bot.log_in()
    time.sleep(1.1)
    bot.connect()
    if bot.authenticate()["status"] == "failed":
        bot.log_in()
        assert bot.authenticate()["status"] == "authenticated"
    bot.close()


def forgetful(bot: Bot) -> None:
    bot.log_in()
    bot.connect()
    bot.authenticate()
    try:
        bot.subscribe("orders")
        bot.subscribe("trades")
    except ConnectionClosed:
        print("forgetful bot: the line broke; I subscribe again")
        bot.connect()
        for channel in ("orders", "trades"):
            bot.subscribe(channel)
    bot.close()


if __name__ == "__main__":
    {story.__name__: story for story in (happy, impatient, careless, hasty, stale, forgetful)}[sys.argv[1]](
        Bot(*sys.argv[2:4])
    )
