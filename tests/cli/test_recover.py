"""``wsreplay recover``: what was cut off becomes a capture; what goes on is left alone."""

from __future__ import annotations

from pathlib import Path

from captures.recorded import capture, events, session
from cli.story import refused, run

from wsreplay.captures.capture import Capture
from wsreplay.captures.recover import recover


def test_a_recording_that_was_cut_off_becomes_a_capture_that_says_so(tmp_path: Path) -> None:
    cut_off = session(tmp_path, *events(3))
    cut_off.abandon()
    result = run("recover", cut_off.folder)
    assert (result.exit_code, result.stderr) == (0, "")
    word, place = result.stdout.split()
    assert word == "capture"
    with Capture.open(place) as recovered:
        assert [event.kind for event in recovered.events()] == ["text", "text", "text", "gap"]
    assert not cut_off.folder.exists()


def test_whoever_reads_a_recording_that_was_cut_off_is_told_what_to_do(tmp_path: Path) -> None:
    cut_off = session(tmp_path, *events(3))
    arguments = [("show", cut_off.folder), ("sql", cut_off.folder, "SELECT count(*) FROM events")]
    for each in arguments:
        assert run(*each).stderr == "", "it is still being recorded"
    cut_off.abandon()
    for each in arguments:
        result = run(*each)
        assert result.exit_code == 0
        assert result.stderr == (
            f"wsreplay: {cut_off.folder} was cut off: `wsreplay recover {cut_off.folder}` makes a capture of it\n"
        )
    with Capture.open(cut_off.folder) as capture:
        assert capture.cut_off
    with Capture.open(recover(cut_off.folder)) as capture:
        assert not capture.cut_off
    assert run("show", capture.path).stderr == ""


def test_all_that_a_folder_holds_is_recovered_and_what_goes_on_is_left_alone(tmp_path: Path) -> None:
    for venue in ("one", "two"):
        session(tmp_path, *events(1), venue=venue).abandon()
    whole = capture(tmp_path, *events(1), venue="whole")
    going_on = session(tmp_path, *events(1), venue="live")
    before = whole.read_bytes()
    result = run("recover", tmp_path)
    assert result.exit_code == 0
    assert [line.rpartition("_")[2] for line in result.stdout.splitlines()] == ["one.parquet", "two.parquet"]
    assert result.stderr == f"wsreplay: {going_on.folder} is still being recorded and was left alone\n"
    assert whole.read_bytes() == before
    assert going_on.folder.exists()
    going_on.abandon()


def test_one_that_can_not_be_finished_does_not_keep_the_others_waiting(tmp_path: Path) -> None:
    broken = session(tmp_path, *events(1), venue="a-broken")
    broken.abandon()
    (broken.folder / "session.json").write_text("{")
    session(tmp_path, *events(1), venue="whole").abandon()
    result = run("recover", tmp_path)
    assert result.exit_code == 2
    assert result.stdout.endswith("_whole.parquet\n")
    (line,) = result.stderr.splitlines()
    assert str(broken.folder) in line


def test_nothing_to_recover_is_said_and_no_failure(tmp_path: Path) -> None:
    path = capture(tmp_path, *events(1))
    for place in (tmp_path, path):
        result = run("recover", place)
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "wsreplay: nothing to recover: no recording there was cut off\n"


def test_what_is_still_being_recorded_is_refused(tmp_path: Path) -> None:
    going_on = session(tmp_path, *events(1))
    assert "is still being recorded" in refused("recover", going_on.folder)
    assert going_on.folder.exists()
    going_on.abandon()


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    assert "there is no" in refused("recover", tmp_path / "none.live")
    assert refused("recover") == "missing argument 'PATH...' (see `wsreplay recover --help`)"
    assert refused("recover", "--hard", tmp_path).startswith("no such option '--hard'")
