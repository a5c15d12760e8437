"""Subscriptions that are asked for twice, that nobody answers, and that are forgotten on a new line."""

from __future__ import annotations

import json

import pytest
from analysis.streaming import MS, SECOND, Streaming

from wsreplay.analysis.incidents import subscribed
from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.venues.registry import dialect
from wsreplay.venues.rules import Rules

SILENT = Rules(confirms_subscriptions=False)
KINDS = ("lost-subscription", "duplicate-subscription", "unanswered-subscription")


@pytest.fixture
def line() -> Streaming:
    line = Streaming()
    line.opens()
    return line


@pytest.fixture
def silent() -> Streaming:
    """A line of a venue that confirms nothing."""
    line = Streaming(SILENT)
    line.opens()
    return line


# duplicate-subscription


def test_what_is_on_is_not_asked_for_again(line: Streaming) -> None:
    first = line.takes("book")
    line.pushes("book")
    again = line.takes("book")
    found = line.only("duplicate-subscription")
    assert (found.certainty, found.seq) == ("proven", again.seq)
    assert found.facts["request_seqs"] == [first.seq, again.seq]
    assert found.summary == (
        "The bot subscribed to book on connection 1 again, 3 ms after the first time, though it was on, "
        "and the venue took it."
    )


def test_pushes_that_come_twice_since_are_evidence(silent: Streaming) -> None:
    silent.subscribes("trades")
    silent.pushes("trades", price="1")
    silent.subscribes("trades")
    silent.pushes("trades", price="2")
    twice = [silent.pushes("trades", price="3"), silent.pushes("trades", price="3")]
    found = silent.only("duplicate-subscription")
    assert found.certainty == "proven"
    assert found.facts["doubled_seqs"] == [each.seq for each in twice]
    assert {each.seq for each in twice} <= set(found.evidence)


def test_a_refusal_as_already_there_is_told_once(line: Streaming) -> None:
    line.takes("book")
    line.subscribes("book")
    line.confirms("book", error_code="ALREADY_SUBSCRIBED")
    assert line.only("duplicate-subscription").summary.endswith("though it was on, and the venue refused it.")


def test_what_was_ended_or_refused_before_may_be_asked_for_again(line: Streaming) -> None:
    line.takes("book", "trades")
    line.unsubscribes("book")
    line.takes("book")
    line.unsubscribes()
    line.takes("trades", "book")
    line.subscribes("orders")
    line.confirms("orders", error_code="LOG_IN")
    line.takes("orders")
    line.assert_none("duplicate-subscription")


def test_another_line_has_its_own_subscriptions(line: Streaming) -> None:
    line.takes("book")
    line.opens(2)
    line.takes("book", conn=2)
    line.assert_none(*KINDS)


def test_asking_again_for_want_of_an_answer_is_no_duplicate(line: Streaming) -> None:
    line.subscribes("book")
    line.waits(15)
    line.subscribes("book")
    line.confirms("book")
    line.confirms("book")
    line.assert_none("duplicate-subscription")


def test_each_repetition_is_one(line: Streaming) -> None:
    for _ in range(4):
        line.takes("book")
    assert len(line.incidents("duplicate-subscription")) == 3


@pytest.mark.parametrize("code", [None, "ALREADY_SUBSCRIBED"])
def test_repetitions_before_any_answer_are_told_each(line: Streaming, code: str | None) -> None:
    asked = [line.subscribes("book") for _ in range(5)]
    line.confirms("book")
    for _ in range(4):
        line.confirms("book", error_code=code)
    found = line.incidents("duplicate-subscription")
    assert [each.seq for each in found] == [each.seq for each in asked[1:]]
    assert {each.facts["request_seqs"][0] for each in found} == {asked[0].seq}


def test_after_a_refused_repetition_the_first_is_still_on(line: Streaming) -> None:
    line.takes("book")
    for _ in range(2):
        line.subscribes("book")
        line.confirms("book", error_code="ALREADY_SUBSCRIBED")
    assert len(line.incidents("duplicate-subscription")) == 2


def test_where_nothing_is_confirmed_a_second_attempt_after_silence_is_none(silent: Streaming) -> None:
    silent.subscribes("depth", "trades", key="too large", replies=False)
    silent.subscribes("depth", key="1", replies=False)
    silent.pushes("depth", price="1")
    silent.pushes("depth", price="2")
    silent.breaks()
    silent.opens(2)
    silent.subscribes("depth", "trades", key="2", conn=2, replies=False)
    silent.waits(11)
    silent.pushes("depth", conn=2)
    silent.assert_none(*KINDS)


def test_pushes_that_name_their_request_tell_subscriptions_apart(silent: Streaming) -> None:
    silent.subscribes("orders", key="a", symbol="X", replies=False)
    silent.pushes("orders", key="a")
    silent.subscribes("orders", key="b", symbol="Y", replies=False)
    silent.pushes("orders", key="b")
    silent.assert_none("duplicate-subscription")
    silent.subscribes("orders", key="c", symbol="Y", replies=False)
    assert silent.only("duplicate-subscription").facts["request_seqs"] == [4, 6]


# unanswered-subscription


def test_a_venue_that_confirms_and_does_not_is_told_after_a_while(line: Streaming) -> None:
    asked = line.subscribes("book", "trades", key="7")
    line.waits(11)
    line.takes("other")
    found = line.only("unanswered-subscription")
    assert (found.certainty, found.seq) == ("proven", asked.seq)
    assert found.facts["channels"] == ["book", "trades"]
    assert found.summary == (
        "The bot subscribed to book, trades on connection 1, and neither an answer nor a message came within 11 s."
    )


def test_a_push_shows_as_well_that_it_was_heard(line: Streaming) -> None:
    line.subscribes("book", key="7")
    line.pushes("book")
    line.waits(60)
    line.closes()
    line.assert_none("unanswered-subscription")


def test_a_line_that_breaks_first_leaves_it_open(line: Streaming) -> None:
    line.subscribes("book", key="7")
    end = line.breaks()
    found = line.only("unanswered-subscription")
    assert (found.certainty, found.facts["ended_seq"]) == ("possible", end.seq)
    assert "in the 1 ms before connection 1 ended" in found.summary


def test_a_recording_that_ends_first_says_nothing(line: Streaming) -> None:
    line.subscribes("book", key="7")
    line.stops()
    line.assert_none("unanswered-subscription")


def test_a_refusal_is_an_answer(line: Streaming) -> None:
    line.subscribes("book", key="7")
    line.confirms(key="7", error_code="NO")
    line.waits(60)
    line.closes()
    line.assert_none("unanswered-subscription")


def test_a_request_that_never_reached_the_venue_is_told_so(line: Streaming) -> None:
    line.takes("other")
    line.subscribes("book", key="7", delivered=False)
    line.waits(60)
    line.closes()
    assert line.only("unanswered-subscription").summary.endswith("and it never reached the venue.")


def test_where_nothing_is_confirmed_a_quiet_channel_is_only_possible(silent: Streaming) -> None:
    silent.subscribes("trades", "depth", replies=False)
    silent.pushes("trades")
    silent.waits(29)
    silent.pushes("trades")
    silent.assert_none("unanswered-subscription")
    silent.waits(1)
    silent.pushes("trades")
    found = silent.only("unanswered-subscription")
    assert (found.certainty, found.facts["channels"]) == ("possible", ["depth"])
    assert "this venue confirms nothing" in found.summary


def test_what_was_ended_soon_had_no_time_to_bring_anything(silent: Streaming) -> None:
    silent.subscribes("depth", replies=False)
    silent.waits(5)
    silent.unsubscribes("depth")
    silent.waits(60)
    silent.closes()
    silent.assert_none("unanswered-subscription")


def test_a_gap_may_have_held_the_confirmation(line: Streaming) -> None:
    line.subscribes("book", key="7")
    line.misses()
    line.waits(60)
    line.closes()
    assert line.only("unanswered-subscription").certainty == "possible"


# lost-subscription


def test_what_is_not_asked_for_again_on_the_next_line_is_lost(line: Streaming) -> None:
    asked = line.takes("book")
    line.takes("trades")
    end = line.breaks()
    line.waits(1)
    opened = line.opens(2)
    line.takes("trades", conn=2)
    line.waits(11)
    line.pushes("trades", conn=2)
    found = line.only("lost-subscription")
    assert (found.certainty, found.seq, found.conn) == ("proven", opened.seq, 2)
    assert found.evidence == (asked.seq, end.seq, opened.seq)
    assert found.facts["channels"] == ["book"]
    assert found.summary == (
        "The bot was subscribed to book when connection 1 ended, came back 1 s later on connection 2, and did not ask "
        "for it again in the 11 s that its line lasted."
    )


def test_a_bot_that_asks_for_all_again_has_lost_nothing(line: Streaming) -> None:
    line.takes("book", "trades")
    line.breaks()
    line.opens(2)
    line.takes("trades", conn=2)
    line.takes("book", conn=2)
    line.waits(60)
    line.pushes("book", conn=2)
    line.assert_none("lost-subscription")


def test_a_bot_that_forgets_everything_is_told_once(line: Streaming) -> None:
    line.takes("book", "trades", "orders", "fills")
    line.breaks()
    line.opens(2)
    line.waits(11)
    line.pings(conn=2)
    found = line.only("lost-subscription")
    assert found.facts["lost"] == 4
    assert "subscribed to book, trades, orders and 1 more" in found.summary


def test_a_recording_that_ends_soon_leaves_it_possible_if_the_bot_did_something_else(line: Streaming) -> None:
    line.takes("book")
    line.breaks()
    line.opens(2)
    line.waits(2)
    line.assert_none("lost-subscription")
    line.asks("orders", "1", conn=2)
    assert line.only("lost-subscription").certainty == "possible"


def test_a_bot_that_left_of_its_own_accord_may_not_want_it_any_more(line: Streaming) -> None:
    line.takes("book")
    line.closes("client", 1000)
    line.opens(2)
    line.waits(30)
    line.asks("orders", "1", conn=2)
    assert line.only("lost-subscription").certainty == "possible"


def test_what_the_bot_ended_or_the_venue_never_took_is_not_lost(line: Streaming) -> None:
    line.takes("book")
    line.unsubscribes("book")
    line.confirms("book", op="UNSUB")
    line.subscribes("orders")
    line.confirms("orders", error_code="NO")
    line.breaks()
    line.opens(2)
    line.waits(30)
    line.asks("orders", "1", conn=2)
    line.assert_none("lost-subscription")


def test_a_bot_that_does_not_come_back_has_lost_more_than_that(line: Streaming) -> None:
    line.takes("book")
    line.breaks()
    line.opens(2, status=503)
    line.opens(3, url="wss://other.example/")
    line.waits(30)
    line.asks("orders", "1", conn=3)
    line.assert_none("lost-subscription")


def test_a_line_that_was_made_before_the_old_one_broke_counts(line: Streaming) -> None:
    line.takes("book")
    line.opens(2)
    line.takes("book", conn=2)
    line.breaks()
    line.opens(3)
    line.waits(30)
    line.asks("orders", "1", conn=3)
    line.assert_none("lost-subscription")


def test_it_may_be_taken_up_on_the_second_line_that_follows(line: Streaming) -> None:
    line.takes("book")
    line.breaks()
    line.opens(2)
    line.breaks(2)
    line.opens(3)
    line.takes("book", conn=3)
    line.waits(30)
    line.pushes("book", conn=3)
    line.assert_none("lost-subscription")


def test_a_venue_that_confirms_nothing_forgets_all_the_same(silent: Streaming) -> None:
    silent.subscribes("trades", replies=False)
    silent.breaks()
    silent.opens(2)
    silent.waits(11)
    silent.pings(conn=2)
    assert silent.only("lost-subscription").certainty == "proven"


def test_a_line_that_the_fault_plan_cut_is_a_line_that_ended(line: Streaming) -> None:
    line.takes("book")
    line.strikes("drop rst after request x")
    line.stops()
    line.opens(2)
    line.waits(11)
    line.pings(conn=2)
    assert line.only("lost-subscription").certainty == "proven"


# Strangers, whose rules nobody states


def stranger(*said: tuple[float, str, object]) -> list[Incident]:
    """What is found where nobody knows the venue: who says what, after so many seconds."""
    opened = {"kind": "open", "sender": "client", "text": json.dumps({"url": "wss://venue.example/", "status": 101})}
    rows = [
        (0.0, opened),
        *((after, {"kind": "text", "sender": who, "text": json.dumps(what)}) for after, who, what in said),
    ]
    decoder, events, now_ns = Decoder(dialect("generic")), [], 0
    for seq, (after, row) in enumerate(rows, 1):
        now_ns += MS + round(after * SECOND)
        times = {"at_ns": now_ns, "mono_ns": now_ns, "first_mono_ns": now_ns, "relay_ns": 1}
        events += decoder.see(Event(seq=seq, conn=1, **times, **row))  # type: ignore[arg-type]
    return [each for each in incidents_in(events) if each.kind in KINDS]


BOOKS = {"op": "subscribe", "args": [{"channel": "books", "instId": "BTC"}, {"channel": "books", "instId": "ETH"}]}
BTC = {"arg": {"channel": "books", "instId": "BTC"}, "data": [{"px": "1"}]}


def test_a_stranger_is_read_by_its_words() -> None:
    again = {"op": "subscribe", "args": [{"channel": "books", "instId": "BTC"}]}
    assert stranger((0, "client", BOOKS), (0, "venue", BTC), (0, "client", again)) == []
    found = stranger((0, "client", BOOKS), (0, "venue", BTC), (0, "client", BOOKS))
    assert {each.kind for each in found} == {"duplicate-subscription"}


def test_a_strangers_silence_tells_only_where_it_answered_before() -> None:
    first = {"method": "SUBSCRIBE", "params": ["a"], "id": 1}
    second = {"method": "SUBSCRIBE", "params": ["b"], "id": 2}
    later = (20.0, "venue", {"stream": "a", "data": {"p": "1"}})
    assert stranger((0, "client", first), (0, "client", second), (20, "venue", {"x": 1})) == []
    (found,) = stranger((0, "client", first), (0, "venue", {"result": None, "id": 1}), (0, "client", second), later)
    assert (found.kind, found.certainty, found.facts["channels"]) == ("unanswered-subscription", "possible", ["b"])
    assert stranger((0, "client", first), (0, "client", second), later) == []
    (quiet,) = stranger((0, "client", first), (0, "client", second), later, later)
    assert quiet.facts["channels"] == ["b"]


# Memory


def test_what_is_remembered_is_bounded(line: Streaming, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribed, "ON_A_LINE", 3)
    on_line = subscribed.OnLine("wss://venue.example/")
    for number in range(10):
        asked = line.subscribes(f"c{number}")
        asking = subscribed.Asking(asked, reached=True)
        on_line.begin(subscribed.Topic(asking, (f"c{number}", None, None)), apart=False)
        on_line.bound()
    assert [topic.name for topic in on_line.on] == ["c7", "c8", "c9"]
    assert [asking.seq for asking in on_line.askings] == [asking.seq for asking in on_line.askings][-3:]
    assert on_line.of_push(line.pushes("c1")) == []
