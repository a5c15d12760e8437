"""The simulated venue with a clock that tests move, and a client that knows how to log in and to order."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from wsreplay.venues.cantondex.gateway import Gateway
from wsreplay.venues.cantondex.said import written_json
from wsreplay.venues.cantondex.setup import DEMO_ACCOUNT, OFFICER_ACCOUNT, STILL, CantonDexSetup, Limits
from wsreplay.venues.cantondex.times import SECOND
from wsreplay.venues.gateway import Ask, Close, Cut, Knock, Output, Responded, Send

type Fields = dict[str, Any]
START = 1_731_861_000_000_000_000
"""2024-11-17T16:30:00Z."""
ACCOUNT, OFFICER = DEMO_ACCOUNT, OFFICER_ACCOUNT
SYMBOL = "AAPL/USDC"


class Venue(Gateway):
    """The gateway, and its answers sorted by whom they are for."""

    def __init__(self, setup: CantonDexSetup | None = None, *, now_ns: int = START) -> None:
        super().__init__(setup or quiet(), now_ns)
        self.now_ns = now_ns
        self.said: dict[int, list[Fields]] = {}
        self.raw: dict[int, list[str]] = {}
        self.ended: dict[int, tuple[int, str]] = {}
        self.responses: dict[int, tuple[int, bytes]] = {}

    def take(self, out: list[Output]) -> None:
        for each in out:
            match each:
                case Send(conn, payload):
                    assert isinstance(payload, str)
                    self.raw.setdefault(conn, []).append(payload)
                    self.said.setdefault(conn, []).append(json.loads(payload))
                case Close(conn, code, reason):
                    self.ended[conn] = (code, reason)
                case Cut(conn):
                    self.ended[conn] = (0, "")
                case Responded(ticket, status, body):
                    self.responses[ticket] = (status, body)

    # A client's socket

    def connect(self) -> int:
        conn, out = self.open(Knock(target="/v1/ws"), self.now_ns)
        self.take(out)
        return conn

    def send(self, conn: int, message: Fields | str | bytes) -> list[Fields]:
        """Send a message; what the venue says at once."""
        before = len(self.said.get(conn, []))
        payload = json.dumps(message) if isinstance(message, dict) else message
        self.take(self.receive(conn, payload, self.now_ns))
        return self.said.get(conn, [])[before:]

    def token(self, account: str = ACCOUNT) -> str:
        return self.house.token(self.house.accounts.purses[account], self.now_ns)

    def log_in(self, account: str = ACCOUNT) -> int:
        """A new connection, logged in."""
        conn = self.connect()
        [answer] = self.send(conn, {"type": "auth", "token": self.token(account)})
        assert answer["status"] == "authenticated", answer
        return conn

    def subscribe(self, conn: int, channel: str, **more: Any) -> Fields:
        [answer] = self.send(conn, {"type": "subscribe", "channel": channel, **more})
        return answer

    def listen(self, *channels: str, account: str = ACCOUNT) -> int:
        """A new connection that is told of these channels; what it heard so far is forgotten."""
        conn = self.log_in(account)
        for channel in channels:
            assert self.subscribe(conn, channel)["type"] == "subscription_response"
        self.said[conn] = []
        return conn

    def told(self, conn: int, kind: str | None = None) -> list[Fields]:
        """What a connection was told, or what of it was of this kind."""
        return [each for each in self.said.get(conn, []) if kind in (None, each["type"])]

    def wait(self, seconds: float, *alive: int) -> None:
        """Let time pass, stopping at each thing that is due. These connections answer their pings."""
        until = self.now_ns + int(seconds * SECOND)
        while self.next_ns is not None and self.next_ns <= until:
            self.now_ns = max(self.now_ns, self.next_ns)
            heard = {conn: len(self.said.get(conn, [])) for conn in alive}
            self.take(self.advance(self.now_ns))
            for conn, count in heard.items():
                for message in self.said.get(conn, [])[count:]:
                    if message["type"] == "ping" and conn in self.connections:
                        self.send(conn, {"type": "pong", "timestamp": message["timestamp"]})
        self.now_ns = until

    # REST

    def rest(self, method: str, path: str, body: Any = None, *, account: str | None = ACCOUNT) -> tuple[int, Fields]:
        """A request, and its answer, which is waited for."""
        raw = b"" if body is None else body if isinstance(body, bytes) else written_json(body)
        headers = () if account is None else (("Authorization", f"Bearer {self.token(account)}"),)
        asked = Ask(method=method, target=f"/v1{path}", headers=headers, body=raw)
        ticket, out = self.request(asked, self.now_ns)
        self.take(out)
        while ticket not in self.responses:
            assert self.next_ns is not None
            self.now_ns = max(self.now_ns, self.next_ns)
            self.take(self.advance(self.now_ns))
        status, content = self.responses.pop(ticket)
        return status, json.loads(content)

    def order(self, side: str, quantity: Any, price: Any = None, **more: Any) -> tuple[int, Fields]:
        """Place an order; a market order if it has no price."""
        kind = {"order_type": "market"} if price is None else {"order_type": "limit", "price": price}
        wish = {"account_id": ACCOUNT, "symbol": SYMBOL, "side": side, "quantity": quantity, **kind, **more}
        return self.rest("POST", "/orders", wish)

    def placed(self, side: str, quantity: Any, price: Any = None, **more: Any) -> str:
        """The id of an order that is taken."""
        status, answer = self.order(side, quantity, price, **more)
        assert status == 201, answer
        order_id: str = answer["order_id"]
        return order_id


def quiet(**fields: Any) -> CantonDexSetup:
    """A venue whose prices stand still, where no settlement fails, and which says nothing of its health."""
    roomy = Limits(orders_per_minute=10_000, requests_per_minute=100_000)
    return CantonDexSetup(**{"life": STILL, "failing": 0.0, "health": None, "limits": roomy, **fields})


def best(venue: Venue, side: str) -> Decimal:
    """The best price in the book: of bids for ``buy``."""
    price = venue.house.floor.markets[SYMBOL].book.best("buy" if side == "buy" else "sell")
    assert price is not None
    return price
