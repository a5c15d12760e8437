"""The subscriptions that a client's message begins or ends, as far as its words tell."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.generic.words import channel_in

if TYPE_CHECKING:
    from wsreplay.venues.generic.findings import Finder, Findings

_BEGINS = re.compile(r"subscribe|(^|[^a-z])sub([^a-z]|$)")
_ENDS = re.compile(r"un_?-?sub")
_MOST = 200


@lru_cache(maxsize=4096)
def verb_of(op: str) -> Literal["subscribe", "unsubscribe"] | None:
    """Whether an operation begins or ends subscriptions."""
    low = op.lower()
    if _ENDS.search(low):
        return "unsubscribe"
    return "subscribe" if _BEGINS.search(low) else None


def subscriptions_in(
    op: str | None, channel: str | None, found: Findings, rows: list[Any] | None, finder: Finder
) -> tuple[Envelope, ...]:
    """One envelope a channel; none where no channel is named, but for the end of all."""
    verb = None if op is None else verb_of(op)
    if verb is None:
        return ()
    listed = []
    for row in rows[:_MOST] if rows else ():
        if type(row) is dict:
            inside = finder.find_inside(row)
            named = channel_in(inside.channel, inside.arguments, op)
            if named is not None:
                listed.append(Envelope(op=verb, channel=named, symbol=inside.symbol, account=inside.account))
    if listed:
        return tuple(listed)
    if channel is None:
        return (Envelope(op=verb),) if verb == "unsubscribe" else ()
    return tuple(
        Envelope(op=verb, channel=each, symbol=found.symbol, account=found.account) for each in channel.split(",")
    )
