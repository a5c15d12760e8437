"""Requests as a recording tells of them: what was sent, and what is known of it so far."""

from __future__ import annotations

from collections import OrderedDict

from wsreplay.captures.event import Event

FOLLOWED = 65_536
"""Requests that are waited for at a time. Beyond it the oldest are forgotten."""
_REFUSED = frozenset({"rejected", "refused", "expired_in_match"})
"""Words by which venues acknowledge an order in order to say that there is none."""


class Sent:
    """A request that the bot sent."""

    __slots__ = (
        "accepted",
        "account",
        "at_ns",
        "client_order_id",
        "conn",
        "error_code",
        "handed_on",
        "intent",
        "key",
        "mono_ns",
        "op",
        "order_id",
        "outcome",
        "outcome_mono_ns",
        "outcome_seq",
        "price",
        "qty",
        "resolved_by",
        "rest",
        "seq",
        "side",
        "symbol",
    )

    def __init__(self, event: Event) -> None:
        self.seq = event.seq
        self.conn = event.conn
        self.at_ns = event.at_ns
        self.mono_ns = event.mono_ns
        self.op = event.op
        self.key = event.key
        self.symbol = event.symbol
        self.account = event.account
        self.side = event.side
        self.price = event.price
        self.qty = event.qty
        self.client_order_id = event.client_order_id
        self.intent = event.intent
        self.rest = event.kind == "http_request"
        self.handed_on = self.rest or event.relay_ns is not None
        """False: it never reached the venue."""
        self.outcome: str | None = None
        """The last that is known; None: it waits."""
        self.resolved_by: str | None = None
        self.outcome_seq: int | None = None
        self.outcome_mono_ns = 0
        self.accepted: bool | None = None
        """Whether the venue took it, as far as the recording knows; the bot may know less."""
        self.order_id: str | None = None
        self.error_code: str | None = None

    @property
    def heard(self) -> bool:
        """Whether the bot was given an answer while it waited for one."""
        return self.outcome in ("ok", "rejected")

    def learn(self, fact: Event) -> None:
        """A fact tells what became of it."""
        self.outcome, self.resolved_by = fact.outcome, fact.resolved_by
        self.outcome_seq, self.outcome_mono_ns = fact.seq, fact.mono_ns
        self.order_id = fact.order_id or self.order_id
        self.error_code = fact.error_code or self.error_code
        if fact.outcome == "unknown":
            return
        refused = fact.outcome == "rejected" or fact.error_code is not None
        self.accepted = not refused and (fact.status or "").lower() not in _REFUSED


class Followed:
    """The requests whose end is not known yet."""

    def __init__(self) -> None:
        self._by_seq: OrderedDict[int, Sent] = OrderedDict()

    def see(self, event: Event) -> Sent | None:
        """The request that this event is, or tells of."""
        if event.of_seq is not None:
            if event.kind != "fact" or event.outcome is None:
                return None
            sent = self._by_seq.get(event.of_seq)
            if sent is not None:
                sent.learn(event)
                if event.outcome != "unknown":
                    del self._by_seq[event.of_seq]
            return sent
        if event.role != "request" or event.part or event.sender != "client" or event.kind == "fact":
            return None
        sent = self._by_seq[event.seq] = Sent(event)
        if len(self._by_seq) > FOLLOWED:
            self._by_seq.popitem(last=False)
        return sent
