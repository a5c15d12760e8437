"""An order of a client as the simulated venue keeps it, and the checks that it must pass."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from wsreplay.venues.cantondex.said import Refused, mean, number
from wsreplay.venues.cantondex.times import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsreplay.venues.market import Market
    from wsreplay.venues.matching import Side

_DIGITS = 30
_LONGEST = 64


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a client wants it, once it could be read."""

    market: Market
    side: Side
    order_type: Literal["limit", "market"]
    qty: Decimal
    price: Decimal | None
    time_in_force: Literal["gtc", "ioc", "fok"]
    post_only: bool


class LiveOrder(msgspec.Struct, kw_only=True):
    """An order, and how much of it is done."""

    order_id: str
    account_id: str
    symbol: str
    side: Side
    order_type: str
    qty: Decimal
    price: Decimal | None
    created_ns: int
    updated_ns: int
    number: int = 0
    """Its number in the market; 0: it rests nowhere."""
    status: str = "pending"
    filled: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    """Quantity times price of what was filled."""
    reserved: Decimal = Decimal(0)
    """Money that it holds, or holdings where it sells."""

    @property
    def is_open(self) -> bool:
        """Whether more may come of it."""
        return self.status in ("pending", "partially_filled")

    @property
    def average(self) -> Decimal:
        """What was paid for each, so far."""
        return mean(self.spent, self.filled)

    def listed(self) -> dict[str, Any]:
        """As the REST API shows it."""
        return {
            "order_id": self.order_id,
            "account_id": self.account_id,
            "symbol": self.symbol,
            "side": self.side,
            "order_type": self.order_type,
            "quantity": number(self.qty),
            "price": None if self.price is None else number(self.price),
            "status": self.status,
            "filled": number(self.filled),
            "average_fill_price": number(self.average),
            "created_at": written(self.created_ns),
            "updated_at": written(self.updated_ns),
        }


def wish_in(fields: Mapping[str, Any], markets: Mapping[str, Market]) -> Wish:
    """Read what ``POST /orders`` wants. Raises :class:`Refused`."""
    market = markets.get(_word(fields, "symbol"))
    if market is None:
        raise _invalid("symbol", f"Unknown symbol {fields.get('symbol')}")
    side, kind = fields.get("side"), fields.get("order_type")
    if side not in ("buy", "sell"):
        raise _invalid("side", "side must be buy or sell")
    if kind not in ("limit", "market"):
        raise _invalid("order_type", "order_type must be limit or market: stop orders are not simulated")
    force = fields.get("time_in_force", "gtc")
    if force not in ("gtc", "ioc", "fok"):
        raise _invalid("time_in_force", "time_in_force must be gtc, ioc or fok")
    qty = decimal_in(fields, "quantity")
    if qty is None:
        raise _invalid("quantity", "quantity is required")
    price = decimal_in(fields, "price") if kind == "limit" else None
    if kind == "limit" and price is None:
        raise _invalid("price", "A limit order needs a price")
    check_steps(market, price, qty)
    post_only = fields.get("post_only", False)
    if not isinstance(post_only, bool):
        raise _invalid("post_only", "post_only must be true or false")
    other = market.book.best("sell" if side == "buy" else "buy")
    if post_only and price is not None and other is not None and (price >= other if side == "buy" else price <= other):
        raise _invalid("post_only", "The order would be filled at once")
    return Wish(
        market=market, side=side, order_type=kind, qty=qty, price=price, time_in_force=force, post_only=post_only
    )


def check_steps(market: Market, price: Decimal | None, qty: Decimal) -> None:
    """Raise :class:`Refused` unless an order keeps to the market's steps."""
    if not market.conforms(price, qty):
        spec = market.spec
        raise _invalid(
            "quantity",
            f"quantity is at least {spec.min_qty:f} and a multiple of {spec.step:f}, price a multiple of {spec.tick:f}",
        )


def decimal_in(fields: Mapping[str, Any], name: str) -> Decimal | None:
    """A positive number of a request; None: there is none. Raises :class:`Refused` where it is anything else."""
    value = fields.get(name)
    if value is None:
        return None
    sound = isinstance(value, Decimal | int) and not isinstance(value, bool)
    if not sound or len(str(value)) > _LONGEST:
        raise _invalid(name, f"{name} must be a number")
    exact = Decimal(value)
    if not exact.is_finite() or exact <= 0 or abs(exact.adjusted()) > _DIGITS or len(exact.as_tuple().digits) > _DIGITS:
        raise _invalid(name, f"{name} must be a positive number of at most {_DIGITS} digits")
    return exact


def _word(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _invalid(field: str, message: str) -> Refused:
    return Refused(400, "INVALID_REQUEST", message, field=field)
