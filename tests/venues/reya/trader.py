"""A client for the simulated venue: it signs what it is told to, and lets time pass as it likes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wsreplay.venues.gateway import Ask, Close, Cut, Knock, Output, Ping, Responded, Send
from wsreplay.venues.keys import address_of, sign_digest
from wsreplay.venues.reya.gateway import Gateway
from wsreplay.venues.reya.markets import SYMBOLS
from wsreplay.venues.reya.networks import TESTNET, Network
from wsreplay.venues.reya.orders import Trade
from wsreplay.venues.reya.renewals import MS, SECOND, US, perp_nonce
from wsreplay.venues.reya.setup import DEMO_KEY, DEMO_PERP_ACCOUNT, DEMO_SPOT_ACCOUNT, Limits, Liquidity, ReyaSetup
from wsreplay.venues.reya.signing import digest_of
from wsreplay.venues.reya.wire import read_payload

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text())
START = 1_790_000_000 * SECOND
STRANGER_KEY = bytes.fromhex("22" * 32)
CUT = 1006
"""As a close code: the transport is cut without a close frame."""
STILL = Liquidity(step_ms=None)
"""Quotes that stand: a test's prices don't wander."""

type Fields = dict[str, Any]


class Trader:
    """Writes payloads for one key. Every method takes fields to put in place of its own."""

    def __init__(self, key: bytes = DEMO_KEY, *, now_ns: int = START) -> None:
        self.key = key
        self.wallet = address_of(key)
        self.now_ns = now_ns
        self._nonce = 0

    def nonce(self) -> str:
        self._nonce = max(self.now_ns // US, self._nonce + 1)
        return str(self._nonce)

    def signed(
        self,
        op: str,
        payload: Fields,
        *,
        key: bytes | None = None,
        network: Network = TESTNET,
        markets: dict[str, int] = SYMBOLS,
        signed: Fields | None = None,
    ) -> Fields:
        """The payload with its signature; ``signed`` are fields that are signed other than they are sent."""
        fields = read_payload({**payload, **(signed or {})})
        digest = digest_of(op, fields, network, None if fields.symbol is None else markets[fields.symbol])
        return {**payload, "signature": sign_digest(digest, key or self.key)}

    def spot(self, side: str = "buy", price: str = "1", qty: str = "0.001", **fields: Any) -> Fields:
        return self.signed("createOrder", self.unsigned_spot(side, price, qty, **fields))

    def unsigned_spot(self, side: str = "buy", price: str = "1", qty: str = "0.001", **fields: Any) -> Fields:
        return {
            "exchangeId": 2,
            "symbol": "WETHRUSD",
            "accountId": DEMO_SPOT_ACCOUNT,
            "isBuy": side == "buy",
            "limitPx": price,
            "qty": qty,
            "orderType": "LIMIT",
            "timeInForce": "GTC",
            "nonce": self.nonce(),
            "signerWallet": self.wallet,
            "expiresAfter": self.now_ns // SECOND + 30,
        } | fields

    def unsigned_perp(self, side: str = "buy", price: str = "3500", qty: str = "0.05", **fields: Any) -> Fields:
        self._nonce = max(self.now_ns // MS, self._nonce + 1)
        return {
            "exchangeId": 2,
            "symbol": "ETHRUSDPERP",
            "accountId": DEMO_PERP_ACCOUNT,
            "isBuy": side == "buy",
            "limitPx": price,
            "qty": qty,
            "orderType": "LIMIT",
            "timeInForce": "IOC",
            "reduceOnly": False,
            "nonce": str(perp_nonce(DEMO_PERP_ACCOUNT, self._nonce, SYMBOLS["ETHRUSDPERP"])),
            "signerWallet": self.wallet,
            "expiresAfter": self.now_ns // SECOND + 5,
        } | fields

    def perp(self, side: str = "buy", price: str = "3500", qty: str = "0.05", **fields: Any) -> Fields:
        return self.signed("createOrder", self.unsigned_perp(side, price, qty, **fields))

    def perp_gtc(self, side: str = "buy", price: str = "2000", qty: str = "0.05", **fields: Any) -> Fields:
        payload = self.unsigned_perp(side, price, qty, timeInForce="GTC")
        return self.signed("createOrder", without(payload, "reduceOnly", "expiresAfter") | fields)

    def trigger(self, kind: str, side: str, trigger: str, **fields: Any) -> Fields:
        payload = self.unsigned_perp(side, "0" if side == "sell" else "100000000000000000000", orderType=kind)
        payload = without(payload, "qty", "timeInForce", "reduceOnly", "expiresAfter") | {"triggerPx": trigger}
        return self.signed("createOrder", payload | fields)

    def cancel(self, order_id: str | None = None, **fields: Any) -> Fields:
        return self.signed("cancelOrder", self.unsigned_cancel(order_id, **fields))

    def unsigned_cancel(self, order_id: str | None = None, **fields: Any) -> Fields:
        named = {} if order_id is None else {"orderId": order_id}
        return {
            **named,
            "accountId": DEMO_SPOT_ACCOUNT,
            "symbol": "WETHRUSD",
            "nonce": self.nonce(),
            "expiresAfter": self.now_ns // SECOND + 30,
        } | fields

    def cancel_perp(self, order_id: str, **fields: Any) -> Fields:
        return self.signed("cancelOrder", {"orderId": order_id} | fields)

    def cancel_all(self, **fields: Any) -> Fields:
        return self.signed("cancelAll", self.unsigned_cancel_all(**fields))

    def unsigned_cancel_all(self, **fields: Any) -> Fields:
        return without(self.unsigned_cancel(), "symbol") | fields


class Venue(Gateway):
    """The gateway with a clock that tests move, and the answers sorted by whom they are for."""

    def __init__(self, setup: ReyaSetup | None = None, *, now_ns: int = START) -> None:
        super().__init__(setup or quiet(), now_ns, when_settled=lambda trade: self.settled.append(trade))
        self.now_ns = now_ns
        self.said: dict[int, list[Fields]] = {}
        self.pinged: list[tuple[int, int]] = []
        """When, and whom."""
        self.ended: dict[int, tuple[int, str]] = {}
        self.settled: list[Trade] = []
        self.responses: dict[int, tuple[int, Any]] = {}
        self._ids = 0

    def take(self, out: list[Output]) -> None:
        for each in out:
            match each:
                case Send(conn, payload):
                    self.said.setdefault(conn, []).append(json.loads(payload))
                case Ping(conn):
                    self.pinged.append((self.now_ns, conn))
                case Close(conn, code, reason):
                    self.ended[conn] = (code, reason)
                case Cut(conn):
                    self.ended[conn] = (CUT, "")
                case Responded(ticket, status, body):
                    self.responses[ticket] = (status, json.loads(json.dumps(body)))

    def connect(self) -> int:
        conn, out = self.open(Knock(), self.now_ns)
        self.take(out)
        return conn

    def send(self, conn: int, frame: Fields | str) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self.take(self.receive(conn, text, self.now_ns))

    def leave(self, conn: int) -> None:
        self.take(self.closed(conn, self.now_ns))

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
            assert self.next_ns < self.now_ns + 30 * SECOND, "it takes too long"
            self.now_ns = max(self.now_ns, self.next_ns)
            self.take(self.advance(self.now_ns))

    def heard_last(self, conn: int) -> Fields:
        """What the venue said to a connection, once."""
        (frame,) = self.said.pop(conn, [])
        return frame

    def ask(self, conn: int, op: str, payload: Any) -> Fields:
        """Send an operation, and wait for what comes back."""
        self._ids += 1
        self.send(conn, {"type": op, "id": f"q{self._ids}", "payload": payload})
        self.until(lambda: conn in self.said)
        return self.heard_last(conn)

    def done(self, conn: int, op: str, payload: Any) -> Fields:
        """The payload of an operation that succeeds."""
        reply = self.ask(conn, op, payload)
        assert reply["ok"], reply
        answer: Fields = reply["payload"]
        return answer

    def refused(self, conn: int, op: str, payload: Any) -> tuple[str, str]:
        """Code and message of an operation that is refused on its own level."""
        reply = self.ask(conn, op, payload)
        assert not reply.get("ok", True), reply
        assert "payload" not in reply
        return reply["error"]["error"], reply["error"]["message"]

    def rest(self, method: str, target: str, body: Any = None, peer: str = "127.0.0.1") -> tuple[int, Any]:
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        ticket, out = self.request(Ask(method=method, target=target, body=raw, peer=peer), self.now_ns)
        self.take(out)
        self.until(lambda: ticket in self.responses)
        return self.responses.pop(ticket)

    def open_orders(self, wallet: str) -> list[Fields]:
        status, body = self.rest("GET", f"/v2/wallet/{wallet}/openOrders")
        assert status == 200
        found: list[Fields] = body
        return found


def quiet(**fields: Any) -> ReyaSetup:
    """A venue whose prices stand still, with limits that a test of something else doesn't meet."""
    roomy = Limits(orders_per_minute=10_000, cancel_alls_per_minute=10_000)
    return ReyaSetup(**{"liquidity": STILL, "limits": roomy, **fields})


def without(fields: Fields, *names: str) -> Fields:
    return {name: value for name, value in fields.items() if name not in names}
