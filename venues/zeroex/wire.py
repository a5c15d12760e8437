"""The messages of the orders channel as they stand on the wire, all versions in one shape.

An order stays as the bytes that it came in: the same one is sent to each subscription and with each change, and is
understood once.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from wsreplay.venues.sound import sound
from wsreplay.venues.zeroex.orders import Number, Order

_NO_ORDER = msgspec.Raw(b"null")


class MetaData(msgspec.Struct, rename="camel", gc=False):
    """Versions 2 and 3: what a relayer tells of an order beside it, as far as relayers agreed on names."""

    remaining_taker_asset_amount: Number = None
    remaining_fillable_taker_asset_amount: Number = None
    order_hash: str | None = None


class Item(msgspec.Struct, rename="camel", gc=False):
    """An order with its state."""

    order: msgspec.Raw = _NO_ORDER
    remaining_fillable_amount: Number = None
    """Version 1."""
    meta_data: MetaData | None = None

    @property
    def remaining(self) -> Number:
        """How much of it can still be had, by whatever name."""
        if self.remaining_fillable_amount is not None or self.meta_data is None:
            return self.remaining_fillable_amount
        told = self.meta_data.remaining_taker_asset_amount
        return self.meta_data.remaining_fillable_taker_asset_amount if told is None else told


class Filters(msgspec.Struct, rename="camel", gc=False, frozen=True, kw_only=True):
    """What a subscription asks for. All that is given must fit."""

    maker_asset_type: str | None = None
    taker_asset_type: str | None = None
    maker_asset_proxy_id: str | None = None
    taker_asset_proxy_id: str | None = None
    maker_asset_address: str | None = None
    taker_asset_address: str | None = None
    maker_asset_data: str | None = None
    taker_asset_data: str | None = None
    trader_asset_data: str | None = None
    network_id: int | None = None


class Flaw(msgspec.Struct, gc=False):
    """One thing that is wrong with a request."""

    field: str | None = None
    code: Number = None
    reason: str | None = None


class Message(msgspec.Struct, rename="camel", gc=False):
    """One message of either side, or the body of a REST answer."""

    type: str | None = None
    channel: str | None = None
    request_id: Number = None
    payload: list[Item] | Filters | None = None
    # The reference server's refusal
    code: Number = None
    reason: str | None = None
    validation_errors: list[Flaw] | None = None


_MESSAGE = msgspec.json.Decoder(Message)
_ORDER = msgspec.json.Decoder(Order)
_ANYTHING = msgspec.json.Decoder(float_hook=str)


def read_message(payload: str | bytes) -> Message | None:
    """Read one message; None where it is no JSON object."""
    try:
        return _MESSAGE.decode(payload)
    except msgspec.ValidationError:
        fields = plain(payload)
        return _tolerantly(fields) if isinstance(fields, dict) else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def read_order(raw: bytes) -> Order | None:
    """Read one order; None where it is no JSON object."""
    try:
        return _ORDER.decode(raw)
    except msgspec.ValidationError:
        fields = plain(raw)
        return sound(fields, Order) if isinstance(fields, dict) else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def read_items(listed: object) -> list[Item]:
    """The orders of a list of plain JSON values."""
    return [_item(each) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def plain(payload: str | bytes) -> Any:
    """The JSON value with every number's own digits kept: integers exact, fractions as their text; None if none."""
    try:
        return _ANYTHING.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _tolerantly(fields: dict[str, Any]) -> Message:
    """Read what can be read where a field has a type that nobody should give it."""
    message = sound({name: value for name, value in fields.items() if name != "payload"}, Message)
    payload = fields.get("payload")
    if isinstance(payload, dict):
        message.payload = sound(payload, Filters)
    elif isinstance(payload, list):
        message.payload = read_items(payload)
    return message


def _item(fields: dict[str, Any]) -> Item:
    item = sound({name: value for name, value in fields.items() if name not in ("order", "metaData")}, Item)
    if isinstance(order := fields.get("order"), dict):
        item.order = msgspec.Raw(json.dumps(order, separators=(",", ":")).encode("utf-8", "replace"))
    if isinstance(told := fields.get("metaData"), dict):
        item.meta_data = sound(told, MetaData)
    return item
