"""What a market's trades come to: the day's ticker, and candlesticks of every interval."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from wsreplay.venues.loopring.exchange import amounts, number
from wsreplay.venues.loopring.orders import MS, SECOND
from wsreplay.venues.loopring.topics import INTERVALS

if TYPE_CHECKING:
    from wsreplay.venues.loopring.tokens import Pair
    from wsreplay.venues.market import Market, Trade

_DAY = "1d"


class _Candle(msgspec.Struct):
    opened_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    count: int = 0
    size: int = 0
    volume: int = 0

    def add(self, price: Decimal, size: int, volume: int) -> None:
        self.high, self.low, self.close = max(self.high, price), min(self.low, price), price
        self.count += 1
        self.size += size
        self.volume += volume


class Candles:
    """The candlesticks of one market that are being drawn."""

    def __init__(self, pair: Pair, price: Decimal) -> None:
        self._pair = pair
        self._price = price
        self._drawn: dict[str, _Candle] = {}

    def add(self, trade: Trade) -> None:
        """A trade was made."""
        size, volume = amounts(self._pair, trade.price, trade.qty)
        for interval in INTERVALS:
            self._at(interval, trade.at_ns, trade.price).add(trade.price, size, volume)
        self._price = trade.price

    def candlestick(self, interval: str, now_ns: int) -> list[str]:
        """The one of now."""
        it = self._at(interval, now_ns, self._price)
        prices = (it.open, it.close, it.high, it.low)
        return [str(it.opened_ms), str(it.count), *map(number, prices), str(it.size), str(it.volume)]

    def ticker(self, market: Market, now_ns: int) -> list[str]:
        """The ticker of now; the day is that of the clock."""
        it = self._at(_DAY, now_ns, self._price)
        bid, ask = market.book.best("buy"), market.book.best("sell")
        return [
            self._pair.market,
            str(now_ns // MS),
            str(it.size),
            str(it.volume),
            *map(number, (it.open, it.high, it.low, it.close)),
            str(it.count),
            "" if bid is None else number(bid),
            "" if ask is None else number(ask),
        ]

    def _at(self, interval: str, now_ns: int, price: Decimal) -> _Candle:
        length_ms = INTERVALS[interval] * SECOND // MS
        opened_ms = now_ns // MS // length_ms * length_ms
        candle = self._drawn.get(interval)
        if candle is None or candle.opened_ms < opened_ms:
            candle = self._drawn[interval] = _Candle(opened_ms, price, price, price, price)
        return candle
