"""From CantonDEX's messages to envelopes: role, pairing, subscriptions, order facts, intent.

There are no request ids. Replies pair with requests by operation and channel, in their order; an error by the channel
that its details name. One that names none goes to the oldest request that had none, else to the newest of all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from wsreplay.venues.cantondex.channels import CHANNEL_OF
from wsreplay.venues.cantondex.times import nanoseconds
from wsreplay.venues.cantondex.wire import Details, Message, number_in, plain, read_fields, read_message, symbols_in
from wsreplay.venues.envelope import Envelope, exact_decimal, intent_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.venues.envelope import Answers, Sender

NOTHING = Envelope()
GOODBYE = "CONNECTION_CLOSED"
"""The code of an error that answers nothing: the venue says it before it ends the line."""

NO_REQUEST = frozenset({"no_json_object", "type_required", "too_many_heartbeats", "too_many_unreadable_messages"})
"""Reasons for which the simulator refuses what was no request. Others may have other words for it."""

# Prices and sizes repeat endlessly.
_canonical = lru_cache(maxsize=65536)(exact_decimal)
_SIDES: dict[str | None, Literal["buy", "sell"]] = {"buy": "buy", "sell": "sell", "BUY": "buy", "SELL": "sell"}
_REPLIES = {
    "auth_response": "auth",
    "subscription_response": "subscribe",
    "unsubscribe_response": "unsubscribe",
    "subscribed": "subscribe",
    "unsubscribed": "unsubscribe",
}
"""What answers what. The last two are the words of the venue's first servers, whose channels are topics."""
_SUBSCRIPTIONS = frozenset({"subscribe", "unsubscribe"})


def read_envelope(payload: str | bytes, sender: Sender) -> Envelope:
    """Read one WebSocket message."""
    message = read_message(payload)
    if message is None or message.type is None:
        return NOTHING
    kind = message.type
    if sender == "client":
        return _asked(message, kind)
    channel = CHANNEL_OF.get(kind)
    if channel is not None:
        return _EVENTS.get(kind, _event)(message, kind, channel)
    if kind in _REPLIES:
        return _answered(message, _REPLIES[kind])
    if kind == "error":
        return _refused(message)
    if kind == "ping":
        return Envelope(role="heartbeat", op=kind, venue_at_ns=_time(message.timestamp))
    if kind == "event" and message.topic is not None:
        return _told_by_topic(message, message.topic)
    return Envelope(role="push", op=kind, channel=message.channel, venue_at_ns=_time(message.timestamp))


# What the client says


def _asked(message: Message, kind: str) -> Envelope:
    if kind == "pong":
        return Envelope(role="heartbeat", op=kind)
    channel = message.channel if message.channel is not None else message.topic
    if kind not in _SUBSCRIPTIONS or channel is None:
        return Envelope(role="request", op=kind, account=message.account_id)
    symbols = symbols_in(message.symbols)
    symbol = symbols[0] if len(symbols) == 1 else None
    part = Envelope(op=kind, channel=channel, symbol=symbol, account=message.account_id)
    return Envelope(role="request", op=kind, channel=channel, account=message.account_id, parts=(part,))


# What the venue says


def _answered(message: Message, op: str) -> Envelope:
    failed = message.error_code if message.error_code is not None or message.status != "failed" else "UNKNOWN"
    return Envelope(
        role="reply",
        op=op,
        channel=message.channel if message.channel is not None else message.topic,
        account=message.account_id,
        status=message.status,
        error_code=failed,
        venue_at_ns=_time(message.timestamp),
    )


def _refused(message: Message) -> Envelope:
    details = message.details
    return Envelope(
        role="push" if message.code == GOODBYE else "error",
        op="error",
        channel=message.channel if details is None else details.channel,
        error_code=message.code or "UNKNOWN",
        answers=_what_it_answers(details),
        venue_at_ns=_time(message.timestamp),
    )


def _what_it_answers(details: Details | None) -> Answers:
    """The venue answers in order, so of one channel it is the oldest; without one, what had none, or came last."""
    if details is None:
        return "newest"
    if details.reason in NO_REQUEST:
        return "none"
    return "newest" if details.channel is None else "oldest"


def _event(message: Message, kind: str, channel: str) -> Envelope:
    """An event that is about no order, or that names the order and no more."""
    return Envelope(
        role="push",
        op=kind,
        channel=channel,
        account=message.account_id,
        symbol=message.symbol,
        order_id=message.order_id,
        status=message.status if message.status is not None else message.new_status,
        venue_at_ns=_time(message.timestamp),
    )


def _order_created(message: Message, kind: str, channel: str) -> Envelope:
    return order_facts(message, op=kind, channel=channel)


def _order_updated(message: Message, kind: str, channel: str) -> Envelope:
    return Envelope(
        role="push",
        op=kind,
        channel=channel,
        account=message.account_id,
        order_id=message.order_id,
        status=message.status,
        price=number_in(message.average_fill_price),
        qty=number_in(message.filled),
        venue_at_ns=_time(message.timestamp),
    )


def _filled(message: Message, kind: str, channel: str) -> Envelope:
    return trade_facts(message, op=kind, channel=channel, status="filled" if kind == "order_filled" else None)


def _order_cancelled(message: Message, kind: str, channel: str) -> Envelope:
    return Envelope(
        role="push",
        op=kind,
        channel=channel,
        account=message.account_id,
        order_id=message.order_id,
        status="cancelled",
        venue_at_ns=_time(message.timestamp),
    )


def _settled(message: Message, kind: str, channel: str) -> Envelope:
    return Envelope(
        role="push",
        op=kind,
        channel=channel,
        symbol=message.symbol,
        status=kind.removeprefix("settlement_"),
        qty=number_in(message.quantity),
        venue_at_ns=_time(message.timestamp),
    )


_EVENTS: dict[str, Callable[[Message, str, str], Envelope]] = {
    "order_created": _order_created,
    "order_updated": _order_updated,
    "order_filled": _filled,
    "order_cancelled": _order_cancelled,
    "trade_executed": _filled,
    "settlement_created": _settled,
    "settlement_confirmed": _settled,
    "settlement_failed": _settled,
}


def _told_by_topic(message: Message, topic: str) -> Envelope:
    """An event of the venue's first servers: what it says stands under ``data``."""
    about = read_fields(plain(bytes(message.data)) if message.data else None)
    return Envelope(
        role="push",
        op="event",
        channel=topic,
        account=about.account_id,
        symbol=about.symbol,
        order_id=about.order_id,
        side=_SIDES.get(about.side),
        status=about.status,
        price=number_in(about.price),
        qty=number_in(about.quantity),
        venue_at_ns=_time(message.timestamp),
    )


# Orders


def order_facts(
    order: Message,
    *,
    role: Literal["request", "reply", "push"] | None = "push",
    op: str | None = None,
    channel: str | None = None,
) -> Envelope:
    """An order as it was wanted, or as the venue shows it; over REST it says when it was made, and that counts."""
    side = _SIDES.get(order.side)
    price, qty = number_in(order.price), number_in(order.quantity)
    return Envelope(
        role=role,
        op=op,
        channel=channel,
        account=order.account_id,
        symbol=order.symbol,
        order_id=order.order_id,
        side=side,
        status=order.status,
        price=price,
        qty=qty,
        intent=None if side is None or qty is None else _intent(order, side, price, qty),
        venue_at_ns=_time(order.created_at or order.timestamp),
    )


def trade_facts(
    trade: Message,
    *,
    role: Literal["reply", "push"] | None = "push",
    op: str | None = None,
    channel: str | None = None,
    status: str | None = None,
) -> Envelope:
    """A fill: of an order, or as a trade."""
    return Envelope(
        role=role,
        op=op,
        channel=channel,
        account=trade.account_id,
        symbol=trade.symbol,
        order_id=trade.order_id,
        side=_SIDES.get(trade.side),
        status=status,
        price=number_in(trade.price),
        qty=number_in(trade.quantity),
        venue_at_ns=_time(trade.fill_time or trade.executed_at or trade.timestamp),
    )


def _intent(order: Message, side: str, price: str | None, qty: str) -> str:
    """The order's business identity.

    How long it should rest is no part of it: no order that the venue shows says that, and whoever wants the same
    again for another time still wants it once.
    """
    kind = (order.order_type or "limit").lower()
    return intent_of(
        "cantondex",
        order.account_id,
        order.symbol,
        side,
        # A market order takes any price; some clients send one along.
        None if price is None or kind == "market" else _canonical(price),
        _canonical(qty),
        kind,
    )


def _time(text: str | None) -> int | None:
    return None if text is None else nanoseconds(text)
