"""What each order-entry operation signs: generation B, and C where a payload carries ``deadline``.

What is signed is not all on the wire: the chain, its gateway contract and the market's number come from elsewhere.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from wsreplay.venues.eip712 import (
    OutOfRangeError,
    StructType,
    domain_separator,
    integer_word,
    personal_digest,
    typed_digest,
)
from wsreplay.venues.keys import is_address
from wsreplay.venues.matching import EXACT
from wsreplay.venues.reya.networks import is_spot

if TYPE_CHECKING:
    from wsreplay.venues.reya.networks import Network
    from wsreplay.venues.reya.wire import Id, Payload

NO_EXPIRY = 10**18
"""Generation B signs this deadline where a perp order names none."""
SPOT_OFFSET = 10**10
"""Generation C counts spot markets from here."""

_CONDITIONAL_DETAILS = StructType(
    "ConditionalOrderDetails(uint128 accountId,uint128 marketId,uint128 exchangeId,uint128[] counterpartyAccountIds,"
    "uint8 orderType,bytes inputs,address signer,uint256 nonce)"
)
_CONDITIONAL = StructType(
    "ConditionalOrder(uint256 verifyingChainId,uint256 deadline,ConditionalOrderDetails order)", _CONDITIONAL_DETAILS
)
_ORDER_DETAILS = StructType(
    "OrderDetails(uint128 accountId,uint128 marketId,uint128 exchangeId,uint8 orderType,int256 quantity,"
    "uint256 limitPrice,uint256 triggerPrice,uint8 timeInForce,uint64 clientOrderId,bool reduceOnly,bool postOnly,"
    "uint256 expiresAfter,address signer,uint256 nonce)"
)
_ORDER = StructType("Order(uint256 verifyingChainId,uint256 deadline,OrderDetails order)", _ORDER_DETAILS)
_CANCEL_DETAILS = StructType(
    "OrderCancelDetails(uint64 accountId,uint64 marketId,uint64 orderId,uint64 clOrdId,uint64 nonce)"
)
_CANCEL = StructType("OrderCancel(uint64 verifyingChainId,uint64 deadline,OrderCancelDetails cancel)", _CANCEL_DETAILS)
_MASS_DETAILS = StructType("MassCancelDetails(uint64 accountId,uint64 marketId,uint64 nonce)")
_MASS = StructType("MassCancel(uint64 verifyingChainId,uint64 deadline,MassCancelDetails massCancel)", _MASS_DETAILS)
_AFTER_DETAILS = StructType("CancelAllAfterDetails(uint64 accountId,uint64 timeoutMs,uint64 nonce)")
_AFTER = StructType(
    "CancelAllAfter(uint64 verifyingChainId,uint64 deadline,CancelAllAfterDetails cancelAllAfter)", _AFTER_DETAILS
)

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TRIGGERED_B = {"SL": 0, "TP": 1}
_TYPE_C = {"LIMIT": 0, "STOP_LOSS": 1, "TAKE_PROFIT": 2, "SL": 1, "TP": 2}
_TIME_IN_FORCE_C = {"GTC": 0, "IOC": 1, "GTT": 2}


class UnsignableError(ValueError):
    """The payload lacks something that is signed, or holds a value that no signature can commit to."""


def needs_market(op: str, payload: Payload) -> bool:
    """Whether the digest depends on a market's number, which must then be known."""
    return payload.symbol is not None and not is_perp_cancel(op, payload) and op != "cancelAllAfter"


def is_perp_cancel(op: str, payload: Payload) -> bool:
    """Whether this is generation B's perp cancel: an order id signed as a text, without nonce or deadline."""
    return op == "cancelOrder" and payload.nonce is None and payload.deadline is None


def digest_of(op: str, payload: Payload, network: Network, market_id: int | None) -> bytes:
    """The 32 bytes that the payload's signature signs on this network.

    Raises :class:`UnsignableError` where something is missing, and
    :class:`~wsreplay.venues.eip712.OutOfRangeError` where a number doesn't fit.
    """
    if is_perp_cancel(op, payload):
        return personal_digest(_perp_cancel_text(payload))
    if market_id is None and needs_market(op, payload):
        raise UnsignableError(f"the market number of {payload.symbol} is not known")
    if op in ("createOrder", "modifyOrder"):
        if payload.symbol is None or market_id is None:
            raise UnsignableError("symbol is missing")
        if payload.deadline is not None:
            struct_hash = _order(payload, network, market_id)
        else:
            struct_hash = _conditional_order(payload, network, market_id)
    elif op == "cancelOrder":
        struct_hash = _cancel(payload, network, market_id)
    elif op == "cancelAll":
        details = _MASS_DETAILS.hash(
            whole(payload.account_id, "accountId"), _market(payload, market_id), whole(payload.nonce, "nonce")
        )
        struct_hash = _MASS.hash(network.chain_id, _deadline(payload), details)
    elif op == "cancelAllAfter":
        details = _AFTER_DETAILS.hash(
            whole(payload.account_id, "accountId"),
            whole(payload.timeout_ms, "timeoutMs"),
            whole(payload.nonce, "nonce"),
        )
        struct_hash = _AFTER.hash(network.chain_id, _deadline(payload), details)
    else:
        raise UnsignableError(f"{op} is not a signed operation")
    return typed_digest(domain_separator("Reya", "1", network.gateway), struct_hash)


def whole(value: Id, name: str) -> int:
    """An integer field, which may be written as its decimal text."""
    if isinstance(value, int):
        return value
    if value is None:
        raise UnsignableError(f"{name} is missing")
    if not (value.isascii() and value.isdigit() and len(value) <= 78):
        raise UnsignableError(f"{name} is not a whole number")
    return int(value)


def decimal_of(text: str | None, name: str) -> Decimal:
    """A decimal field, exactly; by the pattern of the venue's API, which allows exponents."""
    if text is None:
        raise UnsignableError(f"{name} is missing")
    if not _DECIMAL.fullmatch(text):
        raise UnsignableError(f"{name} is not a decimal number")
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond anything
        raise OutOfRangeError(f"{name} does not fit int256") from None
    if number and number.adjusted() > 60:  # before 1e999999999 is written out
        raise OutOfRangeError(f"{name} does not fit int256")
    return number


def e18(text: str | None, name: str) -> int:
    """A decimal as the whole number of 10^-18 that contracts count in."""
    number = decimal_of(text, name)
    _, digits, exponent = number.as_tuple()
    decimals = -int(exponent) - 18
    if decimals > 0 and any(digits[-decimals:]):
        raise UnsignableError(f"{name} has more than 18 decimals")
    return int(number.scaleb(18, EXACT)) if number else 0


def _conditional_order(payload: Payload, network: Network, market_id: int) -> bytes:
    spot = is_spot(payload.symbol or "")
    is_buy, signer = _side_and_signer(payload)
    limit = e18(payload.limit_px, "limitPx")
    if payload.order_type == "LIMIT":
        quantity = e18(payload.qty, "qty")
        inputs = integer_word("int256", "qty", quantity if is_buy else -quantity)
        inputs += integer_word("uint256", "limitPx", limit)
        if spot:
            order_type = 6
        elif payload.time_in_force == "IOC":
            order_type = 4 if payload.reduce_only else 3
        else:
            order_type = 2
    elif payload.order_type in _TRIGGERED_B:
        order_type = _TRIGGERED_B[payload.order_type]
        trigger = e18(payload.trigger_px, "triggerPx")
        inputs = integer_word("uint256", "isBuy", int(is_buy))
        inputs += integer_word("uint256", "triggerPx", trigger) + integer_word("uint256", "limitPx", limit)
    else:
        raise UnsignableError(f"orderType {payload.order_type} is not one that is signed")
    details = _CONDITIONAL_DETAILS.hash(
        whole(payload.account_id, "accountId"),
        market_id,
        whole(payload.exchange_id, "exchangeId"),
        [] if spot else [network.pool_account],
        order_type,
        inputs,
        signer,
        whole(payload.nonce, "nonce"),
    )
    no_expiry = payload.expires_after is None and not spot
    deadline = NO_EXPIRY if no_expiry else whole(payload.expires_after, "expiresAfter")
    return _CONDITIONAL.hash(network.chain_id, deadline, details)


def _order(payload: Payload, network: Network, market_id: int) -> bytes:
    is_buy, signer = _side_and_signer(payload)
    if payload.order_type not in _TYPE_C:
        raise UnsignableError(f"orderType {payload.order_type} is not one that is signed")
    # A triggered order has no quantity of its own: it takes the position's when it fires.
    quantity = e18(payload.qty, "qty") if payload.qty is not None or payload.order_type == "LIMIT" else 0
    details = _ORDER_DETAILS.hash(
        whole(payload.account_id, "accountId"),
        _market(payload, market_id),
        whole(payload.exchange_id, "exchangeId"),
        _TYPE_C[payload.order_type],
        quantity if is_buy else -quantity,
        e18(payload.limit_px, "limitPx"),
        0 if payload.trigger_px is None else e18(payload.trigger_px, "triggerPx"),
        _TIME_IN_FORCE_C.get(payload.time_in_force or "GTC", 0),
        0 if payload.client_order_id is None else whole(payload.client_order_id, "clientOrderId"),
        bool(payload.reduce_only),
        bool(payload.post_only),
        0 if payload.expires_after is None else whole(payload.expires_after, "expiresAfter"),
        signer,
        whole(payload.nonce, "nonce"),
    )
    return _ORDER.hash(network.chain_id, whole(payload.deadline, "deadline"), details)


def _cancel(payload: Payload, network: Network, market_id: int | None) -> bytes:
    if payload.order_id is None and payload.client_order_id is None:
        raise UnsignableError("orderId and clientOrderId are both missing")
    by_order_id = payload.order_id is not None
    details = _CANCEL_DETAILS.hash(
        whole(payload.account_id, "accountId"),
        _market(payload, market_id),
        whole(payload.order_id, "orderId") if by_order_id else 0,
        0 if payload.client_order_id is None else whole(payload.client_order_id, "clientOrderId"),
        whole(payload.nonce, "nonce"),
    )
    return _CANCEL.hash(network.chain_id, _deadline(payload), details)


def _perp_cancel_text(payload: Payload) -> bytes:
    if payload.order_id is None:
        raise UnsignableError("orderId is missing")
    return f'{{"orderId":"{payload.order_id}","status":"cancelled","actionType":"changeStatus"}}'.encode()


def _market(payload: Payload, market_id: int | None) -> int:
    if market_id is None:
        return 0
    if payload.deadline is not None and is_spot(payload.symbol or "") and market_id < SPOT_OFFSET:
        return market_id + SPOT_OFFSET
    return market_id


def _deadline(payload: Payload) -> int:
    if payload.deadline is not None:
        return whole(payload.deadline, "deadline")
    return whole(payload.expires_after, "expiresAfter")


def _side_and_signer(payload: Payload) -> tuple[bool, str]:
    if payload.is_buy is None:
        raise UnsignableError("isBuy is missing")
    wallet = payload.signer_wallet or ""
    if not is_address(wallet):
        raise UnsignableError("signerWallet is not an address")
    return payload.is_buy, wallet
