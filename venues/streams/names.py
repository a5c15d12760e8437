"""The names of streams: ``depth.SOL_USDC``, ``kline.1m.SOL_USDC``, ``btcusdt@depth@100ms``, ``!ticker@arr``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

DOTTED = re.compile(
    r"(?:depth|trade|ticker|bookTicker|markPrice|openInterest|liquidation|kline)(?:\.\w{1,8})?\.[A-Z0-9]+(?:_[A-Z0-9]+)+"
    r"|account\.\w+Update(?:\.[A-Z0-9_]+)?",
    re.ASCII,
)
"""Streams as Backpack and its likes name them."""
AT = re.compile(r"[a-z0-9_]+@[A-Za-z]\w*(?:@\w+)?|!\w+@arr(?:@\w+)?", re.ASCII)
"""Streams as Binance names them."""


class StreamName(NamedTuple):
    """What a stream's name says."""

    topic: str
    symbol: str | None


@lru_cache(maxsize=16_384)
def parsed(stream: str) -> StreamName:
    """The topic and the symbol in a stream's name, in either style."""
    if stream.startswith("!"):
        return StreamName(stream[1:].partition("@")[0], None)
    symbol, at, rest = stream.partition("@")
    if at:
        return StreamName(rest.partition("@")[0], symbol.upper() or None)
    parts = stream.split(".")
    if len(parts) == 1:
        return StreamName(stream, None)
    # Backpack's private streams: account.orderUpdate, for all markets or for one.
    if parts[0] == "account":
        return StreamName(parts[1], parts[2] if len(parts) > 2 else None)
    return StreamName(parts[0], parts[-1] or None)


_RAW_TOPICS = {"depthUpdate": "depth", "24hrTicker": "ticker", "24hrMiniTicker": "miniTicker"}


@lru_cache(maxsize=16_384)
def raw_stream(event: str, symbol: str) -> str:
    """The stream that a push without its name belongs to, as its subscriber named it, but for speed and interval."""
    return f"{symbol.lower()}@{_RAW_TOPICS.get(event, event)}"
