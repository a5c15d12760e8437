"""A bot that trades at Loopring, in ways that go well or don't: python bot.py STORY WS_URL REST_URL."""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from wsreplay.venues.loopring.setup import DEMO_ACCOUNT, DEMO_API_KEY, EXCHANGE, POOL

PATIENCE = 10.0
KEYS = {"X-API-KEY": DEMO_API_KEY, "X-API-SIG": "0x" + "5a" * 96}
MARKET = "LRC-ETH"
TOPICS: list[dict[str, Any]] = [
    {"topic": "account"},
    {"topic": "order", "market": MARKET},
    {"topic": "orderbook", "market": MARKET, "level": 0},
    {"topic": "orderbook", "market": "LRC-USDT", "level": 0, "count": 5, "snapshot": True},
    {"topic": "trade", "market": MARKET},
    {"topic": "ticker", "market": MARKET},
    {"topic": "candlestick", "market": MARKET, "interval": "1min"},
    {"topic": "ammpool", "poolAddress": POOL, "snapshot": True},
    {"topic": "blockgen"},
]


class Bot:
    """An account, a line that pushes, and REST calls."""

    def __init__(self, url: str, rest_url: str) -> None:
        self._url, self._rest = url, urlsplit(rest_url)
        self._lines = contextlib.ExitStack()
        self._line: ClientConnection | None = None
        self._sequence = 10_000
        self.heard: list[dict[str, Any]] = []

    # REST

    def call(self, method: str, target: str, body: Any = None, *, timeout: float = PATIENCE) -> tuple[int, Any]:
        raw = None if body is None else json.dumps(body)
        with contextlib.closing(
            http.client.HTTPConnection(self._rest.hostname or "", self._rest.port, timeout=timeout)
        ) as http_line:
            http_line.request(method, target, raw, {**KEYS, "Content-Type": "application/json"})
            answer = http_line.getresponse()
            return answer.status, json.loads(answer.read())

    def give_up_on(self, target: str, body: Any) -> None:
        """Send an order and go away before the answer comes, which a slow venue leaves time for."""
        http_line = http.client.HTTPConnection(self._rest.hostname or "", self._rest.port, timeout=PATIENCE)
        http_line.request("POST", target, json.dumps(body), {**KEYS, "Content-Type": "application/json"})
        time.sleep(0.15)
        http_line.close()

    def key(self, version: str = "v3") -> str:
        _, body = self.call("GET", f"/{version}/ws/key")
        return str(body["key"] if version == "v3" else body["data"])

    def order(self, side: str, size: int, volume: int, client_order_id: str, **fields: Any) -> dict[str, Any]:
        """The body of an order; a storage id is asked for."""
        sold, bought = ((1, size), (0, volume)) if side == "sell" else ((0, volume), (1, size))
        _, ids = self.call("GET", f"/api/v3/storageId?accountId={DEMO_ACCOUNT}&sellTokenId={sold[0]}")
        return {
            "exchange": EXCHANGE,
            "accountId": DEMO_ACCOUNT,
            "storageId": ids["orderId"],
            "sellToken": {"tokenId": sold[0], "volume": str(sold[1])},
            "buyToken": {"tokenId": bought[0], "volume": str(bought[1])},
            "allOrNone": False,
            "fillAmountBOrS": side == "buy",
            "validUntil": int(time.time()) + 3600,
            "maxFeeBips": 50,
            "eddsaSignature": "0x" + "1c" * 96,
            "clientOrderId": client_order_id,
            "orderType": "LIMIT_ORDER",
        } | fields

    def submit(self, body: dict[str, Any]) -> dict[str, Any]:
        status, answer = self.call("POST", "/api/v3/order", body)
        assert status == 200, answer
        return dict(answer)

    def orders(self, status: str = "processing") -> list[dict[str, Any]]:
        _, body = self.call("GET", f"/api/v3/orders?accountId={DEMO_ACCOUNT}&status={status}")
        return list(body["orders"])

    # The line

    def connect(self, key: str) -> None:
        line = connect(f"{self._url}?wsApiKey={key}", proxy=None, compression=None)
        self._line = self._lines.enter_context(line)

    def send(self, message: Any) -> None:
        assert self._line is not None
        self._line.send(message if isinstance(message, str) else json.dumps(message))

    def hear(self) -> dict[str, Any]:
        """The next message; pings are answered."""
        assert self._line is not None
        while True:
            text = str(self._line.recv(PATIENCE))
            if text != "ping":
                message: dict[str, Any] = json.loads(text)
                self.heard.append(message)
                return message
            self._line.send("pong")

    def ask(self, op: str, topics: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
        """A request on topics, and its answer."""
        self._sequence += 1
        self.send({"op": op, "sequence": self._sequence, "apiKey": DEMO_API_KEY, **fields, "topics": topics})
        while True:
            message = self.hear()
            if message.get("sequence") == self._sequence:
                return message

    def until(self, seen: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Listen until a message is what is waited for."""
        while not seen(message := self.hear()):
            pass
        return message

    def order_push(self, client_order_id: str, status: str) -> dict[str, Any]:
        def is_it(message: dict[str, Any]) -> bool:
            data = message.get("data")
            if message.get("topic", {}).get("topic") != "order" or not isinstance(data, dict):
                return False
            return (data["clientOrderId"], data["status"]) == (client_order_id, status)

        return self.until(is_it)

    def listen(self, seconds: float) -> None:
        """Listen for a while."""
        assert self._line is not None
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                if self._line.recv(left) == "ping":
                    self._line.send("pong")

    def close(self) -> None:
        self._lines.close()


def quiet_day(bot: Bot, *, listens_s: float = 0.0) -> None:
    """Subscribe, read the book, place an order and cancel it, take something, look, and go."""
    bot.connect(bot.key())
    assert bot.ask("sub", TOPICS, unsubscribeAll=True)["result"]["status"] == "ok"
    bot.call("GET", f"/api/v3/depth?market={MARKET}&level=0")
    resting = bot.submit(bot.order("buy", 500 * 10**18, 5 * 10**16, "rests"))
    bot.order_push("rests", "processing")
    bot.call("DELETE", f"/api/v3/order?accountId={DEMO_ACCOUNT}&orderHash={resting['hash']}")
    bot.order_push("rests", "cancelled")
    bot.submit(bot.order("sell", 123_456789 * 10**12, 2 * 10**16, "takes"))
    bot.order_push("takes", "processed")
    bot.listen(listens_s)
    bot.orders("processed,cancelled")
    bot.call("GET", f"/api/v3/user/balances?accountId={DEMO_ACCOUNT}")
    assert bot.ask("unSub", [{"topic": "orderbook", "unsubscribeAll": True}])["result"]["status"] == "ok"
    assert bot.ask("unSub", [], unsubscribeAll=True)["result"]["status"] == "ok"
    bot.close()


def long_day(bot: Bot) -> None:
    """The same, long enough for a heartbeat."""
    quiet_day(bot, listens_s=31.0)


def duplicate(bot: Bot, topic: dict[str, Any] = TOPICS[2]) -> None:
    """The venue is slow, the bot gives up on an order, and sends it again under the next storage id without looking."""
    bot.connect(bot.key())
    bot.ask("sub", [topic])
    wanted = bot.order("buy", 500 * 10**18, 5 * 10**16, "wanted")
    bot.give_up_on("/api/v3/order", wanted)
    bot.submit(wanted | {"storageId": wanted["storageId"] + 2})
    print(f"I wanted 1 order, the venue shows {len(bot.orders())}")
    bot.close()


def duplicate_in_sight(bot: Bot) -> None:
    """The same, though the line tells of the order: its push comes before the bot gives up, and lies unread."""
    duplicate(bot, TOPICS[1])


def extra_pong(bot: Bot) -> None:
    """A pong that nobody asked for ends the line; the old key opens no other; then all is done anew."""
    key = bot.key()
    bot.connect(key)
    bot.ask("sub", TOPICS[1:3])
    bot.send("pong")
    with contextlib.suppress(ConnectionClosed):
        while True:
            bot.hear()
    with contextlib.suppress(InvalidStatus):
        bot.connect(key)
    bot.connect(bot.key("v2"))
    bot.ask("sub", TOPICS[1:3], unsubscribeAll="true")
    bot.call("GET", f"/api/v3/depth?market={MARKET}&level=0")
    bot.orders()
    bot.until(lambda message: "startVersion" in message)
    bot.close()


def refusals(bot: Bot) -> None:
    """Requests that are refused whole, with a sequence and without, an order that is late, and a call too many."""
    bot.connect(bot.key())
    assert bot.ask("sub", [TOPICS[2], {"topic": "candlestick", "market": MARKET, "count": 10}])["result"]["error"]
    assert bot.ask("unSub", [TOPICS[4]])["result"]["error"]["code"] == 104113
    bot.send({"op": "sub", "topics": [{"topic": "account"}]})
    assert bot.hear()["result"]["error"]["code"] == 104104
    bot.send({"op": "sub", "topics": [TOPICS[2]]})
    assert bot.hear()["result"]["status"] == "ok"
    bot.call("POST", "/api/v3/order", bot.order("buy", 500 * 10**18, 5 * 10**16, "late", validUntil=1))
    with ThreadPoolExecutor(12) as all_at_once:
        asked = [all_at_once.submit(bot.call, "GET", "/api/v3/timestamp") for _ in range(12)]
    assert {each.result()[0] for each in asked} == {200, 429}
    bot.close()


def reconnecting(bot: Bot) -> None:
    """The line may break at any moment: then with a fresh key all from the beginning."""
    bot.submit(bot.order("buy", 500 * 10**18, 5 * 10**16, "rests"))
    for _ in range(3):
        with contextlib.suppress(ConnectionClosed):
            bot.connect(bot.key())
            bot.ask("sub", TOPICS[:3], unsubscribeAll=True)
            bot.call("GET", f"/api/v3/depth?market={MARKET}&level=0")
            bot.orders()
            for _ in range(3):
                bot.until(lambda message: "startVersion" in message)
            break
    bot.close()


STORIES: dict[str, Callable[[Bot], None]] = {
    story.__name__: story
    for story in (quiet_day, long_day, duplicate, duplicate_in_sight, extra_pong, reconnecting, refusals)
}

if __name__ == "__main__":
    STORIES[sys.argv[1]](Bot(sys.argv[2], sys.argv[3]))
