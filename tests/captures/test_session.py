"""A recording from its folder to its capture."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from captures.recorded import BEGAN, event, events, keep, metadata, segmented, session

from wsreplay.captures import session as sessions
from wsreplay.captures import working_folder
from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError, UserError
from wsreplay.captures.session import Rotation, Session
from wsreplay.captures.working_folder import is_recording

NAME = "2026-11-21T06-27-25_reya"


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_recording_is_named_after_its_start_in_utc_and_its_venue(tmp_path: Path) -> None:
    recording = session(tmp_path / "out")
    assert recording.name == NAME
    assert recording.folder == tmp_path / "out" / f"{NAME}.live"
    assert recording.publish() == tmp_path / "out" / f"{NAME}.parquet"


@pytest.mark.parametrize(("venue", "name"), [("My Venue/../x", "my-venue-..-x"), ("..", "venue"), ("0x", "0x")])
def test_a_venue_of_any_name_gives_a_harmless_file_name(tmp_path: Path, venue: str, name: str) -> None:
    assert session(tmp_path, venue=venue).folder == tmp_path / f"2026-11-21T06-27-25_{name}.live"


def test_recordings_of_the_same_second_never_collide(tmp_path: Path) -> None:
    first, second = session(tmp_path, event(1)), session(tmp_path, event(1))
    assert (first.name, second.name) == (NAME, f"{NAME}-2")
    done = first.publish()
    third = session(tmp_path, event(1))
    assert third.name == f"{NAME}-3"
    assert {done.name, second.publish().name, third.publish().name} == {
        f"{NAME}.parquet", f"{NAME}-2.parquet", f"{NAME}-3.parquet",
    }  # fmt: skip
    assert session(tmp_path).name == f"{NAME}-4"


def test_a_file_that_somebody_put_there_is_not_overwritten(tmp_path: Path) -> None:
    recording = session(tmp_path, event(1))
    (tmp_path / f"{NAME}.parquet").write_text("theirs")
    assert recording.publish() == tmp_path / f"{NAME}-2.parquet"
    assert (tmp_path / f"{NAME}.parquet").read_text() == "theirs"


def test_one_segment_becomes_a_file_and_the_working_folder_disappears(tmp_path: Path) -> None:
    path = session(tmp_path, *events(3)).publish("stopped by SIGINT")
    assert names(tmp_path) == [path.name]
    with Capture.open(path) as capture:
        assert list(capture.events()) == events(3)
        assert capture.ended == "stopped by SIGINT"
        assert capture.metadata.recording == NAME


def test_a_name_that_was_given_is_kept_whatever_the_file_is_called(tmp_path: Path) -> None:
    for expected in (NAME, f"{NAME}-2"):
        path = session(tmp_path, event(1), recording="the same each time").publish()
        assert path.stem == expected
        with Capture.open(path) as capture:
            assert capture.metadata.recording == "the same each time"


def test_several_segments_become_a_folder(tmp_path: Path) -> None:
    path = segmented(tmp_path, events(3), events(2, 4), events(1, 6))
    assert path == tmp_path / NAME
    assert names(tmp_path) == [NAME]
    assert names(path) == ["0001.parquet", "0002.parquet", "0003.parquet"]
    with Capture.open(path) as capture:
        assert list(capture.events()) == events(6)
        assert [segment.metadata.ended for segment in capture.segments] == ["rotated", "rotated", "finished"]
        assert [segment.metadata.segment for segment in capture.segments] == [1, 2, 3]


def test_only_its_owner_can_look_into_a_recording_at_any_time(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        recording = session(tmp_path / "out", event(1))
        assert permissions(tmp_path / "out") == 0o700
        assert permissions(recording.folder) == 0o700
        assert {permissions(path) for path in recording.folder.iterdir()} == {0o600}
        recording.rotate()
        path = recording.publish()
    finally:
        os.umask(old)
    assert permissions(path) == 0o700
    assert {permissions(each) for each in path.iterdir()} == {0o600}


def test_the_lock_says_that_a_scribe_lives_and_who_comes_second_hears_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working_folder, "_PATIENCE_S", 0.0)
    recording = session(tmp_path, event(1))
    assert is_recording(recording.folder)
    with pytest.raises(CaptureError, match="is still being recorded"):
        Session.resume(recording.folder)
    recording.abandon()
    assert not is_recording(recording.folder)


def test_the_lock_is_free_when_its_process_was_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from wsreplay.captures.schema import Clocks, Metadata\n"
        "from wsreplay.captures.session import Session\n"
        "recording = Session.create(Path(sys.argv[1]), Metadata(clocks=Clocks(wall_ns=1, mono_ns=1)))\n"
        "print(recording.folder, flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert is_recording(folder)
        process.kill()
        process.wait()
        assert not is_recording(folder)


def test_a_new_scribe_goes_on_where_the_dead_one_stopped(tmp_path: Path) -> None:
    session(tmp_path, *events(3)).abandon()
    recording = Session.resume(tmp_path / f"{NAME}.live")
    assert recording.last_seq == 3
    assert recording.metadata.clocks == BEGAN
    keep(recording, events(2, 4))
    with Capture.open(recording.publish()) as capture:
        assert list(capture.events()) == events(5)


def test_a_new_scribe_knows_the_last_event_of_the_segment_before(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    recording.rotate()
    assert recording.last_seq == 3
    recording.abandon()
    resumed = Session.resume(recording.folder)
    assert (resumed.segment, resumed.last_seq) == (2, 3)
    keep(resumed, events(1, 4))
    with Capture.open(resumed.publish()) as capture:
        assert list(capture.events()) == events(4)


def test_a_scribe_that_died_while_it_rotated_left_its_segment_whole(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    recording.stage.close()
    recording.abandon()
    resumed = Session.resume(recording.folder)
    assert (resumed.segment, resumed.last_seq) == (2, 3)
    keep(resumed, events(1, 4))
    assert names(resumed.publish()) == ["0001.parquet", "0002.parquet"]


@pytest.mark.parametrize(
    ("text", "rotation"),
    [
        ("1h", Rotation(age_ns=3600 * 10**9)),
        ("30m", Rotation(age_ns=1800 * 10**9)),
        ("1.5d", Rotation(age_ns=129_600 * 10**9)),
        ("1GB", Rotation(size=10**9)),
        ("500 mb", Rotation(size=500 * 10**6)),
        ("1h,1GB", Rotation(age_ns=3600 * 10**9, size=10**9)),
    ],
)
def test_a_rotation_is_an_age_a_size_or_both(text: str, rotation: Rotation) -> None:
    assert Rotation.parse(text) == rotation


@pytest.mark.parametrize("text", ["", "1", "0h", "h", "1 parsec", "-1h", "1h,", "1GB2"])
def test_a_rotation_that_is_none_is_named_with_what_to_write(text: str) -> None:
    with pytest.raises(UserError, match=r"can't rotate at .*: give an age \(30m, 1h\), a size"):
        Rotation.parse(text)


def test_a_segment_is_full_by_age_or_by_size_and_never_while_it_is_empty(tmp_path: Path) -> None:
    recording = session(tmp_path, rotation=Rotation(age_ns=100, size=1500))
    assert not recording.due(1000)
    assert not recording.due(5000), "empty"
    keep(recording, [event(1)])
    assert recording.due(1100)
    assert not recording.due(1000)
    recording.rotate()
    keep(recording, [event(2)])
    assert not recording.due(1100), "a new segment has its own age"
    keep(recording, [event(3, data=os.urandom(1500))])
    assert recording.due(1100)
    recording.abandon()


def test_a_segment_that_could_not_be_finished_is_finished_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise CaptureError("0001.parquet can't be written: No space left on device")

    monkeypatch.setattr(sessions, "finish", full)
    recording = session(tmp_path, *events(3))
    recording.rotate()
    keep(recording, events(2, 4))
    with pytest.raises(CaptureError, match="No space left"):
        recording.publish()
    monkeypatch.undo()
    resumed = Session.resume(recording.folder)
    with Capture.open(resumed.publish("stopped")) as capture:
        assert list(capture.events()) == events(5)
        assert capture.ended == "stopped"


def test_what_becomes_known_later_is_in_the_capture(tmp_path: Path) -> None:
    recording = session(tmp_path, event(1), venue="generic")
    recording.describe(venue="reya", notes={"found": "by host"})
    with Capture.open(recording.folder) as capture:
        assert capture.metadata.venue == "reya"
    with Capture.open(recording.publish()) as capture:
        assert (capture.metadata.venue, capture.metadata.notes) == ("reya", {"found": "by host"})


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptureError, match=r"can't record into .*file.*: name another folder with --out"):
        Session.create(tmp_path / "file" / "out", metadata())


def test_a_folder_that_is_no_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.live").mkdir()
    with pytest.raises(CaptureError, match="is no recording of wsreplay"):
        Session.resume(tmp_path / "x.live")
    with pytest.raises(CaptureError, match="no recording to work on at"):
        Session.resume(tmp_path / "y.live")
