"""Orders: what makes one what it is, over REST and in the private streams of this family."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from wsreplay.venues.envelope import Envelope, exact_decimal, intent_of
from wsreplay.venues.streams.wire import nanoseconds, text_of

if TYPE_CHECKING:
    from wsreplay.venues.streams.names import StreamName

# Prices and sizes repeat endlessly.
_canonical = lru_cache(maxsize=65_536)(exact_decimal)

_SIDES: dict[str, Literal["buy", "sell"]] = {"BUY": "buy", "BID": "buy", "SELL": "sell", "ASK": "sell"}

_BACKPACK = ("Accepted", "Cancelled", "Expired", "Fill", "Modified", "Triggered")
ORDER_EVENTS = frozenset({"executionReport", "ORDER_TRADE_UPDATE", *(f"order{what}" for what in _BACKPACK)})
"""Pushes that tell of one order: Binance's, of spot and of futures, and Backpack's."""


def side_of(value: object) -> Literal["buy", "sell"] | None:
    """Which side a word means, whatever its case."""
    return _SIDES.get(value.upper()) if isinstance(value, str) else None


class Order(NamedTuple):
    """One order as REST writes it, in a request, in an answer or in a list: this venue's members, and Backpack's."""

    account: str | None
    symbol: str | None
    order_id: str | None
    client_order_id: str | None
    side: Literal["buy", "sell"] | None
    price: str | None
    qty: str | None
    intent: str | None
    """Its business identity; None where what came names no whole order."""


def order_in(fields: dict[str, Any], symbol: str | None = None) -> Order:
    """The order that members describe; ``symbol`` is that of what was asked for, should they name none."""
    account, side = text_of(fields.get("user_id")), side_of(fields.get("side"))
    symbol = text_of(fields.get("market")) or text_of(fields.get("symbol")) or symbol
    price = text_of(fields.get("price"))
    qty = text_of(fields.get("quantity")) or text_of(fields.get("quoteQuantity"))
    intent = None
    if symbol is not None and side is not None and qty is not None:
        intent = intent_of(
            "streams",
            account,
            symbol,
            side,
            None if price is None else _canonical(price),
            _canonical(qty),
            # Backpack's alone; this venue takes nothing but limit orders.
            text_of(fields.get("orderType")),
            text_of(fields.get("timeInForce")),
        )
    return Order(
        account=account,
        symbol=symbol,
        order_id=text_of(fields.get("order_id")) or text_of(fields.get("orderId")),
        client_order_id=text_of(fields.get("clientId")),
        side=side,
        price=price,
        qty=qty,
        intent=intent,
    )


def listed_order(fields: dict[str, Any], symbol: str | None) -> Envelope:
    """An open order as the REST API shows it."""
    order = order_in(fields, symbol)
    made = fields.get("timestamp") if "timestamp" in fields else fields.get("createdAt")
    return Envelope(
        symbol=order.symbol,
        account=order.account,
        order_id=order.order_id or text_of(fields.get("id")),
        client_order_id=order.client_order_id,
        side=order.side,
        status=text_of(fields.get("order_status")) or text_of(fields.get("status")),
        price=order.price,
        qty=order.qty,
        intent=order.intent,
        # When it was made.
        venue_at_ns=nanoseconds(made),
    )


def pushed_order(event: str, data: dict[str, Any], channel: str | None, named: StreamName | None) -> Envelope:
    """An order as a private stream tells of it."""
    told = data.get("o")
    order = told if event == "ORDER_TRADE_UPDATE" and isinstance(told, dict) else data
    # On a cancellation "c" is the cancelling request's, and "C" the order's own.
    client_order_id = text_of(order.get("C")) or text_of(order.get("c")) or None
    status, reason = text_of(order.get("X")), text_of(order.get("r"))
    refused = (status or "").upper() == "REJECTED"
    return Envelope(
        role="push",
        op=event,
        channel=channel,
        symbol=text_of(order.get("s")) or (None if named is None else named.symbol),
        order_id=text_of(order.get("i")),
        client_order_id=client_order_id,
        side=side_of(order.get("S")),
        status=status,
        error_code=(reason or "REJECTED") if refused else None,
        price=text_of(order.get("p")),
        qty=text_of(order.get("q")),
        venue_at_ns=nanoseconds(data.get("E") if data.get("E") is not None else data.get("T")),
    )
