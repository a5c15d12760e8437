"""Spans of time as people write them: ``500ms``, ``1.5s``, ``2m``. Kept as nanoseconds, and written back exactly."""

from __future__ import annotations

import re
from decimal import Decimal

UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
LONGEST_NS = 366 * 24 * UNITS["h"]
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", re.ASCII)


def is_duration(text: str) -> bool:
    """Whether this is written like a span of time, be it one that can be used or not."""
    return _DURATION.fullmatch(text) is not None


def read_duration(text: str) -> int:
    """The nanoseconds that ``text`` stands for; a `ValueError` says why it stands for none."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("a time is a number with its unit (ms, s, m or h), such as 500ms")
    nanoseconds = Decimal(match[1]) * UNITS[match[2]]
    if not 1 <= nanoseconds <= LONGEST_NS:
        raise ValueError("a time lies between 1ns and a year")
    if nanoseconds != int(nanoseconds):
        raise ValueError("a time is exact to the nanosecond")
    return int(nanoseconds)


def write_duration(nanoseconds: int) -> str:
    """The shortest way to write it that loses nothing: in the largest unit of which it is a whole number."""
    unit = max((name for name in UNITS if nanoseconds % UNITS[name] == 0), key=UNITS.__getitem__)
    return f"{nanoseconds // UNITS[unit]}{unit}"
