"""From a request's JSON to what it asks for, or to the refusal that its body earns. Knows no market and no account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from wsreplay.venues.eip712 import OutOfRangeError
from wsreplay.venues.keys import is_address, is_signature
from wsreplay.venues.reya.errors import Code, Refused
from wsreplay.venues.reya.networks import is_spot
from wsreplay.venues.reya.signing import UnsignableError, decimal_of, e18
from wsreplay.venues.reya.wire import Payload, read_payload

if TYPE_CHECKING:
    from decimal import Decimal

    from wsreplay.venues.matching import Side

EXCHANGE_ID = 2
_SPOT_ORDERS_ONLY = "LIMIT is the only orderType of spot markets"

type OrderType = Literal["LIMIT", "TP", "SL"]
type TimeInForce = Literal["IOC", "GTC"]

_ORDER_TYPES: tuple[OrderType, ...] = ("LIMIT", "TP", "SL")
_TIMES_IN_FORCE: tuple[TimeInForce, ...] = ("IOC", "GTC")


class CreateOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is wanted."""

    payload: Payload
    symbol: str
    account: int
    side: Side
    price: Decimal
    qty: Decimal | None
    """None for TP and SL, which close whatever the position then is."""
    order_type: OrderType
    time_in_force: TimeInForce | None
    trigger: Decimal | None
    reduce_only: bool
    nonce: int
    expires_s: int | None
    client_order_id: int | None
    signature: str
    signer_wallet: str


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order that is no longer wanted."""

    payload: Payload
    order_id: str | None
    client_order_id: int | None
    symbol: str | None
    account: int | None
    nonce: int | None
    """None: the perp form, which signs an order id and nothing else."""
    expires_s: int | None
    signature: str


class CancelAll(msgspec.Struct, frozen=True, kw_only=True):
    """All spot orders of an account, in one market or in all."""

    payload: Payload
    symbol: str | None
    account: int
    nonce: int
    expires_s: int
    signature: str


type Request = CreateOrder | CancelOrder | CancelAll


def read_request(op: str, body: object) -> Request:
    """What a body asks for; raises :class:`Refused` with INPUT_VALIDATION_ERROR or NUMERIC_OVERFLOW_ERROR."""
    if not isinstance(body, dict):
        raise _invalid("payload must be an object")
    fields = _Fields(body)
    if op == "createOrder":
        return _create(fields)
    return _cancel(fields) if op == "cancelOrder" else _cancel_all(fields)


def _create(fields: _Fields) -> CreateOrder:
    if fields.whole("exchangeId", 128) != EXCHANGE_ID:
        raise _invalid(f"exchangeId must be {EXCHANGE_ID}")
    symbol = fields.need("symbol", fields.text("symbol"))
    spot = is_spot(symbol)
    order_type = _one_of("orderType", fields.text("orderType"), _ORDER_TYPES)
    time_in_force: TimeInForce | None = None
    qty = trigger = None
    price = fields.need("limitPx", fields.decimal("limitPx"))
    if order_type == "LIMIT":
        time_in_force = _one_of("timeInForce", fields.text("timeInForce"), _TIMES_IN_FORCE)
        qty = fields.need("qty", fields.decimal("qty"))
        if qty <= 0:
            raise _invalid("qty must be positive")
        if price <= 0:
            raise _invalid("limitPx must be positive")
        if fields.given("triggerPx"):
            raise _invalid("triggerPx is only for TP and SL orders")
    else:
        if spot:
            raise _invalid(_SPOT_ORDERS_ONLY)
        trigger = fields.need("triggerPx", fields.decimal("triggerPx"))
        if trigger <= 0:
            raise _invalid("triggerPx must be positive")
        if price < 0:
            raise _invalid("limitPx must not be negative")
        for name in ("qty", "timeInForce", "reduceOnly", "expiresAfter"):
            if fields.given(name):
                raise _invalid(f"{name} is only for LIMIT orders")
    perp_ioc = not spot and time_in_force == "IOC"
    reduce_only = fields.flag("reduceOnly")
    if perp_ioc:
        fields.need("reduceOnly", reduce_only)
    elif reduce_only is not None:
        raise _invalid("reduceOnly is only for perp IOC orders")
    expires_s = fields.whole("expiresAfter", 64)
    if spot or perp_ioc:
        fields.need("expiresAfter", expires_s)
    elif expires_s is not None:
        raise _invalid("expiresAfter is only for spot and perp IOC orders")
    wallet = fields.need("signerWallet", fields.text("signerWallet"))
    if not is_address(wallet):
        raise _invalid("signerWallet must be an address")
    return CreateOrder(
        payload=fields.payload,
        symbol=symbol,
        account=fields.need("accountId", fields.whole("accountId", 128)),
        side="buy" if fields.need("isBuy", fields.flag("isBuy")) else "sell",
        price=price,
        qty=qty,
        order_type=order_type,
        time_in_force=time_in_force,
        trigger=trigger,
        reduce_only=bool(reduce_only),
        nonce=fields.need("nonce", fields.nonce(64 if spot else 256)),
        expires_s=expires_s,
        client_order_id=fields.whole("clientOrderId", 64),
        signature=fields.signature(),
        signer_wallet=wallet,
    )


def _cancel(fields: _Fields) -> CancelOrder:
    order_id = fields.text("orderId")
    client_order_id = fields.whole("clientOrderId", 64)
    if order_id is None and client_order_id is None:
        raise _invalid("orderId or clientOrderId is required")
    symbol = fields.text("symbol")
    account = nonce = expires_s = None
    if symbol is not None and is_spot(symbol):
        if order_id is not None and not (order_id.isascii() and order_id.isdigit()):
            raise _invalid("orderId must be a decimal string")
        if order_id is not None and (len(order_id) > 20 or int(order_id) >= 1 << 64):
            raise Refused(Code.OVERFLOW, "orderId exceeds uint64")
        account = fields.need("accountId", fields.whole("accountId", 64))
        nonce = fields.need("nonce", fields.nonce(64))
        expires_s = fields.need("expiresAfter", fields.whole("expiresAfter", 64))
    elif order_id is None:
        raise _invalid("orderId is required for perp orders")
    payload = fields.payload
    if nonce is None:
        payload = msgspec.structs.replace(payload, nonce=None)
    return CancelOrder(
        payload=payload,
        order_id=order_id,
        client_order_id=client_order_id,
        symbol=symbol,
        account=account,
        nonce=nonce,
        expires_s=expires_s,
        signature=fields.signature(),
    )


def _cancel_all(fields: _Fields) -> CancelAll:
    return CancelAll(
        payload=fields.payload,
        symbol=fields.text("symbol"),
        account=fields.need("accountId", fields.whole("accountId", 64)),
        nonce=fields.need("nonce", fields.nonce(64)),
        expires_s=fields.need("expiresAfter", fields.whole("expiresAfter", 64)),
        signature=fields.signature(),
    )


class _Fields:
    """A body's members, each read as the type that the venue's schema gives it."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body
        self.payload = read_payload(body)
        # Generation C splits the deadline off; this venue speaks B, and signs what B signs.
        self.payload.deadline = None

    def given(self, name: str) -> bool:
        return self._body.get(name) is not None

    def need[T](self, name: str, value: T | None) -> T:
        if value is None:
            raise _invalid(f"{name} is required")
        return value

    def text(self, name: str) -> str | None:
        value = self._body.get(name)
        if value is not None and not isinstance(value, str):
            raise _invalid(f"{name} must be a string")
        return value

    def flag(self, name: str) -> bool | None:
        value = self._body.get(name)
        if value is not None and not isinstance(value, bool):
            raise _invalid(f"{name} must be a boolean")
        return value

    def whole(self, name: str, bits: int) -> int | None:
        value = self._body.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise _invalid(f"{name} must be a non-negative integer")
        if value >= 1 << bits:
            raise Refused(Code.OVERFLOW, f"{name} exceeds uint{bits}")
        return value

    def nonce(self, bits: int) -> int | None:
        text = self.text("nonce")
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()):
            raise _invalid("nonce must be a decimal string")
        if len(text) > 78 or int(text) >= 1 << bits:
            raise Refused(Code.OVERFLOW, f"nonce exceeds uint{bits}")
        return int(text)

    def decimal(self, name: str) -> Decimal | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            number = decimal_of(text, name)
            if not -(1 << 255) <= e18(text, name) < 1 << 255:
                raise OutOfRangeError(f"{name} exceeds int256")
        except OutOfRangeError as wrong:
            raise Refused(Code.OVERFLOW, str(wrong)) from None
        except UnsignableError as wrong:
            raise _invalid(str(wrong)) from None
        return number

    def signature(self) -> str:
        text = self.need("signature", self.text("signature"))
        if not is_signature(text):
            raise _invalid("signature must be 65 bytes in hexadecimal")
        return text


def _one_of[T: str](name: str, value: str | None, allowed: tuple[T, ...]) -> T:
    for each in allowed:
        if value == each:
            return each
    raise _invalid(f"{name} must be one of {', '.join(allowed)}")


def _invalid(message: str) -> Refused:
    return Refused(Code.INPUT_VALIDATION, message)
