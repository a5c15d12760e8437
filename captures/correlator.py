"""Correlation: which request a reply answers, and what became of each request. Venue-blind, one pass, sans-I/O.

Per connection the requests in flight are kept by their key, or by (operation, channel) where the venue has no ids
(:mod:`.in_flight`). An id may be used again after its reply; while it is in flight, a second request with it is refused
by an error that answers the newest, and the first stays alive. Replies may come out of order. What only ever brings
pushes is not in flight, and so nothing becomes of it when the connection ends; if a reply with its key comes all the
same, that answers it. A push that carries a request's key is linked to it by ``reply_to``.

What became of a request is told by fact rows at the event that made it known:

========  ======================  ====================================================================================
outcome   resolved_by             when
========  ======================  ====================================================================================
ok        reply                   the reply came, without an error
rejected  reply                   the reply was an error
late      undelivered-reply       the venue sent a reply that was never handed to the bot: its leg was gone
late      reply                   a reply reached the bot after it had given up: it had closed its side, or
                                  :class:`~wsreplay.captures.patience.Patience` says so
unknown   end-of-connection       the venue's leg ended first. (That of the bot alone decides nothing: as long as the
                                  venue's is read, a reply may be recorded, and then is ``late``.)
unknown   reply                   a REST gateway answered for the venue (a bare 5xx), which may have done it or not
ok        push, rest, reply       after ``unknown``: the order turned up elsewhere, on any connection, see
                                  :mod:`.claims`. ``rejected`` if it turned up as refused.
========  ======================  ====================================================================================

A late reply says on its row whether it was an acceptance (``error_code`` is null) or a refusal. Each request gets at
most one of ok, rejected, late and unknown, and after unknown at most one of ok and rejected. What waits when the
capture ends has none: it is pending.

Bounded: tables shrink as requests are answered and go with their connection. There are bounds on what is in flight on a
connection, on subscriptions, REST exchanges, connections that never end, claims and orders; beyond each the oldest are
forgotten, and what was in flight stays pending.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from wsreplay.captures.claims import Claims, Proof
from wsreplay.captures.event import Event, Outcome
from wsreplay.captures.in_flight import InFlight, Request
from wsreplay.captures.patience import Patience
from wsreplay.captures.shown_order import Shown
from wsreplay.venues.envelope import Envelope

type Speaker = Literal["venue", "gateway"]

CONNECTIONS = 4_096
EXCHANGES = 4_096
SUBSCRIPTIONS = 4_096
"""Of one connection; and so many requests that are never answered."""
_NOTHING = Envelope()


class _Subscription(NamedTuple):
    """A request to whose key pushes may refer."""

    seq: int
    topic: str | None
    """The channel that the request names."""
    channel: str | None
    """The one channel that it begins, which may say more: pushes that carry only topic and key are of this one."""


class _Connection:
    __slots__ = ("bot_ended", "goodbye", "in_flight", "opened", "subscriptions", "unawaited", "venue_ended")

    def __init__(self, opened: int) -> None:
        self.opened = opened
        self.in_flight: InFlight[Request] = InFlight()
        self.subscriptions: OrderedDict[str, _Subscription] = OrderedDict()
        """The last request with each key to which pushes may refer."""
        self.unawaited: OrderedDict[str, Request] = OrderedDict()
        """The last request with each key that is said to be never answered."""
        self.goodbye = 0
        """When the bot said that it would close: it waits for nothing any more that it asked before."""
        self.bot_ended = False
        self.venue_ended = False


class Correlator:
    """Sees decoded events in order; fills ``reply_to`` and ``latency_ns``, and gives fact rows without part numbers."""

    def __init__(self, patience_ns: int | None = None) -> None:
        """See :class:`~wsreplay.captures.decoder.Decoder`."""
        self._connections: OrderedDict[int | None, _Connection] = OrderedDict()
        self._exchanges: OrderedDict[int | None, Request] = OrderedDict()
        self._patience = Patience(patience_ns)
        self._claims = Claims()

    def see(self, event: Event, envelope: Envelope = _NOTHING, listed: Sequence[Event] = ()) -> list[Event]:
        """What became known with this event. ``listed``: the fact rows of the orders that it lists."""
        match event.kind:
            case "text" | "binary":
                return self._message(event, envelope, listed)
            case "open":
                self._connection(event.conn, opened=event.seq)
            case "close":
                if event.sender == "client" and (connection := self._connections.get(event.conn)) is not None:
                    connection.goodbye = event.seq
            case "end":
                return self._end(event)
            case "fault":
                self._patience.disturbed(event.conn, event.seq)
            case "http_request":
                return self._asked(event)
        return []

    def see_response(
        self, event: Event, listed: Sequence[Event], spoken_by: Literal["venue", "gateway"] | None
    ) -> list[Event]:
        """What became known with a REST response; ``spoken_by`` None: there was none."""
        request = self._exchanges.pop(event.conn, None)
        if request is None:
            return self._shown((event, *listed), event, "rest") if event.error_code is None else []
        event.reply_to = request.seq
        event.latency_ns = event.mono_ns - request.mono_ns
        if spoken_by != "venue":
            return self._lost(request, event, "reply" if spoken_by else "end-of-connection")
        late = self._patience.had_ended(request, event.mono_ns)
        return self._answered(request, event, listed, "rest", "late" if late else None)

    # Messages

    def _message(self, event: Event, envelope: Envelope, listed: Sequence[Event]) -> list[Event]:
        role = event.role
        if event.sender == "venue":
            if role == "push":
                if event.key is not None:
                    self._link(event)
                if listed or event.order_id is not None or event.client_order_id is not None:
                    return self._shown((event, *listed), event, "push")
            elif role == "reply" or role == "error":
                return self._reply(event, envelope, listed)
        elif role == "request" and event.sender == "client":
            return self._request(event, envelope)
        return []

    def _request(self, event: Event, envelope: Envelope) -> list[Event]:
        connection = self._connection(event.conn)
        if event.key is not None and (event.channel is not None or not envelope.replies):
            connection.subscriptions[event.key] = _Subscription(event.seq, event.channel, _wanted_channel(envelope))
            connection.subscriptions.move_to_end(event.key)
            if len(connection.subscriptions) > SUBSCRIPTIONS:
                connection.subscriptions.popitem(last=False)
        # What was never handed on can have made no order.
        request = Request(event, reached_venue=event.relay_ns is not None)
        if not envelope.replies:
            if event.key is not None and event.intent is None:
                connection.unawaited[event.key] = request
                connection.unawaited.move_to_end(event.key)
                if len(connection.unawaited) > SUBSCRIPTIONS:
                    connection.unawaited.popitem(last=False)
            return []
        self._sent(request, connection.opened)
        if connection.venue_ended:
            return self._lost(request, event, "end-of-connection")
        forgotten = connection.in_flight.add(request)
        if forgotten is not None:
            self._forget(forgotten)
        return []

    def _reply(self, event: Event, envelope: Envelope, listed: Sequence[Event]) -> list[Event]:
        connection = self._connections.get(event.conn)
        request = None if connection is None else connection.in_flight.find(event, envelope.answers)
        if request is None and connection is not None and event.key is not None:
            request = connection.unawaited.pop(event.key, None)
        if connection is None or request is None:
            return self._shown((event, *listed), event, "reply") if not _refuses(event) else []
        connection.in_flight.remove(request)
        event.reply_to = request.seq
        event.latency_ns = event.mono_ns - request.mono_ns
        late: Literal["late", "undelivered"] | None = None
        if event.relay_ns is None:
            late = "undelivered"
        elif connection.goodbye > request.seq or self._patience.had_ended(request, event.mono_ns + event.relay_ns):
            late = "late"
        return self._answered(request, event, listed, "reply", late)

    def _link(self, event: Event) -> None:
        connection = self._connections.get(event.conn)
        if connection is None or event.key is None:
            return
        subscription = connection.subscriptions.get(event.key)
        if subscription is not None:
            event.reply_to = subscription.seq
            if subscription.channel is not None and event.channel == subscription.topic:
                event.channel = subscription.channel
        elif (request := connection.in_flight.find(event, "newest")) is not None:
            event.reply_to = request.seq

    # REST

    def _asked(self, event: Event) -> list[Event]:
        rows: list[Event] = []
        before = self._exchanges.pop(event.conn, None)
        if before is not None:
            rows = self._lost(before, event, "end-of-connection")
        request = self._exchanges[event.conn] = Request(event, reached_venue=True)
        self._sent(request, 0)
        if len(self._exchanges) > EXCHANGES:
            self._forget(self._exchanges.popitem(last=False)[1])
        return rows

    # Connections

    def _connection(self, conn: int | None, opened: int = 0) -> _Connection:
        connection = self._connections.get(conn)
        if connection is None:
            connection = self._connections[conn] = _Connection(opened)
            if len(self._connections) > CONNECTIONS:
                self._drop_an_idle_connection()
        return connection

    def _drop_an_idle_connection(self) -> None:
        """Refused handshakes have no end."""
        for _ in range(8):
            conn, connection = next(iter(self._connections.items()))
            if not connection.in_flight:
                self._drop(conn)
                return
            self._connections.move_to_end(conn)

    def _drop(self, conn: int | None) -> None:
        self._connections.pop(conn, None)
        self._patience.forget(conn)

    def _end(self, event: Event) -> list[Event]:
        connection = self._connections.get(event.conn)
        if connection is None:
            return []
        rows: list[Event] = []
        if event.sender != "venue":
            connection.bot_ended = True
        if event.sender != "client":
            connection.venue_ended = True
            for request in connection.in_flight:
                connection.in_flight.remove(request)
                rows += self._lost(request, event, "end-of-connection")
        if connection.bot_ended and connection.venue_ended:
            self._drop(event.conn)
        return rows

    # Outcomes

    def _sent(self, request: Request, opened: int) -> None:
        self._patience.sent(request, opened)
        if request.intent is not None and request.reached_venue:
            self._claims.claim(request)

    def _answered(
        self,
        request: Request,
        event: Event,
        listed: Sequence[Event],
        shown: Shown,
        late: Literal["late", "undelivered"] | None,
    ) -> list[Event]:
        self._patience.over(request)
        request.state = "answered"
        refused = _refuses(event)
        outcome: Outcome = "late" if late else "rejected" if refused else "ok"
        row = _outcome(event, request, outcome, "undelivered-reply" if late == "undelivered" else "reply")
        row.order_id = event.order_id or request.order_id
        row.status = event.status
        row.error_code = event.error_code or ("error" if refused else None)
        if refused:
            return [row, *_resolutions(event, self._claims.refused(request))]
        if request.intent is None:
            return [row, *self._shown((event, *listed), event, shown)]
        proofs = self._claims.accepted(request, event.order_id, event.seq)
        return [row, *_resolutions(event, proofs), *self._shown(listed, event, shown)]

    def _lost(self, request: Request, event: Event, resolved_by: str) -> list[Event]:
        self._patience.over(request)
        request.state = "unknown"
        row = _outcome(event, request, "unknown", resolved_by)
        row.order_id = request.order_id
        made_none = request.intent is None or not request.reached_venue
        return [row] if made_none else [row, *_resolutions(event, self._claims.lost(request))]

    def _shown(self, orders: Iterable[Event], event: Event, shown: Shown) -> list[Event]:
        return _resolutions(event, self._claims.show(orders, shown))

    def _forget(self, request: Request) -> None:
        self._patience.over(request)
        self._claims.give_up(request)


def _wanted_channel(envelope: Envelope) -> str | None:
    parts = envelope.parts
    return parts[0].channel if len(parts) == 1 and parts[0].op == "subscribe" else None


def _refuses(event: Event) -> bool:
    return event.error_code is not None or event.role == "error"


def _resolutions(event: Event, proofs: Iterable[Proof]) -> list[Event]:
    rows = []
    for request, order in proofs:
        row = _outcome(event, request, "rejected" if order.error_code else "ok", order.shown)
        row.order_id = order.order_id
        row.status = order.status
        row.error_code = order.error_code
        rows.append(row)
    return rows


def _outcome(event: Event, request: Request, outcome: Outcome, resolved_by: str) -> Event:
    return Event(
        seq=event.seq,
        at_ns=event.at_ns,
        mono_ns=event.mono_ns,
        first_mono_ns=event.first_mono_ns,
        conn=event.conn,
        sender=event.sender,
        kind="fact",
        op=request.op,
        key=request.key,
        of_seq=request.seq,
        outcome=outcome,
        resolved_by=resolved_by,
        channel=request.channel,
        symbol=request.symbol,
        account=request.account,
        client_order_id=request.client_order_id,
        side=request.side,
        intent=request.intent,
    )
