"""The engine halts before each step, and somebody decides how it goes on."""

from __future__ import annotations

from replay.recording import MS, Recording
from replay.stage import Stage, keys

from wsreplay.replay.outputs import Close, Connect, Halted, Withdraw


def test_it_halts_before_each_step_and_asks_once() -> None:
    stage = Stage(Recording().open().ask("a").wait(1).answer("a").wait(5).ask("b").ask("c"), halting=True)
    (halted,) = stage.do(stage.engine.begin(0))
    assert isinstance(halted, Halted)
    assert halted.step.seq == 1
    assert stage.pass_ms(10_000) == []
    assert isinstance(stage.do(stage.engine.release(stage.now_ns))[0], Connect)
    (halted,) = stage.opened()
    assert isinstance(halted, Halted)
    assert keys(stage.do(stage.engine.release(stage.now_ns))) == ["a"]
    assert stage.pass_ms(100) == [], "the reply is waited for, and then somebody is asked"
    assert [type(each) for each in stage.hears("a")] == [Halted]
    said, halted = stage.do(stage.engine.release(stage.now_ns))
    assert keys([said]) == ["b"]
    assert isinstance(halted, Halted)


def test_it_goes_on_at_a_speed_with_pauses_from_then_on() -> None:
    stage = Stage(Recording().open().wait(1).ask("a").wait(8).ask("b"), halting=True)
    stage.do(stage.engine.begin(0))
    stage.do(stage.engine.release(0))
    stage.opened()
    stage.pass_ms(1_000)
    assert keys(stage.do(stage.engine.proceed(2.0, stage.now_ns))) == []
    assert stage.wake_ns == stage.now_ns + MS // 2
    assert keys(stage.pass_ms(0.5)) == ["a"]
    assert stage.wake_ns == stage.now_ns + 4 * MS


def test_it_is_stopped_in_order() -> None:
    stage = Stage(Recording().open().ask("a").wait(1).answer("a").ask("b").ask("c"), halting=True)
    stage.do(stage.engine.begin(0))
    stage.do(stage.engine.release(0))
    stage.opened()
    stage.do(stage.engine.release(0))
    stage.hears("a")
    assert stage.do(stage.engine.stop(0)) == [Close(1, 1000, "")]
    assert stage.engine.stopped_before == 4
    stage.ended()
    assert stage.engine.done
    assert stage.engine.notes == []


def test_a_line_that_was_cut_is_cut_when_somebody_says_so() -> None:
    stage = Stage(Recording().open().ask("a").wait(30).end("rst"), halting=True)
    stage.do(stage.engine.begin(0))
    stage.do(stage.engine.release(0))
    stage.opened()
    said, halted = stage.do(stage.engine.release(0))
    assert keys([said]) == ["a"]
    assert isinstance(halted, Halted)
    assert stage.pass_ms(1_000) == [], "not even withdrawn"
    assert stage.do(stage.engine.release(stage.now_ns)) == [Withdraw(1, "rst")]
    assert stage.wake_ns == stage.now_ns + 30 * MS
