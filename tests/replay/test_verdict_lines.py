"""The verdict beyond requests: the life of orders, lines and how they ended, subscriptions, and what is noise."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from analysis.streaming import Streaming
from captures.recorded import transcripts
from hypothesis import given, settings

from wsreplay.captures.event import Event
from wsreplay.replay.outputs import Note
from wsreplay.replay.telling import tell
from wsreplay.replay.terms import COMPARED, REPLAYED, SERVED, Terms
from wsreplay.replay.verdict import Divergence, Finding, judge

AT_ANOTHER_SPEED = Terms(of_time=False)


def session() -> Streaming:
    line = Streaming()
    line.opens()
    return line


def divergences(
    recorded: Streaming, replayed: Streaming, terms: Terms = REPLAYED, *notes: Note
) -> tuple[Divergence, ...]:
    return judge(tell(recorded.rows), tell(replayed.rows), terms=terms, notes=notes).divergences


def only(recorded: Streaming, replayed: Streaming, terms: Terms = REPLAYED) -> Divergence:
    (found,) = divergences(recorded, replayed, terms)
    return found


# Lines


def ended(how: str) -> Streaming:
    line = session()
    line.asks("a", "1")
    line.replies("a", "1")
    match how:
        case "bot closed":
            line.closes("client", 1000)
        case "bot reset":
            line.ends("client", "rst")
        case "venue closed":
            line.closes("venue", 1001)
        case "venue closed otherwise":
            line.closes("venue", 4000)
        case "venue reset":
            line.ends("venue", "rst")
        case "fault":
            line.strikes("drop rst after request a")
            line.stops()
        case "recorder stopped":
            line.stops()
    return line


ENDS = ("bot closed", "bot reset", "venue closed", "venue closed otherwise", "venue reset", "fault", "recorder stopped")


@pytest.mark.parametrize("end", ENDS)
def test_lines_that_end_alike_are_the_same(end: str) -> None:
    assert divergences(ended(end), ended(end)) == ()
    assert divergences(ended(end), ended(end), COMPARED) == ()


@pytest.mark.parametrize("end", ["bot closed", "recorder stopped"])
@pytest.mark.parametrize("now", ["venue closed", "venue reset"])
def test_a_venue_that_ends_a_line_now_is_a_divergence(end: str, now: str) -> None:
    found = only(ended(end), ended(now))
    assert found.about == "line"
    assert found.replay_seq == 4
    assert found.what == "line 1, to /"


def test_a_line_that_the_replay_ends_in_the_venues_place_is_as_it_should_be() -> None:
    for before in ("venue closed", "venue reset", "fault"):
        for now in ("bot closed", "bot reset"):
            assert divergences(ended(before), ended(now)) == ()


def test_another_close_code_of_the_venue_is_told_with_both() -> None:
    assert str(only(ended("venue closed"), ended("venue closed otherwise"))) == (
        "line 1, to /: the venue closed it with 1001 in the recording, the venue closed it with 4000 now "
        "(#4 of the replay)"
    )


@pytest.mark.parametrize("end", ["venue closed", "venue reset"])
def test_a_served_bot_that_ends_a_line_that_the_venue_had_ended_is_a_divergence(end: str) -> None:
    assert only(ended(end), ended("bot closed"), SERVED).about == "line"
    assert divergences(ended(end), ended(end), SERVED) == ()


def test_a_served_bot_may_leave_after_the_recording_and_the_venue_as_it_likes() -> None:
    assert divergences(ended("recorder stopped"), ended("bot closed"), SERVED) == ()
    assert divergences(ended("fault"), ended("bot reset"), SERVED) == ()
    assert divergences(ended("bot closed"), ended("venue closed"), SERVED) == ()


def test_between_any_two_captures_every_other_end_is_a_difference() -> None:
    for at, before in enumerate(ENDS):
        for now in ENDS[at + 1 :]:
            assert only(ended(before), ended(now), COMPARED).about == "line"


def test_a_refused_line_and_one_that_is_not_there_are_told() -> None:
    refused = Streaming()
    refused.opens(status=503)
    found = only(session(), refused)
    assert (found.recorded, found.replayed) == ("opened", "refused (503)")
    more = session()
    more.opens(2)
    assert only(more, session()).replayed == "no such line"
    assert only(session(), more).recorded == "no such line"


def test_the_note_of_a_refused_line_is_not_told_beside_it() -> None:
    refused = Streaming()
    refused.opens(status=503)
    (found,) = divergences(session(), refused, REPLAYED, Note(1, "the handshake was otherwise", decides=True))
    assert str(found) == "line 1, to /: opened in the recording, refused (503) now (#1 of the replay)"


def test_what_a_refused_line_led_to_comes_after_it() -> None:
    recorded, replayed = Streaming(), Streaming()
    for line, status in ((recorded, 101), (replayed, 401)):
        line.asks("key", "1", conn=9)
        line.replies("key", "1", conn=9)
        line.opens(status=status)
    incidents: tuple[list[Finding], list[Finding]] = ([], [Finding("auth-failed", 3)])
    found = judge(tell(recorded.rows), tell(replayed.rows), incidents=incidents).divergences
    assert [(each.about, each.seq) for each in found] == [("line", 3), ("incident", 3)]


def test_lines_are_aligned_by_where_they_lead() -> None:
    recorded, replayed = Streaming(), Streaming()
    recorded.opens(1, url="wss://venue.example/public?key=1")
    recorded.opens(2, url="wss://venue.example/private")
    recorded.closes("venue", 4000, conn=2)
    replayed.opens(1, url="ws://127.0.0.1:9001/private")
    replayed.opens(2, url="ws://127.0.0.1:9001/public?key=2")
    replayed.closes("venue", 4000, conn=1)
    assert divergences(recorded, replayed) == ()


def test_a_line_that_was_open_before_the_recording_began_is_a_line() -> None:
    amidst = Streaming()
    amidst.asks("a", "1")
    amidst.replies("a", "1")
    whole = session()
    whole.asks("a", "1")
    whole.replies("a", "1")
    assert divergences(amidst, whole) == ()


def test_of_a_part_of_a_recording_lines_are_not_compared() -> None:
    assert divergences(ended("bot closed"), ended("venue reset"), Terms(whole=False)) == ()


# Subscriptions


def subscribed(*channels: str, pushed: tuple[str, ...] = (), after_s: float = 0.0, lasts_s: float = 10.0) -> Streaming:
    line = session()
    for channel in channels:
        line.takes(channel)
    line.waits(after_s)
    for channel in pushed:
        line.pushes(channel)
    line.waits(lasts_s - after_s)
    line.asks("a", "1")
    line.replies("a", "1")
    return line


def test_a_channel_on_which_nothing_comes_now_is_a_divergence() -> None:
    recorded = subscribed("book", "trades", pushed=("book", "trades"))
    found = only(recorded, subscribed("book", "trades", pushed=("book",)))
    assert str(found) == "subscription to trades: data came in the recording, none came now (#4 of the replay)"
    assert found.about == "channel"


def test_a_channel_that_was_dead_and_is_not_now_is_one_too() -> None:
    found = only(subscribed("book"), subscribed("book", pushed=("book",)))
    assert (found.recorded, found.replayed) == ("no data came", "it came")


def test_what_took_its_time_once_may_take_it_again() -> None:
    slow = subscribed("book", pushed=("book",), after_s=3)
    assert divergences(slow, subscribed("book")) == divergences(subscribed("book"), slow) == ()
    assert only(slow, subscribed("book", lasts_s=17)).about == "channel"


def test_a_replay_that_is_over_soon_did_not_wait_for_data() -> None:
    recorded = subscribed("book", pushed=("book",))
    assert divergences(recorded, subscribed("book", lasts_s=0.5)) == ()


def test_a_subscription_that_was_ended_waits_no_longer() -> None:
    left = session()
    left.takes("book")
    left.unsubscribes("book")
    left.waits(30)
    left.asks("a", "1")
    other = session()
    other.takes("book")
    other.pushes("book")
    other.unsubscribes("book")
    other.asks("a", "1")
    assert divergences(other, left) == ()


def test_how_much_data_came_and_what_it_said_is_noise() -> None:
    recorded = subscribed("book", pushed=("book",) * 5)
    assert divergences(recorded, subscribed("book", pushed=("book",))) == ()


# The life of an order


def ordered(*statuses: str, key: str = "1", order_id: str = "77", before_reply: bool = False) -> Streaming:
    line = session()
    line.asks("create", key, symbol="X", side="buy", price="1", qty="2", intent="i1")
    if before_reply:
        for status in statuses:
            line.pushes("orders", order_id=order_id, status=status)
    line.replies("create", key, order_id=order_id, status="new")
    if not before_reply:
        for status in statuses:
            line.pushes("orders", order_id=order_id, status=status)
    line.pushes("orders", order_id="somebody else's", status="filled")
    line.asks("bye", "9")
    line.replies("bye", "9")
    return line


def test_an_order_that_lives_otherwise_is_a_divergence_with_the_address_where_it_begins() -> None:
    recorded, replayed = ordered("open", "partial", "filled"), ordered("open", "cancelled", order_id="88")
    found = only(recorded, replayed)
    assert found.about == "order"
    assert (found.seq, found.replay_seq) == (5, 5)
    assert str(found) == (
        "create X buy 2 @ 1: its order became open, then partial, then filled in the recording, "
        "it became open, then cancelled now (#5 of the replay)"
    )


def test_the_same_life_is_the_same_whatever_the_ids_and_the_repetitions() -> None:
    assert divergences(ordered("open", "open", "filled"), ordered("open", "filled", order_id="88", key="z")) == ()


def test_what_pushes_say_before_the_reply_is_part_of_it() -> None:
    assert divergences(ordered("open", "filled"), ordered("open", "filled", before_reply=True)) == ()
    assert only(ordered("open", "filled"), ordered("open", "expired", before_reply=True)).about == "order"


def test_a_life_that_goes_on_after_the_clients_last_deed_may_be_shorter() -> None:
    recorded = ordered("open")
    recorded.pushes("orders", order_id="77", status="filled")
    assert divergences(recorded, ordered("open")) == ()
    assert divergences(ordered("open"), recorded) == ()


def test_at_another_speed_an_order_may_have_had_no_time_to_live() -> None:
    assert divergences(ordered("open", "filled"), ordered("open"), AT_ANOTHER_SPEED) == ()


# Noise


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ("/orders/123456", "/orders/987654"),
        ("/orders/0x" + "ab" * 16, "/orders/0x" + "cd" * 16),
        ("/orders/123e4567-e89b-12d3-a456-426614174000/fills", "/orders/223e4567-e89b-12d3-a456-426614174999/fills"),
    ],
)
def test_ids_in_paths_are_noise(path: str, same: str) -> None:
    def asked(path: str) -> Streaming:
        line = session()
        line.asks(f"GET {path}", "1")
        line.replies(f"GET {path}", "1")
        return line

    assert divergences(asked(path), asked(same)) == ()
    assert len(divergences(asked(path), asked("/orders"))) == 2


def test_columns_that_a_dialect_calls_noise_tell_no_requests_apart() -> None:
    def asked(name: str) -> Streaming:
        line = session()
        line.subscribes(name)
        line.confirms(name)
        line.pushes(name)
        return line

    one, other = asked("orders.7f3c"), asked("orders.99aa")
    assert len(divergences(one, other)) == 2
    noise = frozenset({"channel"})
    assert judge(tell(one.rows, noise=noise), tell(other.rows, noise=noise)).reproduced


def test_a_request_in_other_words_is_one_difference_and_not_two() -> None:
    def asked(price: str, intent: str, code: str | None = None) -> Streaming:
        line = session()
        line.asks("create", "1", symbol="X", side="buy", price=price, qty="2", account="7", intent=intent)
        line.replies("create", "1", error_code=code)
        return line

    assert str(only(asked("1", "i1"), asked("1.5", "i2", "NO"))) == (
        "create X buy 2 @ 1: price 1, accepted in the recording, price 1.5, refused (NO) now (#2 of the replay)"
    )
    assert only(asked("1", "i1"), asked("1", "i2")).recorded == "other terms, accepted"


def test_requests_of_another_kind_are_not_taken_for_each_other() -> None:
    def asked(side: str) -> Streaming:
        line = session()
        line.asks("create", "1", symbol="X", side=side, price="1", qty="2", intent=side)
        return line

    assert {each.only_in for each in divergences(asked("buy"), asked("sell"))} == {"recorded", "replayed"}


# Incidents and places


def test_an_incident_of_an_order_is_compared_by_that_order() -> None:
    told = tell(session().rows)

    def found(about: str) -> list[Finding]:
        return [Finding("duplicate-order", 1, "", about)]

    assert judge(told, told, incidents=(found("i1"), found("i1"))).reproduced
    assert len(judge(told, told, incidents=(found("i1"), found("i2"))).divergences) == 2


def test_an_excused_incident_need_not_come_again_but_must_not_be_new() -> None:
    told, beat = tell(session().rows), [Finding("missed-heartbeat", 1)]
    excused = Terms(excused=frozenset({"missed-heartbeat"}))
    assert judge(told, told, incidents=(beat, []), terms=excused).reproduced
    assert judge(told, told, incidents=(beat, beat), terms=excused).reproduced
    assert not judge(told, told, incidents=([], beat), terms=excused).reproduced


def test_what_is_missing_has_a_place_where_it_should_have_been() -> None:
    def asked(*keys: str) -> Streaming:
        line = session()
        for key in keys:
            line.asks(f"op{key}", key)
            line.replies(f"op{key}", key)
        return line

    found = only(asked("1", "2", "3"), asked("1", "3"))
    assert (found.seq, found.replay_seq, found.near_seq, found.only_in) == (4, None, 2, "recorded")
    more = only(asked("1", "3"), asked("1", "2", "3"))
    assert (more.seq, more.replay_seq, more.near_seq, more.only_in) == (2, 4, None, "replayed")


def test_what_only_the_replay_did_comes_before_what_followed_from_it() -> None:
    recorded, replayed = session(), session()
    for line, again in ((recorded, False), (replayed, True)):
        line.asks("create", "1")
        line.replies("create", "1")
        if again:
            line.asks("create", "2")
            line.replies("create", "2")
        line.asks("look", "3")
        line.replies("look", "3", error_code="TOO_MANY" if again else None)
    assert [(each.what, each.seq) for each in divergences(recorded, replayed)] == [("create", 2), ("look", 4)]


def test_programs_read_the_same_names_always() -> None:
    found = only(ended("bot closed"), ended("venue reset"))
    facts: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found))
    names = ["seq", "replay_seq", "about", "what", "recorded", "replayed", "because", "only_in", "near_seq", "text"]
    assert list(facts) == names
    assert facts["text"] == str(found)


@settings(max_examples=200, deadline=None)
@given(transcripts(max_size=40))
def test_whatever_was_recorded_is_the_same_as_itself(rows: list[Event]) -> None:
    for row in rows:  # close enough to each other to meet
        row.conn = None if row.conn is None else row.conn % 3
        row.of_seq = None if row.of_seq is None else row.of_seq % 20
        row.reply_to = None if row.reply_to is None else row.reply_to % 20
    for terms in (REPLAYED, COMPARED):
        assert judge(tell(rows), tell(rows), terms=terms).reproduced
