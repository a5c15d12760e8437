"""Topics, and the channel that each is: one string for a subscription and for what is pushed of it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wsreplay.venues.loopring.wire import Topic

PRIVATE = frozenset({"account", "order"})
"""Topics that need an ApiKey."""
INTERVALS = {
    "1min": 60,
    "5min": 300,
    "15min": 900,
    "30min": 1_800,
    "1hr": 3_600,
    "2hr": 7_200,
    "4hr": 14_400,
    "12hr": 43_200,
    "1d": 86_400,
    "1w": 604_800,
}
"""Candlestick intervals, in seconds."""
ALL_OF = "*"
"""In place of a topic's parameters: each subscription to it."""


def channel_of(topic: Topic) -> str | None:
    """The topic and the parameters by which two subscriptions to it differ.

    ``count`` and ``snapshot`` are none of them: who subscribes to the same book again replaces what was asked before.
    """
    name = topic.topic if topic.topic is not None else topic.misspelt
    return None if name is None else _joined(name, topic.market, topic.level, topic.interval, topic.pool_address)


def channels_of(topics: Iterable[Topic]) -> str | None:
    """What a request is about, and its answer: without ids they are paired by this."""
    return " ".join(channel for topic in topics if (channel := channel_of(topic)) is not None) or None


@lru_cache(maxsize=65_536)
def _joined(
    name: str, market: str | None, level: int | str | None, interval: str | None, pool_address: str | None
) -> str:
    parts = (market, level, interval, None if pool_address is None else pool_address.lower())
    return ":".join((name, *(str(part) for part in parts if part is not None)))
