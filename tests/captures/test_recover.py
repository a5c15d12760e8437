"""What a crash left behind becomes a capture that says so."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from captures.recorded import BEGAN, capture, event, events, keep, session

from wsreplay.captures import recover as recovering
from wsreplay.captures import working_folder
from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.recover import recover
from wsreplay.captures.session import Session


def rows_and_gap(path: Path) -> tuple[list[Event], Event]:
    with Capture.open(path) as opened:
        assert opened.ended == "cut off"
        *rows, gap = opened.events()
    assert (gap.kind, gap.sender, gap.conn) == ("gap", "proxy", None)
    return rows, gap


def test_an_abandoned_recording_becomes_a_capture_that_says_where_it_was_cut_off(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    recording.abandon()
    path = recover(recording.folder)
    assert list(tmp_path.iterdir()) == [path]
    assert path.name == f"{recording.name}.parquet"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows, gap = rows_and_gap(path)
    assert rows == events(3)
    assert (gap.seq, gap.at_ns, gap.mono_ns) == (4, rows[-1].at_ns, rows[-1].mono_ns)
    assert json.loads(gap.text or "") == {
        "reason": "the recording was cut off: all from here on is missing, and what was read in its last 100 ms",
        "records": None,
        "bytes": None,
        "from_mono_ns": rows[-1].mono_ns,
        "to_mono_ns": None,
        "connections": [],
    }


def test_bytes_that_were_torn_are_counted(tmp_path: Path) -> None:
    recording = session(tmp_path, event(1), event(2))
    keep(recording, [event(3)])
    recording.abandon()
    os.truncate(recording.stage.path, recording.stage.path.stat().st_size - 10)
    whole = session(tmp_path / "whole", event(1), event(2)).stage.size
    torn = recording.stage.path.stat().st_size - whole
    rows, gap = rows_and_gap(recover(recording.folder))
    assert rows == events(2)
    assert json.loads(gap.text or "")["bytes"] == torn > 0


def test_a_recording_that_was_cut_off_before_its_first_event_says_when_it_began(tmp_path: Path) -> None:
    recording = session(tmp_path)
    recording.abandon()
    rows, gap = rows_and_gap(recover(recording.folder))
    assert rows == []
    assert (gap.seq, gap.at_ns, gap.mono_ns) == (1, BEGAN.wall_ns, BEGAN.mono_ns)


def test_recovering_again_changes_nothing(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    recording.abandon()
    path = recover(recording.folder)
    content = path.read_bytes()
    assert recover(recording.folder) == recover(path) == path
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_finished_capture_stays_as_it_is(tmp_path: Path) -> None:
    path = capture(tmp_path, *events(3))
    content = path.read_bytes()
    assert recover(path) == path
    assert path.read_bytes() == content


def test_a_living_recording_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working_folder, "_PATIENCE_S", 0.0)
    recording = session(tmp_path, *events(3))
    with pytest.raises(CaptureError, match="is still being recorded: end that first"):
        recover(recording.folder)
    keep(recording, events(1, 4))
    with Capture.open(recording.publish()) as opened:
        assert list(opened.events()) == events(4)


def test_segments_that_were_finished_stay_and_the_last_one_ends_with_the_gap(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    recording.rotate()
    keep(recording, events(2, 4))
    recording.abandon()
    path = recover(recording.folder)
    assert path == tmp_path / recording.name
    rows, gap = rows_and_gap(path)
    assert (rows, gap.seq) == (events(5), 6)


def cut(*_: Any) -> None:
    raise KeyboardInterrupt  # As good as a kill: nothing in its way is caught.


def died_between_two_segments(recording: Session) -> None:
    recording.rotate()
    recording.abandon()
    recording.stage.path.unlink()


def died_before_the_stage_was_removed(recording: Session) -> None:
    stage = recording.stage.path
    recording.stage.close()
    content = stage.read_bytes()
    recording.rotate()
    keep(recording, events(1, 4))
    recording.abandon()
    stage.write_bytes(content)


def died_while_a_parquet_file_was_written(recording: Session) -> None:
    recording.abandon()
    (recording.folder / ".0001.parquet.a1b2c3.tmp").write_bytes(b"PAR1 half")


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        (died_between_two_segments, 3),
        (died_before_the_stage_was_removed, 4),
        (died_while_a_parquet_file_was_written, 3),
    ],
)
def test_whatever_the_moment_of_death_each_event_is_there_once(
    tmp_path: Path, how: Callable[[Session], None], kept: int
) -> None:
    recording = session(tmp_path, *events(3))
    how(recording)
    path = recover(recording.folder)
    rows, gap = rows_and_gap(path)
    assert rows == events(kept)
    assert gap.seq == kept + 1
    assert list(tmp_path.iterdir()) == [path]
    assert not [each for each in path.parent.rglob("*") if each.suffix in (".tmp", ".stage")]


@pytest.mark.parametrize("step", ["finish", "put_in_place"])
def test_a_recording_that_had_ended_when_its_scribe_died_is_not_called_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    recording = session(tmp_path, *events(3))
    if step == "finish":
        monkeypatch.setattr("wsreplay.captures.session.finish", cut)
    else:
        monkeypatch.setattr(working_folder, "put_in_place", cut)
    with pytest.raises(KeyboardInterrupt):
        recording.publish("stopped by SIGINT")
    monkeypatch.undo()
    with Capture.open(recover(recording.folder)) as opened:
        assert list(opened.events()) == events(3)
        assert opened.ended == "stopped by SIGINT"


def test_what_a_death_in_the_last_moment_leaves_is_swept_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = session(tmp_path, *events(3))
    monkeypatch.setattr(working_folder, "discard", cut)
    with pytest.raises(KeyboardInterrupt):
        recording.publish()
    monkeypatch.undo()
    assert recording.folder.exists()
    assert list(Capture.open(recording.folder).events()) == events(3)
    path = recover(recording.folder)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["write_parquet", "finish", "working_folder.put_in_place"])
def test_recovering_can_itself_be_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    recording = session(tmp_path, *events(3))
    monkeypatch.setattr("wsreplay.captures.session.finish", cut)
    recording.rotate()
    keep(recording, events(2, 4))
    recording.abandon()
    monkeypatch.setattr(f"{recovering.__name__}.{step}", cut)
    with pytest.raises(KeyboardInterrupt):
        recover(recording.folder)
    monkeypatch.undo()
    rows, gap = rows_and_gap(recover(recording.folder))
    assert (rows, gap.seq) == (events(5), 6)


def test_a_full_disk_keeps_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = session(tmp_path, *events(3))
    recording.abandon()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CaptureError, match="No space left on device"):
        recover(recording.folder)
    monkeypatch.undo()
    assert recording.stage.path.exists()
    rows, _ = rows_and_gap(recover(recording.folder))
    assert rows == events(3)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"there is no .*x\.live: see what there is with `wsreplay ls "):
        recover(tmp_path / "x.live")
    (tmp_path / "x.live").mkdir()
    with pytest.raises(CaptureError, match="is no recording of wsreplay"):
        recover(tmp_path / "x.live")
