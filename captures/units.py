"""Times, durations and sizes as people read them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS = 1_000_000_000
_SIZES = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def duration(ns: int) -> str:
    """Three digits and the unit that suits: ``840 ns``, ``12.4 µs``, ``3.21 s``, ``2 m 05 s``, ``3 h 12 m``."""
    if ns < 0:
        return "-" + duration(-ns)
    if ns < 1000:
        return f"{ns} ns"
    # Whether it is still below the next unit is asked of the rounded figure: never "1000 µs".
    if ns < 999_500:
        return f"{_three(ns / 1000)} µs"
    if ns < 999_500_000:
        return f"{_three(ns / 1_000_000)} ms"
    if ns < 59_950_000_000:
        return f"{_three(ns / _NS)} s"
    seconds = (ns + _NS // 2) // _NS
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02} s"
    minutes = (seconds + 30) // 60
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02} m"
    hours = (minutes + 30) // 60
    return f"{hours // 24} d {hours % 24:02} h"


def size(count: int) -> str:
    """Bytes in three digits: ``328 B``, ``1.21 kB``, ``34.5 MB``."""
    for unit, factor in _SIZES:
        if count >= factor * 0.9995:
            return f"{_three(count / factor)} {unit}"
    return f"{count} B"


def moment(ns: int) -> str:
    """A time since 1970 as local date and time to the second."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ns // _NS))
    except (ValueError, OverflowError, OSError):
        return f"{ns} ns since 1970"


def iso(ns: int) -> str:
    """A time since 1970 as ISO 8601 in UTC, to the microsecond."""
    try:
        moment = _EPOCH + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return f"{ns} ns since 1970"
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


class TimeOfDay:
    """Local time of day to the microsecond, with the date before it if ``dated``. Remembers the last second."""

    def __init__(self, dated: bool) -> None:
        self._format = "%Y-%m-%d %H:%M:%S" if dated else "%H:%M:%S"
        self._second = -1
        self._text = ""

    def __call__(self, ns: int) -> str:
        """The time of day of this moment since 1970."""
        second, rest = divmod(ns, _NS)
        if second != self._second:
            try:
                self._text = time.strftime(self._format, time.localtime(second))
            except (ValueError, OverflowError, OSError):
                return str(ns)
            self._second = second
        return f"{self._text}.{rest // 1000:06}"


def local_day(ns: int) -> tuple[int, ...]:
    """Year and day of a moment, by the local clock."""
    try:
        local = time.localtime(ns // _NS)
    except (ValueError, OverflowError, OSError):
        return (0, 0)
    return local.tm_year, local.tm_yday


def _three(value: float) -> str:
    """At most three digits and no fewer, as far as there are any."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
