"""From Reya's messages to envelopes: role, correlation, order facts, intent."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from wsreplay.venues.envelope import Envelope, exact_decimal, intent_of
from wsreplay.venues.reya.wire import OPERATIONS, plain, read_message, read_payload

if TYPE_CHECKING:
    from wsreplay.venues.envelope import Sender
    from wsreplay.venues.reya.wire import Id, Message, Payload

NOTHING = Envelope()

# Prices and sizes repeat endlessly; telling that "1.50" is "1.5" costs more than all the rest of an envelope.
_canonical = lru_cache(maxsize=65536)(exact_decimal)

_ORDER_TYPES = {"STOP_LOSS": "SL", "TAKE_PROFIT": "TP"}
_SIDES: dict[str, Literal["buy", "sell"]] = {"B": "buy", "BUY": "buy", "A": "sell", "S": "sell", "SELL": "sell"}


def read_envelope(text: str | bytes, sender: Sender) -> Envelope:
    """Read one WebSocket message of order entry (or of the info socket)."""
    message = read_message(text)
    if message is None or message.type is None:
        return NOTHING
    kind, key = message.type, _text(message.id)
    if sender == "client":
        if kind in OPERATIONS:
            return request_facts(kind, key, message.payload)
        if kind in ("ping", "pong"):
            return Envelope(role="heartbeat", op=kind, key=key)
        # The info socket's subscribe, or a type that the venue will refuse by this id.
        return Envelope(role="request", op=kind, key=key, channel=message.channel)
    if message.ok is not None:
        return _reply(message, kind, key)
    if kind == "error":
        return _framing_error(message, key)
    if kind in ("ping", "pong"):
        at_ms = message.server_time_ms
        return Envelope(role="heartbeat", op=kind, key=key, venue_at_ns=None if at_ms is None else at_ms * 1_000_000)
    if message.channel is not None:
        return _information(message, kind, text)
    return Envelope(role="push", op=kind, key=key)


def request_facts(op: str, key: str | None, payload: Payload | None) -> Envelope:
    """The envelope of a request, by socket or by REST."""
    if payload is None:
        return Envelope(role="request", op=op, key=key)
    is_buy = payload.is_buy
    side: Literal["buy", "sell"] | None = None if is_buy is None else "buy" if is_buy else "sell"
    return Envelope(
        role="request",
        op=op,
        key=key,
        symbol=payload.symbol,
        account=_text(payload.account_id),
        order_id=_text(payload.order_id),
        client_order_id=_text(payload.client_order_id),
        side=side,
        price=payload.limit_px,
        qty=payload.qty,
        intent=intent(payload, side=side) if op == "createOrder" and side is not None else None,
    )


def order_facts(fields: object) -> Envelope:
    """One order of a list, as the venue shows it: what it is, and the intent that it came from."""
    order = read_payload(fields)
    side = _SIDES.get(order.side or "")
    return Envelope(
        symbol=order.symbol,
        account=_text(order.account_id),
        order_id=_text(order.order_id),
        client_order_id=_text(order.client_order_id),
        side=side,
        status=order.status,
        price=order.limit_px,
        qty=order.qty,
        intent=None if side is None else intent(order, side=side),
        # When it was made, not when it last changed: that tells which request it can have come from.
        venue_at_ns=None if order.created_at is None else order.created_at * 1_000_000,
    )


def execution_facts(fields: object) -> Envelope:
    """One execution of a list: a trade that settled, or one that was busted."""
    execution = read_payload(fields)
    account = execution.account_id if execution.account_id is not None else execution.taker_account_id
    order_id = execution.order_id if execution.order_id is not None else execution.taker_order_id
    return Envelope(
        symbol=execution.symbol,
        account=_text(account),
        order_id=_text(order_id),
        side=_SIDES.get(execution.side or ""),
        price=execution.price,
        qty=execution.qty,
        venue_at_ns=None if execution.timestamp is None else execution.timestamp * 1_000_000,
    )


def intent(order: Payload, *, side: Literal["buy", "sell"]) -> str:
    """The order's business identity. An id the bot chose is no part of it: a blind retry often takes a new one."""
    kind = order.order_type or "LIMIT"
    return intent_of(
        "reya",
        _text(order.account_id),
        order.symbol,
        side,
        None if order.limit_px is None else _canonical(order.limit_px),
        None if order.qty is None else _canonical(order.qty),
        _ORDER_TYPES.get(kind, kind),
        order.time_in_force,
        None if order.trigger_px is None else _canonical(order.trigger_px),
        # Left out and false are the same wish.
        "reduce" if order.reduce_only else None,
    )


def _reply(message: Message, op: str, key: str | None) -> Envelope:
    payload = message.payload
    if not message.ok:
        error = message.error
        return Envelope(role="reply", op=op, key=key, error_code=(error and error.error) or "UNKNOWN")
    if payload is None:
        return Envelope(role="reply", op=op, key=key)
    return Envelope(
        role="reply",
        op=op,
        key=key,
        account=_text(payload.account_id),
        order_id=_text(payload.order_id),
        client_order_id=_text(payload.client_order_id),
        status=payload.status,
    )


def _framing_error(message: Message, key: str | None) -> Envelope:
    error = message.error
    code = (error and error.error) or "UNKNOWN"
    # The framing layer refuses the frame that just came; only an internal failure ends a request it had accepted.
    return Envelope(
        role="error", op="error", key=key, error_code=code, answers="oldest" if code == "INTERNAL" else "newest"
    )


def _information(message: Message, kind: str, text: str | bytes) -> Envelope:
    at = message.timestamp
    at_ns = None if at is None else at * 1_000_000
    channel = message.channel or ""
    if kind in ("subscribed", "unsubscribed"):
        return Envelope(role="reply", op=kind.removesuffix("d"), channel=channel, venue_at_ns=at_ns)
    resource = channel.rpartition("/")[2]
    return Envelope(role="push", op=resource, channel=channel, venue_at_ns=at_ns, parts=facts_in(resource, plain(text)))


def facts_in(resource: str, body: object) -> tuple[Envelope, ...]:
    """The orders or executions that a message or a REST answer about ``resource`` lists."""
    read = {"openOrders": order_facts, "orderChanges": order_facts}.get(resource)
    if read is None and resource in ("perpExecutions", "spotExecutions", "spotExecutionBusts"):
        read = execution_facts
    items = body.get("data") if isinstance(body, dict) else body
    if read is None or not isinstance(items, list):
        return ()
    return tuple(read(item) for item in items if isinstance(item, dict))


def _text(value: Id) -> str | None:
    return None if value is None else str(value)
