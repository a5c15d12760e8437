"""The order-entry server without its socket: frames, ids in flight, liveness and drain."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from wsreplay.venues.gateway import Ask, HeardFrame, Knock, Refusal
from wsreplay.venues.gateway import Gateway as VenueGateway
from wsreplay.venues.reya.errors import FrameCode, Refused
from wsreplay.venues.reya.renewals import SECOND
from wsreplay.venues.reya.rest import Rest
from wsreplay.venues.reya.trade_handler import OPERATIONS, InternalFailureError, TradeHandler

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.venues.reya.orders import Trade
    from wsreplay.venues.reya.setup import ReyaSetup
    from wsreplay.venues.reya.trade_handler import Outcome

SHUTTING_DOWN = "SERVER_SHUTTING_DOWN"


class _Connection(msgspec.Struct):
    number: int
    heard_ns: int
    in_flight: set[str] = msgspec.field(default_factory=set)
    pinged: bool = False


class Gateway(VenueGateway[_Connection]):
    """One simulated venue with all its connections."""

    def __init__(
        self, setup: ReyaSetup, now_ns: int, *, when_settled: Callable[[Trade], None] = lambda _: None
    ) -> None:
        """``when_settled`` is told of trades that reached the chain; nobody on this socket is."""
        super().__init__(now_ns)
        self.setup = setup
        self.handler = TradeHandler(setup, self.agenda, when_settled)
        self._rest = Rest(self.handler, setup.limits.rest_per_minute)

    def on_knock(self, knock: Knock, now_ns: int) -> Refusal | None:
        """Anyone may connect, unless the venue is about to go; ``/ready`` tells."""
        if knock.target.partition("?")[0] == "/ready":
            return Refusal(status=503 if self.draining else 200, body=json.dumps({"ready": not self.draining}))
        return Refusal(status=503, body=SHUTTING_DOWN) if self.draining else None

    def on_open(self, conn: int, knock: Knock, now_ns: int) -> _Connection:
        """A connection is watched for life."""
        connection = _Connection(conn, now_ns)
        self.agenda.at(now_ns + self.setup.limits.ping_after_s * SECOND, partial(self._watch, connection))
        return connection

    def on_frame(self, conn: int, frame: HeardFrame, now_ns: int) -> None:
        """Anything came from the client, be it a pong: it is alive."""
        connection = self.connections[conn]
        connection.heard_ns, connection.pinged = now_ns, False

    def on_message(self, conn: int, payload: str | bytes, now_ns: int) -> None:
        """A message came."""
        self._read(self.connections[conn], payload, now_ns)

    def on_request(self, ticket: int, ask: Ask, now_ns: int) -> None:
        """A REST request came."""
        if ask.target == "/ready":
            self.respond(ticket, 503 if self.draining else 200, {"ready": not self.draining})
            return
        self._rest.respond(ask.method, ask.target, ask.body, ask.peer, now_ns, partial(self.respond, ticket))

    def on_drain(self, now_ns: int) -> None:
        """Idle connections are closed now, busy ones when they are done, or in the end."""
        for connection in list(self.connections.values()):
            if not connection.in_flight:
                self.close(connection.number, 1001, SHUTTING_DOWN)
        self.agenda.at(now_ns + self.setup.limits.drain_s * SECOND, self._force)

    def _read(self, connection: _Connection, payload: str | bytes, now_ns: int) -> None:
        try:
            frame = json.loads(payload)
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            self._refuse(connection, None, FrameCode.MALFORMED_JSON, "Frame is not a JSON object")
            return
        kind, key = frame.get("type"), frame.get("id")
        named = key if isinstance(key, str) else None
        if not isinstance(kind, str):
            self._refuse(connection, named, FrameCode.MALFORMED_JSON, "type is required")
        elif kind == "ping":
            self.say(connection.number, {"type": "pong"} | ({} if named is None else {"id": named}))
        elif kind not in OPERATIONS:
            self._refuse(connection, named, FrameCode.UNKNOWN_TYPE, f"Unknown type {kind}")
        elif named is None:
            self._refuse(connection, None, FrameCode.MALFORMED_JSON, "id is required and must be a string")
        elif named in connection.in_flight:
            self._refuse(connection, named, FrameCode.DUPLICATE_REQUEST_ID, f"Request id {named} is in flight")
        else:
            connection.in_flight.add(named)
            try:
                self.handler.handle(kind, frame.get("payload"), now_ns, partial(self._answer, connection, kind, named))
            except InternalFailureError:
                connection.in_flight.discard(named)
                self._refuse(connection, named, FrameCode.INTERNAL, "Internal failure")

    def _answer(self, connection: _Connection, kind: str, key: str, outcome: Outcome, _: int) -> None:
        connection.in_flight.discard(key)
        if isinstance(outcome, Refused):
            error = {"error": outcome.code, "message": outcome.message}
            self.say(connection.number, {"type": kind, "id": key, "ok": False, "error": error})
        else:
            self.say(connection.number, {"type": kind, "id": key, "ok": True, "payload": outcome})
        if self.draining and not connection.in_flight:
            self.close(connection.number, 1001, SHUTTING_DOWN)

    def _refuse(self, connection: _Connection, key: str | None, code: FrameCode, message: str) -> None:
        named = {} if key is None else {"id": key}
        self.say(connection.number, {"type": "error", **named, "error": {"error": code, "message": message}})

    def _force(self, _: int) -> None:
        for connection in list(self.connections.values()):
            self.close(connection.number, 1001, SHUTTING_DOWN)

    def _watch(self, connection: _Connection, at_ns: int) -> None:
        """Ping a connection that has been idle for long, and cut one that did not even answer that."""
        if connection.number not in self.connections:
            return
        limits = self.setup.limits
        idle_ns = at_ns - connection.heard_ns
        if idle_ns >= limits.idle_timeout_s * SECOND:
            self.cut(connection.number)
            return
        if idle_ns >= limits.ping_after_s * SECOND and not connection.pinged:
            connection.pinged = True
            self.ping(connection.number)
        wait_s = limits.idle_timeout_s if connection.pinged else limits.ping_after_s
        self.agenda.at(connection.heard_ns + wait_s * SECOND, partial(self._watch, connection))
