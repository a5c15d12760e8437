"""Wishes: an order that was wanted once and sent more than once, and the findings that follow when all is known.

A wish begins with a request that the bot had no answer to, and grows by each retry. At the end of the recording, each
two of its requests that made an order are a ``duplicate-order``: proven if both are known to have been accepted,
possible if that is not known of one of them. One that was refused, or never reached the venue, made none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from wsreplay.analysis.incidents.incident import Certainty, Incident, evidence_of
from wsreplay.analysis.incidents.looks import Look
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.analysis.incidents.wording import deal, lasting, present
from wsreplay.captures.event import Event


class Disturbance(NamedTuple):
    """What came between a request and its retry."""

    kind: Literal["connection-ended", "reply-lost", "fault", "patience"]
    seq: int | None
    mono_ns: int
    words: str
    """As a clause: ``connection 1 ended``."""
    fault: str | None = None
    """What the plan calls it, if it was one."""

    @classmethod
    def at(cls, event: Event, kind: Literal["connection-ended", "reply-lost", "fault"], words: str) -> Disturbance:
        """One that an event shows."""
        return cls(kind, event.seq, event.mono_ns, words)


class Retry(NamedTuple):
    """A request that wants once more what an earlier one wanted."""

    first: Sent
    """The one that was not answered."""
    again: Sent
    disturbance: Disturbance
    look: Look | None
    """By which the bot had asked what became of the first."""
    gap: bool
    """Part of the recording is missing between the two."""
    pushed_seq: int | None = None
    """The push that had shown the bot the first one's order, and that it can't have taken for an answer."""


class Wish:
    """What was wanted once, and all that was sent for it."""

    def __init__(self, first: Sent) -> None:
        self.sent = [first]
        self.retries: dict[int, Retry] = {}
        """By the seq of the second request."""

    def add(self, retry: Retry) -> None:
        """It was sent again."""
        self.sent.append(retry.again)
        self.retries[retry.again.seq] = retry

    def findings(self, looks_recorded: bool) -> Iterator[Incident]:
        """What is to be said of it, by all that is known now."""
        for retry in self.retries.values():
            if retry.look is None:
                yield _blind(retry, looks_recorded)
        # What was refused or never reached the venue made no order.
        orders = [each for each in self.sent if each.accepted or (each.accepted is None and each.handed_on)]
        for first, again in pairwise(orders):
            if first.order_id is not None and first.order_id == again.order_id:
                continue  # the venue took both for the one that they were meant to be
            yield self._duplicate(first, again, looks_recorded)

    def _duplicate(self, first: Sent, again: Sent, looks_recorded: bool) -> Incident:
        retry = self.retries[again.seq]
        certainty: Certainty = "proven" if first.accepted and again.accepted else "possible"
        order_ids = [each.order_id for each in (first, again) if each.accepted and each.order_id is not None]
        return Incident(
            kind="duplicate-order",
            certainty=certainty,
            conn=again.conn,
            seq=again.seq,
            at_ns=again.at_ns,
            mono_ns=again.mono_ns,
            evidence=evidence_of(
                first.seq,
                first.outcome_seq,
                retry.pushed_seq,
                retry.disturbance.seq,
                retry.look.seq if retry.look else None,
                again.seq,
                again.outcome_seq,
            ),
            summary=_duplicate_words(first, again, retry, order_ids, looks_recorded),
            facts=_facts(first, again, retry) | {"order_ids": order_ids},
        )


def _blind(retry: Retry, looks_recorded: bool) -> Incident:
    first, again = retry.first, retry.again
    certain = looks_recorded and not retry.gap
    doubt = ""
    if retry.gap:
        doubt = " Part of the recording is missing in between."
    elif not looks_recorded:
        doubt = " The recording has no REST traffic in which a look would show."
    return Incident(
        kind="blind-retry",
        certainty="proven" if certain else "possible",
        conn=again.conn,
        seq=again.seq,
        at_ns=again.at_ns,
        mono_ns=again.mono_ns,
        evidence=evidence_of(first.seq, retry.pushed_seq, retry.disturbance.seq, again.seq, again.outcome_seq),
        summary=f"The bot sent {_wanted(again)}; {_between(retry)}; {_after(first, again)} the first it sent the "
        f"same again without looking what had become of it{_told(retry)}; {_came_of(again)}.{doubt}",
        facts=_facts(first, again, retry),
    )


def _facts(first: Sent, again: Sent, retry: Retry) -> dict[str, Any]:
    return present(
        intent=again.intent,
        symbol=again.symbol,
        side=again.side,
        qty=again.qty,
        price=again.price,
        account=again.account,
        client_order_id=again.client_order_id,
        first=_request_facts(first),
        second=_request_facts(again),
        between=present(
            kind=retry.disturbance.kind,
            seq=retry.disturbance.seq,
            what=retry.disturbance.words,
            fault=retry.disturbance.fault,
        ),
        pushed_seq=retry.pushed_seq,
        looked=retry.look is not None,
        look_seq=retry.look.seq if retry.look else None,
        after_ns=again.mono_ns - first.mono_ns,
    )


def _request_facts(request: Sent) -> dict[str, Any]:
    return present(
        seq=request.seq,
        conn=request.conn,
        op=request.op,
        key=request.key,
        client_order_id=request.client_order_id,
        order_id=request.order_id,
        outcome="unknown" if request.accepted is None else "ok" if request.accepted else "rejected",
        resolved_by=request.resolved_by,
        resolved_seq=request.outcome_seq,
        error_code=request.error_code,
    )


def _duplicate_words(first: Sent, again: Sent, retry: Retry, order_ids: list[str], looks_recorded: bool) -> str:
    look = (
        f"after looking at {retry.look.seq}"
        if retry.look
        else "without looking"
        if looks_recorded
        else "without a look that was recorded"
    )
    look += _told(retry)
    if first.accepted and again.accepted:
        ids = f", as orders {order_ids[0]} and {order_ids[1]}" if len(order_ids) == 2 else ""
        return (
            f"Two orders where one was wanted: the bot sent {_wanted(again)}; {_between(retry)}; "
            f"{_after(first, again)} the first it sent the same again {look}, and the venue accepted both{ids}."
        )
    known = first if first.accepted else again if again.accepted else None
    if known is None:
        doubt = "what became of either is not known"
    else:
        which, other = ("first", "second") if known is first else ("second", "first")
        order = f" as order {known.order_id}" if known.order_id else ""
        doubt = f"the {which} was accepted{order}, what became of the {other} is not known"
    return (
        f"Perhaps two orders where one was wanted: the bot sent {_wanted(again)}; {_between(retry)}; "
        f"{_after(first, again)} the first it sent the same again {look}, and {doubt}."
    )


def _told(retry: Retry) -> str:
    return "" if retry.pushed_seq is None else f", though a push at {retry.pushed_seq} had told of the first"


def _wanted(request: Sent) -> str:
    return deal(request) or request.op or "an order"


def _after(first: Sent, again: Sent) -> str:
    return f"{lasting(again.mono_ns - first.mono_ns)} after"


def _between(retry: Retry) -> str:
    words = retry.disturbance.words
    if retry.disturbance.seq is None or retry.disturbance.kind == "patience":
        return words
    return f"{lasting(retry.disturbance.mono_ns - retry.first.mono_ns)} later {words}"


def _came_of(request: Sent) -> str:
    if not request.handed_on and not request.accepted:
        return "it never reached the venue"
    if request.accepted is None:
        return "what became of it is not known"
    if request.accepted:
        return f"the venue accepted it{f' as order {request.order_id}' if request.order_id else ''}"
    return f"the venue refused it{f' ({request.error_code})' if request.error_code else ''}"
