"""The venue's open orders, by id and by the wallet that signed them: caps are asked for with every order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from wsreplay.venues.matching import EXACT, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from wsreplay.venues.reya.orders import OpenOrder


class OpenOrders:
    """Orders in the order of their creation, and what each wallet has in them."""

    def __init__(self) -> None:
        self._orders: dict[int, OpenOrder] = {}
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._notionals: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)

    def __iter__(self) -> Iterator[OpenOrder]:
        return iter(self._orders.values())

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._orders

    def get(self, order_id: int) -> OpenOrder | None:
        """The open order with this id."""
        return self._orders.get(order_id)

    def count(self, signer: str) -> int:
        """How many orders a wallet has open."""
        return self._counts[signer]

    def notional(self, signer: str) -> Decimal:
        """What they are worth together, as far as they are not filled."""
        return self._notionals[signer]

    def add(self, order: OpenOrder) -> None:
        """A new order, of which nothing is filled."""
        self._orders[order.order_id] = order
        self._counts[order.signer] += 1
        self._notionals[order.signer] = EXACT.add(self._notionals[order.signer], order.notional)

    def filled(self, order: OpenOrder, qty: Decimal) -> None:
        """A part of an order was filled."""
        less = EXACT.multiply(order.wanted.price, qty)
        self._notionals[order.signer] = EXACT.subtract(self._notionals[order.signer], less)

    def remove(self, order_id: int) -> OpenOrder:
        """An order is filled or given up."""
        order = self._orders.pop(order_id)
        self._counts[order.signer] -= 1
        self._notionals[order.signer] = EXACT.subtract(self._notionals[order.signer], order.notional)
        return order
