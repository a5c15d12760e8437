"""``wsreplay export``: to a file, whole or in part."""

from __future__ import annotations

from pathlib import Path

import pytest
from captures.recorded import capture, event
from cli.story import refused, run

from wsreplay.analysis.exports import FORMATS


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return capture(tmp_path / "captures", *(event(seq, conn=1 + seq % 2) for seq in range(1, 9)))


def test_it_names_what_it_wrote(session: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    assert run("export", session, "--to", "jsonl", "-o", out).stdout == f"{out}: 8 rows\n"


def test_without_a_name_it_goes_beside_us_and_over_nothing(
    session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("export", session, "--to", "har").exit_code == 0
    assert (tmp_path / f"{session.stem}.har").exists()
    assert "is there already" in refused("export", session, "--to", "har")


def test_a_part_is_chosen_as_everywhere(session: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    arguments = ("--conn", "1", "--from", "3", "--to-seq", "7", "--where", "seq <> 4")
    assert run("export", session, "--to", "jsonl", "-o", out, *arguments).stdout == f"{out}: 1 rows\n"


def test_wrong_use_gets_one_line_and_leaves_nothing(session: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    assert "is the capture itself" in refused("export", session, "--to", "parquet", "-o", session)
    assert "--where" in refused("export", session, "--to", "jsonl", "-o", out, "--where", "colour = 1")
    assert "can't be written" in refused("export", session, "--to", "jsonl", "-o", tmp_path / "no" / "x")
    assert not out.exists()
    assert "name one" in refused("export", session, "--to", "jsonl", "-o", "-")


def test_the_help_names_every_format() -> None:
    shown = run("export", "--help").stdout
    for name, each in FORMATS.items():
        assert f"{name:8} {each.summary}" in shown
