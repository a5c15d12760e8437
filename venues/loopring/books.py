"""Books as the venue shows them: slots of price, size, volume and count, on levels of coarser and coarser prices."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import TYPE_CHECKING

from wsreplay.venues.loopring.exchange import amounts, number

if TYPE_CHECKING:
    from collections.abc import Collection

    from wsreplay.venues.loopring.setup import Listing
    from wsreplay.venues.market import Market
    from wsreplay.venues.matching import Side

type Slot = list[str]
type Slots = dict[str, list[Slot]]

_WIDE = Context(prec=200)
_NAMES: dict[Side, str] = {"buy": "bids", "sell": "asks"}


class BookView:
    """One market's book on one level."""

    def __init__(self, market: Market, listing: Listing, level: int) -> None:
        self._market = market
        self._listing = listing
        self._digits = Decimal(1).scaleb(level - listing.price_digits)

    def slot_price(self, side: Side, price: Decimal) -> Decimal:
        """The price of the slot in which an order of this price stands: never better than the order's own."""
        return price.quantize(self._digits, ROUND_FLOOR if side == "buy" else ROUND_CEILING, _WIDE)

    def best(self, count: int) -> Slots:
        """So many slots of each side, best first."""
        return {name: list(self._slots(side).values())[:count] for side, name in _NAMES.items()}

    def changed(self, touched: Collection[tuple[Side, Decimal]]) -> Slots:
        """The slots in which these prices fall, with what stands there now; nothing any more is zero."""
        found: Slots = {name: [] for name in _NAMES.values()}
        for side, name in _NAMES.items():
            prices = {self.slot_price(side, price) for at, price in touched if at == side}
            if not prices:
                continue
            slots = self._slots(side)
            for price in sorted(prices, reverse=side == "buy"):
                found[name].append(slots.get(price) or [number(price), "0", "0", "0"])
        return found

    def _slots(self, side: Side) -> dict[Decimal, Slot]:
        sums: dict[Decimal, list[int]] = {}
        for order in self._market.book:
            if order.side != side:
                continue
            slot = sums.setdefault(self.slot_price(side, order.price), [0, 0, 0])
            size, volume = amounts(self._listing.pair, order.price, order.remaining)
            slot[0] += size
            slot[1] += volume
            slot[2] += 1
        return {price: [number(price), *map(str, slot)] for price, slot in sums.items()}
