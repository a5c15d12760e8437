"""``wsreplay report``: beside the capture, or where one says."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from cli.story import refused, run

SAMPLE = Path(__file__).parents[2] / "captures" / "samples" / "reya-careful.parquet"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return Path(shutil.copy(SAMPLE, tmp_path / "it.parquet"))


def test_it_goes_beside_the_capture(sample: Path) -> None:
    result = run("report", sample)
    page = sample.with_suffix(".html")
    assert result.stdout.startswith(f"{page}: ")
    assert page.read_text().startswith("<!doctype html>")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


def test_or_where_one_says(sample: Path, tmp_path: Path) -> None:
    assert run("report", sample, "-o", tmp_path / "x.html").exit_code == 0
    assert (tmp_path / "x.html").exists()
    assert "is the capture itself" in refused("report", sample, "-o", sample)
    assert "can't be written" in refused("report", sample, "-o", tmp_path / "no" / "x.html")
