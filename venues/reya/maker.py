"""The seeded market maker: it quotes every book around a price that wanders, and moves the oracle with it."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from random import Random
from typing import TYPE_CHECKING

from wsreplay.venues.matching import EXACT

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.matching import Side
    from wsreplay.venues.reya.exchange import Exchange
    from wsreplay.venues.reya.markets import Market
    from wsreplay.venues.reya.setup import Liquidity

_SIDES: tuple[tuple[Side, int], ...] = (("buy", -1), ("sell", 1))


class MarketMaker:
    """Quotes of the house. Its orders rest and fill by the same rules as anyone's."""

    def __init__(
        self, exchange: Exchange, liquidity: Liquidity, seed: int, agenda: Agenda, moved: Callable[[int], None]
    ) -> None:
        self._exchange = exchange
        self._liquidity = liquidity
        self._random = Random(f"{seed} maker")  # noqa: S311 - repeatable, not secret
        self._agenda = agenda
        self._moved = moved
        self._quotes: dict[str, list[int]] = {symbol: [] for symbol in exchange.markets}
        self._step(agenda.now_ns, wander=False)

    def _step(self, now_ns: int, *, wander: bool = True) -> None:
        for symbol, market in self._exchange.markets.items():
            mark = self._exchange.clearing.marks[symbol]
            if mark is None or self._exchange.halted:
                continue
            if wander:
                mark = self._wandered(mark, market)
                self._exchange.clearing.marks[symbol] = mark
            self._requote(market, mark, now_ns)
        self._moved(now_ns)
        if self._liquidity.step_ms is not None:
            self._agenda.at(now_ns + self._liquidity.step_ms * 1_000_000, self._step)

    def _wandered(self, mark: Decimal, market: Market) -> Decimal:
        drift = Decimal(round(self._random.gauss(0, self._liquidity.volatility) * 10**9)).scaleb(-9)
        return max(_on_grid(EXACT.multiply(mark, 1 + drift), market.tick), market.tick)

    def _requote(self, market: Market, mark: Decimal, now_ns: int) -> None:
        book = self._exchange.books[market.symbol]
        for order_id in self._quotes[market.symbol]:
            book.cancel(order_id)
        quotes = self._quotes[market.symbol] = []
        apart = max(_on_grid(EXACT.multiply(mark, self._liquidity.spread), market.tick), market.tick)
        largest = max(int(self._liquidity.size / mark / market.step), int(market.min_qty / market.step), 1)
        for level in range(1, self._liquidity.levels + 1):
            for side, sign in _SIDES:
                price = mark + apart * level * sign
                qty = market.step * self._random.randint((largest + 1) // 2, largest)
                if price > 0:
                    quotes.append(self._exchange.quote(market, side, price, max(qty, market.min_qty), now_ns))


def _on_grid(price: Decimal, tick: Decimal) -> Decimal:
    return (price / tick).to_integral_value(ROUND_HALF_EVEN) * tick
