"""``wsreplay venues``: what there is, and the beginning of a new one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli.story import refused, run

from wsreplay.venues.registry import names
from wsreplay.venues.simulation import simulated


def test_every_venue_is_listed_with_its_abilities() -> None:
    result = run("venues")
    assert result.exit_code == 0
    heading, *lines = result.stdout.splitlines()
    assert heading.split()[:2] == ["venue", "simulators"]
    assert [line.split()[0] for line in lines] == names()


def test_programs_get_all_of_it() -> None:
    found = {each["name"]: each for each in json.loads(run("venues", "--format", "json").stdout)}
    assert found.keys() == set(names())
    reya = found["reya"]
    assert (reya["brought_by"], reya["replay"], reya["listeners"]) == (None, "renewed", ["rest"])
    assert "ws-exec.reya.xyz" in reya["production_hosts"]
    assert found["generic"]["production_hosts"] == ["*"]


def test_every_simulator_belongs_to_a_venue() -> None:
    listed = [each for venue in json.loads(run("venues", "--format", "json").stdout) for each in venue["simulators"]]
    assert sorted(listed) == simulated()


def test_a_new_venue_is_clean_code(tmp_path: Path) -> None:
    assert run("venues", "new", "acme_perps", "--out", tmp_path / "it").exit_code == 0
    for check in (["check"], ["format", "--check", "--line-length", "120"]):
        done = subprocess.run(
            [Path(sys.executable).parent / "ruff", *check, "--isolated", "."],
            cwd=tmp_path / "it",
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
    assert "class AcmePerpsDialect" in (tmp_path / "it" / "wsreplay_acme_perps" / "dialect.py").read_text()


@pytest.mark.parametrize("name", ["Acme", "../x", "7", "a b", "x" * 40, ""])
def test_a_name_that_can_be_none_is_refused(name: str, tmp_path: Path) -> None:
    assert "can't be a venue's name" in refused("venues", "new", name, "--out", tmp_path / "it")
    assert not (tmp_path / "it").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    assert "is there already" in refused("venues", "new", "acme", "--out", tmp_path)


def test_a_name_that_a_venue_has_already_is_refused(tmp_path: Path) -> None:
    assert "there is a venue 'reya' already" in refused("venues", "new", "reya", "--out", tmp_path / "it")
    assert not (tmp_path / "it").exists()
