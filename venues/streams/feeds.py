"""What the streams bring: pushes about trades and books, in the shape that each name asks for."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from wsreplay.venues.streams.numbers import decimal_text, level_texts, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wsreplay.venues.market import Change, Market, Trade
    from wsreplay.venues.streams.setup import StreamsSetup

_MS, _US = 1_000_000, 1_000


class Push(NamedTuple):
    """One event of a stream, under the name that it has there."""

    stream: str
    data: dict[str, Any]


class Feeds:
    """Makes pushes of what happens in the markets. Books are numbered as subscribers see them."""

    def __init__(self, setup: StreamsSetup) -> None:
        self._setup = setup
        self._versions: dict[str, int] = {}
        self._aggregated: dict[str, int] = {}
        """How many aggregated trades there were in each market."""

    def version(self, symbol: str) -> int:
        """The number of the last push about this book."""
        return self._versions.get(symbol, 0)

    def trade_number(self, trade: Trade) -> int:
        """The number by which clients know a trade."""
        return self._setup.first_trade + trade.number - 1

    def of(self, change: Change) -> Iterator[Push]:
        """What is pushed about a change: a push for each fill, then one for the book.

        The plain venue tells nobody of a cancellation.
        """
        for trade in change.trades:
            yield Push(f"trade.{change.symbol}", self._trade(change.symbol, trade))
        if change.cancelled and self._setup.profile == "plain":
            return
        if change.levels:
            self._versions[change.symbol] = self.version(change.symbol) + 1
            yield Push(f"depth.{change.symbol}", self._depth(change))

    def binance_trades(self, change: Change, unit: int) -> Iterator[dict[str, Any]]:
        """The same fills in Binance's own shape; ``unit``: how many nanoseconds its times count."""
        for trade in change.trades:
            yield {
                "e": "trade",
                "E": change.at_ns // unit,
                "s": binance_symbol(change.symbol),
                "t": self.trade_number(trade),
                "p": decimal_text(trade.price),
                "q": decimal_text(trade.qty),
                "T": trade.at_ns // unit,
                "m": trade.taker_side == "sell",
                "M": True,
            }

    def binance_depth(self, change: Change, unit: int) -> dict[str, Any]:
        """The book's change in Binance's own shape, numbered as the push of the same change is."""
        number = self.version(change.symbol)
        return {
            "e": "depthUpdate",
            "E": change.at_ns // unit,
            "s": binance_symbol(change.symbol),
            "U": number,
            "u": number,
            "b": _levels(change, "buy"),
            "a": _levels(change, "sell"),
        }

    def binance_agg_trades(self, change: Change, unit: int) -> Iterator[dict[str, Any]]:
        """What one order traded, a push for each price."""
        first = self._aggregated.get(change.symbol, 0) + 1
        for number, (price, group) in enumerate(groupby(change.trades, key=lambda trade: trade.price), first):
            trades = list(group)
            yield {
                "e": "aggTrade",
                "E": change.at_ns // unit,
                "s": binance_symbol(change.symbol),
                "a": number,
                "p": decimal_text(price),
                "q": decimal_text(total(trade.qty for trade in trades)),
                "f": self.trade_number(trades[0]),
                "l": self.trade_number(trades[-1]),
                "T": change.at_ns // unit,
                "m": trades[0].taker_side == "sell",
                "M": True,
            }

    def binance_levels(self, market: Market, levels: int) -> dict[str, Any]:
        """The best levels of a book, whole, in Binance's own shape."""
        return {
            "lastUpdateId": self.version(market.spec.symbol),
            "bids": level_texts(market.depth("buy", levels)),
            "asks": level_texts(market.depth("sell", levels)),
        }

    def over(self, change: Change) -> None:
        """All has been pushed about this change."""
        prices = sum(1 for _ in groupby(change.trades, key=lambda trade: trade.price))
        self._aggregated[change.symbol] = self._aggregated.get(change.symbol, 0) + prices

    def _trade(self, symbol: str, trade: Trade) -> dict[str, Any]:
        return {
            "T": trade.at_ns // _MS,
            "e": "trade",
            "m": trade.taker_side == "sell",
            "p": decimal_text(trade.price),
            "q": decimal_text(trade.qty),
            "s": symbol,
            "t": self.trade_number(trade),
        }

    def _depth(self, change: Change) -> dict[str, Any]:
        told: dict[str, Any] = {"a": _levels(change, "sell"), "b": _levels(change, "buy"), "e": "depth"}
        if not self._setup.numbered_depth:
            return {**told, "s": change.symbol}
        number, at_us = self.version(change.symbol), change.at_ns // _US
        return {"E": at_us, "T": at_us, "U": number, **told, "s": change.symbol, "u": number}


def binance_symbol(symbol: str) -> str:
    """A market's name as Binance writes it: SOLUSDC."""
    return symbol.replace("_", "")


def _levels(change: Change, side: str) -> list[list[str]]:
    """The levels that are other than before; a quantity of 0 takes one away."""
    return level_texts([(each.price, each.qty) for each in change.levels if each.side == side])
