"""One live line in its recorded course: what the venue says next on it, and when. Sans-I/O.

What was said in the recording comes in the recorded order and at the recorded pace, each after the requests that had
come before it. A reply waits for its request and for nothing that the client has yet to do; whoever asks earlier or
elsewhere than the recorded client is answered at once. Where a request that was recorded does not come, what was said
after it waits for as long as the recorded client took and :data:`PATIENCE_NS` longer. From then on the client counts as
astray, and nothing waits for it until a recorded request comes again.

What had a cause (a push its subscription, or the request that made its order) is never said without it: it is put
aside, and said in its recorded distance from the cause if that comes later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

from wsreplay.replay.served_script import Said, ServedLine, Wish

PATIENCE_NS = 5_000_000_000


class ServedCourse:
    """Where a live line stands in the recorded one that it follows."""

    def __init__(
        self,
        line: ServedLine,
        wishes: dict[int, Wish],
        opened_ns: int,
        *,
        speed: float = 1.0,
        patience_ns: int = PATIENCE_NS,
        came_elsewhere: Callable[[int], int | None] = lambda _: None,
    ) -> None:
        """``came_elsewhere``: when a request came that this line did not carry; None: not yet."""
        self.line = line
        self._wishes = wishes
        self._speed = speed
        self._patience_ns = patience_ns
        self._elsewhere = came_elsewhere
        self._said = line.said
        self._done = bytearray(len(line.said))
        self._at = 0
        """The first thing that was neither said nor passed over."""
        self._settled = 0
        """So many requests have come, or are waited for no more."""
        self._given_up: set[int] = set()
        self._astray = False
        self._last_ns, self._last_mono_ns = opened_ns, line.mono_ns
        self._blocked: tuple[int, int] | None = None
        """What waits for the client, and since when."""
        self._answering: dict[int, Said] = {}
        """Replies to requests that have come, by their index."""
        self._aside: dict[tuple[int, ...], list[Said]] = {}
        """What waits for a cause out of its turn, or comes from another line."""
        self.came: dict[int, int] = {}
        """When each recorded request came."""
        self._on: dict[str, bool] = {}
        self.wake_ns: int | None = None
        """When :meth:`due` has something to say, or to give up."""

    @property
    def over(self) -> bool:
        """Whether everything was said or passed over that does not wait for the client."""
        return self._at == len(self._said) and not self._answering

    def came_now(self, wish: Wish, now_ns: int) -> None:
        """A recorded request of this line came."""
        self.came[wish.seq] = now_ns
        self._astray = False
        if wish.reply is not None and not self._done[wish.reply.index]:
            self._answering[wish.reply.index] = wish.reply

    def missed(self, seq: int) -> None:
        """Another request took this one's place: nothing waits for it."""
        self._given_up.add(seq)

    def subscribe(self, channel: str, begins: bool) -> None:
        """The client wants this channel, or no longer; "*": all of them."""
        if channel == "*":
            self._on = dict.fromkeys(self._on, begins)
        self._on[channel] = begins

    def due(self, now_ns: int) -> Iterator[Said]:
        """What is to be said by now, in its order."""
        while (said := self._next(now_ns)) is not None:
            if self._wanted(said):
                yield said

    def _wanted(self, said: Said) -> bool:
        return said.channel is None or self._on.get(said.channel, self._on.get("*", True))

    def borrow(self, line: ServedLine, wish: Wish, now_ns: int) -> None:
        """A subscription was repeated, or one of another line: what came of it comes from its beginning."""
        self.came[wish.seq] = now_ns
        self._aside = {causes: aside for causes, aside in self._aside.items() if wish.seq not in causes}
        if line is self.line:
            for said in line.said:
                if said.channel is not None and wish.seq in said.causes:
                    self._done[said.index] = True
        for said in line.said:
            if said.channel is not None and wish.seq in said.causes:
                self._aside.setdefault(said.causes, []).append(said)

    # What comes next

    def _next(self, now_ns: int) -> Said | None:
        self.wake_ns = None
        due: list[tuple[int, int, Said, list[Said] | None]] = []
        front_ns = self._front(now_ns)
        front = self._said[self._at] if self._at < len(self._said) else None
        if front is not None and front_ns is not None:
            due.append((front_ns, front.index, front, None))
        due += (
            (due_ns, said.index, said, None)
            for said in self._answering.values()
            if said is not front and (due_ns := self._answer_ns(said, front, front_ns)) is not None
        )
        for aside in self._aside.values():
            if aside and (aside_ns := self._caused_ns(aside[0])) is not None:
                due.append((aside_ns, aside[0].index, aside[0], aside))
        if not due:
            return None
        due_ns, _, said, aside_of = min(due, key=lambda each: each[:2])
        if due_ns > now_ns:
            self.wake_ns = due_ns if self.wake_ns is None else min(due_ns, self.wake_ns)
            return None
        if aside_of is not None:
            aside_of.pop(0)
            return said
        if said is front:
            self._last_ns, self._last_mono_ns = max(due_ns, self._last_ns), said.mono_ns
        self._done[said.index] = True
        self._answering.pop(said.index, None)
        return said

    def _answer_ns(self, said: Said, front: Said | None, front_ns: int | None) -> int | None:
        """When a reply is due that is not first in order; None: something comes before it, and soon."""
        wish = self._wishes[said.answers or 0]
        came_ns = self.came[wish.seq]
        if front is not None and wish.index <= front.index < said.index:
            # It overtakes what waits for the client, but not faster than the venue ever was.
            return came_ns + wish.latency_ns if front_ns is None else None
        return came_ns + self._paced(wish.latency_ns)

    def _front(self, now_ns: int) -> int | None:
        """When the first thing in order is due; None: it waits for the client, or there is none."""
        while self._at < len(self._said):
            said = self._said[self._at]
            if self._done[said.index]:
                self._at += 1
                continue
            self._settle(said.before)
            missing = self._missing(said)
            if not missing:
                if said.answers is not None and said.answers not in self.came:
                    self._at += 1  # given up; it is answered whenever it comes
                    continue
                if self._caused_ns(said) is None:
                    self._aside.setdefault(said.causes, []).append(said)
                    self._at += 1
                    continue
                self._blocked = None
                return self._due(said)
            if self._blocked is None or self._blocked[0] != said.index:
                self._blocked = (said.index, now_ns)
            until_ns = self._blocked[1] + self._worth(said)
            if now_ns < until_ns:
                self.wake_ns = until_ns
                return None
            self._given_up.update(missing)
            self._astray = True
            self._blocked = None
            # Time went by: what comes now does not make up for it.
            self._last_ns, self._last_mono_ns = now_ns, said.mono_ns
        return None

    def _settle(self, before: int) -> None:
        wishes = self.line.wishes
        while self._settled < before:
            seq = wishes[self._settled]
            if seq not in self.came and seq not in self._given_up:
                return
            self._settled += 1

    def _missing(self, said: Said) -> list[int]:
        """The requests that this still waits for."""
        missing = [
            seq
            for seq in self.line.wishes[self._settled : said.before]
            if seq not in self.came and seq not in self._given_up
        ]
        causes = (seq for seq in said.causes if seq not in self._given_up and self._cause_came(seq) is None)
        return [*missing, *causes]

    def _worth(self, said: Said) -> int:
        """How long something waits for the client: as long as the recorded one took, and the patience."""
        took_ns = self._paced(max(0, said.mono_ns - self._last_mono_ns))
        return took_ns + (0 if self._astray else self._patience_ns)

    def _due(self, said: Said) -> int:
        since_ns, since_mono_ns = self._last_ns, self._last_mono_ns
        wish = None
        if said.answers is not None:
            wish = self._wishes[said.answers]
        elif said.after is not None and said.after in self.came:
            wish = self._wishes[said.after]
        if wish is not None:
            since_ns, since_mono_ns = self.came[wish.seq], wish.mono_ns
        due_ns = max(self._last_ns, since_ns + self._paced(max(0, said.mono_ns - since_mono_ns)))
        return max(due_ns, self._caused_ns(said) or 0)

    def _caused_ns(self, said: Said) -> int | None:
        """When it may come at the earliest, in its recorded distance from its causes; None: one has not come yet."""
        earliest_ns = 0
        for seq in said.causes:
            came_ns = self._cause_came(seq)
            if came_ns is None:
                return None
            after_ns = max(0, said.mono_ns - self._wishes[seq].mono_ns)
            earliest_ns = max(earliest_ns, came_ns + self._paced(after_ns))
        return earliest_ns

    def _cause_came(self, seq: int) -> int | None:
        came_ns = self.came.get(seq)
        return came_ns if came_ns is not None else self._elsewhere(seq)

    def _paced(self, duration_ns: int) -> int:
        return 0 if self._speed == inf else round(duration_ns / self._speed)
