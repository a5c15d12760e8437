"""A matching engine with price-time priority, shared by the venues whose simulators trade.

Sans-I/O and without a clock: time is the order of the calls. Quantities and prices are exact decimals; an
operation that would have to round raises instead.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

type Side = Literal["buy", "sell"]

# Two uint256 amounts multiplied need 156 digits; beyond that something is wrong, and it is said rather than rounded.
EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow])
"""The arithmetic of the simulators: exact, or an error."""

ZERO = Decimal(0)


class Order(msgspec.Struct, kw_only=True):
    """A limit order, and how much of it is done."""

    order_id: int
    owner: int
    side: Side
    price: Decimal
    qty: Decimal
    filled: Decimal = ZERO

    @property
    def remaining(self) -> Decimal:
        """What may still be filled."""
        return EXACT.subtract(self.qty, self.filled)


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One trade between an order that rested and one that came, at the resting order's price."""

    maker_id: int
    taker_id: int
    maker: int
    taker: int
    """Owners of the two orders."""
    taker_side: Side
    price: Decimal
    qty: Decimal


class _Ladder:
    """One side's resting orders, best price last so that the best is taken off in constant time."""

    __slots__ = ("levels", "ranks", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self.ranks: list[Decimal] = []
        self.levels: dict[Decimal, dict[int, Order]] = {}

    def rank(self, price: Decimal) -> Decimal:
        """Higher is better: a bid's price, an ask's price turned round (without rounding, as unary minus would)."""
        return price if self.side == "buy" else price.copy_negate()

    def add(self, order: Order) -> None:
        rank = self.rank(order.price)
        level = self.levels.get(rank)
        if level is None:
            level = self.levels[rank] = {}
            insort(self.ranks, rank)
        level[order.order_id] = order

    def remove(self, order: Order) -> None:
        rank = self.rank(order.price)
        level = self.levels[rank]
        del level[order.order_id]
        if not level:
            del self.levels[rank]
            del self.ranks[bisect_left(self.ranks, rank)]

    def level(self, price: Decimal) -> Iterable[Order]:
        return self.levels.get(self.rank(price), {}).values()

    def best(self) -> Order | None:
        if not self.ranks:
            return None
        return next(iter(self.levels[self.ranks[-1]].values()))

    def __iter__(self) -> Iterator[Order]:
        for rank in reversed(self.ranks):
            yield from self.levels[rank].values()


class Book:
    """The resting orders of one market, and the rule by which they meet incoming ones."""

    __slots__ = ("_asks", "_bids", "_orders")

    def __init__(self) -> None:
        self._bids = _Ladder("buy")
        self._asks = _Ladder("sell")
        self._orders: dict[int, Order] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._orders

    def __iter__(self) -> Iterator[Order]:
        """Resting orders in the order of their priority, bids first."""
        yield from self._bids
        yield from self._asks

    def get(self, order_id: int) -> Order | None:
        """The resting order with this id."""
        return self._orders.get(order_id)

    def submit(self, order: Order, *, rest: bool = True) -> list[Fill]:
        """Match ``order`` against the other side, best price first and oldest first; the remainder rests.

        With ``rest=False`` the remainder is dropped (immediate or cancel). ``order.filled`` says how much is done.
        """
        if order.order_id in self._orders:
            raise ValueError(f"order {order.order_id} rests already")
        if order.remaining <= 0:
            raise ValueError(f"order {order.order_id} has nothing to fill")
        fills: list[Fill] = []
        other = self._other(order.side)
        while order.filled < order.qty:
            maker = other.best()
            if maker is None or not _crosses(order.side, order.price, maker.price):
                break
            qty = min(order.remaining, maker.remaining)
            order.filled = EXACT.add(order.filled, qty)
            maker.filled = EXACT.add(maker.filled, qty)
            if maker.filled == maker.qty:
                self._drop(maker)
            fills.append(
                Fill(
                    maker_id=maker.order_id,
                    taker_id=order.order_id,
                    maker=maker.owner,
                    taker=order.owner,
                    taker_side=order.side,
                    price=maker.price,
                    qty=qty,
                )
            )
        if rest and order.filled < order.qty:
            self._orders[order.order_id] = order
            self._own(order.side).add(order)
        return fills

    def cancel(self, order_id: int) -> Order | None:
        """Take a resting order off the book; None if none rests under this id."""
        order = self._orders.get(order_id)
        if order is not None:
            self._drop(order)
        return order

    def best(self, side: Side) -> Decimal | None:
        """The best price on one side."""
        order = self._own(side).best()
        return None if order is None else order.price

    def depth(self, side: Side) -> list[tuple[Decimal, Decimal]]:
        """Price and quantity of each level of one side, best first."""
        levels: dict[Decimal, Decimal] = {}
        for order in self._own(side):
            levels[order.price] = EXACT.add(levels.get(order.price, ZERO), order.remaining)
        return list(levels.items())

    def at(self, side: Side, price: Decimal) -> Decimal:
        """How much rests at one price."""
        found = ZERO
        for order in self._own(side).level(price):
            found = EXACT.add(found, order.remaining)
        return found

    def would_fill(self, order: Order) -> list[Order]:
        """The resting orders that an incoming one would meet, in the order in which it would."""
        met: list[Order] = []
        left = order.remaining
        for maker in self._other(order.side):
            if left <= 0 or not _crosses(order.side, order.price, maker.price):
                break
            met.append(maker)
            left = EXACT.subtract(left, maker.remaining)
        return met

    def fillable(self, side: Side, limit: Decimal) -> Decimal:
        """How much an incoming order of ``side`` would find at ``limit`` or better."""
        found = ZERO
        for order in self._other(side):
            if not _crosses(side, limit, order.price):
                break
            found = EXACT.add(found, order.remaining)
        return found

    def _own(self, side: Side) -> _Ladder:
        return self._bids if side == "buy" else self._asks

    def _other(self, side: Side) -> _Ladder:
        return self._asks if side == "buy" else self._bids

    def _drop(self, order: Order) -> None:
        del self._orders[order.order_id]
        self._own(order.side).remove(order)


def _crosses(side: Side, limit: Decimal, price: Decimal) -> bool:
    return price <= limit if side == "buy" else price >= limit
