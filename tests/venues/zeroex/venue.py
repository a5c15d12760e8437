"""A client for the simulated relayer: it signs orders, subscribes, and lets time pass as it likes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from wsreplay.venues.gateway import Ask, Close, Cut, Knock, Output, Ping, Responded, Send
from wsreplay.venues.keys import address_of
from wsreplay.venues.zeroex.gateway import gateway_of
from wsreplay.venues.zeroex.orders import NULL_ADDRESS, Order, order_digest, order_hash
from wsreplay.venues.zeroex.relayer import Listed
from wsreplay.venues.zeroex.setup import DAI, DEMO_KEY, E18, KOVAN, MAINNET, WETH, ZRX, Maker, ZeroExSetup
from wsreplay.venues.zeroex.signatures import sign_order

SECOND = 1_000_000_000
START = 1_790_000_000 * SECOND
MAKER = address_of(DEMO_KEY).lower()
OTHER_KEY = bytes.fromhex("22" * 32)
OTHER = address_of(OTHER_KEY).lower()
RICHES = {ZRX: 1000 * E18, WETH: 1000 * E18, DAI: 1000 * E18}

type Fields = dict[str, Any]


def quiet(**fields: Any) -> ZeroExSetup:
    """A relayer with two makers where nothing happens of itself."""
    makers = (
        Maker(key=DEMO_KEY, address=MAKER, balances=RICHES),
        Maker(key=OTHER_KEY, address=OTHER, balances=RICHES),
    )
    return ZeroExSetup(**{"makers": makers, "activity": None, "first_orders": 0, **fields})


def signed(key: bytes = DEMO_KEY, **fields: Any) -> Fields:
    """An order with its signature: 10 ZRX for 2 WETH, but for the fields that are given."""
    order = {
        "makerAddress": address_of(key).lower(),
        "takerAddress": NULL_ADDRESS,
        "feeRecipientAddress": NULL_ADDRESS,
        "senderAddress": NULL_ADDRESS,
        "makerAssetAmount": str(10 * E18),
        "takerAssetAmount": str(2 * E18),
        "makerFee": "0",
        "takerFee": "0",
        "expirationTimeSeconds": str(START // SECOND + 3600),
        "salt": "1532559225",
        "makerAssetData": ZRX,
        "takerAssetData": WETH,
        "exchangeAddress": MAINNET.exchange,
    } | fields
    if "signature" not in order:
        digest = order_digest(msgspec.convert(order, Order))
        assert digest is not None
        order["signature"] = sign_order(digest, key)
    return order


def hash_of(order: Fields) -> str:
    found = order_hash(msgspec.convert(order, Order))
    assert found is not None
    return found


class Venue:
    """The gateway with a clock that tests move, and what it does sorted by whom it is for."""

    def __init__(self, setup: ZeroExSetup | None = None) -> None:
        self.gateway = gateway_of(setup or quiet(), START)
        self.now_ns = START
        self.raw: dict[int, list[str]] = {}
        self.said: dict[int, list[Fields]] = {}
        self.pinged: list[tuple[int, int]] = []
        """When, and whom."""
        self.ended: dict[int, str] = {}
        """How: a close code or ``cut``."""
        self.responses: dict[int, Responded] = {}

    def take(self, out: list[Output]) -> None:
        for each in out:
            match each:
                case Send(conn, payload):
                    assert isinstance(payload, str)
                    self.raw.setdefault(conn, []).append(payload)
                    self.said.setdefault(conn, []).append(json.loads(payload))
                case Ping(conn):
                    self.pinged.append((self.now_ns, conn))
                case Close(conn, code):
                    self.ended[conn] = str(code)
                case Cut(conn):
                    self.ended[conn] = "cut"
                case Responded():
                    self.responses[each.ticket] = each

    def connect(self) -> int:
        conn, out = self.gateway.open(Knock(), self.now_ns)
        self.take(out)
        return conn

    def leave(self, conn: int) -> None:
        self.take(self.gateway.closed(conn, self.now_ns))

    def send(self, conn: int, message: Mapping[str, Any] | str | bytes) -> None:
        text = message if isinstance(message, str | bytes) else json.dumps(message)
        self.take(self.gateway.receive(conn, text, self.now_ns))

    def subscribe(self, conn: int, request_id: str, **filters: Any) -> None:
        payload = {"payload": filters} if filters else {}
        self.send(conn, {"type": "subscribe", "channel": "orders", "requestId": request_id} | payload)

    def pong(self, conn: int) -> None:
        self.take(self.gateway.heard(conn, "pong", self.now_ns))

    def wait(self, seconds: float) -> None:
        """Let time pass, step by step, as a server does that is woken when something is due."""
        until_ns = self.now_ns + round(seconds * SECOND)
        while (due_ns := self.gateway.next_ns) is not None and due_ns <= until_ns:
            self.now_ns = due_ns
            self.take(self.gateway.advance(due_ns))
        self.now_ns = until_ns
        self.take(self.gateway.advance(until_ns))

    def heard(self, conn: int) -> list[Fields]:
        """What came on a connection since somebody asked last."""
        return self.said.pop(conn, [])

    def told(self, conn: int) -> list[tuple[str, list[tuple[str, str]]]]:
        """The updates that came: request id, and hash and remaining amount of each order."""
        return [
            (each["requestId"], [(hash_of(item["order"]), item["remainingFillableAmount"]) for item in each["payload"]])
            for each in self.heard(conn)
        ]

    # The chain and the makers

    def post(self, **fields: Any) -> Listed:
        """Hand in an order through REST."""
        order = signed(**fields)
        network = KOVAN.network_id if order["exchangeAddress"] == KOVAN.exchange else 1
        status, body = self.rest("POST", f"/v2/order?networkId={network}", order)
        assert status in (200, 201), body
        return self.gateway.relayer.orders[hash_of(order)]

    def fill(self, listed: Listed, amount: int) -> int:
        done = self.gateway.relayer.fill(listed, amount, self.now_ns)
        self.take(self.gateway.advance(self.now_ns))
        return done

    def cancel(self, listed: Listed) -> None:
        self.gateway.relayer.cancel(listed, self.now_ns)
        self.take(self.gateway.advance(self.now_ns))

    def set_balance(self, maker: str, asset: str, amount: int) -> None:
        self.gateway.relayer.set_balance(maker, asset, amount, self.now_ns)
        self.take(self.gateway.advance(self.now_ns))

    def set_allowance(self, maker: str, asset: str, amount: int) -> None:
        self.gateway.relayer.set_allowance(maker, asset, amount, self.now_ns)
        self.take(self.gateway.advance(self.now_ns))

    # REST

    def rest(self, method: str, target: str, body: Any = b"", peer: str = "127.0.0.1") -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        ask = Ask(method=method, target=target, body=raw, peer=peer)
        ticket, out = self.gateway.request(ask, self.now_ns)
        self.take(out)
        answer = self.responses.pop(ticket)
        return answer.status, answer.body

    def get(self, path: str) -> Any:
        status, body = self.rest("GET", path)
        assert status == 200, body
        return body
