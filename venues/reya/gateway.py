"""The order-entry server without its socket: connections, frames, ids in flight, liveness and drain.

Every call says what time it is and gives back what to put on the wire. Time may be real or not; what was due before
a call happens first, at its own time.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.reya.agenda import Agenda
from wsreplay.venues.reya.errors import FrameCode, Refused
from wsreplay.venues.reya.renewals import SECOND
from wsreplay.venues.reya.rest import Rest
from wsreplay.venues.reya.trade_handler import OPERATIONS, InternalFailureError, TradeHandler

if TYPE_CHECKING:
    from wsreplay.venues.reya.orders import Trade
    from wsreplay.venues.reya.setup import ReyaSetup
    from wsreplay.venues.reya.trade_handler import Outcome

SHUTTING_DOWN = "SERVER_SHUTTING_DOWN"
CUT = 1006
"""As a close code: the transport is cut without a close frame."""


class Send(msgspec.Struct, frozen=True):
    """A message for a connection."""

    conn: int
    text: str


class Ping(msgspec.Struct, frozen=True):
    """A protocol ping for a connection."""

    conn: int


class Close(msgspec.Struct, frozen=True):
    """The end of a connection, from the venue's side."""

    conn: int
    code: int
    reason: str = ""


class Settled(msgspec.Struct, frozen=True):
    """A trade reached the chain; nobody on this socket is told."""

    trade: Trade


class Responded(msgspec.Struct, frozen=True):
    """The answer to a REST request."""

    ticket: int
    status: int
    body: Any


type Output = Send | Ping | Close | Settled | Responded


class _Connection(msgspec.Struct):
    number: int
    heard_ns: int
    in_flight: set[str] = msgspec.field(default_factory=set)
    pinged: bool = False


class Gateway:
    """One simulated venue with all its connections."""

    def __init__(self, setup: ReyaSetup, now_ns: int) -> None:
        self.setup = setup
        self.agenda = Agenda(now_ns)
        self._out: list[Output] = []
        self.handler = TradeHandler(setup, self.agenda, lambda trade: self._out.append(Settled(trade)))
        self._rest = Rest(self.handler, setup.limits.rest_per_minute)
        self.draining = False
        self._tickets = 0
        self._connections: dict[int, _Connection] = {}
        self._opened = 0

    @property
    def next_ns(self) -> int | None:
        """When :meth:`advance` has something to do."""
        return self.agenda.next_ns

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def advance(self, now_ns: int) -> list[Output]:
        """Do what is due until now."""
        self.agenda.run(now_ns)
        out, self._out = self._out, []
        return out

    def open(self, now_ns: int) -> tuple[int, list[Output]]:
        """A client has connected; anyone may. Its number is given back."""
        self.agenda.run(now_ns)
        self._opened += 1
        connection = self._connections[self._opened] = _Connection(self._opened, now_ns)
        self.agenda.at(now_ns + self.setup.limits.ping_after_s * SECOND, partial(self._watch, connection))
        return connection.number, self.advance(now_ns)

    def closed(self, conn: int, now_ns: int) -> list[Output]:
        """A connection is gone. What it asked for goes on; its answers have nowhere to go."""
        self.agenda.run(now_ns)
        self._connections.pop(conn, None)
        return self.advance(now_ns)

    def heard(self, conn: int, now_ns: int) -> list[Output]:
        """Anything came from the client, be it a pong: it is alive."""
        self.agenda.run(now_ns)
        if connection := self._connections.get(conn):
            connection.heard_ns, connection.pinged = now_ns, False
        return self.advance(now_ns)

    def receive(self, conn: int, payload: str | bytes, now_ns: int) -> list[Output]:
        """A message came."""
        self.agenda.run(now_ns)
        if connection := self._connections.get(conn):
            connection.heard_ns, connection.pinged = now_ns, False
            self._read(connection, payload, now_ns)
        return self.advance(now_ns)

    def request(self, method: str, target: str, body: bytes, peer: str, now_ns: int) -> tuple[int, list[Output]]:
        """A REST request came; its :class:`Responded` carries the ticket that is given back, now or later."""
        self.agenda.run(now_ns)
        self._tickets += 1
        ticket = self._tickets

        def done(status: int, content: Any) -> None:
            self._out.append(Responded(ticket, status, content))

        self._rest.respond(method, target, body, peer, now_ns, done)
        return ticket, self.advance(now_ns)

    def drain(self, now_ns: int) -> list[Output]:
        """Shut down as the venue does on a deploy: idle connections now, busy ones when they are done, or in the end.

        Whoever listens on sockets must refuse new connections from here on.
        """
        self.agenda.run(now_ns)
        self.draining = True
        for connection in list(self._connections.values()):
            if not connection.in_flight:
                self._close(connection, 1001, SHUTTING_DOWN)
        self.agenda.at(now_ns + self.setup.limits.drain_s * SECOND, self._force)
        return self.advance(now_ns)

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
            self._send(connection, {"type": "pong"} | ({} if named is None else {"id": named}))
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
            self._send(connection, {"type": kind, "id": key, "ok": False, "error": error})
        else:
            self._send(connection, {"type": kind, "id": key, "ok": True, "payload": outcome})
        if self.draining and not connection.in_flight:
            self._close(connection, 1001, SHUTTING_DOWN)

    def _refuse(self, connection: _Connection, key: str | None, code: FrameCode, message: str) -> None:
        named = {} if key is None else {"id": key}
        self._send(connection, {"type": "error", **named, "error": {"error": code, "message": message}})

    def _send(self, connection: _Connection, frame: dict[str, Any]) -> None:
        if connection.number in self._connections:
            self._out.append(Send(connection.number, json.dumps(frame, separators=(",", ":"))))

    def _close(self, connection: _Connection, code: int, reason: str = "") -> None:
        if self._connections.pop(connection.number, None) is not None:
            self._out.append(Close(connection.number, code, reason))

    def _force(self, _: int) -> None:
        for connection in list(self._connections.values()):
            self._close(connection, 1001, SHUTTING_DOWN)

    def _watch(self, connection: _Connection, at_ns: int) -> None:
        """Ping a connection that has been idle for long, and cut one that did not even answer that."""
        if connection.number not in self._connections:
            return
        limits = self.setup.limits
        idle_ns = at_ns - connection.heard_ns
        if idle_ns >= limits.idle_timeout_s * SECOND:
            self._close(connection, CUT)
            return
        if idle_ns >= limits.ping_after_s * SECOND and not connection.pinged:
            connection.pinged = True
            self._out.append(Ping(connection.number))
        wait_s = limits.idle_timeout_s if connection.pinged else limits.ping_after_s
        self.agenda.at(connection.heard_ns + wait_s * SECOND, partial(self._watch, connection))
