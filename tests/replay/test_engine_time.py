"""The engine keeps the recording's times: absolute where nothing was waited for, from the live reply where it was."""

from __future__ import annotations

import json
from math import inf
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from replay.recording import BEGAN_NS, MS, Recording
from replay.stage import PATIENCE, Stage, keys

from wsreplay.replay.engine import Engine
from wsreplay.replay.outputs import Close, Cut, Send, Withdraw, Withheld
from wsreplay.venues.envelope import Envelope
from wsreplay.venues.generic.dialect import GenericDialect


def test_who_is_late_with_one_message_is_not_late_with_the_next() -> None:
    recording = Recording().open()
    for number in range(100):
        recording.wait(1).ask(str(number))
    stage = Stage(recording, speed=1.0)
    stage.begin()
    due = []
    while stage.wake_ns is not None and stage.engine.sent < 100:
        due.append(stage.wake_ns)
        stage.now_ns = stage.wake_ns + MS // 3
        stage.pass_ms(0)
    assert due == [number * MS for number in range(1, 101)]


def test_who_was_held_up_for_long_catches_up_in_order() -> None:
    recording = Recording().open()
    for number in range(10):
        recording.wait(1).ask(str(number))
    stage = Stage(recording, speed=1.0)
    stage.begin()
    assert keys(stage.pass_ms(5.5)) == list("01234")
    assert stage.wake_ns == 6 * MS


def test_what_follows_a_step_that_waited_for_several_counts_from_when_the_last_was_in() -> None:
    recording = Recording().open().ask("a").ask("b").wait(1).answer("a").wait(2).answer("b").wait(3).ask("c")
    recording.wait(4).ask("d")
    stage = Stage(recording, speed=1.0)
    stage.begin()
    stage.pass_ms(10)
    stage.hears("b")
    stage.pass_ms(50)
    assert keys(stage.hears("a")) == ["c"], "the pause after b is over, and a was all that was missing"
    assert stage.wake_ns == stage.now_ns + 4 * MS


def test_after_the_sockets_were_full_the_pauses_count_from_there() -> None:
    recording = Recording().open().wait(1).ask("a").wait(5).ask("b").wait(5).ask("c")
    stage = Stage(recording, speed=1.0)
    stage.begin()
    stage.pass_ms(1)
    stage.now_ns += 20 * MS
    assert keys(stage.do(stage.engine.resumed(stage.now_ns))) == ["b"]
    assert stage.wake_ns == stage.now_ns + 5 * MS


def test_sockets_that_were_full_while_nothing_was_due_change_nothing() -> None:
    recording = Recording().open().wait(1).ask("a").wait(50).ask("b")
    stage = Stage(recording, speed=1.0)
    stage.begin()
    stage.pass_ms(1)
    stage.now_ns += 20 * MS
    stage.do(stage.engine.resumed(stage.now_ns))
    assert stage.wake_ns == 51 * MS


def test_a_line_is_not_kept_for_longer_than_the_patience_for_answers_that_are_on_no_record() -> None:
    stage = Stage(Recording().open().ask("a").wait(60_000).end("rst"))
    stage.begin()
    assert stage.wake_ns == PATIENCE
    assert stage.pass_ms(5_000) == [Cut(1, "rst")]


def test_answers_to_what_was_never_answered_move_nothing() -> None:
    recording = Recording().open().ask("a").ask("b").ask("c").wait(1).answer("c").close()
    assert recording.script().followed == frozenset({4})
    stage = Stage(recording)
    assert keys(stage.begin()) == ["a", "b", "c"]
    assert stage.hears("a") == []
    assert stage.hears("c") == [Close(1, 1000, "")]


def test_a_request_that_could_be_taken_for_an_answered_one_is_followed() -> None:
    recording = Recording().open().ask("same").ask("same").ask("other").wait(1).answer("same")
    assert recording.script().followed == frozenset({2, 3})


class PingingDialect(GenericDialect):
    """A venue whose ping is a message that names a moment, which the pong must repeat."""

    def decode(self, payload: str | bytes, sender: Any) -> Envelope:
        text = payload if isinstance(payload, str) else payload.decode()
        for word in ("ping", "pong"):
            if text.startswith(word):
                return Envelope(role="heartbeat", op=word)
        return super().decode(payload, sender)

    def pong(self, payload: str | bytes, now_ns: int) -> str | None:
        text = payload if isinstance(payload, str) else ""
        return f"pong{text.removeprefix('ping')} at {now_ns - BEGAN_NS}" if text.startswith("ping") else None


@given(st.lists(st.sampled_from(["pong", "wait"]), max_size=12), st.sampled_from([0.5, 1.0, inf]), st.integers(0, 4))
def test_there_is_one_pong_a_ping_however_many_were_recorded(told: list[str], speed: float, pings: int) -> None:
    recording = Recording().open()
    for word in told:
        recording.wait(5)
        if word == "pong":
            recording.say("pong")
    recording.ask("a").wait(1).answer("a").ask("b")
    engine = Engine(
        recording.script(venue=PingingDialect()), PingingDialect(), speed=speed, wall_ns=lambda now: BEGAN_NS + now
    )
    engine.begin(0)
    outputs = engine.opened(1, 0)
    for number in range(pings):
        outputs += engine.received(1, f"ping{number}", 1000)
    outputs += engine.tick(1000 * MS)
    said = [str(each.payload) for each in outputs if isinstance(each, Send)]
    assert [text for text in said if text.startswith("pong")] == [f"pong{number} at 1000" for number in range(pings)]


def test_who_has_left_answers_no_ping() -> None:
    stage = Stage(Recording().open().ask("a").wait(30).end("rst"), venue=PingingDialect())
    assert Withdraw(1, "rst") in stage.begin()
    assert stage.do(stage.engine.received(1, "ping", 1)) == [Withheld(1)]


def test_where_there_are_no_ids_a_reply_finds_its_request_by_the_channel() -> None:
    def about(op: str, channel: str) -> str:
        return json.dumps({"op": op, "channel": channel})

    recording = Recording().open().say(about("subscribe", "orders")).say(about("subscribe", "trades")).wait(1)
    for channel in ("orders", "trades"):
        recording._row(1, "venue", text=about("subscribed", channel), relay_ns=1).wait(1)
    recording.say("that is all")
    venue = GenericDialect()
    stage = Stage(recording, venue=venue)
    assert len(stage.begin()) == 2
    assert stage.do(stage.engine.received(1, about("subscribed", "trades"), 1)) == []
    said, *_ = stage.do(stage.engine.received(1, about("subscribed", "orders"), 1))
    assert said == Send(1, "that is all")
