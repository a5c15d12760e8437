"""The simulated venue with a clock that tests move, and what it said sorted by whom it was for."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from wsreplay.venues.gateway import Ask, Close, Cut, HeardFrame, Knock, Output, Ping, Refusal, Responded, Send
from wsreplay.venues.streams.gateway import gateway_of
from wsreplay.venues.streams.setup import DEMO_USER, NO_LIFE, StreamsSetup

SECOND = 1_000_000_000
START = 1_795_242_445_123_456_000
CUT = 1006
type Fields = dict[str, Any]


class Venue:
    """One venue; nobody trades but those whom a test lets trade."""

    def __init__(self, **fields: Any) -> None:
        self.setup = StreamsSetup(**{"life": NO_LIFE, "engine_ms": (1.0, 1.0), **fields})
        self.now_ns = START
        self.gateway = gateway_of(self.setup, START)
        self.said: dict[int, list[Fields]] = {}
        self.texts: list[str] = []
        self.pinged: list[tuple[int, int]] = []
        """After how many seconds, and whom."""
        self.ended: dict[int, tuple[int, str]] = {}
        self.responses: dict[int, Responded] = {}

    def take(self, out: list[Output]) -> None:
        for each in out:
            match each:
                case Send(conn, payload):
                    assert isinstance(payload, str)
                    self.texts.append(payload)
                    self.said.setdefault(conn, []).append(json.loads(payload))
                case Ping(conn):
                    self.pinged.append(((self.now_ns - START) // SECOND, conn))
                case Close(conn, code, reason):
                    self.ended[conn] = (code, reason)
                case Cut(conn):
                    self.ended[conn] = (CUT, "")
                case Responded(ticket):
                    self.responses[ticket] = each

    def knock(self, target: str = "/", peer: str = "127.0.0.1") -> Refusal | None:
        return self.gateway.admit(Knock(target=target, peer=peer), self.now_ns)

    def connect(self, target: str = "/") -> int:
        conn, out = self.gateway.open(Knock(target=target), self.now_ns)
        self.take(out)
        return conn

    def send(self, conn: int, frame: Fields | list[Any] | str | bytes) -> None:
        payload = frame if isinstance(frame, str | bytes) else json.dumps(frame)
        self.take(self.gateway.receive(conn, payload, self.now_ns))

    def frame(self, conn: int, frame: HeardFrame) -> None:
        self.take(self.gateway.heard(conn, frame, self.now_ns))

    def leave(self, conn: int) -> None:
        self.take(self.gateway.closed(conn, self.now_ns))

    def drain(self) -> None:
        self.take(self.gateway.drain(self.now_ns))

    def wait(self, seconds: float) -> None:
        """Let time pass, stopping at each thing that is due."""
        until = self.now_ns + round(seconds * SECOND)
        while (due := self.gateway.next_ns) is not None and due <= until:
            self.now_ns = max(self.now_ns, due)
            self.take(self.gateway.advance(self.now_ns))
        self.now_ns = until

    def heard(self, conn: int) -> list[Fields]:
        """What was said to a connection since it was last asked."""
        return self.said.pop(conn, [])

    def subscribe(self, conn: int, *streams: str, method: str = "SUBSCRIBE") -> None:
        """One frame a stream, as the venue wants it."""
        for number, stream in enumerate(streams, 1):
            self.send(conn, {"method": method, "params": [stream], "id": number})

    def ask(
        self, method: str, target: str, body: Any = None, headers: tuple[tuple[str, str], ...] | None = None
    ) -> Responded:
        """A REST request, and its answer."""
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = (("Content-Type", "application/json"),) if headers is None else headers
        ask = Ask(method=method, target=f"/api/v1{target}", headers=sent, body=raw)
        ticket, out = self.gateway.request(ask, self.now_ns)
        self.take(out)
        self.wait(0.01)
        return self.responses.pop(ticket)

    def rest(self, method: str, target: str, body: Any = None) -> Any:
        """The body of an answer that is no error, as it is after the wire."""
        answer = self.ask(method, target, body)
        assert answer.status == 200, answer
        return json.loads(msgspec.json.encode(answer.body))

    def order(self, side: str = "BUY", price: str = "150.50", quantity: str = "10.0", **fields: Any) -> Any:
        """Create an order; the venue's answer."""
        return self.rest("POST", "/order", order_body(side, price, quantity, **fields))

    def created(self, side: str = "BUY", price: str = "150.50", quantity: str = "10.0", **fields: Any) -> str:
        """The id of an order that is taken."""
        answer = self.order(side, price, quantity, **fields)
        assert answer["status"] == "Created Order"
        order_id: str = answer["order_id"]
        return order_id


def order_body(side: str = "BUY", price: Any = "150.50", quantity: Any = "10.0", **fields: Any) -> Fields:
    return {
        "market": "SOL_USDC",
        "price": price,
        "quantity": quantity,
        "side": side,
        "user_id": DEMO_USER,
        **fields,
    }
