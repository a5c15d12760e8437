"""Laws of the engine: whatever the venue does, every step is taken once, in order, and never before its cause."""

from __future__ import annotations

import json
from math import inf

from hypothesis import given
from hypothesis import strategies as st
from replay.recording import Recording, reply

from wsreplay.replay.engine import Engine
from wsreplay.replay.outputs import Close, Connect, Cut, Output, Send, Wake
from wsreplay.replay.script import Say
from wsreplay.venues.registry import dialect

STORIES = st.lists(st.tuples(st.sampled_from(["ask", "answer", "lose", "cut", "wait"]), st.integers(1, 3)), max_size=30)


def told(story: list[tuple[str, int]]) -> Recording:
    """A recording in which lines are opened when they are first used, and again after they were cut."""
    recording, asked, conn_of, conns = Recording(), 0, dict.fromkeys(range(1, 4), 0), 0
    waiting: dict[int, list[str]] = {}
    for what, line in story:
        recording.wait(1)
        if what != "wait" and not conn_of[line]:
            conns += 1
            conn_of[line], waiting[conns] = conns, []
            recording.open(conns).wait(1)
        conn = conn_of[line]
        if what == "ask":
            asked += 1
            waiting[conn].append(str(asked))
            recording.ask(str(asked), conn=conn)
        elif what == "cut":
            recording.end("rst", conn=conn)
            conn_of[line] = 0
        elif what in ("answer", "lose") and waiting[conn]:
            recording.answer(waiting[conn].pop(0), conn=conn, delivered=what == "answer")
    return recording


@given(STORIES, st.sampled_from([1.0, 3.0, inf]), st.data())
def test_every_step_is_taken_once_in_order_and_after_its_cause(
    story: list[tuple[str, int]], speed: float, data: st.DataObject
) -> None:
    script = told(story).script()
    engine = Engine(script, dialect("reya"), speed=speed)
    says = {json.loads(step.payload)["id"]: step for step in script.steps if isinstance(step, Say)}
    keys = {step.seq: key for key, step in says.items()}
    sent: list[str] = []
    unanswered: list[tuple[int, str]] = []
    answered: set[str] = set()
    open_lines: set[int] = set()
    now_ns = 0
    outputs: list[Output] = engine.begin(now_ns)
    while not engine.done:
        wake_ns: int | None = None
        following: list[Output] = []
        for output in outputs:
            match output:
                case Connect(step):
                    open_lines.add(step.line)
                    following += engine.opened(step.line, now_ns)
                case Send(line, payload):
                    key = json.loads(payload)["id"]
                    assert line in open_lines
                    assert all(keys[seq] in answered for seq in says[key].awaits if seq in keys)
                    sent.append(key)
                    unanswered.append((line, key))
                case Close(line) | Cut(line):
                    open_lines.discard(line)
                    unanswered = [each for each in unanswered if each[0] != line]
                    following += engine.ended(line, "fin", now_ns)
                case Wake(at_ns):
                    wake_ns = at_ns
        if not following and not engine.done:
            if unanswered and (wake_ns is None or data.draw(st.booleans())):
                line, key = unanswered.pop(data.draw(st.integers(0, len(unanswered) - 1)))
                answered.add(key)
                following = engine.received(line, reply(key), now_ns)
            elif wake_ns is not None and not unanswered:
                now_ns = max(now_ns, wake_ns)
                following = engine.tick(now_ns)
            else:
                following = engine.tick(now_ns)
        outputs = following
    assert sent == list(says), "each once, in the order of the recording"
    assert engine.notes == []
