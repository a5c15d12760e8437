"""What is held back on its way: one direction of a connection under delay, stall and reorder.

Sans-I/O and without a clock: things are put in with the time, and asked for with the time. A proxy and a replay hand on
what is :meth:`~Passage.ready`, and ask again when it says so.
"""

from __future__ import annotations

from collections import deque

FOR_EVER = 1 << 62
"""A time that does not come."""


class _Held[T]:
    __slots__ = ("counts", "due_ns", "item", "left", "size")

    def __init__(self, item: T, due_ns: int, size: int, counts: bool, left: int) -> None:
        self.item = item
        self.due_ns = due_ns
        self.size = size
        self.counts = counts
        """It is one of the messages that something set aside lets pass first."""
        self.left = left
        """Set aside: how many still pass first."""


class Passage[T]:
    """Things go in at one end and come out at the other, mostly at once and in their order."""

    def __init__(self) -> None:
        self.size = 0
        """How much is held, in whatever unit it was put in."""
        self._line: deque[_Held[T]] = deque()
        self._ahead: deque[_Held[T]] = deque()
        self._aside: list[_Held[T]] = []
        self._stalled_until = 0

    def __len__(self) -> int:
        return len(self._line) + len(self._ahead) + len(self._aside)

    @property
    def sets_aside(self) -> bool:
        """Whether something waits for what comes after it."""
        return bool(self._aside)

    def put(
        self,
        item: T,
        now_ns: int,
        *,
        size: int = 0,
        delay_ns: int = 0,
        behind: int = 0,
        within_ns: int = 0,
        heartbeat: bool = False,
    ) -> None:
        """Something comes in: to be handed on after ``delay_ns``, or ``behind`` the next messages.

        A heartbeat does not wait where messages are stalled.
        """
        self.size += size
        held = _Held(item, now_ns + delay_ns, size, counts=not heartbeat, left=behind)
        if behind:
            held.due_ns += within_ns
            self._aside.append(held)
        elif heartbeat and not delay_ns and now_ns < self._stalled_until:
            self._ahead.append(held)
        else:
            self._line.append(held)

    def stall(self, until_ns: int = FOR_EVER) -> None:
        """Hold all messages until then; a shorter stall does not end a longer one."""
        self._stalled_until = max(self._stalled_until, until_ns)

    def ready(self, now_ns: int) -> T | None:
        """The next thing that is to be handed on at this time."""
        if self._ahead:
            return self._out(self._ahead.popleft())
        if now_ns < self._stalled_until:
            return None
        for held in self._aside:
            if held.left <= 0 or held.due_ns <= now_ns:
                self._aside.remove(held)
                return self._out(held)
        if self._line and self._line[0].due_ns <= now_ns:
            held = self._line.popleft()
            if held.counts:
                for waiting in self._aside:
                    waiting.left -= 1
            return self._out(held)
        return None

    def wake_ns(self) -> int | None:
        """When to ask again if nothing comes in before; None: time alone changes nothing."""
        dues = [held.due_ns for held in self._aside]
        if self._line:
            dues.append(self._line[0].due_ns)
        wake = max(min(dues), self._stalled_until) if dues else FOR_EVER
        return None if wake >= FOR_EVER else wake

    def close(self, now_ns: int) -> list[T]:
        """Nothing more comes in: what was set aside waits no longer, and what is stalled is given up and returned."""
        if now_ns < self._stalled_until:
            return self.drain()
        for held in self._aside:
            held.due_ns = now_ns
        self._line.extend(self._aside)
        self._aside.clear()
        return []

    def drain(self) -> list[T]:
        """Give up all that is held; it is returned in the order in which it came nearest to going on."""
        held = [*self._ahead, *self._line, *self._aside]
        for place in (self._ahead, self._line, self._aside):
            place.clear()
        self.size = 0
        self._stalled_until = 0
        return [each.item for each in held]

    def _out(self, held: _Held[T]) -> T:
        self.size -= held.size
        return held.item
