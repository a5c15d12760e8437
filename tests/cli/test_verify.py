"""``wsreplay verify``: captures, folders of them, and folders of folders."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.story import refused, run

from wsreplay.analysis.incidents import FINISHER
from wsreplay.captures.decode_again import decode_again

SAMPLE = Path(__file__).parents[2] / "captures" / "samples" / "reya-careful.parquet"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    for day in ("date=2026-11-20", "date=2026-11-21"):
        folder = tmp_path / "lake" / "venue=reya" / day
        folder.mkdir(parents=True)
        decode_again(Path(shutil.copy(SAMPLE, folder / "it.parquet")), finishers=(FINISHER,))
    return tmp_path / "lake"


def test_all_below_a_folder_are_looked_at(lake: Path) -> None:
    result = run("verify", lake, "--jobs", "1")
    assert result.exit_code == 0
    assert [": good, " in line for line in result.stdout.splitlines()] == [True, True]


def test_what_is_wrong_is_told_and_is_the_exit_code(lake: Path) -> None:
    broken = next(lake.rglob("*.parquet"))
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    result = run("verify", lake, "--jobs", "1", "--format", "json")
    assert result.exit_code == 1
    found = {each["path"]: each["trouble"] for each in json.loads(result.stdout)}
    assert [bool(trouble) for path, trouble in found.items() if str(broken).startswith(path)] == [True]
    assert sum(map(bool, found.values())) == 1


def test_nothing_to_look_at_is_wrong_use(tmp_path: Path) -> None:
    assert "holds no capture" in refused("verify", tmp_path)


def test_ctrl_c_ends_all_processes_at_once_and_in_silence(tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"{number}.parquet").hardlink_to(SAMPLE) if number else shutil.copy(SAMPLE, tmp_path / "0.parquet")
    command = [sys.executable, "-m", "wsreplay", "verify", str(tmp_path), "--jobs", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        watched = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while len(watched.read_text().split()) < 3:  # two that look, and one that counts what they share
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said == b""
