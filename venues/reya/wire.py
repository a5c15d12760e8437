"""The messages of order entry as they stand on the wire, all three generations in one shape.

Everything is optional, since a capture holds what was sent and not what should have been. A request's and a
reply's payload share one struct: decoding is then one call, whichever side spoke.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from wsreplay.venues.sound import sound

CREATES = frozenset({"createOrder"})
OPERATIONS = frozenset({"createOrder", "modifyOrder", "cancelOrder", "cancelAll", "cancelAllAfter"})

type Id = int | str | None


class Payload(msgspec.Struct, rename="camel", gc=False, kw_only=True, omit_defaults=True):
    """The ``payload`` of a request or of a successful reply; also the body of the same call over REST."""

    exchange_id: Id = None
    symbol: str | None = None
    account_id: Id = None
    is_buy: bool | None = None
    limit_px: str | None = None
    qty: str | None = None
    order_type: str | None = None
    time_in_force: str | None = None
    trigger_px: str | None = None
    reduce_only: bool | None = None
    post_only: bool | None = None
    signature: str | None = None
    nonce: Id = None
    signer_wallet: str | None = None
    expires_after: Id = None
    deadline: Id = None
    """Generation C: until when the signature counts, split from ``expiresAfter``, the order's life."""
    client_order_id: Id = None
    order_id: Id = None
    timeout_ms: Id = None
    # Replies
    status: str | None = None
    error: str | None = None
    """REST only: a refusal is the body itself, not wrapped in an envelope."""
    message: str | None = None
    # Lists of orders and executions
    side: str | None = None
    price: str | None = None
    taker_account_id: Id = None
    taker_order_id: Id = None
    timestamp: int | None = None
    created_at: int | None = None


class Trouble(msgspec.Struct, gc=False):
    """The ``error`` of a refused request."""

    error: str | None = None
    message: str | None = None


class Message(msgspec.Struct, gc=False):
    """One message of either side."""

    type: str | None = None
    id: Id = None
    ok: bool | None = None
    payload: Payload | None = None
    error: Trouble | None = None
    server_time_ms: int | None = None
    """Generation A: on a pong."""
    channel: str | None = None
    """Info socket only."""
    timestamp: int | None = None


_MESSAGE = msgspec.json.Decoder(Message)
_NULL = Message()


def read_message(payload: str | bytes) -> Message | None:
    """Read one message; None where it is no JSON object."""
    try:
        return _MESSAGE.decode(payload)
    except msgspec.ValidationError:
        fields = plain(payload)
        return _tolerantly(fields) if isinstance(fields, dict) else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def read_payload(fields: object) -> Payload:
    """Read a payload from plain JSON values, leaving out what is not of its type."""
    if not isinstance(fields, dict):
        return Payload()
    try:
        return msgspec.convert(fields, Payload)
    except msgspec.ValidationError:
        return sound(_written(fields), Payload)


def plain(payload: str | bytes) -> Any:
    """The JSON value with every number's own digits kept: integers exact, fractions as their text; None if none."""
    try:
        return json.loads(payload, parse_float=str)
    except (ValueError, RecursionError):
        return None


def _tolerantly(fields: dict[str, Any]) -> Message:
    """Read what can be read where a field has a type that the venue never gave it."""
    message = sound({name: value for name, value in fields.items() if not isinstance(value, dict)}, Message)
    if isinstance(payload := fields.get("payload"), dict):
        message.payload = sound(_written(payload), Payload)
    if isinstance(error := fields.get("error"), dict):
        message.error = sound(error, Trouble)
    return message


# Decimal strings that a client might send as JSON numbers.
_NUMBERS = frozenset({"limitPx", "qty", "triggerPx", "price"})


def _written(fields: dict[str, Any]) -> dict[str, Any]:
    """The same with numbers as their texts, where the venue wants a text and a client might send a number."""
    return {
        name: str(value) if name in _NUMBERS and isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in fields.items()
    }
