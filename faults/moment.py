"""When a fault strikes: a moment is chosen by what a frame is, or by how long a connection has lasted."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Literal, get_args

import msgspec

from wsreplay.faults.durations import LONGEST_NS
from wsreplay.venues.envelope import Envelope, exact_decimal

type What = Literal[
    "request", "reply", "push", "error", "heartbeat", "message", "ping", "pong", "close", "open", "time"
]
type Relation = Literal["=", "!=", "<", ">", "<=", ">="]
type From = Literal["bot", "venue"]

SAYS_SOMETHING = ("request", "reply", "push", "error", "heartbeat", "message")
"""Frames that may carry an operation and an order's facts."""
FRAMES = (*SAYS_SOMETHING, "ping", "pong", "close")
RELATIONS: tuple[str, ...] = get_args(Relation.__value__)
LINE_FIELDS = ("conn", "upstream")
"""What is known of every connection: its number, and the name of its upstream."""
MESSAGE_FIELDS = (
    "op", "role", "key", "channel", "symbol", "account", "order_id", "client_order_id", "side", "status", "error_code",
    "price", "qty", "intent", "venue_at_ns",
)  # fmt: skip
FIELDS = (*MESSAGE_FIELDS, *LINE_FIELDS)
_NUMBERS = frozenset({"price", "qty", "conn", "venue_at_ns"})
"""Fields of which 1.50 and 1.5 are the same. Ids are text: 007 is not 7."""

_HOLDS = {"=": eq, "!=": ne, "<": lt, ">": gt, "<=": le, ">=": ge}


class Condition(msgspec.Struct, frozen=True):
    """One comparison of ``where``."""

    field: str
    relation: Relation
    value: str

    def __post_init__(self) -> None:
        if self.relation not in ("=", "!=") and exact_decimal(self.value) is None:
            raise ValueError(f"{self.relation} compares numbers, and {self.value!r} is none")

    def holds(self, found: object) -> bool:
        """Whether it is true of what was found; of what a frame does not say, nothing is."""
        if found is None:
            return False
        if self.relation in ("=", "!=") and self.field not in _NUMBERS:
            return (str(found) == self.value) == (self.relation == "=")
        number, wanted = exact_decimal(found), exact_decimal(self.value)
        if number is None or wanted is None:
            return self.relation == "!="
        return bool(_HOLDS[self.relation](Decimal(number), Decimal(wanted)))


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Before or after which frame, the how manieth of its kind, and under which conditions."""

    when: Literal["before", "after"]
    what: What
    op: str | None = None
    side: From | None = None
    """Who sent the frame; None: whoever."""
    elapsed_ns: int = 0
    """Of ``time``: how long after its handshake a connection is struck."""
    count: int | Literal["once", "every"] = "once"
    where: tuple[Condition, ...] = ()
    probability: float = 1.0

    def __post_init__(self) -> None:
        if self.what == "time":
            if self.when != "after":
                raise ValueError("a time can only be waited for: say after, or name a frame")
            if not 1 <= self.elapsed_ns <= LONGEST_NS:
                raise ValueError("a time lies between 1ns and a year")
        elif self.elapsed_ns:
            raise ValueError("only a time takes a length")
        if self.op is not None and self.what not in SAYS_SOMETHING:
            raise ValueError(f"{self.what} names no operation")
        if self.side is not None and self.what not in FRAMES:
            raise ValueError(f"{self.what} is nobody's frame")
        for condition in self.where:
            if condition.field not in FIELDS:
                raise ValueError(f"no frame has a field {condition.field!r}")
            if condition.field not in LINE_FIELDS and self.what not in SAYS_SOMETHING:
                raise ValueError(f"{self.what} has no {condition.field}; it can be told by {' and '.join(LINE_FIELDS)}")
        if isinstance(self.count, int) and self.count < 1:
            raise ValueError("frames are counted from #1")
        if not 0 < self.probability <= 1:
            raise ValueError("a probability is above 0 and at most 1")

    def allows(self, envelope: Envelope | None, request: Envelope | None, conn: int, upstream: str) -> bool:
        """Whether the conditions hold, all of them of one and the same order in the message.

        What a reply does not say, the ``request`` that it answers may say for it.
        """
        if not self.where:
            return True
        facts: Sequence[Envelope | None] = (envelope, *envelope.parts) if envelope else (None,)
        return any(
            all(
                condition.holds(_found(condition.field, fact, envelope, request, conn, upstream))
                for condition in self.where
            )
            for fact in facts
        )


def _found(
    field: str, fact: Envelope | None, whole: Envelope | None, request: Envelope | None, conn: int, upstream: str
) -> object:
    if field == "conn":
        return conn
    if field == "upstream":
        return upstream
    # A part says of its order what it says; the channel, the key and the like stand in the whole.
    for source in (fact, whole, request):
        if source is not None and (found := getattr(source, field)) is not None:
            return found
    return None
