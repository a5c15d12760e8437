"""Signed orders as they stand on the wire, what they hash to, and what makes two of them the same wish.

Version 2 of the protocol hashes an order in a domain of its exchange's contract; version 3 adds the chain, and assets
for the fees.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from wsreplay.venues.eip712 import StructType, keccak256, typed_digest
from wsreplay.venues.envelope import exact_decimal, intent_of

type Number = str | int | None
"""Amounts are decimal text, since they don't fit a double; a client that sends numbers is still understood."""


class Order(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """One order. Everything is optional, since a capture holds what was sent and not what should have been."""

    maker_address: str | None = None
    taker_address: str | None = None
    fee_recipient_address: str | None = None
    sender_address: str | None = None
    maker_asset_amount: Number = None
    taker_asset_amount: Number = None
    maker_fee: Number = None
    taker_fee: Number = None
    expiration_time_seconds: Number = None
    salt: Number = None
    maker_asset_data: str | None = None
    taker_asset_data: str | None = None
    exchange_address: str | None = None
    # Version 3
    maker_fee_asset_data: str | None = None
    taker_fee_asset_data: str | None = None
    chain_id: Number = None
    domain_hash: str | None = None
    signature: str | None = None
    timestamp: Number = None
    """Version 2 of the API, in milliseconds: when the order last changed."""


NULL_ADDRESS = "0x" + "0" * 40
UINT256 = (1 << 256) - 1

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_BYTES = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_FIELDS = (
    "address makerAddress,address takerAddress,address feeRecipientAddress,address senderAddress,"
    "uint256 makerAssetAmount,uint256 takerAssetAmount,uint256 makerFee,uint256 takerFee,"
    "uint256 expirationTimeSeconds,uint256 salt,bytes makerAssetData,bytes takerAssetData"
)
_ORDER_2 = StructType(f"Order({_FIELDS})")
_ORDER_3 = StructType(f"Order({_FIELDS},bytes makerFeeAssetData,bytes takerFeeAssetData)")
_DOMAIN_2 = StructType("EIP712Domain(string name,string version,address verifyingContract)")
_DOMAIN_3 = StructType("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def order_digest(order: Order) -> bytes | None:
    """What the maker signs: the order's hash. None where a part of it is missing, or is none."""
    try:
        version_3 = order.maker_fee_asset_data is not None or order.taker_fee_asset_data is not None
        domain = _domain_3(order) if version_3 else _domain_2(order.exchange_address)
        words = [
            _ORDER_3.type_hash if version_3 else _ORDER_2.type_hash,
            _address(order.maker_address),
            _address(order.taker_address),
            _address(order.fee_recipient_address),
            _address(order.sender_address),
            _uint(order.maker_asset_amount),
            _uint(order.taker_asset_amount),
            _uint(order.maker_fee),
            _uint(order.taker_fee),
            _uint(order.expiration_time_seconds),
            _uint(order.salt),
            _data(order.maker_asset_data),
            _data(order.taker_asset_data),
        ]
        if version_3:
            words += _data(order.maker_fee_asset_data), _data(order.taker_fee_asset_data)
    except ValueError:
        return None
    return typed_digest(domain, keccak256(b"".join(words)))


def order_hash(order: Order) -> str | None:
    """By what everybody knows the order."""
    digest = order_digest(order)
    return None if digest is None else "0x" + digest.hex()


def is_order_hash(text: str) -> bool:
    """Whether the text has the shape of an order's hash."""
    return _HASH.fullmatch(text) is not None


def intent(order: Order) -> str:
    """The order's business identity: all but salt, expiration and signature, which a maker renews to post it again."""
    return intent_of(
        "zeroex",
        _lower(order.maker_address),
        _lower(order.taker_address),
        _lower(order.fee_recipient_address),
        _lower(order.sender_address),
        _plain(order.maker_asset_amount),
        _plain(order.taker_asset_amount),
        _plain(order.maker_fee),
        _plain(order.taker_fee),
        _lower(order.maker_asset_data),
        _lower(order.taker_asset_data),
        _lower(order.exchange_address),
        _lower(order.maker_fee_asset_data),
        _lower(order.taker_fee_asset_data),
        _plain(order.chain_id),
    )


def whole(value: Number) -> int | None:
    """The number that a field holds, if it is one of the contracts'."""
    if isinstance(value, str):
        # isdecimal alone would take the digits of all scripts; 78 of them hold every uint256.
        if not (value.isdecimal() and value.isascii() and len(value) <= 78):
            return None
        value = int(value)
    return value if value is not None and 0 <= value <= UINT256 else None


def text(value: Number) -> str | None:
    """The field as the venue wrote it."""
    return None if value is None else str(value)


# Words of 32 bytes


def _uint(value: Number) -> bytes:
    number = whole(value)
    if number is None:
        raise ValueError("no uint256")
    return number.to_bytes(32)


# The same addresses and assets come again and again, and hashing them is the dearest part of an order.


@lru_cache(maxsize=4096)
def _address(value: str | None) -> bytes:
    if value is None or _ADDRESS.fullmatch(value) is None:
        raise ValueError("no address")
    return bytes.fromhex(value[2:]).rjust(32, b"\0")


@lru_cache(maxsize=4096)
def _data(value: str | None) -> bytes:
    if value is None or _BYTES.fullmatch(value) is None:
        raise ValueError("no bytes")
    return keccak256(bytes.fromhex(value[2:]))


@lru_cache(maxsize=256)
def _domain_2(exchange: str | None) -> bytes:
    if exchange is None or _ADDRESS.fullmatch(exchange) is None:
        raise ValueError("no address")
    return _DOMAIN_2.hash("0x Protocol", "2", exchange)


def _domain_3(order: Order) -> bytes:
    if order.domain_hash is not None:
        if _HASH.fullmatch(order.domain_hash) is None:
            raise ValueError("no hash")
        return bytes.fromhex(order.domain_hash[2:])
    return _domain_of_chain(whole(order.chain_id), order.exchange_address)


@lru_cache(maxsize=256)
def _domain_of_chain(chain: int | None, exchange: str | None) -> bytes:
    if chain is None or exchange is None or _ADDRESS.fullmatch(exchange) is None:
        raise ValueError("no chain, or no address")
    return _DOMAIN_3.hash("0x Protocol", "3.0.0", chain, exchange)


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _plain(value: Number) -> str | None:
    if isinstance(value, str):
        if value.isdecimal() and value[0] != "0" and value.isascii():
            return value
        return exact_decimal(value)
    return None if value is None else str(value)
