"""Markets that live: a matching engine, a seeded house that quotes and a crowd that trades, and who wants to know.

Sans-I/O, like the books themselves: time comes with each call, or from the agenda on which the house acts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import count
from random import Random
from typing import TYPE_CHECKING

import msgspec

from wsreplay.venues.matching import EXACT, ZERO, Book, Order, Side

if TYPE_CHECKING:
    from wsreplay.venues.agenda import Agenda

HOUSE = 0
"""Who owns the house's quotes. Clients of a venue are numbered from 1."""
CROWD = -1
"""Who trades against them."""
_MS = 1_000_000
_ANY: dict[Side, Decimal] = {"buy": Decimal("Infinity"), "sell": ZERO}
"""The limit of an order that takes any price."""


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """One market: its name, where its price begins, and its steps."""

    symbol: str
    price: Decimal
    tick: Decimal
    step: Decimal
    """Of quantities."""
    min_qty: Decimal


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One fill, numbered in its market from 1 on."""

    number: int
    at_ns: int
    maker_id: int
    taker_id: int
    maker: int
    """Owners of the two orders."""
    taker: int
    taker_side: Side
    price: Decimal
    qty: Decimal


class Level(msgspec.Struct, frozen=True):
    """What rests at one price now; zero: nothing any more."""

    side: Side
    price: Decimal
    qty: Decimal


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one order or cancellation did to a market."""

    symbol: str
    at_ns: int
    version: int
    """The book's version after it; each change that touches a level raises it by one."""
    order: Order
    """The order that came, or that was taken off."""
    cancelled: bool = False
    trades: tuple[Trade, ...] = ()
    makers: tuple[Order, ...] = ()
    """The resting orders that were filled, one for each trade."""
    levels: tuple[Level, ...] = ()
    """The levels that are other than before."""


type Listener = Callable[[Change], None]


class Market:
    """One book, its trades, and its listeners."""

    def __init__(self, spec: Spec, order_ids: Iterator[int]) -> None:
        self.spec = spec
        self.book = Book()
        self.version = 0
        self.last: Decimal | None = None
        """The price of the last trade."""
        self.trades: deque[Trade] = deque(maxlen=1_000)
        self.listeners: list[Listener] = []
        self._order_ids = order_ids
        self._numbers = count(1)

    def conforms(self, price: Decimal | None, qty: Decimal) -> bool:
        """Whether an order keeps to the market's steps and its smallest quantity."""
        fits = qty >= self.spec.min_qty and EXACT.remainder(qty, self.spec.step) == 0
        return fits and (price is None or (price > 0 and EXACT.remainder(price, self.spec.tick) == 0))

    def place(
        self, owner: int, side: Side, qty: Decimal, price: Decimal | None, now_ns: int, *, rest: bool = True
    ) -> Change:
        """An order comes. Without a price it takes any, and nothing of it rests."""
        limit = _ANY[side] if price is None else price
        order = Order(order_id=next(self._order_ids), owner=owner, side=side, price=limit, qty=qty)
        makers = {maker.order_id: maker for maker in self.book.would_fill(order)}
        fills = self.book.submit(order, rest=rest and price is not None)
        trades = tuple(
            Trade(
                number=next(self._numbers),
                at_ns=now_ns,
                maker_id=fill.maker_id,
                taker_id=fill.taker_id,
                maker=fill.maker,
                taker=fill.taker,
                taker_side=fill.taker_side,
                price=fill.price,
                qty=fill.qty,
            )
            for fill in fills
        )
        if trades:
            self.last = trades[-1].price
            self.trades.extend(trades)
        touched: list[tuple[Side, Decimal]] = [(makers[trade.maker_id].side, trade.price) for trade in trades]
        if order.order_id in self.book:
            touched.append((side, order.price))
        return self._changed(
            order, now_ns, touched, trades=trades, makers=tuple(makers[trade.maker_id] for trade in trades)
        )

    def cancel(self, order_id: int, now_ns: int) -> Change | None:
        """Take a resting order off; None if none rests under this id."""
        order = self.book.cancel(order_id)
        return None if order is None else self._changed(order, now_ns, [(order.side, order.price)], cancelled=True)

    def depth(self, side: Side, levels: int | None = None) -> list[tuple[Decimal, Decimal]]:
        """Price and quantity of the best levels of one side, best first."""
        return self.book.depth(side)[:levels]

    def _changed(
        self,
        order: Order,
        now_ns: int,
        touched: Iterable[tuple[Side, Decimal]],
        *,
        cancelled: bool = False,
        trades: tuple[Trade, ...] = (),
        makers: tuple[Order, ...] = (),
    ) -> Change:
        levels = tuple(Level(side, price, self.book.at(side, price)) for side, price in dict.fromkeys(touched))
        self.version += bool(levels)
        change = Change(
            symbol=self.spec.symbol,
            at_ns=now_ns,
            version=self.version,
            order=order,
            cancelled=cancelled,
            trades=trades,
            makers=makers,
            levels=levels,
        )
        for listener in list(self.listeners):
            listener(change)
        return change


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """How the house and the crowd behave."""

    levels: int = 5
    """How many prices the house quotes on each side."""
    spread: Decimal = Decimal("0.0005")
    """Distance of each level from the one before, as a part of the price."""
    worth: Decimal = Decimal(3000)
    """What one level is worth at most, in the currency that it is paid with."""
    step_ms: int | None = 500
    """How often something happens in each market; None: the first quotes stand until they are taken."""
    volatility: float = 0.0001
    """Standard deviation of one step, as a part of the price."""
    crowd: float = 0.5
    """How often in a step somebody trades: a chance."""


class Floor:
    """All markets of a venue, with the house in each. Two floors of the same seed and the same calls are the same."""

    def __init__(
        self,
        specs: Iterable[Spec],
        agenda: Agenda,
        *,
        seed: int = 1,
        life: Life | None = None,
        order_ids: Iterator[int] | None = None,
    ) -> None:
        """``order_ids``: numbers for all orders, the house's too; by default from 1 on."""
        ids = count(1) if order_ids is None else order_ids
        self.markets = {spec.symbol: Market(spec, ids) for spec in specs}
        self._agenda = agenda
        self._life = life if life is not None else Life()
        self._chance = {symbol: Random(f"{seed} {symbol}") for symbol in self.markets}  # noqa: S311 - repeatable
        self._marks = {symbol: market.spec.price for symbol, market in self.markets.items()}
        self._quotes: dict[str, list[int]] = {symbol: [] for symbol in self.markets}
        for symbol in self.markets:
            self._requote(symbol, agenda.now_ns)
            self._wait(symbol, agenda.now_ns)

    def listen(self, listener: Listener) -> None:
        """Tell this one of every change from now on."""
        for market in self.markets.values():
            market.listeners.append(listener)

    def find(self, order_id: int) -> tuple[Market, Order] | None:
        """The resting order with this id, and where it rests."""
        for market in self.markets.values():
            if (order := market.book.get(order_id)) is not None:
                return market, order
        return None

    def orders_of(self, owner: int) -> list[tuple[Market, Order]]:
        """What rests of one owner, oldest first."""
        found = [(market, order) for market in self.markets.values() for order in market.book if order.owner == owner]
        return sorted(found, key=lambda each: each[1].order_id)

    # Private parts

    def _wait(self, symbol: str, now_ns: int) -> None:
        if self._life.step_ms is not None:
            # Markets do not all move in the same breath.
            wait_ns = round(self._life.step_ms * _MS * self._chance[symbol].uniform(0.5, 1.5))
            self._agenda.at(now_ns + wait_ns, lambda at_ns: self._step(symbol, at_ns))

    def _step(self, symbol: str, now_ns: int) -> None:
        market, chance = self.markets[symbol], self._chance[symbol]
        if chance.random() < self._life.crowd:
            side: Side = "buy" if chance.random() < 0.5 else "sell"
            most = max(int(market.spec.min_qty / market.spec.step), self._largest(market) // 2, 1)
            least = max(int(market.spec.min_qty / market.spec.step), 1)
            market.place(CROWD, side, market.spec.step * chance.randint(least, max(most, least)), None, now_ns)
        drift = Decimal(round(chance.gauss(0, self._life.volatility) * 10**9)).scaleb(-9)
        wandered = _on_grid(EXACT.multiply(self._marks[symbol], 1 + drift), market.spec.tick)
        self._marks[symbol] = max(wandered, market.spec.tick)
        self._requote(symbol, now_ns)
        self._wait(symbol, now_ns)

    def _requote(self, symbol: str, now_ns: int) -> None:
        """The house quotes around the mark: quotes that stand where they should stay, and what they meet is filled."""
        market, chance = self.markets[symbol], self._chance[symbol]
        spec, largest = market.spec, self._largest(market)
        apart = max(_on_grid(EXACT.multiply(spec.price, self._life.spread), spec.tick), spec.tick)
        middle = _on_grid(self._marks[symbol], apart)
        wanted: list[tuple[Side, Decimal]] = [
            (side, price)
            for level in range(1, self._life.levels + 1)
            for side, sign in _SIDES
            if (price := middle + apart * level * sign) > 0
        ]
        standing: dict[tuple[Side, Decimal], int] = {}
        for order_id in self._quotes[symbol]:
            quote = market.book.get(order_id)
            if quote is None:
                continue
            if (quote.side, quote.price) in wanted:
                standing[quote.side, quote.price] = order_id
            else:
                market.cancel(order_id, now_ns)
        for side, price in wanted:
            if (side, price) not in standing:
                qty = max(spec.step * chance.randint((largest + 1) // 2, largest), spec.min_qty)
                standing[side, price] = market.place(HOUSE, side, qty, price, now_ns).order.order_id
        self._quotes[symbol] = list(standing.values())

    def _largest(self, market: Market) -> int:
        """The largest quote, in steps."""
        spec, mark = market.spec, self._marks[market.spec.symbol]
        return max(int(self._life.worth / mark / spec.step), int(spec.min_qty / spec.step), 1)


_SIDES: tuple[tuple[Side, int], ...] = (("buy", -1), ("sell", 1))


def _on_grid(price: Decimal, tick: Decimal) -> Decimal:
    return (price / tick).to_integral_value(ROUND_HALF_EVEN) * tick
