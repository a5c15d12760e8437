"""Klines and tickers: what the trades of a while sum up to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Context
from itertools import groupby
from typing import TYPE_CHECKING

from wsreplay.venues.matching import EXACT
from wsreplay.venues.streams.numbers import decimal_text, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wsreplay.venues.market import Trade

_UNITS = {"1y": "year", "1m": "month", "1w": "week", "1d": "day", "1h": "hour", "1min": "minute"}
_DIVISION = Context(prec=20)
_DAY_NS = 86_400_000_000_000


def klines(trades: Sequence[Trade], interval: str, since_ms: int) -> list[dict[str, str]]:
    """A candle for each interval in which somebody traded. An interval that is not known is a week."""
    unit = _UNITS.get(interval.lower(), "week")
    wanted = [trade for trade in trades if trade.at_ns // 1_000_000 >= since_ms]
    candles = []
    for begin, group in groupby(wanted, key=lambda trade: _truncated(_moment(trade), unit)):
        inside = list(group)
        candles.append(
            {
                "open": decimal_text(inside[0].price),
                "close": decimal_text(inside[-1].price),
                "high": decimal_text(max(trade.price for trade in inside)),
                "low": decimal_text(min(trade.price for trade in inside)),
                "quote_volume": decimal_text(total(EXACT.multiply(trade.price, trade.qty) for trade in inside)),
                "start": _stamp(_moment(inside[0])),
                # The venue calls it the end, and it is when the interval began.
                "end": _stamp(begin),
                "trades": str(len(inside)),
                "volume": decimal_text(total(trade.qty for trade in inside)),
            }
        )
    return candles


def ticker(symbol: str, trades: Sequence[Trade], now_ns: int) -> dict[str, str] | None:
    """What a market did in 24 hours; None: nothing."""
    inside = [trade for trade in trades if trade.at_ns >= now_ns - _DAY_NS]
    if not inside:
        return None
    first, last = inside[0].price, inside[-1].price
    change = EXACT.subtract(last, first)
    return {
        "symbol": symbol,
        "firstPrice": decimal_text(first),
        "high": decimal_text(max(trade.price for trade in inside)),
        "low": decimal_text(min(trade.price for trade in inside)),
        "lastPrice": decimal_text(last),
        "priceChange": decimal_text(change),
        "priceChangePercent": decimal_text(_DIVISION.divide(change, first)),
        "quoteVolume": decimal_text(total(EXACT.multiply(trade.price, trade.qty) for trade in inside)),
        "trades": str(len(inside)),
        "volume": decimal_text(total(trade.qty for trade in inside)),
    }


def _moment(trade: Trade) -> datetime:
    return datetime.fromtimestamp(trade.at_ns // 1_000_000_000, UTC)


def _truncated(moment: datetime, unit: str) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0)
    match unit:
        case "year":
            return day.replace(month=1, day=1)
        case "month":
            return day.replace(day=1)
        case "week":
            return day - timedelta(days=day.weekday())
        case "day":
            return day
        case "hour":
            return moment.replace(minute=0, second=0)
        case _:
            return moment.replace(second=0)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
