"""Pings of one side of a line, and whether the other side answers them."""

from __future__ import annotations

from collections import deque

import msgspec

from wsreplay.captures.event import Event

WAITING = 64
"""Unanswered pings that are remembered by their address; the number of all is counted."""


class Ping(msgspec.Struct, frozen=True):
    """A ping that waits for its answer."""

    seq: int
    conn: int | None
    at_ns: int
    mono_ns: int
    reached: bool
    """Whether it was handed on."""


class Pings:
    """The pings that one side sent on one line in one of the two manners, as frames or as messages."""

    __slots__ = ("_waiting", "answered", "pings", "pongs", "unanswered")

    def __init__(self) -> None:
        self._waiting: deque[Ping] = deque(maxlen=WAITING)
        self.unanswered = 0
        """Pings since the last answer."""
        self.pings = 0
        self.pongs = 0
        self.answered = 0
        """Answers that came while a ping waited for one."""

    def ping(self, event: Event, reached: bool) -> None:
        """A ping was sent."""
        self.pings += 1
        self.unanswered += 1
        if self.unanswered <= WAITING:  # the first are what matters: since when nobody answers
            self._waiting.append(Ping(event.seq, event.conn, event.at_ns, event.mono_ns, reached))

    def pong(self) -> list[Ping]:
        """The other side shows that it lives: what had waited until now."""
        self.pongs += 1
        self.answered += bool(self.unanswered)
        return self.give_up()

    def give_up(self) -> list[Ping]:
        """Nothing is waited for any more: what had been until now."""
        waited = list(self._waiting)
        self._waiting.clear()
        self.unanswered = 0
        return waited

    @property
    def oldest(self) -> Ping | None:
        """The first that waits."""
        return self._waiting[0] if self._waiting else None


def is_ping(event: Event) -> bool | None:
    """Whether this event is a ping (True) or the answer to one (False), as a frame or as a message; else None."""
    if event.kind == "ping" or event.kind == "pong":
        return event.kind == "ping"
    if event.role != "heartbeat" or event.part or (event.kind != "text" and event.kind != "binary"):
        return None
    word = (event.op or "").lower()
    if "pong" in word:
        return False
    return True if "ping" in word else None
