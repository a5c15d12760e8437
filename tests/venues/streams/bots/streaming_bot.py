"""A bot on a venue of streams, in several characters: python streaming_bot.py CHARACTER WS_URL REST_URL."""

from __future__ import annotations

import json
import sys
import time
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as _connect

PATIENCE = 10.0
DEPTH, TRADE = "depth.SOL_USDC", "trade.SOL_USDC"
ASKING = {"user_id": "test_user", "market": "SOL_USDC"}


def connect(url: str) -> ClientConnection:
    return _connect(url, proxy=None, compression=None)


def say(line: ClientConnection, method: str, params: list[Any], number: Any) -> None:
    line.send(json.dumps({"method": method, "params": params, "id": number}))


def hear(line: ClientConnection, stream: str, times: int = 1) -> dict[str, Any]:
    """The last of so many pushes of a stream."""
    while True:
        message: dict[str, Any] = json.loads(line.recv(PATIENCE))
        if message.get("stream") == stream:
            times -= 1
            if not times:
                return message


def ask(rest: str, method: str, path: str, body: Any = None, patience: float = PATIENCE) -> Any:
    sent = None if body is None else json.dumps(body).encode()
    request = Request(f"{rest}/api/v1/{path}", sent, {"Content-Type": "application/json"}, method=method)
    with build_opener(ProxyHandler({})).open(request, timeout=patience) as answer:
        return json.load(answer)


def order(side: str, price: str, quantity: str) -> dict[str, str]:
    return {"market": "SOL_USDC", "price": price, "quantity": quantity, "side": side, "user_id": "test_user"}


def answered(url: str, rest: str) -> None:
    """At a venue that confirms: each command once the one before was answered; an order, and what became of it."""
    with connect(url) as line:

        def command(method: str, params: list[Any], number: int) -> None:
            say(line, method, params, number)
            while json.loads(line.recv(PATIENCE)).get("id") != number:
                pass

        command("SUBSCRIBE", [TRADE, "solusdc@depth"], 1)
        command("LIST_SUBSCRIPTIONS", [], 2)
        ask(rest, "POST", "order", order("BUY", "155.00", "1.50"))
        hear(line, TRADE)
        assert "1.50" in [trade["quantity"] for trade in ask(rest, "GET", "trades?symbol=SOL_USDC")]
        command("UNSUBSCRIBE", [TRADE, "solusdc@depth"], 3)


def careful(url: str, rest: str) -> None:
    """One stream a frame with small ids, then the book and the trades; orders that are looked after."""
    with connect(url) as line:
        say(line, "SUBSCRIBE", [DEPTH], 1)
        say(line, "SUBSCRIBE", [TRADE], 2)
        ask(rest, "GET", "depth?symbol=SOL_USDC")
        ask(rest, "POST", "order", order("BUY", "155.00", "1.50"))
        hear(line, TRADE)
        hear(line, DEPTH)
        resting = ask(rest, "POST", "order", order("BUY", "100.50", "2.0"))["order_id"]
        hear(line, DEPTH)
        (listed,) = ask(rest, "GET", "orders", ASKING)
        assert listed["order_id"] == resting
        ask(rest, "GET", "order", {**ASKING, "order_id": resting})
        ask(rest, "DELETE", "order", {**ASKING, "order_id": resting, "price": "100.50", "side": "BUY"})
        ask(rest, "GET", "trades?symbol=SOL_USDC")
        ask(rest, "GET", "tickers")
        ask(rest, "GET", "klines?symbol=SOL_USDC&interval=1h&startTime=0")
        say(line, "UNSUBSCRIBE", [DEPTH], 3)
        say(line, "UNSUBSCRIBE", [TRADE], 4)


def impatient(url: str, rest: str) -> None:
    """It does not wait for the answer to its order, and sends the order again."""
    with connect(url) as line:
        say(line, "SUBSCRIBE", [TRADE], 1)
        wish = order("BUY", "100.50", "2.0")
        try:
            ask(rest, "POST", "order", wish, 0.2)
        except OSError:  # a timeout
            ask(rest, "POST", "order", wish)
        assert len(ask(rest, "GET", "orders", ASKING)) == 2


def misunderstood(url: str, rest: str) -> None:
    """Ids of milliseconds, many streams in a frame, the same stream twice; after a cut it makes half of it good."""
    line = connect(url)
    say(line, "SUBSCRIBE", [DEPTH, TRADE], time.time_ns() // 1_000_000)
    ask(rest, "POST", "order", order("BUY", "100.50", "2.0"))
    say(line, "SUBSCRIBE", [DEPTH], 1)
    say(line, "SUBSCRIBE", [TRADE], 2)
    say(line, "SUBSCRIBE", [TRADE], 3)
    ask(rest, "POST", "order", order("BUY", "155.00", "1.50"))
    try:
        hear(line, "nothing")
    except ConnectionClosed:
        with connect(url) as again:
            say(again, "SUBSCRIBE", [DEPTH, TRADE], 4)
            ask(rest, "POST", "order", order("BUY", "155.00", "1.50"))
            hear(again, DEPTH)


def refused(url: str, rest: str) -> None:
    """At a venue that answers: commands that it refuses, then more of them than it stands."""
    with connect(f"{url}/stream") as line:
        say(line, "SUBSCRIBE", [TRADE, "solusdc@depth"], 1)
        say(line, "SUBSCRIPE", [TRADE], 2)
        line.send('{"method":"SUBSCRIBE","params":["trade.SOL_USDC"')
        time.sleep(1.2)
        try:
            for number in range(3, 9):
                say(line, "LIST_SUBSCRIPTIONS", [], number)
            hear(line, "nothing")
        except ConnectionClosed:
            with connect(f"{url}/stream") as again:
                say(again, "SUBSCRIBE", [TRADE, "solusdc@depth"], 1)
                ask(rest, "POST", "order", order("BUY", "155.00", "1.50"))
                hear(again, TRADE)
                hear(again, "solusdc@depth")


def private(url: str, rest: str) -> None:
    """It waits for the acknowledgement of its subscription, and trades with nobody but itself."""
    with connect(url) as line:
        say(line, "SUBSCRIBE", [TRADE], 1)
        assert json.loads(line.recv(PATIENCE)) == {"result": None, "id": 1}
        for side in ("SELL", "BUY"):
            ask(rest, "POST", "order", order(side, "10", "1.50"))
        hear(line, TRADE)


CHARACTERS = {act.__name__: act for act in (careful, answered, impatient, misunderstood, refused, private)}

if __name__ == "__main__":
    CHARACTERS[sys.argv[1]](*sys.argv[2:])
