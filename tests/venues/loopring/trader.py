"""The simulated venue with a clock that tests move, and a client that asks it things."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from wsreplay.venues.gateway import Ask, Close, Cut, Knock, Output, Refusal, Responded, Send
from wsreplay.venues.loopring.gateway import LoopringGateway
from wsreplay.venues.loopring.orders import SECOND
from wsreplay.venues.loopring.setup import DEMO_ACCOUNT, DEMO_API_KEY, EXCHANGE, Delays, Limits, LoopringSetup
from wsreplay.venues.market import Life

START = 1_790_000_000 * SECOND
CUT = 1006
"""As a close code: the transport is cut without a close frame."""
MARKET = "LRC-ETH"
WEI = 10**18

type Fields = dict[str, Any]


class Venue(LoopringGateway):
    """The gateway, with what it said sorted by whom it is for."""

    def __init__(self, setup: LoopringSetup | None = None, *, now_ns: int = START) -> None:
        super().__init__(setup or quiet(), now_ns)
        self.now_ns = now_ns
        self.said: dict[int, list[Fields]] = {}
        self.pinged: list[tuple[float, int]] = []
        """How many seconds after the start, and whom."""
        self.ended: dict[int, int] = {}
        self.responses: dict[int, tuple[int, Any]] = {}
        self._storage_id = 0

    def take(self, out: list[Output]) -> None:
        for each in out:
            match each:
                case Send(conn, "ping"):
                    self.pinged.append(((self.now_ns - START) / SECOND, conn))
                case Send(conn, payload):
                    self.said.setdefault(conn, []).append(json.loads(payload))
                case Close(conn, code):
                    self.ended[conn] = code
                case Cut(conn):
                    self.ended[conn] = CUT
                case Responded(ticket, status, body):
                    self.responses[ticket] = (status, json.loads(json.dumps(body)))

    # Time

    def wait(self, seconds: float) -> None:
        """Let time pass, stopping at each thing that is due."""
        until = self.now_ns + int(seconds * SECOND)
        while self.next_ns is not None and self.next_ns <= until:
            self.now_ns = max(self.now_ns, self.next_ns)
            self.take(self.advance(self.now_ns))
        self.now_ns = until

    def until(self, happened: Callable[[], bool]) -> None:
        """Let time pass until something has happened."""
        while not happened():
            assert self.next_ns is not None, "nothing more is due"
            assert self.next_ns < self.now_ns + 60 * SECOND, "it takes too long"
            self.now_ns = max(self.now_ns, self.next_ns)
            self.take(self.advance(self.now_ns))

    # REST

    def ask(
        self, method: str, target: str, body: Any = None, *, peer: str = "127.0.0.1", **headers: str | None
    ) -> tuple[int, Any]:
        """A request with both keys, unless a header is given otherwise (``api_key``, ``api_sig``; None: not at all)."""
        keys = {"X-API-KEY": headers.get("api_key", DEMO_API_KEY), "X-API-SIG": headers.get("api_sig", "0x1")}
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = tuple((name, value) for name, value in keys.items() if value is not None)
        ticket, out = self.request(Ask(method=method, target=target, headers=sent, body=raw, peer=peer), self.now_ns)
        self.take(out)
        self.until(lambda: ticket in self.responses)
        return self.responses.pop(ticket)

    def told(self, method: str, target: str, body: Any = None) -> Any:
        """The answer to a request that is granted; enough time passes that the next may be asked as well."""
        status, answer = self.ask(method, target, body)
        assert status == 200, answer
        self.wait(0.2)
        return answer

    def code(self, method: str, target: str, body: Any = None, **headers: Any) -> tuple[int, int]:
        """Status and code of a request that is refused."""
        status, answer = self.ask(method, target, body, **headers)
        assert status != 200, answer
        assert answer["resultInfo"]["message"]
        return status, answer["resultInfo"]["code"]

    def order(self, side: str = "buy", size: int = 500 * WEI, volume: int = 5 * 10**16, **fields: Any) -> Fields:
        """The body of an order, by default one that rests far below the market."""
        sold, bought = ((1, size), (0, volume)) if side == "sell" else ((0, volume), (1, size))
        self._storage_id += 2
        return {
            "exchange": EXCHANGE,
            "accountId": DEMO_ACCOUNT,
            "storageId": self._storage_id,
            "sellToken": {"tokenId": sold[0], "volume": str(sold[1])},
            "buyToken": {"tokenId": bought[0], "volume": str(bought[1])},
            "allOrNone": False,
            "fillAmountBOrS": side == "buy",
            "validUntil": self.now_ns // SECOND + 3600,
            "maxFeeBips": 50,
            "eddsaSignature": "0x1c",
            "clientOrderId": "mine",
            "orderType": "LIMIT_ORDER",
        } | fields

    def submit(self, *args: Any, **fields: Any) -> Fields:
        answer: Fields = self.told("POST", "/api/v3/order", self.order(*args, **fields))
        return answer

    def orders(self, query: str = "") -> list[Fields]:
        answer = self.told("GET", f"/api/v3/orders?accountId={DEMO_ACCOUNT}{query}")
        assert answer["totalNum"] >= len(answer["orders"])
        found: list[Fields] = answer["orders"]
        return found

    # The socket

    def key(self, version: str = "v3") -> str:
        body = self.told("GET", f"/{version}/ws/key")
        return str(body["key"] if version == "v3" else body["data"])

    def knock(self, key: str | None, path: str = "/v3/ws") -> Refusal | None:
        query = "" if key is None else f"?wsApiKey={key}"
        return self.admit(Knock(target=path + query), self.now_ns)

    def connect(self) -> int:
        assert self.knock(self.key()) is None
        conn, out = self.open(Knock(), self.now_ns)
        self.take(out)
        return conn

    def send(self, conn: int, message: Fields | str | bytes) -> None:
        payload = json.dumps(message) if isinstance(message, dict) else message
        self.take(self.receive(conn, payload, self.now_ns))

    def leave(self, conn: int) -> None:
        self.take(self.closed(conn, self.now_ns))

    def reply(self, conn: int, message: Fields | str | bytes) -> Fields:
        """What a request is answered with, at once."""
        before = len(self.said.get(conn, []))
        self.send(conn, message)
        (answer,) = self.said[conn][before:]
        return answer

    def sub(self, conn: int, *topics: Fields, op: str = "sub", **fields: Any) -> Fields:
        """A request on topics with the account's key; its answer."""
        return self.reply(conn, {"op": op, "apiKey": DEMO_API_KEY, **fields, "topics": list(topics)})

    def subscribed(self, *topics: Fields, **fields: Any) -> int:
        """A connection with these topics; it has heard nothing yet."""
        conn = self.connect()
        assert self.sub(conn, *topics, **fields)["result"] == {"status": "ok"}
        self.said.pop(conn)
        return conn

    def refused(self, conn: int, *topics: Fields, **fields: Any) -> int:
        """The code of a request that is refused."""
        result = self.sub(conn, *topics, **fields)["result"]
        assert result["status"] == "failed"
        assert result["error"]["message"]
        code: int = result["error"]["code"]
        return code

    def topics(self, conn: int) -> set[str]:
        """What a connection is subscribed to."""
        return set(self.connections[conn].subscriptions)

    def pushes(self, conn: int, topic: str) -> list[Fields]:
        """What was pushed of a topic so far."""
        return [each for each in self.said.get(conn, []) if "result" not in each and each["topic"]["topic"] == topic]


def quiet(**fields: Any) -> LoopringSetup:
    """A venue where nothing happens but what the test does, and nobody is turned away for asking too often."""
    still: Fields = {
        "life": Life(step_ms=None, worth=Decimal(500)),
        "delays": Delays(pool_ms=None, block_ms=None),
        "limits": Limits(calls_per_second=1_000),
    }
    return LoopringSetup(**still | fields)
