"""Reading along."""

from __future__ import annotations

from pathlib import Path

import pytest
from captures.recorded import capture, event, events, keep, segmented, session

from wsreplay.captures.columns import events_of
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.follow import Follower
from wsreplay.captures.recognition import RECOGNISED
from wsreplay.captures.session import Session


def read(follower: Follower) -> list[Event]:
    return [row for batch in follower.read() for row in events_of(batch)]


def test_rows_come_once_as_soon_as_they_are_flushed(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(2))
    follower = Follower(recording.folder)
    assert read(follower) == events(2)
    assert read(follower) == []
    keep(recording, events(3, 3))
    assert read(follower) == events(3, 3)
    assert (follower.over, follower.abandoned) == (False, False)
    recording.abandon()


@pytest.mark.parametrize("look_between", [True, False])
def test_rows_come_across_rotations_and_the_end(tmp_path: Path, look_between: bool) -> None:
    recording = session(tmp_path, *events(2))
    follower = Follower(recording.folder)
    seen = read(follower)
    for number in (1, 2):
        recording.rotate()
        if look_between:
            seen += read(follower)
        keep(recording, events(2, 1 + 2 * number))
        if look_between:
            seen += read(follower)
    assert not follower.over
    recording.publish()
    seen += read(follower)
    assert seen == events(6)
    assert follower.over
    assert read(follower) == []


def test_who_begins_to_follow_late_gets_what_was_before(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(2))
    recording.rotate()
    keep(recording, events(2, 3))
    follower = Follower(recording.folder)
    assert read(follower) == events(4)
    recording.publish()
    assert read(follower) == []
    assert follower.over


def test_a_recording_that_ended_before_the_first_look_is_read_whole(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(2))
    follower = Follower(recording.folder)
    recording.publish()
    assert read(follower) == events(2)
    assert follower.over


@pytest.mark.parametrize(
    "finished", [lambda out: capture(out, *events(4)), lambda out: segmented(out, events(2), events(2, 3))]
)
def test_a_finished_capture_is_read_and_over(tmp_path: Path, finished: object) -> None:
    follower = Follower(finished(tmp_path))  # type: ignore[operator]
    assert read(follower) == events(4)
    assert follower.over


def test_a_dead_scribe_is_noticed_and_its_successor_followed(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(2))
    follower = Follower(recording.folder)
    recording.abandon()
    assert read(follower) == events(2)
    assert (follower.over, follower.abandoned) == (False, True)
    successor = Session.resume(recording.folder)
    keep(successor, events(1, 3))
    assert read(follower) == events(1, 3)
    assert not follower.abandoned
    follower.close()


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="there is no"):
        Follower(tmp_path / "x.live")


def test_rows_from_before_the_venue_was_known_are_read_by_its_dialect(tmp_path: Path) -> None:
    rows = events(4)
    for row in rows:
        row.venue = "generic" if row.seq < 3 else "reya"
    recording = session(tmp_path, venue="generic")
    recording.describe(venue="reya", notes={RECOGNISED: 3})
    keep(recording, rows)
    follower = Follower(recording.folder)
    keep(recording, [event(1, 1, kind="incident", venue="reya")])
    assert [(row.seq, row.part, row.venue) for row in read(follower)] == [
        (1, 0, "reya"), (1, 1, "reya"), (2, 0, "reya"), (3, 0, "reya"), (4, 0, "reya"),
    ]  # fmt: skip
    recording.abandon()
