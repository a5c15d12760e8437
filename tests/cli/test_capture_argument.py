"""CAPTURE is completed by name, and taken apart where it carries an address."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from captures.recorded import capture, events, segmented, session

from wsreplay.cli.app import COMMANDS


def completed(text: str, folder: Path) -> list[str]:
    """What a shell offers for the last word."""
    words = ["wsreplay", *text.split(" ")]
    done = subprocess.run(
        [sys.executable, "-c", "from wsreplay.cli import main; main()"],
        env=os.environ
        | {
            "_WSREPLAY_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    capture(tmp_path / "captures", *events(1), venue="one")
    segmented(tmp_path / "captures", events(1), events(1, first=2))
    session(tmp_path / "captures", *events(1), venue="two").abandon()
    capture(tmp_path, *events(1), venue="here")
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden.parquet").touch()
    return tmp_path


def test_captures_are_offered_wherever_a_capture_is_wanted(folder: Path) -> None:
    here = "2026-11-21T06-27-25_here.parquet"
    inside = [
        "captures/2026-11-21T06-27-25_two.live",
        "captures/2026-11-21T06-27-25_reya",
        "captures/2026-11-21T06-27-25_one.parquet",
    ]
    for command in ("show", "sql", "recover"):
        assert completed(f"{command} 2026", folder) == [here, *inside]
    assert completed("show captures/", folder) == inside
    assert completed("sql captures/2026-11-21T06-27-25_o", folder) == inside[2:]
    assert completed("show nothing", folder) == []
    assert completed("show no/such/", folder) == []


def test_commands_and_their_options_are_offered(folder: Path) -> None:
    assert completed("s", folder) == [entry.name for entry in COMMANDS if entry.name.startswith("s")]
    assert completed("show --f", folder) == ["--follow", "--full", "--format"]
    assert completed("show --format ", folder) == ["text", "json"]
