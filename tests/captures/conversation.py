"""A bot and a venue talking, for tests of the correlator: each step is an event that is already decoded."""

from __future__ import annotations

from typing import Any

from wsreplay.captures.correlator import Correlator, Speaker
from wsreplay.captures.event import Event
from wsreplay.venues.envelope import Envelope, intent_of

MS = 1_000_000
WALL = 1_700_000_000_000_000_000
"""The wall clock when the monotonic one stood at 0."""
BUY = intent_of("buy 1 ETH at 100")


class Conversation:
    """Each method is one event, a millisecond after the one before; it gives the event. ``facts`` are what followed."""

    def __init__(self, patience_ns: int | None = None) -> None:
        self.correlator = Correlator(patience_ns)
        self.seq = 0
        self.now_ns = 0
        self.facts: list[Event] = []

    def event(self, **fields: Any) -> Event:
        """An event of this moment, not yet seen by the correlator."""
        self.seq += 1
        self.now_ns += MS
        stamps = {"seq": self.seq, "at_ns": WALL + self.now_ns, "mono_ns": self.now_ns, "first_mono_ns": self.now_ns}
        return Event(**{"conn": 1, "sender": "client", "kind": "text", "relay_ns": 1_000, **stamps, **fields})

    def wait(self, nanoseconds: int) -> None:
        self.now_ns += nanoseconds

    # What passes

    def opens(self, conn: int = 1) -> Event:
        return self._seen(self.event(kind="open", conn=conn))

    def asks(
        self,
        key: str | None = None,
        op: str | None = "ask",
        *,
        replies: bool = True,
        begins: tuple[str, ...] = (),
        **fields: Any,
    ) -> Event:
        """``begins``: the channels that it subscribes to."""
        event = self.event(**{"role": "request", "op": op, "key": key, **fields})
        parts = tuple(Envelope(op="subscribe", channel=channel) for channel in begins)
        return self._seen(event, Envelope(replies=replies, parts=parts))

    def orders(self, key: str | None = None, **fields: Any) -> Event:
        """A request that creates an order: buy 1 ETH at 100, unless said otherwise."""
        wish = {"intent": BUY, "symbol": "ETH", "side": "buy", "price": "100", "qty": "1", "op": "create"}
        return self.asks(key, **{**wish, **fields})

    def answers(
        self, key: str | None = None, *listed: Event, op: str | None = "ask", newest: bool = False, **fields: Any
    ) -> Event:
        event = self.event(sender="venue", **{"role": "reply", "op": op, "key": key, **fields})
        envelope = Envelope(answers="newest" if newest else "oldest")
        return self._seen(event, envelope, *(_at(order, event) for order in listed))

    def pushes(self, *listed: Event, **fields: Any) -> Event:
        event = self.event(sender="venue", **{"role": "push", "op": "news", **fields})
        return self._seen(event, Envelope(), *(_at(order, event) for order in listed))

    def requests(self, conn: int = 9, **fields: Any) -> Event:
        """By REST."""
        asked = {"role": "request", "op": "GET /orders", **fields}
        return self._seen(self.event(kind="http_request", conn=conn, **asked))

    def responds(self, *listed: Event, conn: int = 9, spoken_by: Speaker | None = "venue", **fields: Any) -> Event:
        event = self.event(
            kind="http_response", sender="venue", conn=conn, relay_ns=None, **{"role": "reply", **fields}
        )
        self.facts += self.correlator.see_response(event, [_at(order, event) for order in listed], spoken_by)
        return event

    def closes(self, sender: str = "client", conn: int = 1) -> Event:
        return self._seen(self.event(kind="close", sender=sender, conn=conn))

    def ends(self, sender: str, conn: int = 1) -> Event:
        return self._seen(self.event(kind="end", sender=sender, conn=conn))

    def breaks(self, conn: int = 1) -> None:
        """Both legs end, the venue's last."""
        self.ends("client", conn)
        self.ends("venue", conn)

    def faults(self, conn: int | None = 1) -> Event:
        return self._seen(self.event(kind="fault", sender="proxy", conn=conn))

    def _seen(self, event: Event, envelope: Envelope | None = None, *listed: Event) -> Event:
        self.facts += self.correlator.see(event, envelope or Envelope(), listed)
        return event

    # What is known of it

    def outcomes(self, request: Event) -> list[tuple[str | None, str | None]]:
        """What became of a request, and how that became known; in order."""
        return [(fact.outcome, fact.resolved_by) for fact in self.facts if fact.of_seq == request.seq]

    def fact(self, request: Event) -> Event:
        """The last fact about a request."""
        return [fact for fact in self.facts if fact.of_seq == request.seq][-1]

    def assert_outcome(self, request: Event, *outcomes: str) -> None:
        """Each as ``"ok by reply"``."""
        assert [f"{outcome} by {how}" for outcome, how in self.outcomes(request)] == list(outcomes)

    def assert_pending(self, request: Event) -> None:
        assert self.outcomes(request) == []


def order(order_id: str | None = None, *, created: Event | None = None, **fields: Any) -> Event:
    """An order in a list: buy 1 ETH at 100, unless said otherwise, made when ``created`` passed."""
    wish = {"symbol": "ETH", "side": "buy", "price": "100.0", "qty": "1"}
    at_ns = None if created is None else created.at_ns
    stamps = {"seq": 0, "at_ns": 0, "mono_ns": 0, "first_mono_ns": 0}
    return Event(
        **{"sender": "venue", "kind": "fact", "order_id": order_id, "venue_at_ns": at_ns, **wish, **stamps, **fields}
    )


def _at(listed: Event, event: Event) -> Event:
    listed.seq = event.seq
    return listed
