"""The script says what the client did, in its order, and what each step had to wait for."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.recording import MS, Recording

import wsreplay
from wsreplay.captures.read_by import dialect_of
from wsreplay.replay.script import Ask, Leave, Open, Say, Script, Step
from wsreplay.replay.scriptwriter import Scriptwriter


def kinds(script: Script) -> list[str]:
    return [type(step).__name__ for step in script.steps]


def the_leave(script: Script) -> Leave:
    (leave,) = (step for step in script.steps if isinstance(step, Leave))
    return leave


def test_a_message_waits_for_the_reply_that_the_bot_had_seen() -> None:
    script = Recording().open().ask("a").wait(5).answer("a").wait(2).ask("b").script()
    first, second = (step for step in script.steps if isinstance(step, Say))
    assert first.awaits == ()
    assert (second.awaits, second.after) == ((2,), 2)
    assert second.gap_ns == 2 * MS, "the gap counts from when the reply had reached the bot"


def test_what_was_sent_without_waiting_is_sent_without_waiting() -> None:
    script = Recording().open().ask("a").wait(3).ask("b").wait(1).answer("a").answer("b").script()
    assert [step.awaits for step in script.steps] == [(), (), ()]
    assert script.steps[2].gap_ns == 3 * MS


def test_what_the_bot_had_seen_on_any_line_may_have_moved_it() -> None:
    recording = Recording().open(1).open(2).ask("a", conn=1).wait(1).answer("a", conn=1).wait(1).ask("b", conn=2)
    assert recording.script().steps[-1].awaits == (3,)


def test_nobody_waits_for_a_reply_that_never_reached_the_bot() -> None:
    script = Recording().open().ask("a").wait(1).answer("a", delivered=False).wait(1).ask("b").script()
    assert script.steps[-1].awaits == ()
    assert not script.replies[2].delivered


def test_what_is_said_while_a_rest_answer_is_under_way_does_not_wait_for_it() -> None:
    recording = Recording().open().rest_asked("/v2/x").wait(5).ask("a").wait(5).rest_answered([])
    script = recording.wait(5).ask("b").script()
    assert kinds(script) == ["Open", "Ask", "Say", "Say"]
    assert [step.awaits for step in script.steps] == [(), (), (), (2,)]


def test_a_rest_request_stands_where_it_was_asked_also_in_a_capture_that_has_it_where_it_was_answered() -> None:
    recording = Recording().open()
    asked_ns = recording.now_ns
    recording.wait(5).ask("a").wait(5).rest_asked("/v2/x", asked_ns=asked_ns).rest_answered([])
    script = recording.wait(5).ask("b").script()
    assert kinds(script) == ["Open", "Ask", "Say", "Say"]
    assert [step.seq for step in script.steps] == [1, 3, 2, 5]
    assert [step.awaits for step in script.steps] == [(), (), (), (3,)]


def test_protocol_pings_are_nobodys_step() -> None:
    assert kinds(Recording().open().ping().ask("a").ping().script()) == ["Open", "Say"]


def test_an_answer_to_a_ping_that_is_a_message_is_lived_not_repeated() -> None:
    script = Recording().open().say('{"type":"pong"}').say('{"type":"ping","id":"1"}').script()
    assert [step.payload for step in script.steps if isinstance(step, Say)] == ['{"type":"ping","id":"1"}']
    assert script.pong == '{"type":"pong"}'


def test_a_message_that_never_reached_the_venue_is_not_sent() -> None:
    script = Recording().open().ask("a", relayed=False).ask("b").script()
    assert script.held_back == (2,)
    assert script.requests == {3}


def test_where_the_recorder_could_not_know_every_message_counts_as_delivered() -> None:
    script = Recording().open().ask("a", relayed=False).answer("a", delivered=False).script(mode="mitmdump")
    assert script.requests == {2}
    assert script.replies[2].delivered


@pytest.mark.parametrize(
    ("recording", "how", "by"),
    [
        (Recording().open().close(1001).end("fin"), "close", "client"),
        (Recording().open().end("rst"), "rst", "client"),
        (Recording().open().end("fin"), "fin", "client"),
        (Recording().open().end("rst", leg="venue").end("proxy"), "rst", "venue"),
        (Recording().open().close(1012, sender="venue").close(1012), "close", "venue"),
        (Recording().open().fault("drop rst after request cancelAll #1").end("proxy"), "rst", "fault"),
        (Recording().open().fault("drop close 1012 after request cancelAll #1").end("proxy"), "close", "fault"),
    ],
)
def test_a_line_ends_as_it_ended_for_the_bot(recording: Recording, how: str, by: str) -> None:
    leave = the_leave(recording.script())
    assert (leave.how, leave.by) == (how, by)


def test_a_goodbye_keeps_its_code_and_waits_for_nothing() -> None:
    leave = the_leave(Recording().open().ask("a").close(4000).script())
    assert (leave.code, leave.owed) == (4000, ())


def test_a_cut_knows_what_it_cut_off_and_how_long_that_had_waited() -> None:
    recording = Recording().open().ask("a").wait(1).answer("a").ask("b").wait(7).end("rst").wait(1)
    assert the_leave(recording.answer("b", delivered=False).script()).owed == ((4, 7 * MS),)


def test_what_is_selected_brings_its_line_along_and_no_other() -> None:
    recording = Recording().open(1).open(2).ask("a", conn=1).ask("b", conn=2).close(conn=1).close(conn=2)
    script = recording.script(4)
    assert [(type(step), step.line) for step in script.steps if not isinstance(step, Ask)] == [  # type: ignore[attr-defined]
        (Open, 2),
        (Say, 2),
        (Leave, 2),
    ]


def test_what_comes_after_the_last_wanted_event_is_left_out() -> None:
    assert kinds(Recording().open().ask("a").close().script(2, until=2)) == ["Open", "Say"]


def test_a_capture_that_begins_in_the_middle_opens_the_line_itself() -> None:
    first, *_ = Recording().ask("a").script().steps
    assert isinstance(first, Open)
    assert first.url == "wss://venue.example/"


def test_a_handshake_that_was_refused_is_tried_again_and_nothing_is_said_on_it() -> None:
    (step,) = Recording().open(status=503).script().steps
    assert isinstance(step, Open)
    assert step.status == 503


@given(st.lists(st.tuples(st.sampled_from(["ask", "answer", "lose", "wait"]), st.integers(1, 2)), max_size=30))
def test_every_reply_that_reached_the_bot_is_waited_for_by_the_step_after_it_once(story: list[tuple[str, int]]) -> None:
    recording = Recording().open(1).open(2)
    waiting: dict[int, list[str]] = {1: [], 2: []}
    asked = 0
    for what, conn in story:
        recording.wait(1)
        if what == "ask":
            asked += 1
            waiting[conn].append(str(asked))
            recording.ask(str(asked), conn=conn)
        elif what != "wait" and waiting[conn]:
            recording.answer(waiting[conn].pop(0), conn=conn, delivered=what == "answer")
    script = recording.wait(1).ask("last").script()
    awaited = [seq for step in script.steps for seq in step.awaits]
    assert sorted(awaited) == sorted(seq for seq, reply in script.replies.items() if reply.delivered)
    position = {step.seq: number for number, step in enumerate(script.steps)}
    steps: tuple[Step, ...] = script.steps
    assert all(position[seq] < position[step.seq] for step in steps for seq in step.awaits)
    assert all(one.seq < other.seq for one, other in pairwise(steps))


SAMPLES = sorted(Path(wsreplay.__file__).parent.glob("captures/samples/*.parquet"))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_request_reads_as_it_was_read_so_that_its_reply_finds_it(path: Path) -> None:
    with wsreplay.open(path) as capture:
        about, events = capture.metadata, list(capture.events())
    script = Scriptwriter(about.mode, about.upstreams).write(events)
    venue = dialect_of(about)
    read = 0
    for step in script.steps:
        if isinstance(step, Say) and step.asks is not None:
            now = venue.decode(step.payload, "client")
            assert (step.asks.role, step.asks.op, step.asks.key, step.asks.channel) == (
                now.role,
                now.op,
                now.key,
                now.channel,
            )
            read += 1
    assert read == len(
        [seq for seq in script.replies if any(s.seq == seq and isinstance(s, Say) for s in script.steps)]
    )
