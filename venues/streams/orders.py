"""Orders: what makes one what it is, over REST and in the private streams of this family."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

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


def order_intent(
    account: str | None, symbol: str | None, side: str | None, price: str | None, qty: str | None
) -> str | None:
    """The order's business identity; None where what came names no whole order."""
    if symbol is None or side is None or qty is None:
        return None
    return intent_of("streams", account, symbol, side, None if price is None else _canonical(price), _canonical(qty))


def listed_order(order: dict[str, Any], symbol: str | None) -> Envelope:
    """An open order as the REST API shows it. Its market is known from what was asked."""
    account, side = text_of(order.get("user_id")), side_of(order.get("side"))
    price, qty = text_of(order.get("price")), text_of(order.get("quantity"))
    symbol = text_of(order.get("market")) or symbol
    return Envelope(
        symbol=symbol,
        account=account,
        order_id=text_of(order.get("order_id")),
        side=side,
        status=text_of(order.get("order_status")),
        price=price,
        qty=qty,
        intent=order_intent(account, symbol, side, price, qty),
        # When it was made.
        venue_at_ns=nanoseconds(order.get("timestamp")),
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
