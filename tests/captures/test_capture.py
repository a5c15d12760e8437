"""A capture, whatever it consists of."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from captures.recorded import capture, event, events, keep, segmented, session, transcripts
from hypothesis import given, settings

import wsreplay
from wsreplay.captures.capture import Capture, connect, open_all
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.query import select
from wsreplay.captures.schema import SCHEMA


@settings(max_examples=30)
@given(transcripts())
def test_a_recording_comes_back_equal_live_and_finished(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Event]
) -> None:
    recording = session(tmp_path_factory.mktemp("out"), *rows)
    with Capture.open(recording.folder) as live:
        assert live.live
        assert list(live.events()) == rows
    with wsreplay.open(recording.publish()) as finished:
        assert not finished.live
        assert list(finished.events()) == rows
        assert finished.arrow().schema == SCHEMA
        assert finished.arrow().num_rows == len(rows)


def test_an_event_is_found_by_its_address(tmp_path: Path) -> None:
    rows = [event(1), event(2), event(2, 1, op="fill"), event(2, 2), event(3)]
    for opened in (Capture.open(capture(tmp_path, *rows)), Capture.open(session(tmp_path, *rows).folder)):
        assert opened.at(2) == event(2)
        assert opened.at(2, part=1) == event(2, 1, op="fill")
        with pytest.raises(CaptureError, match=r"has no event 4: its events are 1 to 3$"):
            opened.at(4)
        with pytest.raises(CaptureError, match=r"has no event 2 part 3: "):
            opened.at(2, 3)
        opened.close()
    with (
        Capture.open(capture(tmp_path)) as empty,
        pytest.raises(CaptureError, match="has no event 1: it has no events"),
    ):
        empty.at(1)


def test_a_stretch_of_events_spans_segments(tmp_path: Path) -> None:
    rows = [*events(5), event(5, 1), *events(5, 6)]
    with Capture.open(segmented(tmp_path, rows[:4], rows[4:8], rows[8:])) as opened:
        assert list(opened.events(4, 7)) == [row for row in rows if 4 <= row.seq <= 7]
        assert list(opened.events(first=9)) == [row for row in rows if row.seq >= 9]
        assert list(opened.events(last=2)) == rows[:2]


def test_some_columns_make_a_narrow_table(tmp_path: Path) -> None:
    with Capture.open(capture(tmp_path, *events(3))) as opened:
        assert opened.arrow(["seq", "kind"]).to_pydict() == {"seq": [1, 2, 3], "kind": ["text"] * 3}
        with pytest.raises(CaptureError, match="a capture has no column 'mood'"):
            opened.arrow(["mood"])


def test_what_is_found_out_late_stands_in_its_place_across_segments(tmp_path: Path) -> None:
    late = [event(5, 1, kind="incident"), event(1, 1, kind="incident"), event(3, 1, kind="incident")]
    recording = session(tmp_path, *events(2))
    recording.rotate()
    keep(recording, events(2, 3))
    recording.rotate()
    keep(recording, [*events(1, 5), *late])
    expected = sorted([*events(5), *late], key=lambda row: (row.seq, row.part))
    with Capture.open(recording.folder) as live:
        assert list(live.events()) == expected
    with Capture.open(recording.publish()) as finished:
        assert list(finished.events()) == expected
        assert list(finished.events(3, 3)) == [event(3), event(3, 1, kind="incident")]
        assert finished.at(1, 1).kind == "incident"
        assert list(finished.events(first=4)) == expected[5:]


def test_late_rows_alone_in_a_segment_stand_in_their_places(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    recording.rotate()
    keep(recording, [event(2, 1, kind="incident")])
    for place in (recording.folder, recording.publish()):
        with Capture.open(place) as opened:
            assert [(row.seq, row.part) for row in opened.events()] == [(1, 0), (2, 0), (2, 1), (3, 0)]


def test_a_live_capture_grows_with_each_look(tmp_path: Path) -> None:
    recording = session(tmp_path, event(1))
    with Capture.open(recording.folder) as live:
        assert live.sql("SELECT count(*) AS n FROM events").to_pylist() == [{"n": 1}]
        keep(recording, [event(2)])
        assert [row.seq for row in live.events()] == [1, 2]
        assert live.sql("SELECT max(seq) AS n FROM events").to_pylist() == [{"n": 2}]
        recording.rotate()
        keep(recording, [event(3)])
        assert [row.seq for row in live.events()] == [1, 2, 3]
        assert live.sql("SELECT count(*) AS n FROM events").to_pylist() == [{"n": 3}]
        assert live.ended is None


@pytest.mark.parametrize("segments", [1, 3])
def test_a_capture_that_was_opened_live_goes_on_under_its_final_name(tmp_path: Path, segments: int) -> None:
    recording = session(tmp_path, *events(4))
    for number in range(1, segments):
        recording.rotate()
        keep(recording, events(4, 1 + 4 * number))
    with Capture.open(recording.folder) as opened:
        walking = opened.events()
        first = next(walking)
        path = recording.publish()
        assert [first, *walking] == events(4 * segments), "a walk that was begun is finished"
        assert list(opened.events()) == events(4 * segments)
        assert opened.sql("SELECT count(*) AS n FROM events").to_pylist() == [{"n": 4 * segments}]
        assert opened.path == path
        assert not opened.live
        assert opened.ended == "finished"


def test_the_old_and_the_coming_name_are_found(tmp_path: Path) -> None:
    recording = session(tmp_path, event(1))
    coming = tmp_path / f"{recording.name}.parquet"
    assert Capture.open(coming).path == recording.folder
    assert Capture.open(tmp_path / recording.name).path == recording.folder
    assert recording.publish() == coming
    assert Capture.open(recording.folder).path == coming
    assert Capture.open(tmp_path / recording.name).path == coming


def test_an_abandoned_recording_opens_and_says_that_it_did_not_end(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    recording.abandon()
    with Capture.open(recording.folder) as opened:
        assert list(opened.events()) == events(3)
        assert (opened.live, opened.ended) == (False, None)


def test_a_folder_with_one_capture_in_it_opens_as_that_one(tmp_path: Path) -> None:
    path = capture(tmp_path, *events(2))
    assert Capture.open(tmp_path).path == path
    deep = segmented(tmp_path / "other", events(1), events(1, 2))
    assert list(Capture.open(tmp_path / "other").events()) == events(2)
    assert Capture.open(tmp_path / "other").path == deep


def test_a_copy_beside_its_original_is_no_second_segment(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1))
    (tmp_path / "copy.parquet").write_bytes(path.read_bytes())
    with pytest.raises(CaptureError, match="holds 2 captures: name one of them, for example"):
        Capture.open(tmp_path)


def test_many_captures_are_asked_at_once_and_each_row_says_whose_it_is(tmp_path: Path) -> None:
    capture(tmp_path, *events(2))
    segmented(tmp_path, events(1), events(2, 2))
    session(tmp_path, *events(4))
    captures = open_all(tmp_path)
    with connect(captures) as connection:
        answer = select(connection, "SELECT capture, count(*) AS n FROM events GROUP BY ALL ORDER BY n")
    assert [row["n"] for row in answer.to_pylist()] == [2, 3, 4]
    assert {row["capture"] for row in answer.to_pylist()} == {each.name for each in captures}
    assert [each.name for each in open_all(captures[0].path)] == [captures[0].name]


def test_memory_does_not_grow_with_the_capture(tmp_path: Path) -> None:
    path = capture(tmp_path, *(event(seq, text="x" * 500) for seq in range(60_000)))
    with Capture.open(path) as opened:
        before = pa.total_allocated_bytes()
        peak = max(pa.total_allocated_bytes() - before for _ in opened.batches())
        assert peak < opened.arrow(["text"]).nbytes / 2
