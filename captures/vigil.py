"""Watching over a scribe: does it keep up, does it move at all, is anything lost? It has no clock of its own."""

from __future__ import annotations

import msgspec

STALLED_S = 20.0
"""Without a sign of life for so long, though there is something to read, a scribe is replaced."""
BEHIND = 0.5
"""The part of the hand-over that may be full before somebody hears of it."""


class Sight(msgspec.Struct, frozen=True):
    """What can be seen of a scribe from outside."""

    now: float
    """Seconds, of a monotonic clock."""
    heard: float
    """When it said something last, or was started."""
    written: int
    released: int
    capacity: int
    losing: bool
    """The hand-over is full, and something that came since did not fit."""


class Vigil:
    """Remembers what it has told, so that each trouble is told once when it begins and once when it is over."""

    def __init__(self, stalled_s: float = STALLED_S) -> None:
        self._stalled_s = stalled_s
        self._released = -1
        self._moved = 0.0
        self._behind = self._losing = False

    def look(self, sight: Sight) -> tuple[list[str], bool]:
        """What to tell people, and whether the scribe has to be replaced."""
        waiting = sight.written - sight.released
        if sight.released != self._released or not waiting:
            self._released, self._moved = sight.released, sight.now
        told: list[str] = []
        behind = waiting > BEHIND * sight.capacity
        if behind and not self._behind:
            told.append(
                f"the recording is {waiting >> 20} MB behind of {sight.capacity >> 20} that can wait; "
                "the traffic is not held up"
            )
        if sight.losing and not self._losing:
            told.append("the hand-over is full: what comes now is passed on and not recorded; the capture will say so")
        elif self._losing and not sight.losing:
            told.append("what comes is recorded again; the capture says what is missing")
        # Told again only once all of it was caught up.
        self._behind = behind or (self._behind and waiting > BEHIND / 2 * sight.capacity)
        self._losing = sight.losing
        stalled = bool(waiting) and sight.now - max(self._moved, sight.heard) > self._stalled_s
        return told, stalled
