"""The venue's messages as they stand on the wire: all kinds in one shape, of which a message fills a part.

Numbers are JSON numbers. They are kept as they were written, to the digit, and never become doubles. Everything is
optional, since a capture holds what was sent and not what should have been.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import msgspec

_ABSENT = msgspec.Raw()
_IDS = frozenset({"order_id", "trade_id", "account_id"})


class Details(msgspec.Struct, gc=False):
    """What an ``error`` is about."""

    channel: str | None = None
    reason: str | None = None


class Message(msgspec.Struct, gc=False):
    """One message of either side; also an order, a trade or a refusal in a REST body."""

    type: str | None = None
    channel: str | None = None
    account_id: str | None = None
    status: str | None = None
    timestamp: str | None = None
    # Logging in
    token: str | None = None
    error_code: str | None = None
    # Subscriptions; symbols are read where they are needed
    symbols: msgspec.Raw = _ABSENT
    # Refusals
    code: str | None = None
    details: Details | None = None
    # Orders and trades
    order_id: str | None = None
    trade_id: str | None = None
    symbol: str | None = None
    side: str | None = None
    order_type: str | None = None
    quantity: msgspec.Raw = _ABSENT
    price: msgspec.Raw = _ABSENT
    filled: msgspec.Raw = _ABSENT
    average_fill_price: msgspec.Raw = _ABSENT
    amount: msgspec.Raw = _ABSENT
    fill_time: str | None = None
    executed_at: str | None = None
    created_at: str | None = None
    new_status: str | None = None
    # The venue's first servers
    topic: str | None = None
    data: msgspec.Raw = _ABSENT


_MESSAGE = msgspec.json.Decoder(Message)


def read_message(payload: str | bytes) -> Message | None:
    """Read one message; None where it is no JSON object."""
    try:
        return _MESSAGE.decode(payload)
    except msgspec.ValidationError:
        fields = plain(payload)
        return _tolerantly(fields) if isinstance(fields, dict) else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def read_fields(fields: object) -> Message:
    """Read an object that was decoded by :func:`plain`: one order of a list."""
    return _tolerantly(fields) if isinstance(fields, dict) else Message()


def plain(payload: str | bytes) -> Any:
    """The JSON value with each number as it was written, a :class:`Number`; None if it is none."""
    try:
        return json.loads(payload, parse_float=Number, parse_int=Number, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def number_in(raw: msgspec.Raw) -> str | None:
    """The number that stands there, as it was written; a number in quotes counts as one."""
    if not raw:
        return None
    text = bytes(raw).decode("utf-8", "replace")
    first = text[0]
    if first.isdigit() or first == "-":
        return text
    if first == '"':
        try:
            inner = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            return None
        return inner if isinstance(inner, str) and inner else None
    return None


def symbols_in(raw: msgspec.Raw) -> tuple[str, ...]:
    """The symbols of a subscription."""
    if not raw:
        return ()
    found = plain(bytes(raw))
    return tuple(each for each in found if type(each) is str) if isinstance(found, list) else ()


def _tolerantly(fields: dict[str, Any]) -> Message:
    """Read what can be read where a field has a type that the venue never gave it."""
    sound: dict[str, Any] = {}
    for name, is_raw in _members():
        value = fields.get(name)
        if value is None:
            continue
        if name == "details":
            if isinstance(value, dict):
                channel, reason = value.get("channel"), value.get("reason")
                sound[name] = Details(
                    channel if isinstance(channel, str) else None, reason if isinstance(reason, str) else None
                )
        elif is_raw:
            sound[name] = _raw(value)
        elif type(value) is str or (isinstance(value, Number) and name in _IDS):
            sound[name] = str(value)  # an id that is a number is known by its digits
    return Message(**sound)


def _raw(value: object) -> msgspec.Raw:
    if isinstance(value, Number):
        return msgspec.Raw(value.encode())
    try:
        return msgspec.Raw(json.dumps(value).encode())
    except (ValueError, TypeError, RecursionError):
        return _ABSENT


@cache
def _members() -> tuple[tuple[str, bool], ...]:
    return tuple((field.name, field.type is msgspec.Raw) for field in msgspec.structs.fields(Message))
