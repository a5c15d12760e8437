"""Numbered pushes, and the numbers that never came."""

from __future__ import annotations

import pytest
from analysis.streaming import Streaming

from wsreplay.analysis.incidents import sequence


@pytest.fixture
def line() -> Streaming:
    line = Streaming()
    line.opens()
    return line


def test_numbers_that_follow_each_other_are_no_gap(line: Streaming) -> None:
    line.numbers("book", 5, 6, 7)
    line.numbers("trades", 100, 101)
    line.numbers("book", 8)
    line.assert_none("sequence-gap")


def test_a_number_that_is_left_out_is_told_with_both_its_neighbours(line: Streaming) -> None:
    before, after = line.numbers("book", 5, 9)
    line.numbers("book", 10)
    found = line.only("sequence-gap")
    assert (found.certainty, found.seq, found.evidence) == ("proven", after.seq, (before.seq, after.seq))
    assert found.summary == "On book numbers 6 to 8 never came."
    assert (found.facts["missing_from"], found.facts["missing_to"], found.facts["missing"]) == (6, 8, 3)


def test_a_push_may_span_numbers_and_begin_where_the_last_ended(line: Streaming) -> None:
    line.pushes("book", venue_seq_from=1, venue_seq=4)
    line.pushes("book", venue_seq_from=4, venue_seq=6)
    line.pushes("book", venue_seq_from=7, venue_seq=9)
    line.assert_none("sequence-gap")
    line.pushes("book", venue_seq_from=11, venue_seq=12)
    assert line.only("sequence-gap").summary == "On book number 10 never came."


def test_a_snapshot_begins_anew(line: Streaming) -> None:
    line.numbers("book", 5, 6)
    line.pushes("book", venue_seq=50, status="snapshot")
    line.numbers("book", 51)
    line.pushes("book", venue_seq=1, status="snapshot")
    line.numbers("book", 2)
    line.assert_none("sequence-gap")


def test_a_new_subscription_may_begin_anew(line: Streaming) -> None:
    line.takes("book")
    line.numbers("book", 5, 6)
    line.unsubscribes("book")
    line.takes("book")
    line.numbers("book", 40, 41)
    line.assert_none("sequence-gap")


def test_a_numbering_that_begins_with_one_again_is_a_new_one(line: Streaming) -> None:
    line.numbers("book", 5, 6, 1, 2)
    line.assert_none("sequence-gap")
    line.numbers("book", 4)
    assert line.only("sequence-gap").facts["missing_from"] == 3


def test_pushes_that_come_twice_are_no_gap(line: Streaming) -> None:
    line.numbers("trades", 5, 5, 6, 6, 7, 7)
    line.assert_none("sequence-gap")


def test_what_comes_late_is_out_of_order(line: Streaming) -> None:
    _, after, late, _ = line.numbers("trades", 5, 7, 6, 8)
    found = line.only("sequence-gap")
    assert (found.seq, found.facts["filled_seq"]) == (after.seq, late.seq)
    assert found.summary == f"On trades number 6 came late and out of order, by {late.seq}."


def test_what_the_recorder_never_handed_on_is_missing_for_the_bot(line: Streaming) -> None:
    line.numbers("book", 5)
    (withheld,) = line.numbers("book", 6, delivered=False)
    line.numbers("book", 7)
    found = line.only("sequence-gap")
    assert found.certainty == "proven"
    assert withheld.seq in found.evidence
    assert found.summary == "On book number 6 never reached the bot: 1 message got lost on the way to it."


def test_a_gap_of_the_recorder_may_have_held_it(line: Streaming) -> None:
    line.numbers("book", 5)
    line.misses()
    line.numbers("book", 7)
    line.numbers("book", 9)
    assert [each.certainty for each in line.incidents("sequence-gap")] == ["possible", "proven"]
    assert line.incidents("sequence-gap")[0].summary.endswith("though part of the recording is missing there.")


def test_numbers_that_go_on_after_a_reconnect_tell_what_was_missed_meanwhile(line: Streaming) -> None:
    line.numbers("trades", 5, 6)
    (withheld,) = line.numbers("trades", 7, delivered=False)
    line.breaks()
    line.waits(2)
    line.opens(2)
    line.takes("trades", conn=2)
    line.numbers("trades", 10, 11, conn=2)
    found = line.only("sequence-gap")
    assert withheld.seq in found.evidence
    assert (found.certainty, found.facts["away"], found.facts["missing"]) == ("possible", True, 3)
    assert "passed while the bot was away for 2" in found.summary


@pytest.mark.parametrize("first", [1, 3, 7])
def test_numbers_that_restart_or_go_on_without_a_break_after_a_reconnect_are_no_gap(
    line: Streaming, first: int
) -> None:
    line.numbers("trades", 5, 6)
    line.breaks()
    line.opens(2)
    line.numbers("trades", first, first + 1, conn=2)
    line.assert_none("sequence-gap")


def test_a_snapshot_after_a_reconnect_makes_up_for_what_was_missed(line: Streaming) -> None:
    line.numbers("book", 5, 6)
    line.breaks()
    line.opens(2)
    line.pushes("book", conn=2, venue_seq=90, status="snapshot")
    line.numbers("book", 91, conn=2)
    line.assert_none("sequence-gap")


def test_numbers_of_another_line_at_the_same_time_are_its_own(line: Streaming) -> None:
    line.numbers("book", 5, 6)
    line.opens(2)
    line.numbers("book", 90, 91, conn=2)
    line.numbers("book", 7)
    line.assert_none("sequence-gap")


def test_of_a_channel_full_of_gaps_some_are_told_and_the_others_counted(line: Streaming) -> None:
    line.numbers("book", *range(0, 400, 2))
    found = line.incidents("sequence-gap")
    assert len(found) == sequence.TOLD + 1
    assert found[-1].facts["more"] == 199 - sequence.TOLD - 1
    assert found[-1].summary.endswith("never came; 148 gaps before it are not told.")


def test_numberings_that_are_followed_are_bounded(line: Streaming, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "CHANNELS", 2)
    line.numbers("a", 1)
    line.numbers("b", 1)
    line.numbers("c", 1)
    line.numbers("a", 5)  # forgotten: it begins
    line.numbers("c", 5)
    assert line.only("sequence-gap").facts["channel"] == "c"
