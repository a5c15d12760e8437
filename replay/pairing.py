"""Which of this replay's requests a live reply answers, and which recorded request that is. Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterator

from wsreplay.captures.in_flight import InFlight
from wsreplay.replay.script import Ask, Say, Script
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.refreshing import Refresher


class _Sent:
    """A request that was sent again over a line."""

    __slots__ = ("channel", "key", "op", "seq")

    def __init__(self, seq: int, envelope: Envelope) -> None:
        self.seq = seq
        self.key = envelope.key
        self.op = envelope.op
        self.channel = envelope.channel


class LiveRequests:
    """The requests that were sent again and wait for their reply; each known by its ``seq`` in the recording."""

    def __init__(self, script: Script, dialect: Dialect, refresher: Refresher | None) -> None:
        self._script = script
        self._dialect = dialect
        self._refresher = refresher
        self._lines: dict[int, InFlight[_Sent]] = {}
        self.waiting: dict[int, int] = {}
        """The line of each; of a REST request 0."""
        self._learnt: set[str] = set()
        """Order ids of the recording that are known by another name now."""
        self._taken: set[str] = set()
        """Those other names."""
        self.asked: dict[int, HttpMessage] = {}
        """The REST requests among them."""
        self.answered_at_ns: dict[int, int] = {}
        """When a reply came, of requests whose reply a later step waits for."""

    def any_on(self, line: int) -> bool:
        """Whether a message on this line could be a reply that matters."""
        in_flight = self._lines.get(line)
        return in_flight is not None and len(in_flight) > 0

    def sent(self, step: Say, envelope: Envelope) -> None:
        """A message was sent again, which reads so; if it is a request, it waits from now on."""
        if envelope.role != "request" or not (envelope.replies or step.seq in self._script.replies):
            return
        line = self._lines.get(step.line)
        if line is None:
            line = self._lines[step.line] = InFlight()
        line.add(_Sent(step.seq, envelope))
        self.waiting[step.seq] = step.line

    def asked_rest(self, step: Ask) -> None:
        """A REST request was made again."""
        self.asked[step.seq] = HttpMessage(method=step.method, url=step.url, headers=step.headers, body=step.body)
        self.waiting[step.seq] = 0

    def answered(self, line: int, envelope: Envelope, now_ns: int) -> int | None:
        """A message came: the request that it answers."""
        request = self._find(line, envelope)
        if request is None:
            return None
        self._lines[line].remove(request)
        self._settle(request.seq, envelope, now_ns)
        return request.seq

    def answers(self, line: int, envelope: Envelope) -> int | None:
        """The request that a message would answer."""
        request = self._find(line, envelope)
        return None if request is None else request.seq

    def answered_rest(self, seq: int, envelope: Envelope, now_ns: int) -> None:
        """A REST request was answered."""
        self.asked.pop(seq, None)
        self._settle(seq, envelope, now_ns)

    def lost(self, line: int, now_ns: int) -> list[int]:
        """A line is gone; the requests that it took along."""
        in_flight = self._lines.pop(line, None)
        gone = [request.seq for request in in_flight or () if request.seq in self.waiting]
        for seq in gone:
            self.give_up(seq, now_ns)
        return gone

    def give_up(self, seq: int, now_ns: int) -> None:
        """Wait no longer for this one. Its reply is still known for what it is, should it come."""
        self.waiting.pop(seq, None)
        self.answered_at_ns[seq] = now_ns

    def forget(self) -> None:
        """Wait for nothing any more."""
        self.waiting.clear()

    def _find(self, line: int, envelope: Envelope) -> _Sent | None:
        in_flight = self._lines.get(line)
        if in_flight is None or envelope.role not in ("reply", "error"):
            return None
        return in_flight.find(envelope, envelope.answers)

    def _settle(self, seq: int, live: Envelope, now_ns: int) -> None:
        self.waiting.pop(seq, None)
        reply = self._script.replies.get(seq)
        if reply is None:
            return
        self.answered_at_ns[seq] = now_ns
        if self._refresher is None:
            return
        self._learn(reply.envelope, live)
        if live.parts:
            for recorded, listed in _alike(reply.envelope.parts, live.parts, self._learnt, self._taken):
                self._learn(recorded, listed)

    def _learn(self, recorded: Envelope, live: Envelope) -> None:
        if self._refresher is None or recorded.order_id is None or live.order_id is None:
            return
        self._learnt.add(recorded.order_id)
        self._taken.add(live.order_id)
        self._refresher.learn(recorded, live)


def _alike(
    recorded: tuple[Envelope, ...], live: tuple[Envelope, ...], learnt: set[str], taken: set[str]
) -> Iterator[tuple[Envelope, Envelope]]:
    """Orders in a recorded list and in a live one that are the same, and known from nowhere else.

    An order whose creation was never answered is met in such a list for the first time.
    """
    free = [order for order in live if order.order_id is not None and order.order_id not in taken]
    for order in recorded:
        if order.order_id is None or order.order_id in learnt or order.intent is None:
            continue
        same = [each for each in free if (each.intent, each.client_order_id) == (order.intent, order.client_order_id)]
        if same:
            free.remove(same[0])
            yield order, same[0]
