"""The venue's times: ISO 8601 in UTC, as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

SECOND = 1_000_000_000
MS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400
_FRACTION = re.compile(r"[.,](\d{7,})")
_MICROSECONDS = 27
"""The length of a time to the microsecond. What is longer may hold more digits than the clock of Python."""


def nanoseconds(text: str) -> int | None:
    """Since 1970; None where it is no time. A time that names no zone is one of UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    whole = ((since.days * _DAY_S + since.seconds) * 1_000_000 + since.microseconds) * 1_000
    if len(text) > _MICROSECONDS and (fraction := _FRACTION.search(text)) is not None:
        whole += int(fraction[1][6:9].ljust(3, "0"))
    return whole


def written(at_ns: int) -> str:
    """As the venue writes it, to the millisecond (down)."""
    moment = datetime.fromtimestamp(at_ns // SECOND, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ns % SECOND // MS:03}Z"


def midnight_after(at_ns: int, days: int) -> str:
    """The beginning of the day so many days later."""
    day = at_ns // SECOND // _DAY_S + days
    return f"{datetime.fromtimestamp(day * _DAY_S, UTC):%Y-%m-%dT%H:%M:%SZ}"
