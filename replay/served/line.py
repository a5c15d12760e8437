"""One live line in its recorded course: what the venue says next on it, and when. Sans-I/O.

What was said in the recording comes in the recorded order and at the recorded pace, each after the requests that had
come before it on this line, and after the orders that had come before it on any. A reply waits for its request and for
nothing that the client has yet to do; whoever asks earlier or elsewhere than the recorded client is answered at once.

A recorded request that does not come is waited for as long as the recorded client took, and :data:`PATIENCE_NS` longer;
not at all once a later one has come. From then on the client counts as astray, and nothing waits for it until a
recorded request comes again.

What is never said without something (a push without its subscription, or without the request that made its order) is
put aside until that comes, and said in its recorded distance from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import NamedTuple

from wsreplay.replay.served.script import Said, ServedLine, ServedScript, Wish

PATIENCE_NS = 2_000_000_000


class _Due(NamedTuple):
    at_ns: int
    place: int
    said: Said
    aside: list[Said] | None = None


class ServedCourse:
    """Where a live line stands in the recorded one that it follows."""

    def __init__(
        self,
        line: ServedLine,
        script: ServedScript,
        opened_ns: int,
        *,
        speed: float = 1.0,
        patience_ns: int = PATIENCE_NS,
        came_elsewhere: Callable[[int], int | None] = lambda _: None,
    ) -> None:
        """``came_elsewhere``: when a request came that this line did not carry; None: not yet."""
        self.line = line
        self._wishes = script.wishes
        self._orders = script.orders
        self._speed = speed
        self._patience_ns = patience_ns
        self._elsewhere = came_elsewhere
        self._said = line.said
        self._done = bytearray(len(line.said))
        self._at = 0
        """The first thing that was neither said nor passed over."""
        self._settled = self._settled_orders = self._furthest = 0
        """So many requests of the line, and orders of all, are waited for no more; so far came the client."""
        self._given_up: set[int] = set()
        self._astray = False
        self._last_ns, self._last_mono_ns = opened_ns, line.mono_ns
        self._blocked: tuple[int, int] | None = None
        """What waits for the client, and since when."""
        self._answering: dict[int, Said] = {}
        """Replies to requests that have come, by their index."""
        self._aside: dict[tuple[str | None, tuple[int, ...]], list[Said]] = {}
        """What waits for its subscription or its order out of its turn, or comes from another line."""
        self.came: dict[int, int] = {}
        """When each recorded request came."""
        self._channels: dict[str, tuple[int, int] | None] = {}
        """Since when each is on, and when it was in the recording; None: it was on."""
        self.wake_ns: int | None = None
        """When :meth:`due` has something to say, or to give up."""

    @property
    def over(self) -> bool:
        """Whether everything was said or passed over that does not wait for the client."""
        return self._at == len(self._said) and not self._answering

    # What the client does

    def came_now(self, wish: Wish, now_ns: int) -> None:
        """A recorded request of this line came."""
        self.came[wish.seq] = now_ns
        self._astray = False
        self._furthest = max(self._furthest, wish.number)
        if wish.reply is not None and not self._done[wish.reply.index]:
            self._answering[wish.reply.index] = wish.reply

    def missed(self, seq: int) -> None:
        """Another request took this one's place: nothing waits for it."""
        self._given_up.add(seq)

    def subscribed(self, channel: str, wish: Wish, source: ServedLine, now_ns: int) -> None:
        """The client wants this channel from now on, as ``wish`` did on the line ``source`` of the recording.

        If that is not where this line stands (it was another line's, or comes a second time), the channel begins anew.
        """
        again = channel in self._channels or channel not in self.line.channels
        first_ns = next((said.mono_ns for said in source.said if said.channel == channel), wish.mono_ns)
        self._channels[channel] = (now_ns, min(wish.mono_ns, first_ns))
        if not again or (source is self.line and self.came.get(wish.seq) == now_ns):
            return
        self._aside = {key: aside for key, aside in self._aside.items() if key[0] != channel}
        for said in self._said:
            if said.channel == channel:
                self._done[said.index] = True
        for said in source.said:
            if said.channel == channel:
                self._aside.setdefault((channel, said.causes), []).append(said)

    def unsubscribed(self, channel: str) -> None:
        """The client wants this channel no more; "*": none of them."""
        for each in list(self._channels) if channel == "*" else [channel]:
            self._channels[each] = None

    # What comes next

    def due(self, now_ns: int) -> Iterator[Said]:
        """What is to be said by now, in its order."""
        while (said := self._next(now_ns)) is not None:
            if said.channel is None or said.late or self._channels.get(said.channel) is not None:
                yield said

    def _next(self, now_ns: int) -> Said | None:
        self.wake_ns = None
        front_ns = self._front(now_ns)
        front = self._said[self._at] if self._at < len(self._said) else None
        due: list[_Due] = []
        if front is not None and front_ns is not None:
            due.append(_Due(front_ns, front.index, front))
        due += (
            _Due(due_ns, said.index, said)
            for said in self._answering.values()
            if said is not front and (due_ns := self._answer_ns(said, front, front_ns)) is not None
        )
        due += (
            _Due(ready_ns, aside[0].index, aside[0], aside)
            for aside in self._aside.values()
            if aside and (ready_ns := self._ready_ns(aside[0])) is not None
        )
        if not due:
            return None
        first = min(due, key=lambda each: each[:2])
        if first.at_ns > now_ns:
            self.wake_ns = first.at_ns if self.wake_ns is None else min(first.at_ns, self.wake_ns)
            return None
        said = first.said
        if first.aside is not None:
            first.aside.pop(0)
            return said
        if said is front:
            self._last_ns, self._last_mono_ns = max(first.at_ns, self._last_ns), said.mono_ns
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
            missing = self._missing(said)
            if not missing:
                if said.answers is not None and said.answers not in self.came:
                    self._at += 1  # given up; it is answered whenever it comes
                    continue
                if self._ready_ns(said) is None:
                    self._aside.setdefault((said.channel, said.causes), []).append(said)
                    self._done[said.index] = True
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

    def _missing(self, said: Said) -> list[int]:
        """The requests that this still waits for."""
        wishes, orders = self.line.wishes, self._orders
        while self._settled < said.before and self._is_settled(wishes[self._settled]):
            self._settled += 1
        while self._settled_orders < said.orders and self._is_settled(orders[self._settled_orders]):
            self._settled_orders += 1
        before = (*wishes[self._settled : said.before], *orders[self._settled_orders : said.orders], *said.causes)
        return [seq for seq in before if not self._is_settled(seq)]

    def _is_settled(self, seq: int) -> bool:
        if seq in self.came or seq in self._given_up:
            return True
        wish = self._wishes[seq]
        if wish.line == self.line.conn:
            return wish.number < self._furthest
        return self._elsewhere(seq) is not None

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
        if said.orders and (came_ns := self._came(order := self._orders[said.orders - 1])) is not None:
            due_ns = max(due_ns, came_ns + self._paced(max(0, said.mono_ns - self._wishes[order].mono_ns)))
        return max(due_ns, self._ready_ns(said) or 0)

    def _ready_ns(self, said: Said) -> int | None:
        """When it may come at the earliest, in its recorded distance from what it needs; None: that has not come."""
        earliest_ns = 0
        if said.channel is not None and said.channel not in self._channels:
            return None
        if said.channel is not None and (since := self._channels[said.channel]) is not None:
            earliest_ns = since[0] + self._paced(max(0, said.mono_ns - since[1]))
        for seq in said.causes:
            came_ns = self._came(seq)
            if came_ns is None:
                return None
            after_ns = max(0, said.mono_ns - self._wishes[seq].mono_ns)
            earliest_ns = max(earliest_ns, came_ns + self._paced(after_ns))
        return earliest_ns

    def _came(self, seq: int) -> int | None:
        came_ns = self.came.get(seq)
        return came_ns if came_ns is not None else self._elsewhere(seq)

    def _paced(self, duration_ns: int) -> int:
        return 0 if self._speed == inf else round(duration_ns / self._speed)
