"""``wsreplay decode``: captures read anew, in place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from captures.recorded import event, session
from cli.story import refused, run

import wsreplay

SAMPLE = Path(__file__).parents[2] / "captures" / "samples" / "reya-careful.parquet"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return Path(shutil.copy(SAMPLE, tmp_path / "a.parquet"))


def test_it_says_what_came_of_it(sample: Path) -> None:
    result = run("decode", sample, "--venue", "generic")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{sample}: ")
    assert "rows as generic" in result.stdout
    with wsreplay.open(sample) as capture:
        assert capture.metadata.venue == "generic"


def test_wrong_use_changes_nothing(sample: Path, tmp_path: Path) -> None:
    before = sample.read_bytes()
    assert "nowhere" in refused("decode", sample, "--venue", "nowhere")
    assert "map file" in refused("decode", sample, "--venue", "reya", "--map", tmp_path / "x.toml")
    assert sample.read_bytes() == before


def test_a_recording_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    going_on = session(tmp_path, event(1))
    assert "end the recording" in refused("decode", going_on.folder)
    going_on.abandon()


def test_one_that_can_not_be_read_does_not_stop_the_others(sample: Path, tmp_path: Path) -> None:
    broken = tmp_path / "b.parquet"
    broken.write_bytes(sample.read_bytes()[:-9])
    result = run("decode", broken, sample, "--venue", "generic")
    assert result.exit_code == 2
    assert "cut short" in result.stderr
    assert result.stdout.startswith(f"{sample}: ")


def test_a_folder_is_all_captures_in_it_each_once(sample: Path, tmp_path: Path) -> None:
    other = shutil.copy(sample, tmp_path / "b.parquet")
    result = run("decode", tmp_path, sample, "--venue", "generic")
    assert result.exit_code == 0
    assert [line.partition(": ")[0] for line in result.stdout.splitlines()] == [str(sample), str(other)]
