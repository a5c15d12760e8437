"""``duplicate-order`` and ``blind-retry``: the same order wanted again, while what became of the first was not known.

A retry is a request of the same intent as an earlier one that the bot had no answer to, with a disturbance between the
two: the connection ended, a fault was recorded, or the bot's patience ran out. That it did shows in what it did next:
it sent the same on a connection that it opened since, or under the same client order id. The same order sent again
without any of these is the next slice, and after an answer it is a new wish.

An answer is what reached the bot: a reply in time, a push, or a list of orders with the first in it. Of these a push is
the weakest. It may lie unread while the bot waits for its reply, so a bot that lost the reply and then sends the same
under the very same client order id has not taken it for an answer.

A retry takes the place of the one that it repeats: the next equal order is a retry only if *it* gets no answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.lines import Lines, fault_name, fault_words
from wsreplay.analysis.incidents.looks import Looks
from wsreplay.analysis.incidents.sent import FOLLOWED, Sent
from wsreplay.analysis.incidents.wishes import Disturbance, Retry, Wish
from wsreplay.captures.event import Event

WISHES = 10_000
"""Wishes that wait for more to become known. Beyond it the oldest are told as they stand."""


class _Waiting:
    """A request with an intent, from when it is sent until the bot is answered or it is sent again."""

    __slots__ = ("disturbance", "lost", "pushed_seq", "request", "wish")

    def __init__(self, request: Sent, wish: Wish | None) -> None:
        self.request = request
        self.wish = wish
        self.disturbance: Disturbance | None = None
        self.lost = False
        """Its reply never reached the bot, or too late."""
        self.pushed_seq: int | None = None
        """The first push that showed the bot its order."""


class _Wanted:
    """The waiting requests of one intent. What is looked for is always the oldest."""

    __slots__ = ("disturbed", "quiet")

    def __init__(self) -> None:
        self.quiet: OrderedDict[int, _Waiting] = OrderedDict()
        self.disturbed: OrderedDict[int, _Waiting] = OrderedDict()


class Retries:
    """Finds retries as they are sent, and tells of them when the recording is over."""

    def __init__(self, lines: Lines, *, patience_ns: int | None = None) -> None:
        """``patience_ns``: how long the bot waits for a reply, where that is known."""
        self._lines = lines
        self._patience_ns = patience_ns
        self._looks = Looks()
        self._waiting: OrderedDict[int, _Waiting] = OrderedDict()
        self._by_intent: dict[str, _Wanted] = {}
        self._by_client_order_id: dict[tuple[str, str], _Waiting] = {}
        self._by_conn: dict[int | None, dict[int, _Waiting]] = {}
        """Those that nothing disturbed yet."""
        self._shown_as: dict[str, _Waiting] = {}
        """By the ids under which the venue would show the order of one that the bot was not answered to."""
        self._wishes: OrderedDict[int, Wish] = OrderedDict()
        self._delivered = True
        self._last_gap = 0

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:
        """A request, what becomes of one, a disturbance, a look, or an order that the venue shows."""
        if event.part == 0:
            # A REST answer always reaches the bot; a row that says that there was none has no role.
            self._delivered = event.relay_ns is not None or (event.kind == "http_response" and event.role is not None)
            self._looks.see(event)
        match event.kind:
            case "fact":
                if request is not None:
                    self._learned(event, request)
                elif event.of_seq is None and event.op != "malformed":
                    self._shown(event)
            case "end" | "close":
                words = f"connection {event.conn} {'ended' if event.kind == 'end' else 'was closed'}"
                self._disturb(event.conn, Disturbance.at(event, "connection-ended", words))
            case "fault":
                self._fault(event)
            case "gap":
                self._last_gap = event.seq
            case _:
                if request is not None:
                    return self._sent(request)
                if event.role == "push" or event.kind == "http_response":
                    self._shown(event)
        return ()

    def end(self) -> Iterator[Incident]:
        """All that is to be said of the wishes, by what is known now."""
        for wish in self._wishes.values():
            yield from wish.findings(self._looks.recorded)
        self._wishes.clear()

    # Requests

    def _sent(self, request: Sent) -> Iterable[Incident]:
        if request.intent is None:
            return ()
        found: Iterable[Incident] = ()
        wish = None
        repeated = self._repeated_by(request)
        if repeated is not None:
            waiting, disturbance = repeated
            wish, found = self._wish_of(waiting)
            since = waiting.request.mono_ns if disturbance.kind == "patience" else disturbance.mono_ns
            look = self._looks.between(since, request.mono_ns)
            gap = waiting.request.seq < self._last_gap
            wish.add(Retry(waiting.request, request, disturbance, look, gap, waiting.pushed_seq))
            self._forget(waiting)
        self._wait(_Waiting(request, wish))
        return found

    def _wish_of(self, waiting: _Waiting) -> tuple[Wish, Iterable[Incident]]:
        wish = waiting.wish
        if wish is not None and self._wishes.get(wish.sent[0].seq) is wish:  # else it is told already
            return wish, ()
        wish = self._wishes[waiting.request.seq] = Wish(waiting.request)
        if len(self._wishes) <= WISHES:
            return wish, ()
        return wish, self._wishes.popitem(last=False)[1].findings(self._looks.recorded)

    def _repeated_by(self, request: Sent) -> tuple[_Waiting, Disturbance] | None:
        """The oldest request that this one repeats, and what lay between."""
        same = None
        if request.client_order_id is not None:
            same = self._by_client_order_id.get((request.intent or "", request.client_order_id))
        if same is not None and same.pushed_seq is not None and not same.lost:
            same = None
        if same is not None and same.disturbance is not None:
            return same, same.disturbance
        wanted = self._by_intent.get(request.intent or "")
        if wanted is None:
            return None
        if wanted.disturbed:
            waiting = next(iter(wanted.disturbed.values()))
            assert waiting.disturbance is not None
            return waiting, waiting.disturbance
        if same is not None:
            return same, _patience(same, "no reply had come")
        if not wanted.quiet:
            return None
        oldest = next(iter(wanted.quiet.values()))
        line = None if request.rest else self._lines.get(request.conn)
        if line is not None and line.opened_seq > oldest.request.seq:
            return oldest, _patience(oldest, f"the bot opened connection {request.conn} before a reply came")
        if self._patience_ns is not None and request.mono_ns - oldest.request.mono_ns > self._patience_ns:
            return oldest, _patience(oldest, "its patience ran out")
        return None

    def _wait(self, waiting: _Waiting) -> None:
        request = waiting.request
        intent = request.intent or ""
        self._waiting[request.seq] = waiting
        self._by_intent.setdefault(intent, _Wanted()).quiet[request.seq] = waiting
        self._by_conn.setdefault(request.conn, {})[request.seq] = waiting
        if request.client_order_id is not None:
            self._by_client_order_id[intent, request.client_order_id] = waiting
            self._shown_as[f"client {request.client_order_id}"] = waiting
        if len(self._waiting) > FOLLOWED:
            self._forget(next(iter(self._waiting.values())))

    def _forget(self, waiting: _Waiting) -> None:
        """It was answered, or repeated by another that now waits in its place."""
        request = waiting.request
        intent = request.intent or ""
        if self._waiting.pop(request.seq, None) is None:
            return
        self._leave_intent(waiting)
        self._leave_conn(waiting)
        if request.client_order_id is not None:
            _drop(self._by_client_order_id, (intent, request.client_order_id), waiting)
            _drop(self._shown_as, f"client {request.client_order_id}", waiting)
        if request.order_id is not None:
            _drop(self._shown_as, f"order {request.order_id}", waiting)

    def _leave_intent(self, waiting: _Waiting) -> None:
        intent = waiting.request.intent or ""
        wanted = self._by_intent.get(intent)
        if wanted is not None:
            wanted.quiet.pop(waiting.request.seq, None)
            wanted.disturbed.pop(waiting.request.seq, None)
            if not wanted.quiet and not wanted.disturbed:
                del self._by_intent[intent]

    def _leave_conn(self, waiting: _Waiting) -> None:
        there = self._by_conn.get(waiting.request.conn)
        if there is not None:
            there.pop(waiting.request.seq, None)
            if not there:
                del self._by_conn[waiting.request.conn]

    # What becomes of them

    def _learned(self, fact: Event, request: Sent) -> None:
        waiting = self._waiting.get(request.seq)
        if waiting is None:
            return
        if request.heard and self._delivered:
            self._answered(waiting, fact, by_push=fact.resolved_by == "push")
            return
        waiting.lost = True
        if request.order_id is not None:
            self._shown_as[f"order {request.order_id}"] = waiting
        if waiting.disturbance is None:
            words = "its reply came too late" if fact.outcome == "late" else "the exchange failed"
            if fact.resolved_by == "undelivered-reply":
                words = "its reply was lost on its way"
            self._mark(waiting, Disturbance.at(fact, "reply-lost", words))

    def _shown(self, order: Event) -> None:
        """The bot was shown an order: if it is that of a request that it waits for, this is the answer."""
        if not self._delivered or order.error_code is not None:
            return
        waiting = None
        if order.order_id is not None:
            waiting = self._shown_as.get(f"order {order.order_id}")
        if waiting is None and order.client_order_id is not None:
            waiting = self._shown_as.get(f"client {order.client_order_id}")
        if waiting is not None and waiting.request.seq < order.seq:
            self._answered(waiting, order, by_push=order.role == "push")

    def _answered(self, waiting: _Waiting, event: Event, *, by_push: bool) -> None:
        """The bot was told: the same order is a new wish, except, after a push, under the same client order id."""
        if not by_push or waiting.request.client_order_id is None:
            self._forget(waiting)
        elif waiting.pushed_seq is None:
            waiting.pushed_seq = event.seq
            self._leave_intent(waiting)

    # Disturbances

    def _disturb(self, conn: int | None, disturbance: Disturbance) -> None:
        for waiting in list(self._by_conn.get(conn, {}).values()):
            self._mark(waiting, disturbance)

    def _fault(self, event: Event) -> None:
        name = fault_name(event)
        disturbance = Disturbance("fault", event.seq, event.mono_ns, fault_words(name), name)
        for conn in [event.conn] if event.conn is not None else list(self._by_conn):
            self._disturb(conn, disturbance)

    def _mark(self, waiting: _Waiting, disturbance: Disturbance) -> None:
        waiting.disturbance = disturbance
        self._leave_conn(waiting)
        if waiting.pushed_seq is not None:
            return
        wanted = self._by_intent[waiting.request.intent or ""]
        wanted.quiet.pop(waiting.request.seq, None)
        wanted.disturbed[waiting.request.seq] = waiting


def _patience(waiting: _Waiting, words: str) -> Disturbance:
    return Disturbance("patience", None, waiting.request.mono_ns, words)


def _drop[K](table: dict[K, _Waiting], key: K, waiting: _Waiting) -> None:
    if table.get(key) is waiting:
        del table[key]
