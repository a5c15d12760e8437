"""What is to happen later, in the order of its time. It has no clock: whoever has one says how far to go."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

type Action = Callable[[int], None]
"""Called with the time it was due at, so that nothing depends on how often somebody looked."""


class Agenda:
    """A queue of actions by due time; actions of the same time keep the order in which they were entered."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self._due: list[tuple[int, int, Action]] = []
        self._entries = count()

    def at(self, due_ns: int, action: Action) -> None:
        """Enter an action; one whose time is past is due at once."""
        heappush(self._due, (max(due_ns, self.now_ns), next(self._entries), action))

    @property
    def next_ns(self) -> int | None:
        """When the next action is due."""
        return self._due[0][0] if self._due else None

    def run(self, until_ns: int) -> None:
        """Do everything that is due until then. Time never runs backwards: an earlier ``until_ns`` does nothing."""
        while self._due and self._due[0][0] <= until_ns:
            due_ns, _, action = heappop(self._due)
            self.now_ns = due_ns
            action(due_ns)
        self.now_ns = max(self.now_ns, until_ns)
