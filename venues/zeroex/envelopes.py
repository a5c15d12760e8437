"""From messages of the orders channel to envelopes: role, correlation, order facts, intent."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.zeroex.assets import pair_name
from wsreplay.venues.zeroex.errors import named
from wsreplay.venues.zeroex.orders import intent, is_order_hash, order_hash, text, whole
from wsreplay.venues.zeroex.wire import Filters, Item, read_message, read_order

if TYPE_CHECKING:
    from wsreplay.venues.envelope import Sender
    from wsreplay.venues.zeroex.orders import Number, Order
    from wsreplay.venues.zeroex.wire import Flaw, Message

NOTHING = Envelope()
CHANNEL = "orders"


def read_envelope(payload: str | bytes, sender: Sender) -> Envelope:
    """Read one WebSocket message."""
    message = read_message(payload)
    if message is None:
        return NOTHING
    if message.type is None:
        return _refusal(message) if sender == "venue" else NOTHING
    key = text(message.request_id)
    if sender == "client":
        return _request(message, message.type, key)
    payload_ = message.payload
    if not isinstance(payload_, list):
        return Envelope(role="push", op=message.type, key=key, channel=message.channel)
    return Envelope(
        role="push",
        op=message.type,
        key=key,
        channel=message.channel,
        parts=tuple([item_facts(item) for item in payload_]),
    )


def item_facts(item: Item) -> Envelope:
    """One order of an update or a list, as the venue shows it."""
    told = None if item.meta_data is None else item.meta_data.order_hash
    return _facts(bytes(item.order), text(item.remaining), told)


def order_facts(order: Order, remaining: str | None = None, told_hash: str | None = None) -> Envelope:
    """What an order is, and how much of it can still be had.

    There is no side: which of the two assets is the base, only its reader knows. Quantities are in the taker's asset.
    No venue time either: an order shown is known by its hash, and never by looking like another.
    """
    found = order_hash(order)
    if found is None and told_hash is not None and is_order_hash(told_hash):
        found = told_hash
    return Envelope(
        symbol=pair_name(order.maker_asset_data, order.taker_asset_data),
        account=order.maker_address,
        order_id=found,
        status=status_of(remaining),
        qty=text(order.taker_asset_amount) if remaining is None else remaining,
        intent=intent(order),
    )


def status_of(remaining: Number) -> str | None:
    """The venue has no word for the state of an order, only the amount that is left."""
    left = whole(remaining)
    return None if left is None else "fillable" if left else "unfillable"


def filter_text(filters: Filters | None) -> str | None:
    """What a subscription asks for, the same text for the same wish; None: everything on the main network."""
    if filters is None:
        return None
    given = (
        (name, value.lower() if isinstance(value, str) and value[:2] in ("0x", "0X") else value)
        for name, value in zip(_FILTER_NAMES, _filter_values(filters), strict=True)
        if value is not None
    )
    found = "&".join(f"{name}={value}" for name, value in given if (name, value) != ("networkId", 1))
    return found or None


def error_code_of(code: Number, flaws: list[Flaw] | None) -> str:
    """The code that says most: that of the first field that is wrong, where the venue names one."""
    first = next((flaw.code for flaw in flaws or () if flaw.code is not None), None)
    return named(code if first is None else first)


_FILTER_NAMES = Filters.__struct_encode_fields__


def _filter_values(filters: Filters) -> list[str | int | None]:
    return [getattr(filters, name) for name in Filters.__struct_fields__]


def _request(message: Message, op: str, key: str | None) -> Envelope:
    channel = message.channel
    if op != "subscribe" or channel is None:
        # No other operation exists. The venue has no way to say so by a request's id, and most say nothing.
        return Envelope(role="request", op=op, key=key, channel=channel, replies=False)
    filters = message.payload if isinstance(message.payload, Filters) else None
    wanted = filter_text(filters)
    symbol = None if filters is None else pair_name(filters.maker_asset_data, filters.taker_asset_data)
    return Envelope(
        role="request",
        op=op,
        key=key,
        channel=channel,
        symbol=symbol,
        replies=False,
        # Updates carry the request's id, and not what it asked for: by its id they are known for this channel's.
        parts=(Envelope(op="subscribe", channel=f"{channel}?{wanted}" if wanted else channel, symbol=symbol),),
    )


def _refusal(message: Message) -> Envelope:
    """The reference server's: it does not say what it refuses, and ends the connection."""
    if message.code is None:
        return NOTHING
    code = error_code_of(message.code, message.validation_errors)
    return Envelope(role="error", op="error", error_code=code, answers="none")


# An order is sent once to each matching subscription, and again with each change: what it is need not be found out
# again. Kept small, since an order's text is a kilobyte.


@lru_cache(maxsize=8192)
def _facts(raw: bytes, remaining: str | None, told_hash: str | None) -> Envelope:
    known = _known(raw, told_hash)
    if remaining is None:
        return known
    return Envelope(
        symbol=known.symbol,
        account=known.account,
        order_id=known.order_id,
        status=status_of(remaining),
        qty=remaining,
        intent=known.intent,
    )


@lru_cache(maxsize=8192)
def _known(raw: bytes, told_hash: str | None) -> Envelope:
    order = read_order(raw)
    if order is None:
        return NOTHING if told_hash is None else Envelope(order_id=told_hash)
    return order_facts(order, None, told_hash)
