"""``wsreplay ls``: what there is, newest first, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from captures.recorded import BEGAN, capture, event, events, segmented, session
from cli.story import refused, run

from wsreplay.captures.schema import Clocks


def at(hours: int) -> dict[str, Any]:
    """Fields of an event, and the clocks of a recording, so much later."""
    return {"at_ns": BEGAN.wall_ns + hours * 3600 * 10**9}


def test_captures_are_listed_newest_first_with_what_is_worth_knowing(tmp_path: Path) -> None:
    capture(tmp_path, *events(3), venue="first")
    later = Clocks(wall_ns=BEGAN.wall_ns + 3600 * 10**9, mono_ns=BEGAN.mono_ns)
    capture(tmp_path, event(1, **at(1)), event(2, **at(1), mono_ns=BEGAN.mono_ns + 10**9), clocks=later, venue="second")
    shown = run("ls", tmp_path, TZ="UTC").stdout.splitlines()
    assert shown[0].split() == ["capture", "when", "duration", "rows", "size", "venue", "state"]
    second, first = (line.split() for line in shown[1:])
    assert second[:7] == [
        str(tmp_path / "2026-11-21T07-27-25_second.parquet"),
        "2026-11-21",
        "07:27:25",
        "999",
        "ms",
        "2",
        second[6],
    ]
    assert second[-2:] == ["second", "finished"]
    assert first[:7] == [
        str(tmp_path / "2026-11-21T06-27-25_first.parquet"),
        "2026-11-21",
        "06:27:25",
        "2.00",
        "ms",
        "3",
        first[6],
    ]


def test_the_state_says_what_goes_on_and_what_to_do(tmp_path: Path) -> None:
    segmented(tmp_path, events(2), events(2, first=3))
    going_on = session(tmp_path, *events(1), venue="live")
    session(tmp_path, *events(1), venue="dead").abandon()
    capture(tmp_path, *events(1), venue="saved", ended="cut off")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1PAR1")
    states = {
        row["name"].partition("_")[2]: row["state"]
        for row in json.loads(run("ls", tmp_path, "--format", "json").stdout)
    }
    assert states == {"reya": "finished", "live": "recording", "dead": "cut off", "saved": "cut off", "": "unreadable"}
    shown = run("ls", tmp_path).stdout
    assert shown.count("cut off: recover it") == 1
    assert "unreadable: " in shown
    going_on.abandon()


def test_json_is_one_array_with_exact_figures(tmp_path: Path) -> None:
    path = capture(tmp_path, *events(3))
    (found,) = json.loads(run("ls", tmp_path, "--format", "json").stdout)
    assert found == {
        "name": path.stem,
        "path": str(path),
        "state": "finished",
        "start": "2026-11-21T06:27:25.124456Z",
        "start_ns": BEGAN.wall_ns + 1_000_000,
        "duration_ns": 2_000_000,
        "rows": 3,
        "size": path.stat().st_size,
        "venue": "reya",
        "trouble": None,
    }


def test_without_a_folder_it_is_captures_or_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    capture(tmp_path, *events(1), venue="here")
    assert "_here.parquet" in run("ls").stdout
    capture(tmp_path / "captures", *events(1), venue="there")
    assert "captures/2026-11-21T06-27-25_there.parquet" in run("ls").stdout
    assert "_here.parquet" not in run("ls").stdout


def test_a_hostile_name_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    capture(tmp_path, *events(1), venue="reya").rename(tmp_path / "a\x1b[2J\u202e.parquet")
    (tmp_path / "b\x07.parquet").write_bytes(b"nonsense")
    for form in ("text", "json"):
        assert run("ls", tmp_path, "--format", form).stdout.replace("\n", "").isprintable()


def test_an_empty_folder_is_said_to_be_so(tmp_path: Path) -> None:
    result = run("ls", tmp_path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"wsreplay: no captures in {tmp_path}: make one with `wsreplay record`\n"
    assert json.loads(run("ls", tmp_path, "--format", "json").stdout) == []


def test_wrong_use_is_one_line(tmp_path: Path) -> None:
    assert "there is no folder" in refused("ls", tmp_path / "none")
    assert "there is no folder" in refused("ls", capture(tmp_path, *events(1)))
    assert "invalid value for '--format'" in refused("ls", "--format", "csv")
