"""``wsreplay verify``: captures, folders of them, and folders of folders."""

from __future__ import annotations

import json
import shutil
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
