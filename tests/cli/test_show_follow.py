"""``wsreplay show --follow``: reading along while a recording goes on, in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from captures.recorded import capture, events, keep, session
from cli.story import refused, run

from wsreplay.cli import show


@contextmanager
def following(path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "wsreplay", "show", str(path), "--follow", "--format", "json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_seq(process: subprocess.Popen[str]) -> int:
    """Waits for the next line."""
    assert process.stdout is not None
    return int(json.loads(process.stdout.readline())["seq"])


def test_rows_come_while_they_are_staged_across_rotations_until_the_end(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(2))
    with following(recording.folder) as process:
        assert [read_seq(process), read_seq(process)] == [1, 2]
        keep(recording, events(1, first=3))
        assert read_seq(process) == 3
        recording.rotate()
        keep(recording, events(2, first=4))
        assert [read_seq(process), read_seq(process)] == [4, 5]
        recording.publish()
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 0


def test_only_the_rows_that_are_wanted_come(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    with following(recording.folder, "--where", "seq % 2 = 0") as process:
        assert read_seq(process) == 2
        keep(recording, events(3, first=4))
        assert [read_seq(process), read_seq(process)] == [4, 6]
        recording.publish()
        process.wait(60)


def test_an_interrupt_ends_it_cleanly(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(1))
    with following(recording.folder) as process:
        assert read_seq(process) == 1
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 130
    recording.abandon()


def test_a_finished_capture_is_shown_and_that_is_all(tmp_path: Path) -> None:
    result = run("show", capture(tmp_path, *events(3)), "--follow", "--conn", "1")
    assert (result.exit_code, result.output) == (0, "")
    assert len(run("show", capture(tmp_path, *events(3)), "--follow").stdout.splitlines()) == 3


def test_a_recording_that_was_cut_off_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = session(tmp_path, *events(3))
    recording.abandon()
    monkeypatch.setattr(show, "_SUCCESSION_S", 0)
    result = run("show", recording.folder, "--follow")
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 3
    assert f"finish it with `wsreplay recover {recording.folder}`" in result.stderr


def test_a_wrong_condition_is_told_at_once(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    assert "(character 1)" in refused("show", recording.folder, "--follow", "--where", "nope = 1")
    recording.abandon()
