"""What is wrong with a subscription or an order that somebody sent, field by field, in the standard's codes."""

from __future__ import annotations

import re
from typing import Any

from wsreplay.venues.zeroex.errors import Flaw, Validation
from wsreplay.venues.zeroex.orders import UINT256

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
# In small letters, like all that the standard writes.
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")
_WHOLE = re.compile(r"[0-9]+")

_ADDRESSES = ("makerAddress", "takerAddress", "feeRecipientAddress", "senderAddress", "exchangeAddress")
_NUMBERS = ("makerAssetAmount", "takerAssetAmount", "makerFee", "takerFee", "expirationTimeSeconds", "salt")
_DATA = ("makerAssetData", "takerAssetData")
CONFIG_FIELDS = frozenset(
    {"makerAddress", "takerAddress", "exchangeAddress", *_DATA, "makerAssetAmount", "takerAssetAmount"}
    | {"expirationTimeSeconds"}
)
"""What is asked of an order that is not finished yet."""
ORDER_FIELDS = (*_ADDRESSES, *_NUMBERS, *_DATA, "signature")
"""What an order must have."""
_FILTER_HEX = ("makerAssetProxyId", "takerAssetProxyId", "makerAssetData", "takerAssetData", "traderAssetData")


def flaws_in_order(fields: Any) -> tuple[Flaw, ...]:
    """What is wrong with the form of a signed order."""
    return _flaws(fields, ORDER_FIELDS)


def flaws_in_config_request(fields: Any) -> tuple[Flaw, ...]:
    """What is wrong with the form of an order that asks what it lacks."""
    return _flaws(fields, tuple(name for name in ORDER_FIELDS if name in CONFIG_FIELDS))


def flaws_in_subscription(message: Any) -> tuple[Flaw, ...]:
    """What the reference server finds wrong with a message; it knows this one alone."""
    if not isinstance(message, dict):
        return (_no_object("message"),)
    found = [
        Flaw(name, Validation.REQUIRED, f'requires property "{name}"')
        for name in ("type", "channel", "requestId")
        if name not in message
    ]
    for name, only in (("type", "subscribe"), ("channel", "orders")):
        if name in message and message[name] != only:
            found.append(Flaw(name, Validation.OUT_OF_RANGE, f"is not one of enum values: {only}"))
    if "requestId" in message and not isinstance(message["requestId"], str):
        found.append(_no_text("requestId"))
    if "payload" in message:
        payload = message["payload"]
        found += flaws_in_filters(payload) if isinstance(payload, dict) else (_no_object("payload"),)
    return tuple(found)


def flaws_in_filters(filters: dict[str, Any]) -> tuple[Flaw, ...]:
    """What is wrong with the filters of a subscription, or of a list of orders."""
    found: list[Flaw] = []
    for name, value in filters.items():
        if name in _FILTER_HEX:
            found += _flaw_in_hex(name, value)
        elif name.endswith("Address"):
            found += _flaw_in_address(name, value)
        elif name == "networkId" and (isinstance(value, bool) or not isinstance(value, int)):
            found.append(Flaw(name, Validation.FORMAT, "is not of a type(s) number"))
        elif name.endswith("AssetType") and not isinstance(value, str):
            found.append(_no_text(name))
    return tuple(found)


def _flaws(fields: Any, names: tuple[str, ...]) -> tuple[Flaw, ...]:
    if not isinstance(fields, dict):
        return (_no_object("order"),)
    found: list[Flaw] = []
    for name in names:
        if name not in fields:
            found.append(Flaw(name, Validation.REQUIRED, f'requires property "{name}"'))
        elif name in _ADDRESSES:
            found += _flaw_in_address(name, fields[name])
        elif name in _NUMBERS:
            found += _flaw_in_number(name, fields[name])
        else:
            found += _flaw_in_hex(name, fields[name])
    return tuple(found)


def _flaw_in_address(name: str, value: Any) -> list[Flaw]:
    if not isinstance(value, str):
        return [_no_text(name)]
    # Lower case only: a checksummed address is another text.
    return [] if _ADDRESS.fullmatch(value) else [Flaw(name, Validation.INVALID_ADDRESS, "Invalid address")]


def _flaw_in_number(name: str, value: Any) -> list[Flaw]:
    if not isinstance(value, str):
        return [_no_text(name)]
    if not _WHOLE.fullmatch(value):
        return [Flaw(name, Validation.FORMAT, "is not a whole number in base units")]
    if len(value) > 78 or int(value) > UINT256:
        return [Flaw(name, Validation.OUT_OF_RANGE, "does not fit uint256")]
    return []


def _flaw_in_hex(name: str, value: Any) -> list[Flaw]:
    if not isinstance(value, str):
        return [_no_text(name)]
    return [] if _HEX.fullmatch(value) else [Flaw(name, Validation.FORMAT, "is not hexadecimal")]


def _no_text(name: str) -> Flaw:
    return Flaw(name, Validation.FORMAT, "is not of a type(s) string")


def _no_object(name: str) -> Flaw:
    return Flaw(name, Validation.FORMAT, "is not of a type(s) object")
