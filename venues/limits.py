"""Rate limits: how often a wallet may act, and an address may ask."""

from __future__ import annotations

from collections import deque

MINUTE = 60_000_000_000


class SlidingWindow:
    """At most ``limit`` uses by one key within any minute. What is refused does not count."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._uses: dict[str, deque[int]] = {}

    def take(self, key: str, now_ns: int) -> bool:
        """Count one use; False where the limit is reached."""
        uses = self._uses.setdefault(key, deque())
        while uses and uses[0] <= now_ns - MINUTE:
            uses.popleft()
        if len(uses) >= self.limit:
            return False
        uses.append(now_ns)
        return True


class FixedWindow:
    """At most ``limit`` uses by one key within one minute of the clock."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._minute = -1
        self._uses: dict[str, int] = {}

    def take(self, key: str, now_ns: int) -> bool:
        """Count one use; False where the limit is reached."""
        minute = now_ns // MINUTE
        if minute != self._minute:
            self._minute = minute
            self._uses.clear()
        used = self._uses[key] = self._uses.get(key, 0) + 1
        return used <= self.limit
