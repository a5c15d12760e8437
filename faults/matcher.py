"""Which fault strikes when: frames go by in their order, and the matcher says what fires before and after each.

Sans-I/O: it knows no socket and no clock. All chance comes from the plan's seed, so that the same frames meet the same
faults again, however the connections of a run interleave.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from msgspec.structs import replace

from wsreplay.faults.fault import Fault
from wsreplay.faults.firing import Firing, chance
from wsreplay.faults.in_flight import InFlight, Request
from wsreplay.faults.moment import Moment
from wsreplay.faults.plan import FaultPlan
from wsreplay.venues.envelope import Envelope, Sender

type Control = Literal["ping", "pong", "close"]


class Firings(NamedTuple):
    """What fires at one frame, in the plan's order."""

    before: tuple[Firing, ...] = ()
    after: tuple[Firing, ...] = ()


NOTHING = Firings()


class _Watch:
    """One fault of the plan, and how far it has been counted."""

    def __init__(self, number: int, fault: Fault) -> None:
        self.number = number
        self.fault = fault
        self.moment = fault.moment
        self.matched = 0
        self.over = False
        """It can't fire any more."""


class _Connection:
    def __init__(self, conn: int, upstream: str) -> None:
        self.conn = conn
        self.upstream = upstream
        self.in_flight = InFlight()
        self.matched: dict[int, int] = {}
        """How often each fault's moment came on this connection: its dice are the connection's own."""


class Matcher:
    """Sees the frames of all connections, and says which faults fire."""

    def __init__(self, plan: FaultPlan) -> None:
        self._seed = plan.seed
        self._watches = [_Watch(number, fault) for number, fault in enumerate(plan.faults, 1)]
        self._connections: dict[int, _Connection] = {}

    def opening(self, conn: int, upstream: str = "") -> tuple[Firing, ...]:
        """A bot asks for a handshake: what happens before the venue is asked."""
        return tuple(self._see(_Connection(conn, upstream), "open", only="before"))

    def opened(self, conn: int, upstream: str = "") -> tuple[Firing, ...]:
        """The venue has agreed: what happens before the first frame."""
        connection = self._connections[conn] = _Connection(conn, upstream)
        return tuple(self._see(connection, "open", only="after"))

    def times(self) -> tuple[tuple[int, int], ...]:
        """What to wait for on a connection that has just opened: the faults' numbers, and after how many ns."""
        return tuple(
            (watch.number, watch.moment.elapsed_ns)
            for watch in self._watches
            if watch.moment.what == "time" and not watch.over
        )

    def elapsed(self, conn: int, number: int) -> Firing | None:
        """The time of this fault has come on this connection."""
        watch = self._watches[number - 1]
        connection = self._connections.get(conn)
        if connection is None or watch.over or not watch.moment.allows(None, None, conn, connection.upstream):
            return None
        return self._count(watch, connection, frame="time")

    def message(self, conn: int, sender: Sender, envelope: Envelope) -> Firings:
        """A text or binary message goes by."""
        connection = self._connection(conn)
        answered = connection.in_flight.answered(envelope) if envelope.role in ("reply", "error") else None
        firings = self._see(connection, envelope.role or "message", sender, envelope, answered)
        if envelope.role == "request":
            marks = tuple(firing for firing in firings if firing.fault.strikes_answer)
            connection.in_flight.sent(Request(envelope, marks))
            firings = [firing for firing in firings if not firing.fault.strikes_answer]
        return _sorted(firings)

    def control(self, conn: int, sender: Sender, frame: Control) -> Firings:
        """A control frame goes by."""
        return _sorted(self._see(self._connection(conn), frame, sender))

    def ended(self, conn: int) -> None:
        """The connection is over: forget it."""
        self._connections.pop(conn, None)

    def _connection(self, conn: int) -> _Connection:
        connection = self._connections.get(conn)
        if connection is None:
            connection = self._connections[conn] = _Connection(conn, "")
        return connection

    def _see(
        self,
        connection: _Connection,
        frame: str,
        sender: Sender | None = None,
        envelope: Envelope | None = None,
        answered: Request | None = None,
        only: Literal["before", "after"] | None = None,
    ) -> list[Firing]:
        request = answered.envelope if answered else None
        struck: dict[str, Any] = {"frame": frame, "sender": sender, "envelope": envelope, "request": request}
        # What strikes at the answer to a request was counted when that went by.
        firings = [replace(mark, **struck) for mark in answered.marks] if answered else []
        for watch in self._watches:
            moment = watch.moment
            if (
                not watch.over
                and only in (None, moment.when)
                and _is_meant(moment, frame, sender, envelope, request)
                and moment.allows(envelope, request, connection.conn, connection.upstream)
                and (firing := self._count(watch, connection, **struck))
            ):
                firings.append(firing)
        return firings

    def _count(self, watch: _Watch, connection: _Connection, **struck: Any) -> Firing | None:
        """The fault's moment has come: is it the one that counts, and does chance agree?"""
        moment = watch.moment
        watch.matched += 1
        nth = connection.matched[watch.number] = connection.matched.get(watch.number, 0) + 1
        if isinstance(moment.count, int):
            if watch.matched < moment.count:
                return None
            watch.over = True
        lot = f"{self._seed}/{watch.number}/{connection.conn}/{nth}"
        if moment.probability < 1 and chance(lot, "fire") >= moment.probability:
            return None
        if moment.count == "once":
            watch.over = True
        return Firing(fault=watch.fault, number=watch.number, occurrence=watch.matched, lot=lot, **struck)


def _sorted(firings: list[Firing]) -> Firings:
    if not firings:
        return NOTHING
    firings.sort(key=lambda firing: firing.number)
    late = [firing.fault.moment.when == "after" and not firing.fault.strikes_answer for firing in firings]
    return Firings(
        tuple(firing for firing, after in zip(firings, late, strict=True) if not after),
        tuple(firing for firing, after in zip(firings, late, strict=True) if after),
    )


def _is_meant(
    moment: Moment, frame: str, sender: Sender | None, envelope: Envelope | None, request: Envelope | None
) -> bool:
    """Whether this frame is of the kind that the moment speaks of."""
    if moment.side is not None and sender != ("client" if moment.side == "bot" else "venue"):
        return False
    what = moment.what
    if envelope is None:
        if what == "heartbeat":
            return frame in ("ping", "pong") and moment.op in (None, frame)
        return what == frame
    role = envelope.role
    if what == "reply":
        meant = role == "reply" or (role == "error" and request is not None)
    elif what == "error":
        meant = role == "error" or (role == "reply" and envelope.error_code is not None)
    else:
        meant = what in ("message", role)
    if not meant or moment.op is None:
        return meant
    return moment.op == envelope.op or (request is not None and moment.op == request.op)
