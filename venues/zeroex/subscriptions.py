"""Which orders a subscription is told of, and in what shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from wsreplay.venues.zeroex.assets import PROXIES, proxy_of, token_of
from wsreplay.venues.zeroex.orders import Order

if TYPE_CHECKING:
    from wsreplay.venues.zeroex.relayer import Listed
    from wsreplay.venues.zeroex.wire import Filters

MAIN_NETWORK = 1


def matches(filters: Filters | None, listed: Listed) -> bool:
    """Whether an order is one that a subscription asked for: all that it names must fit. None asks for everything.

    A type that does not exist fits nothing. Without a network the main one is meant.
    """
    if (filters.network_id if filters and filters.network_id is not None else MAIN_NETWORK) != listed.network_id:
        return False
    if filters is None:
        return True
    maker, taker = listed.gives, listed.wants
    trader = filters.trader_asset_data
    return (
        _is(filters.maker_asset_data, maker)
        and _is(filters.taker_asset_data, taker)
        and (trader is None or trader.lower() in (maker, taker))
        and _is_of_type(filters.maker_asset_type, maker)
        and _is_of_type(filters.taker_asset_type, taker)
        and _is(filters.maker_asset_proxy_id, proxy_of(maker))
        and _is(filters.taker_asset_proxy_id, proxy_of(taker))
        and _is_at(filters.maker_asset_address, maker)
        and _is_at(filters.taker_asset_address, taker)
    )


def shown(listed: Listed, version: Literal[1, 2]) -> dict[str, Any]:
    """An order with its state, as it is told."""
    if version == 1:
        return {"order": members(listed.order), "remainingFillableAmount": str(listed.remaining)}
    item = with_metadata(listed)
    item["order"]["timestamp"] = listed.updated_ns // 1_000_000
    return item


def with_metadata(listed: Listed) -> dict[str, Any]:
    """An order with its state, as versions 2 tell it."""
    return {"order": members(listed.order), "metaData": {"remainingTakerAssetAmount": str(listed.remaining)}}


def update(request_id: str, orders: list[Listed], version: Literal[1, 2]) -> str:
    """The one message of the channel."""
    payload = [shown(listed, version) for listed in orders]
    # A request id may be any text that JSON can escape, half a surrogate pair as well.
    return json.dumps(
        {"type": "update", "channel": "orders", "requestId": request_id, "payload": payload}, separators=(",", ":")
    )


def members(order: Order) -> dict[str, Any]:
    """An order's members under their names on the wire, in the documents' order."""
    fields: dict[str, Any] = msgspec.to_builtins(order)
    return fields


def _is(wanted: str | None, data: str) -> bool:
    return wanted is None or wanted.lower() == data


def _is_of_type(wanted: str | None, data: str) -> bool:
    return wanted is None or PROXIES.get(wanted) == proxy_of(data)


def _is_at(wanted: str | None, data: str) -> bool:
    if wanted is None:
        return True
    token = token_of(data)
    return token is not None and token.address == wanted.lower()
