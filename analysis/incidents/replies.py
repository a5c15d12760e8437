"""``lost-response`` and ``late-reply``: the answer that never reached the bot, or reached it after it had given up."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents.incident import Incident, evidence_of
from wsreplay.analysis.incidents.sent import FOLLOWED, Sent
from wsreplay.analysis.incidents.wording import lasting, present, request_words
from wsreplay.captures.event import Event


class _Lost:
    """A request whose reply never came, and at which event that became known."""

    __slots__ = ("mono_ns", "request", "resolved_by", "seq")

    def __init__(self, request: Sent, fact: Event) -> None:
        self.request = request
        self.seq = fact.seq
        self.mono_ns = fact.mono_ns
        self.resolved_by = fact.resolved_by


class Replies:
    """Waits with a lost response until something tells what became of the request, or the recording ends."""

    def __init__(self) -> None:
        self._lost: OrderedDict[int, _Lost] = OrderedDict()
        self._last_gap = 0
        self._answered: set[str | None] = set()
        """Operations that this venue is known to answer."""

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:
        """An outcome makes a response a lost one, a late one, or tells what became of it after all."""
        if event.kind == "gap":
            self._last_gap = event.seq
        if request is None or event.kind != "fact":
            return ()
        if event.resolved_by == "reply" and len(self._answered) < FOLLOWED:
            self._answered.add(request.op)
        if event.outcome == "unknown" or event.resolved_by == "undelivered-reply":
            self._lost[request.seq] = _Lost(request, event)
            if event.outcome != "unknown":
                return (self._tell(self._lost.pop(request.seq)),)
            if len(self._lost) > FOLLOWED:
                return self._told(self._lost.popitem(last=False)[1])
            return ()
        if event.outcome == "late":
            return (_late(request, event),)
        lost = self._lost.pop(request.seq, None)
        return () if lost is None else (self._tell(lost),)

    def end(self) -> Iterator[Incident]:
        """What became of these stayed unknown."""
        for lost in self._lost.values():
            yield from self._told(lost)
        self._lost.clear()

    def _told(self, lost: _Lost) -> tuple[Incident, ...]:
        """Nothing where no reply was to be expected: no id to answer to, no order, no such request ever answered."""
        request = lost.request
        if request.key is None and request.intent is None and request.op not in self._answered:
            return ()
        return (self._tell(lost),)

    def _tell(self, lost: _Lost) -> Incident:
        request = lost.request
        gap = lost.resolved_by != "undelivered-reply" and request.seq < self._last_gap < lost.seq
        return Incident(
            kind="lost-response",
            certainty="possible" if gap else "proven",
            conn=request.conn,
            seq=request.seq,
            at_ns=request.at_ns,
            mono_ns=request.mono_ns,
            evidence=evidence_of(request.seq, lost.seq, request.outcome_seq),
            summary=f"The reply to {request_words(request)} never reached the bot: {_why(lost)}; {_fate(lost)}"
            + (", though part of the recording is missing there." if gap else "."),
            facts=present(
                op=request.op,
                key=request.key,
                symbol=request.symbol,
                side=request.side,
                qty=request.qty,
                price=request.price,
                client_order_id=request.client_order_id,
                intent=request.intent,
                outcome=_outcome(request),
                resolved_by=request.resolved_by if request.outcome_seq != lost.seq else lost.resolved_by,
                resolved_seq=request.outcome_seq if request.accepted is not None else None,
                order_ids=[request.order_id] if request.order_id and request.accepted else None,
                error_code=request.error_code,
                reached_venue=request.handed_on,
                waited_ns=lost.mono_ns - request.mono_ns,
            ),
        )


def _late(request: Sent, fact: Event) -> Incident:
    took = fact.mono_ns - request.mono_ns
    verdict = f"a refusal ({fact.error_code})" if fact.error_code else "an acceptance"
    order = f", order {request.order_id}" if request.order_id and request.accepted else ""
    return Incident(
        kind="late-reply",
        certainty="proven",
        conn=request.conn,
        seq=fact.seq,
        at_ns=fact.at_ns,
        mono_ns=fact.mono_ns,
        evidence=evidence_of(request.seq, fact.seq),
        summary=f"The reply to {request_words(request)} came after {lasting(took)}, when the bot had given up on it: "
        f"it was {verdict}{order}.",
        facts=present(
            op=request.op,
            key=request.key,
            symbol=request.symbol,
            client_order_id=request.client_order_id,
            intent=request.intent,
            request_seq=request.seq,
            latency_ns=took,
            outcome=_outcome(request),
            order_ids=[request.order_id] if request.order_id and request.accepted else None,
            error_code=request.error_code,
        ),
    )


def _outcome(request: Sent) -> str:
    return "unknown" if request.accepted is None else "ok" if request.accepted else "rejected"


def _why(lost: _Lost) -> str:
    request = lost.request
    after = lasting(lost.mono_ns - request.mono_ns)
    if not request.handed_on:
        return "the request itself was never handed on to the venue"
    if lost.resolved_by == "undelivered-reply":
        return f"it came {after} after the request and was never handed on to the bot"
    if request.rest:
        return f"the REST exchange failed after {after}"
    return f"connection {request.conn} ended {after} after the request"


def _fate(lost: _Lost) -> str:
    request = lost.request
    if request.accepted is None:
        return "nothing can have come of it" if not request.handed_on else "what became of it stayed unknown"
    order = f" as order {request.order_id}" if request.order_id and request.accepted else ""
    if lost.resolved_by == "undelivered-reply":
        return f"the venue had accepted it{order}" if request.accepted else f"the venue had refused it{_code(request)}"
    verdict = f"accepted{order}" if request.accepted else f"refused{_code(request)}"
    how = {"push": "push", "rest": "REST answer"}.get(request.resolved_by or "", "reply")
    if request.outcome_seq == lost.seq:
        return f"an earlier {how} shows that it was {verdict}"
    return f"{'another' if how == 'reply' else 'a'} {how} at {request.outcome_seq} shows that it was {verdict}"


def _code(request: Sent) -> str:
    return f" ({request.error_code})" if request.error_code else ""
