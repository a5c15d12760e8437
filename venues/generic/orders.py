"""Orders in a generic message: which it creates, names or lists."""

from __future__ import annotations

from collections.abc import Sequence

from wsreplay.venues.envelope import Envelope, exact_decimal, intent_of
from wsreplay.venues.generic.findings import Findings
from wsreplay.venues.generic.names import REFUSALS
from wsreplay.venues.generic.verdict import refusal_in

_MARKET = "market"


def order_id_in(found: Findings, about_orders: bool) -> str | None:
    """The venue's id of the order; where only orders are spoken of, a bare ``id`` is one."""
    if found.order_id is None and about_orders and (found.side is not None or found.status is not None):
        return found.id
    return found.order_id


def intent_in(found: Findings, further: Sequence[object] = ()) -> str | None:
    """The intent of a request that creates an order; None if too little is known of the order to call it one."""
    kind = (found.order_type or "").lower()
    if found.symbol is None or found.side is None or found.qty is None or (found.price is None and _MARKET not in kind):
        return None
    return intent_of(
        found.account,
        found.symbol,
        found.side,
        None if found.price is None else exact_decimal(found.price),
        exact_decimal(found.qty),
        kind,
        (found.time_in_force or "").lower(),
        None if found.trigger_price is None else exact_decimal(found.trigger_price),
        # Left out and false are the same wish.
        found.reduce_only or None,
        found.post_only or None,
        *further,
    )


def looks_like_an_order(found: Findings, about_orders: bool) -> bool:
    """Whether an object of a list is an order: it has an id of one, and says something about it."""
    has_id = found.order_id is not None or found.client_order_id is not None or (about_orders and found.id is not None)
    return has_id and (found.side is not None or found.status is not None or found.price is not None)


def envelope_of_order(found: Findings) -> Envelope | None:
    """One object of a list as an order, or None if it is none.

    Its time is that of its creation, where the venue gives one: that tells an order which a lost request made from
    one that was there before.
    """
    order_id = order_id_in(found, True)
    if order_id is None and found.client_order_id is None:
        return None
    refused = found.status is not None and found.status.lower() in REFUSALS
    return Envelope(
        symbol=found.symbol,
        account=found.account,
        order_id=order_id,
        client_order_id=found.client_order_id,
        side=found.side,
        status=found.status,
        error_code=refusal_in(found, False) if refused else None,
        price=found.price,
        qty=found.qty,
        venue_at_ns=found.created or found.time,
    )
