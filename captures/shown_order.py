"""An order as a venue shows it, and whether a request could have made it.

An order id or a client order id that both carry decides. Without one, the intent does, or the same account, symbol,
side, exact price and exact quantity; then the venue must also have said when (for an order of a list: when it was
created), or it might be an old order like the new one. And what both name must agree: account, symbol, side, client
order id.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from wsreplay.venues.envelope import exact_decimal

if TYPE_CHECKING:
    from wsreplay.captures.claims import Group
    from wsreplay.captures.event import Event
    from wsreplay.captures.in_flight import Request

_CLOCKS_APART_NS = 1_000_000_000
"""How much the venue's clock may be behind ours."""

# Prices and sizes repeat endlessly.
_exact = lru_cache(maxsize=65_536)(exact_decimal)

type Shown = Literal["push", "rest", "reply"]
"""How the venue showed an order."""
type Kind = tuple[str | None, ...]
"""Something that an order and a request may have in common."""


class ShownOrder:
    """An order as the venue showed it, of which the request is not known."""

    __slots__ = (
        "account",
        "client_order_id",
        "error_code",
        "first_seq",
        "group",
        "label",
        "order_id",
        "shown",
        "side",
        "status",
        "symbol",
        "venue_at_ns",
    )

    def __init__(self, event: Event, shown: Shown, first_seq: int) -> None:
        # What the proof needs, and not the event: its payload would stay in memory with it.
        self.order_id = event.order_id
        self.client_order_id = event.client_order_id
        self.account = event.account
        self.symbol = event.symbol
        self.side = event.side
        self.status = event.status
        self.error_code = event.error_code
        self.venue_at_ns = event.venue_at_ns
        self.shown = shown
        self.label = event.order_id or client_label(event.client_order_id or "")
        self.first_seq = first_seq
        self.group: Group | None = None

    def leave(self) -> None:
        """It needs no explanation any more, or another one."""
        if self.group is not None:
            self.group.orders.pop(self.label, None)
            self.group = None

    def could_be_of(self, request: Request) -> bool:
        """Whether this request may have made this order."""
        return (
            self.first_seq > request.seq
            and (self.venue_at_ns is None or self.venue_at_ns >= request.at_ns - _CLOCKS_APART_NS)
            and _agree(self.account, request.account)
            and _agree(self.symbol, request.symbol)
            and _agree(self.side, request.side)
            and _agree(self.client_order_id, request.client_order_id)
        )

    def kinds(self, event: Event) -> list[Kind]:
        """By what to find requests that could have made it, the surest first; ``event`` is what shows it."""
        kinds: list[Kind] = []
        if self.order_id is not None:
            kinds.append(("order", self.order_id))
        if self.client_order_id is not None:
            kinds.append(("client", self.client_order_id))
        if self.order_id is None or self.venue_at_ns is None or self.error_code is not None:
            return kinds
        if event.intent is not None:
            kinds.append(("intent", event.intent))
        elif self.account is not None or self.shown == "rest":
            # A push that names no account may be anybody's: venues publish whole books, order by order.
            facts = _facts(event)
            if facts is not None:
                kinds.append(facts)
        return kinds


def kinds_of_request(request: Request) -> list[Kind]:
    """By what to find a request that creates an order."""
    kinds: list[Kind] = [("intent", request.intent)]
    if request.order_id is not None:
        kinds.append(("order", request.order_id))
    if request.client_order_id is not None:
        kinds.append(("client", request.client_order_id))
    facts = _facts(request)
    if facts is not None:
        kinds.append(facts)
    return kinds


def client_label(client_order_id: str) -> str:
    """What to know an order by as long as the venue shows it without an id of its own; never such an id."""
    return f"client order id {client_order_id}"


def _facts(wish: Request | Event) -> Kind | None:
    if wish.symbol is None or wish.side is None or wish.price is None or wish.qty is None:
        return None
    price, qty = _exact(wish.price), _exact(wish.qty)
    if price is None or qty is None:
        return None
    return "facts", wish.account, wish.symbol, wish.side, price, qty


def _agree(shown: str | None, wanted: str | None) -> bool:
    return shown is None or wanted is None or shown == wanted
