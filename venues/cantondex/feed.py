"""Market data as it is told to those who subscribed: each change, or what changed within an interval."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.cantondex.said import number
from wsreplay.venues.cantondex.times import MS, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.market import Change, Floor, Market
    from wsreplay.venues.matching import Side

_INTERVAL = re.compile(r"([1-9][0-9]{0,5})(ms|s|m)")
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000}
_SIDES: tuple[Side, ...] = ("buy", "sell")

type Top = tuple[Decimal | None, Decimal | None, Decimal | None]
"""Best bid, best ask, last price."""


def interval_ns(text: str) -> int | None:
    """An ``aggregation`` such as 1s; None: it is none."""
    found = _INTERVAL.fullmatch(text)
    return None if found is None else int(found[1]) * _UNIT_MS[found[2]] * MS


class Listener(msgspec.Struct, kw_only=True):
    """One subscription to market data."""

    symbols: frozenset[str]
    interval_ns: int = 0
    """0: each change is told at once."""
    pending: dict[str, dict[tuple[Side, Decimal], Decimal]] = {}
    """By symbol: the levels that are other than what was told last."""
    due: bool = False
    gone: bool = False
    tops: dict[str, Top] = {}


class Feed:
    """Listens to the markets, and tells the listeners."""

    def __init__(self, floor: Floor, agenda: Agenda, say: Callable[[int, dict[str, Any]], None]) -> None:
        self._floor, self._agenda, self._say = floor, agenda, say
        self._listeners: dict[int, Listener] = {}
        floor.listen(self._heard)

    def add(self, conn: int, symbols: frozenset[str], interval_ns: int) -> None:
        """This connection listens from now on."""
        self._listeners[conn] = Listener(
            symbols=symbols, interval_ns=interval_ns, pending={}, tops={symbol: self._top(symbol) for symbol in symbols}
        )

    def remove(self, conn: int) -> None:
        """It listens no more."""
        listener = self._listeners.pop(conn, None)
        if listener is not None:
            listener.gone = True

    def price(self, symbol: str, now_ns: int) -> dict[str, Any] | None:
        """What a market is at; None: one of its sides is empty."""
        bid, ask, last = self._top(symbol)
        if bid is None or ask is None:
            return None
        return {
            "type": "price_update",
            "symbol": symbol,
            "bid": number(bid),
            "ask": number(ask),
            "mid": number((bid + ask) / 2),
            "last_price": number(last if last is not None else self._floor.markets[symbol].spec.price),
            "timestamp": written(now_ns),
        }

    # Private parts

    def _heard(self, change: Change) -> None:
        if not change.levels:
            return
        for conn, listener in list(self._listeners.items()):
            if change.symbol not in listener.symbols:
                continue
            levels = listener.pending.setdefault(change.symbol, {})
            levels.update({(level.side, level.price): level.qty for level in change.levels})
            if not listener.interval_ns:
                self._flush(conn, listener, change.at_ns)
            elif not listener.due:
                listener.due = True
                self._agenda.at(
                    change.at_ns + listener.interval_ns,
                    lambda at_ns, conn=conn, listener=listener: self._flush(conn, listener, at_ns),  # type: ignore[misc]
                )

    def _flush(self, conn: int, listener: Listener, now_ns: int) -> None:
        listener.due = False
        if listener.gone:
            return
        pending, listener.pending = listener.pending, {}
        for symbol, levels in pending.items():
            sides: dict[Side, list[dict[str, Any]]] = {"buy": [], "sell": []}
            for (side, price), qty in levels.items():
                action = "update" if qty else "delete"
                sides[side].append({"price": number(price), "quantity": number(qty), "action": action})
            changes = {"bids": sides["buy"], "asks": sides["sell"]}
            self._say(
                conn,
                {"type": "orderbook_update", "symbol": symbol, "timestamp": written(now_ns), "changes": changes},
            )
            top = self._top(symbol)
            if top != listener.tops[symbol] and (update := self.price(symbol, now_ns)) is not None:
                listener.tops[symbol] = top
                self._say(conn, update)

    def _top(self, symbol: str) -> Top:
        market: Market = self._floor.markets[symbol]
        bid, ask = (market.book.best(side) for side in _SIDES)
        return bid, ask, market.last
