"""``wsreplay leaks``: where a secret stands, and never what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from captures.recorded import capture, event
from cli.story import refused, run

SAMPLES = sorted((Path(__file__).parents[2] / "captures" / "samples").glob("*.parquet"))
SECRET = "kX9vQ2mLr7TzB4wN8cHs"


@pytest.fixture
def leaky(tmp_path: Path) -> Path:
    return capture(
        tmp_path, event(1), event(2, text=json.dumps({"apiKey": SECRET, "note": "grandmother's maiden name"}))
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_no_sample_that_ships_holds_a_secret(sample: Path) -> None:
    result = run("leaks", sample)
    assert (result.exit_code, result.stdout) == (0, f"{sample}: nothing found\n")


def test_a_secret_is_told_by_its_address_and_not_by_itself(leaky: Path) -> None:
    result = run("leaks", leaky)
    assert result.exit_code == 1
    assert f"{leaky}#2  text: random text under apiKey, " in result.stdout
    assert SECRET not in result.stdout


def test_programs_get_an_array(leaky: Path) -> None:
    result = run("leaks", leaky, "--format", "json")
    (found,) = json.loads(result.stdout)
    assert (found["capture"], found["seq"], found["part"], found["where"]) == (str(leaky), 2, 0, "text")
    assert json.loads(run("leaks", SAMPLES[0], "--format", "json").stdout) == []


@pytest.mark.parametrize(
    "line", ["grandmother's maiden name", 'ANSWER="grandmother\'s maiden name"', "export A='grandmother's maiden name'"]
)
def test_your_own_secrets_are_looked_for(leaky: Path, tmp_path: Path, line: str) -> None:
    known = tmp_path / ".env"
    known.write_text(f"# mine\n\n{line}\n")
    assert "known value" in run("leaks", leaky, "--known", known).stdout


def test_wrong_use_gets_one_line(tmp_path: Path) -> None:
    assert "--known" in refused("leaks", SAMPLES[0], "--known", tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "holds no capture" in refused("leaks", tmp_path / "empty")
