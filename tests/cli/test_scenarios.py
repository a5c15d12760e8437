"""docs/scenarios.md: each of its commands does what stands behind it, and none is missing. On virtual time."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from cli.story import refused, run

import wsreplay
from wsreplay.cli.scenario_name import ScenarioName
from wsreplay.faults.scenario import fit_names, load_scenario, scenario_from, unfit
from wsreplay.venues.registry import dialect, names

ROOT = Path(wsreplay.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
HAPPY = ROOT / "captures" / "samples" / "reya-happy.parquet"


class Cell(NamedTuple):
    """One command of the page."""

    command: str
    expects: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.command)

    @property
    def capture(self) -> Path:
        return ROOT / self.words[1]

    @property
    def scenario(self) -> str:
        return self.words[-1]

    @property
    def venue(self) -> str:
        with wsreplay.open(self.capture) as capture:
            return capture.metadata.venue


CELLS = [
    Cell(command, tuple(expects.split(", ")))
    for command, expects in re.findall(r"^wsreplay (run .+?) +# (.+)$", PAGE, re.MULTILINE)
]


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.capture.stem} {cell.scenario}")
def test_a_command_of_the_page_produces_what_stands_behind_it(cell: Cell, tmp_path: Path) -> None:
    verb, _, *options = cell.words
    result = run(verb, cell.capture, *options, "--out", tmp_path, "--format", "json")
    said, last = result.stdout.splitlines()
    told = json.loads(said)["scenario"]
    assert told["name"] == cell.scenario
    assert tuple(told["expected"]) == cell.expects
    assert set(cell.expects) <= set(told["produced"])
    assert told["missing"] == []
    assert result.exit_code == 0
    with wsreplay.open(last.removeprefix("capture ")) as replay:
        assert replay.metadata.notes["scenario"] == cell.scenario
        assert set(cell.expects) <= {event.op for event in replay.events() if event.kind == "incident"}


def test_the_page_has_a_command_for_each_scenario_of_each_venue() -> None:
    shown = {(cell.venue, cell.scenario) for cell in CELLS}
    assert len(shown) == len(CELLS)
    assert shown == {(venue, name) for venue in names() if venue != "generic" for name in fit_names(dialect(venue))}


def test_the_pages_table_says_which_make_sense_where() -> None:
    header, *rows = re.findall(r"^\| (?:`([\w-]+)` )?\| ((?:[\w-]+ \| )+[\w-]+) \|$", PAGE, re.MULTILINE)
    venues = header[1].split(" | ")
    assert set(venues) == set(names()) - {"generic"}
    for scenario, cells in rows:
        for venue, cell in zip(venues, cells.split(" | "), strict=True):
            assert (cell == "yes") == (scenario in fit_names(dialect(venue))), (scenario, venue)
    assert len(rows) == 11


def test_the_page_says_why_there_is_none() -> None:
    for venue in names():
        for scenario, why in unfit(dialect(venue)).items():
            assert f"- No `{scenario}`: {why}." in PAGE


def test_the_pages_own_scenario_can_be_read() -> None:
    import tomllib

    (toml,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert scenario_from("cut-twice", tomllib.loads(toml)).conduct.after_cut == "resend"


def test_what_came_of_it_is_told_in_words_and_decides_the_exit_code(tmp_path: Path) -> None:
    result = run("run", HAPPY, "--virtual", "--scenario", "duplicate-order", "--out", tmp_path)
    assert result.exit_code == 0
    assert (
        "scenario duplicate-order: produced disconnect, lost-response, duplicate-order, blind-retry\n" in result.stdout
    )
    assert "diverged at #" in result.stdout


def test_a_kind_that_did_not_come_of_it_is_named_and_fails(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('faults = ["drop rst before reply #99"]\nexpects = ["disconnect", "lost-response"]\n')
    result = run("run", HAPPY, "--virtual", "--scenario", mine, "--out", tmp_path)
    assert result.exit_code == 1
    assert "scenario mine: produced nothing, and not disconnect, lost-response\n" in result.stdout
    assert "reproduced: " in result.stdout, "nothing happened to it"


def test_a_fault_strikes_besides_a_scenario(tmp_path: Path) -> None:
    more = ("--fault", "drop rst after error")
    result = run("run", HAPPY, "--virtual", "--scenario", "stale-nonce", *more, "--out", tmp_path, "--format", "json")
    told = json.loads(result.stdout.splitlines()[0])
    assert told["faults"] == ["drop rst after error"]
    assert {"rejected", "disconnect"} <= set(told["scenario"]["produced"])


def test_without_virtual_time_the_same_comes_of_it(tmp_path: Path) -> None:
    result = run("run", HAPPY, "--scenario", "duplicate-order", "--speed", "max", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "produced disconnect, lost-response, duplicate-order, blind-retry" in result.stdout


def test_step_by_step_what_the_bot_says_twice_is_shown_as_that(tmp_path: Path) -> None:
    command: list[str | Path] = [
        "run",
        HAPPY,
        "--speed",
        "step",
        "--scenario",
        "duplicate-request-id",
        "--out",
        tmp_path,
    ]
    done = subprocess.run(
        [sys.executable, "-m", "wsreplay", *command], input="\n" * 4 + "m\n", capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    shown = re.findall(r"^\[(.*?)\].*→ (\w+)", done.stderr, re.MULTILINE)
    assert shown[:3] == [("1/6", "open"), ("2/6", "createOrder"), ("2/6, once more", "createOrder")]


def test_a_scenario_that_the_venue_has_not_is_refused_with_the_reason(tmp_path: Path) -> None:
    wrong = refused("run", HAPPY, "--scenario", "auth-expired", "--out", tmp_path)
    assert wrong.startswith("the scenario auth-expired makes no sense for reya: there is no login")
    assert 'did you mean "stale-nonce"?' in refused("run", HAPPY, "--scenario", "stale-nonces", "--out", tmp_path)


def test_serve_refuses_what_only_a_careless_client_does(tmp_path: Path) -> None:
    assert "is about what the bot does" in refused("serve", HAPPY, "--scenario", "stale-nonce", "--out", tmp_path)


def test_names_complete_on_tab() -> None:
    import click

    command = click.Command("run")
    found = ScenarioName().shell_complete(click.Context(command), click.Option(["--scenario"]), "dup")
    assert [each.value for each in found] == ["duplicate-order", "duplicate-request-id"]


def test_the_list_of_venues_has_the_scenarios_of_each() -> None:
    told = {each["name"]: each["scenarios"] for each in json.loads(run("venues", "--format", "json").stdout)}
    assert told["reya"] == fit_names(dialect("reya"))
    assert load_scenario(told["streams"][0], dialect("streams")).expects
