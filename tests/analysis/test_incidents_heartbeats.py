"""Pings without an answer, and answers without a ping."""

from __future__ import annotations

import pytest
from analysis.streaming import SECOND, Streaming

from wsreplay.venues.rules import Heartbeat, Rules

WITH_FRAMES = Rules(heartbeat=Heartbeat(frame="protocol", every_ns=5 * SECOND, within_ns=5 * SECOND))
WITH_MESSAGES = Rules(
    heartbeat=Heartbeat(frame="message", every_ns=30 * SECOND, within_ns=120 * SECOND, surplus_ends=True)
)
IDLE = Rules(heartbeat=Heartbeat(frame="protocol"), idle_ns=120 * SECOND)


def line_with(rules: Rules | None) -> Streaming:
    line = Streaming(rules)
    line.opens()
    return line


# missed-heartbeat


@pytest.mark.parametrize("rules", [WITH_FRAMES, WITH_MESSAGES, IDLE, None])
def test_who_answers_in_time_has_missed_none(rules: Rules | None) -> None:
    line = line_with(rules)
    for _ in range(5):
        line.waits(30)
        line.pings()
        line.pongs()
        line.beats("ping")
        line.beats("pong")
    line.closes("venue", 1001)
    line.assert_none("missed-heartbeat", "extra-pong")


def test_a_venue_that_waits_longer_than_its_rules_say_missed_an_answer() -> None:
    line = line_with(WITH_FRAMES)
    first = line.pings()
    line.waits(5)
    second = line.pings()
    line.waits(1)
    end = line.ends("venue", "rst")
    line.ends("client", "proxy")
    found = line.only("missed-heartbeat")
    assert (found.certainty, found.seq) == ("proven", first.seq)
    assert found.evidence == (first.seq, second.seq, end.seq)
    assert found.summary == (
        "The venue sent 2 pings on connection 1, and the bot did not answer within 6 s; then the venue ended the line."
    )
    assert (found.facts["pinged_by"], found.facts["frame"], found.facts["pings"]) == ("venue", "protocol", 2)


def test_an_answer_that_comes_too_late_is_one_stretch_and_the_next_is_another() -> None:
    line = line_with(WITH_FRAMES)
    for _ in range(2):
        line.pings()
        line.waits(7)
        line.pongs()
        line.pings()
        line.pongs()
    found = line.incidents("missed-heartbeat")
    assert [each.facts["answered_seq"] for each in found] == [3, 7]
    assert found[0].summary.endswith("did not answer for 7 s.")


def test_one_pong_answers_all_pings_before_it() -> None:
    line = line_with(WITH_FRAMES)
    line.pings()
    line.pings()
    line.pongs()
    line.waits(60)
    line.closes("client")
    line.assert_none("missed-heartbeat")


def test_text_pings_are_heartbeats_too() -> None:
    line = line_with(WITH_MESSAGES)
    for _ in range(4):
        line.beats("ping")
        line.waits(30)
    line.waits(1)
    line.closes("venue", 1011)
    found = line.only("missed-heartbeat")
    assert (found.certainty, found.facts["frame"], found.facts["pings"]) == ("proven", "message", 4)
    assert found.summary.endswith("within 2 m 01 s; then the venue closed the line with 1011.")


def test_an_answer_that_never_left_the_recorder_is_none_for_the_venue() -> None:
    line = line_with(WITH_FRAMES)
    line.pings()
    line.strikes("withhold pong")
    line.pongs(delivered=False)
    line.waits(6)
    line.breaks()
    assert line.only("missed-heartbeat").certainty == "proven"


def test_a_ping_that_never_reached_the_bot_is_told_so() -> None:
    line = line_with(WITH_FRAMES)
    line.asks("anything", "1")
    line.replies("anything", "1")
    line.pings(delivered=False)
    line.waits(6)
    line.breaks()
    assert "(none reached the bot)" in line.only("missed-heartbeat").summary


def test_a_ping_just_before_the_venue_leaves_is_no_missed_one() -> None:
    line = line_with(WITH_FRAMES)
    line.pings()
    line.closes("venue", 1001)
    line.assert_none("missed-heartbeat")


def test_a_cut_by_the_fault_plan_is_no_end_by_the_venue() -> None:
    line = line_with(None)
    line.pings()
    line.waits(2)
    line.strikes("drop rst after request x")
    line.ends("venue", "rst")
    line.assert_none("missed-heartbeat")


def test_without_rules_a_ping_that_waits_when_the_venue_ends_the_line_is_possibly_missed() -> None:
    line = line_with(None)
    line.pings()
    line.waits(3)
    line.breaks()
    assert line.only("missed-heartbeat").certainty == "possible"


def test_without_rules_many_unanswered_pings_are_possibly_missed_while_the_line_lives() -> None:
    line = line_with(None)
    for _ in range(70):
        line.pings()
        line.waits(5)
    found = line.only("missed-heartbeat")
    assert (found.certainty, found.facts["pings"]) == ("possible", 70)
    assert found.summary.startswith("The venue sent 70 pings on connection 1")


def test_a_silent_bot_is_told_where_the_venue_ends_idle_lines() -> None:
    line = line_with(IDLE)
    last = line.asks("anything", "1")
    line.replies("anything", "1")
    line.waits(120)
    end = line.breaks()
    found = line.only("missed-heartbeat")
    assert (found.certainty, found.evidence) == ("proven", (last.seq, end.seq))
    assert found.summary == (
        "Nothing came from the bot on connection 1 for 2 m 00 s, and the venue ended the line: it allows 2 m 00 s."
    )


def test_an_idle_line_with_an_unanswered_ping_is_told_once() -> None:
    line = line_with(IDLE)
    line.waits(104)
    ping = line.pings()
    line.waits(16)
    line.breaks()
    found = line.only("missed-heartbeat")
    assert (found.seq, found.certainty) == (ping.seq, "proven")


def test_a_busy_line_that_the_venue_ends_is_no_idle_one() -> None:
    line = line_with(IDLE)
    line.waits(119)
    line.asks("anything", "1")
    line.waits(30)
    line.breaks()
    line.assert_none("missed-heartbeat")


def test_a_gap_may_have_held_the_pong() -> None:
    line = line_with(WITH_FRAMES)
    line.pings()
    line.misses(1)
    line.waits(6)
    line.breaks()
    assert line.only("missed-heartbeat").certainty == "possible"


def test_a_gap_on_another_line_takes_nothing_from_this_one() -> None:
    line = line_with(WITH_FRAMES)
    line.pings()
    line.misses(2)
    line.waits(6)
    line.breaks()
    assert line.only("missed-heartbeat").certainty == "proven"


def test_a_venue_that_answers_no_ping_of_the_bot_is_possibly_gone() -> None:
    line = line_with(WITH_FRAMES)
    line.pings("client")
    line.pongs("venue")
    line.pings("client")
    line.waits(11)
    line.closes("client", 1006)
    found = line.only("missed-heartbeat")
    assert (found.certainty, found.facts["pinged_by"]) == ("possible", "client")
    assert found.summary.startswith("The bot sent a ping on connection 1, and the venue did not answer in the 11 s")


def test_messages_that_a_venue_never_answers_are_no_pings_to_it() -> None:
    line = line_with(WITH_FRAMES)
    line.beats("ping", sender="client")
    line.waits(60)
    line.closes("client")
    line.assert_none("missed-heartbeat")


# extra-pong


def test_more_pongs_than_pings_end_the_line_where_the_rules_say_so() -> None:
    line = line_with(WITH_MESSAGES)
    line.beats("ping")
    line.beats("pong")
    extra = line.beats("pong")
    end = line.closes("venue", 1008)
    found = line.only("extra-pong")
    assert (found.certainty, found.seq, found.evidence) == ("proven", extra.seq, (extra.seq, end.seq))
    assert found.summary == (
        "The bot sent 1 pong that nobody had asked for on connection 1, where the venue had pinged once; "
        "1 ms later the venue ended the line, as its rules say."
    )
    assert (found.facts["extra"], found.facts["pings"], found.facts["pongs"]) == (1, 1, 2)


def test_an_unsolicited_message_is_possible_elsewhere_and_a_frame_is_legal() -> None:
    line = line_with(WITH_FRAMES)
    line.pongs()
    line.assert_none("extra-pong")
    line.beats("pong")
    found = line.only("extra-pong")
    assert found.certainty == "possible"
    assert "pinged not once" in found.summary


def test_a_line_whose_pings_were_not_all_seen_is_not_counted() -> None:
    line = Streaming(WITH_MESSAGES)
    line.beats("pong")
    line.assert_none("extra-pong")


def test_a_pong_that_never_reached_the_venue_is_not_counted() -> None:
    line = line_with(WITH_MESSAGES)
    line.beats("ping")
    line.beats("pong", delivered=False)
    line.beats("pong")
    line.assert_none("extra-pong")


def test_a_gap_may_have_held_the_ping() -> None:
    line = line_with(WITH_MESSAGES)
    line.misses()
    line.beats("pong")
    assert line.only("extra-pong").certainty == "possible"


def test_a_venues_answers_to_the_bots_pings_are_no_surplus() -> None:
    line = line_with(WITH_MESSAGES)
    line.beats("ping", sender="client")
    line.beats("pong", sender="venue")
    line.beats("pong", sender="venue")
    line.assert_none("extra-pong")
