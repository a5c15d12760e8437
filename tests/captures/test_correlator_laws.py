"""Laws of the correlator: it equals a naive reading of all that was said, and never claims what is not so."""

from __future__ import annotations

from typing import Any

from captures.conversation import MS, Conversation, order
from hypothesis import event as seen_in_search
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.captures.event import Event
from wsreplay.venues.envelope import intent_of

INTENTS = [intent_of("one"), intent_of("two")]
PATIENCE = 12 * MS

# Few of each, and one most of the time: what does not meet proves nothing.
conns = st.sampled_from([1, 1, 1, 2])
sides = st.sampled_from(["client", "venue"])
keys = st.sampled_from(["a", "a", None, "b"])
ops = st.sampled_from(["sub", "sub", "unsub", None])
channels = st.sampled_from(["x", "x", None, "y"])
requests = st.fixed_dictionaries(
    {
        "conn": conns,
        "key": keys,
        "op": ops,
        "channel": channels,
        "intent": st.sampled_from([None, None, *INTENTS]),
        "client_order_id": st.sampled_from([None, "mine"]),
        "replies": st.sampled_from([True, True, True, False]),
    }
)
replies = st.fixed_dictionaries(
    {
        "conn": conns,
        "key": keys,
        "op": ops,
        "channel": channels,
        "role": st.sampled_from(["reply", "reply", "reply", "error"]),
        "error_code": st.sampled_from([None, None, None, "BAD"]),
        "newest": st.booleans(),
        "relay_ns": st.sampled_from([1_000, 1_000, 8 * MS, None]),
    }
)
often = [st.tuples(st.just("asks"), requests), st.tuples(st.just("answers"), replies)]
seldom = [
    st.tuples(st.just("pushes"), st.fixed_dictionaries({"conn": conns, "key": keys})),
    st.tuples(st.just("closes"), st.fixed_dictionaries({"sender": sides, "conn": conns})),
    st.tuples(st.just("ends"), st.fixed_dictionaries({"sender": sides, "conn": conns})),
    st.tuples(st.just("faults"), st.fixed_dictionaries({"conn": st.sampled_from([1, 2, None])})),
]
steps = st.one_of(*often * 8, *seldom)


class NaiveReader:
    """Reads the whole conversation so far at each step. Slow, and easy to believe."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Event, dict[str, Any]]] = []
        self.life: dict[int | None, int] = {1: 0, 2: 0}
        self.opened: dict[int | None, int] = {1: 0, 2: 0}
        self.waiting: list[tuple[Event, int]] = []
        self.unawaited: dict[tuple[int | None, int, str | None], Event] = {}
        self.outcomes: dict[int, list[str]] = {}
        self.answers: dict[int, int | None] = {}
        self.gone: dict[int | None, set[str]] = {1: set(), 2: set()}

    def read(self, what: str, event: Event, how: dict[str, Any]) -> None:
        self.said.append((what, event, how))
        getattr(self, f"_{what}", lambda *_: None)(event, how)

    def _waiting(self, conn: int | None) -> list[Event]:
        return [request for request, life in self.waiting if request.conn == conn and life == self.life[conn]]

    def _tell(self, request: Event, outcome: str) -> None:
        self.outcomes.setdefault(request.seq, []).append(outcome)
        self.waiting = [(other, life) for other, life in self.waiting if other is not request]

    def _asks(self, event: Event, how: dict[str, Any]) -> None:
        if how["replies"]:
            self.waiting.append((event, self.life[event.conn]))
            if "venue" in self.gone[event.conn]:
                self._tell(event, "unknown by end-of-connection")
        elif event.key is not None and event.intent is None:
            self.unawaited[event.conn, self.life[event.conn], event.key] = event

    def _answers(self, event: Event, how: dict[str, Any]) -> None:
        candidates = self._candidates(event)
        self.answers[event.seq] = None
        if not candidates:
            unawaited = self.unawaited.pop((event.conn, self.life[event.conn], event.key), None)
            candidates = [] if unawaited is None else [unawaited]
        if not candidates:
            return
        request = candidates[-1] if how["newest"] else candidates[0]
        self.answers[event.seq] = request.seq
        if event.relay_ns is None:
            self._tell(request, "late by undelivered-reply")
        elif self._had_given_up(request, event):
            self._tell(request, "late by reply")
        else:
            self._tell(request, "rejected by reply" if event.error_code or event.role == "error" else "ok by reply")

    def _candidates(self, reply: Event) -> list[Event]:
        there = self._waiting(reply.conn)
        if reply.key is not None:
            return [request for request in there if request.key == reply.key]
        there = [request for request in there if request.key is None]
        exact = [request for request in there if (request.op, request.channel) == (reply.op, reply.channel)]
        same_channel = [request for request in there if request.channel == reply.channel]
        same_op = [request for request in there if request.op == reply.op]
        if reply.channel is not None:
            return exact or same_channel
        if reply.op is None or reply.role == "error":
            return exact or same_op or there
        return exact or same_op or same_channel

    def _had_given_up(self, request: Event, reply: Event) -> bool:
        since = [(what, event) for what, event, _ in self.said if event.seq > request.seq]
        if any(what == "closes" and e.sender == "client" and e.conn == request.conn for what, e in since):
            return True
        if reply.mono_ns + (reply.relay_ns or 0) - request.mono_ns > PATIENCE:
            return True
        again = [
            event
            for what, event, how in self.said
            if what == "asks" and how["replies"] and event.intent and event.intent == request.intent
        ]
        again = [event for event in again if event.seq > request.seq]
        faults = [event for what, event in since if what == "faults" and event.conn in (request.conn, None)]
        return any(
            self.opened_at(event) > request.seq
            or (event.client_order_id is not None and event.client_order_id == request.client_order_id)
            or any(fault.seq < event.seq for fault in faults)
            for event in again
        )

    def opened_at(self, request: Event) -> int:
        opens = [event for what, event, _ in self.said if what == "opens" and event.conn == request.conn]
        return max(event.seq for event in opens if event.seq < request.seq)

    def _ends(self, event: Event, _: dict[str, Any]) -> None:
        self.gone[event.conn].add(event.sender)
        if event.sender == "venue":
            for request in self._waiting(event.conn):
                self._tell(request, "unknown by end-of-connection")

    def _opens(self, event: Event, _: dict[str, Any]) -> None:
        self.life[event.conn] += 1
        self.gone[event.conn] = set()


@settings(max_examples=300)
@given(st.lists(steps, min_size=10, max_size=40))
def test_it_equals_a_naive_reading(plan: list[tuple[str, dict[str, Any]]]) -> None:
    talk = Conversation(patience_ns=PATIENCE)
    naive = NaiveReader()
    ended: dict[int | None, set[str]] = {}
    said: list[Event] = []

    def say(what: str, how: dict[str, Any]) -> None:
        event = getattr(talk, what)(**how)
        said.append(event)
        naive.read(what, event, how)

    say("opens", {"conn": 1})
    say("opens", {"conn": 2})
    for what, how in plan:
        conn, sender = how.get("conn"), how.get("sender")
        if what == "ends":
            if sender in ended.setdefault(conn, set()):
                continue
            ended[conn].add(str(sender))
        elif what != "faults" and ({"asks": "client"}.get(what, sender or "venue") in ended.get(conn, ())):
            continue  # nobody is left to say it
        say(what, how)
        if ended.get(conn) == {"client", "venue"}:
            del ended[conn]
            say("opens", {"conn": conn})
    for event in said:
        told = [f"{outcome} by {how}" for outcome, how in talk.outcomes(event)]
        assert told == naive.outcomes.get(event.seq, [])
        if event.seq in naive.answers:
            assert event.reply_to == naive.answers[event.seq]
    for outcome in {one for outcomes in naive.outcomes.values() for one in outcomes}:
        seen_in_search(outcome)


wishes = st.fixed_dictionaries(
    {
        "intent": st.sampled_from(INTENTS),
        "client_order_id": st.sampled_from([None, None, "mine", "yours"]),
        "conn": conns,
    }
)
orders = st.fixed_dictionaries(
    {
        "wish": wishes,
        "accepted": st.sampled_from([True, True, False]),
        "reply": st.sampled_from(["with id", "without id", "never", "never", "never"]),
    }
)
views = st.fixed_dictionaries(
    {
        "by": st.sampled_from(["push", "rest", "query"]),
        "which": st.lists(st.integers(0, 5), max_size=4),
        "id": st.sampled_from([True, True, True, False]),
        "client_id": st.booleans(),
        "intent": st.booleans(),
        "time": st.sampled_from([True, True, False]),
    }
)


@settings(max_examples=400)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("order"), orders),
            st.tuples(st.just("order"), orders),
            st.tuples(st.just("show"), views),
            st.tuples(st.just("show"), views),
            st.tuples(st.just("break"), conns),
            st.tuples(st.just("answer"), st.integers(0, 5)),
        ),
        min_size=4,
        max_size=25,
    ),
    st.integers(0, 2),
)
def test_what_turns_up_is_never_wrong(plan: list[tuple[str, Any]], old: int) -> None:
    """The venue knows which requests it accepted; whatever of it is shown, no other is ever called ok."""
    talk = Conversation()
    opened = talk.opens(1), talk.opens(2)
    book: list[tuple[str, dict[str, Any], int]] = [
        (f"old {n}", {"intent": INTENTS[0], "client_order_id": None}, opened[0].at_ns - 3600_000 * MS)
        for n in range(old)
    ]
    sent: list[tuple[Event, dict[str, Any], str | None]] = []
    answered: set[int] = set()
    for what, how in plan:
        match what:
            case "order":
                wish = how["wish"]
                price = "1" if wish["intent"] == INTENTS[0] else "2"
                request = talk.orders(str(talk.seq), price=price, account="a", **wish)
                order_id = f"order {request.seq}" if how["accepted"] else None
                if order_id is not None:
                    book.append((order_id, wish, request.at_ns))
                sent.append((request, how, order_id))
            case "answer" if how < len(sent) and how not in answered:
                request, story, order_id = sent[how]
                if story["reply"] != "never":
                    answered.add(how)
                    named = order_id if story["reply"] == "with id" else None
                    refusal = None if story["accepted"] else "NO"
                    talk.answers(request.key, conn=request.conn, order_id=named, error_code=refusal)
            case "break":
                talk.breaks(how)
                talk.opens(how)
            case "show":
                listed = [
                    order(
                        book[n][0] if how["id"] else None,
                        client_order_id=book[n][1]["client_order_id"] if how["client_id"] else None,
                        intent=book[n][1]["intent"] if how["intent"] else None,
                        price="1" if book[n][1]["intent"] == INTENTS[0] else "2",
                        account="a",
                        venue_at_ns=book[n][2] if how["time"] else None,
                    )
                    for n in how["which"]
                    if n < len(book)
                ]
                if how["by"] == "push":
                    talk.pushes(*listed, conn=2)
                elif how["by"] == "rest":
                    talk.requests()
                    talk.responds(*listed)
                else:
                    query = talk.asks(str(talk.seq), conn=2)
                    talk.answers(query.key, *listed, conn=2)
    for request, story, _ in sent:
        outcomes = [outcome for outcome, _ in talk.outcomes(request)]
        assert outcomes in ([], ["ok"], ["rejected"], ["late"], ["unknown"], ["unknown", "ok"], ["unknown", "rejected"])
        if "ok" in outcomes:
            assert story["accepted"]
            seen_in_search(f"{outcomes}")
