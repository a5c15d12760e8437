"""What a mark says, and what is said to one that says nothing sensible."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

import pytest

from wsreplay.errors import UserError
from wsreplay.faults.plan import load_plan
from wsreplay.testing.marks import Scene, scene
from wsreplay.testing.scenarios import scenario_file, scenarios


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dup.parquet").touch()
    return tmp_path


def test_a_capture_is_served_with_what_the_mark_says_of_it(folder: Path) -> None:
    found = scene(("dup.parquet",), {"fault": "drop rst after 30s", "unmatched": "silent", "speed": 2}, [folder])
    assert found.capture == folder / "dup.parquet"
    assert found.times == 2.0
    assert found.command(Path("out")) == [
        *("serve", str(folder / "dup.parquet"), "--unmatched", "silent", "--speed", "2x", "--format", "json"),
        *("--listen", "127.0.0.1:0", "--out", "out", "--fault", "drop rst after 30s"),
    ]


def test_a_venue_without_a_capture_is_simulated() -> None:
    found = scene((), {"venue": "reya"}, [])
    assert found.command(Path("out")) == [
        *("record", "--sim", "--venue", "reya", "--listen", "127.0.0.1:0", "--out", "out")
    ]


def test_a_capture_is_looked_for_beside_the_test_and_then_below_the_root(folder: Path, tmp_path: Path) -> None:
    beside = tmp_path / "tests"
    beside.mkdir()
    assert scene(("dup.parquet",), {}, [beside, folder]).capture == folder / "dup.parquet"
    (beside / "dup.parquet").touch()
    assert scene(("dup.parquet",), {}, [beside, folder]).capture == beside / "dup.parquet"


def test_a_missing_capture_is_recorded_only_if_that_was_asked_for(folder: Path) -> None:
    said = {"upstream": {"": "ws://127.0.0.1:1/ws", "rest": "http://127.0.0.1:2"}, "venue": "reya"}
    with pytest.raises(UserError, match=r"there is no capture new\.parquet .*; record it with --wsreplay-record$"):
        scene(("new.parquet",), said, [folder])
    found = scene(("new.parquet",), said, [folder], recording=True)
    assert found.command(Path("out"))[:7] == [
        *("record", "--to", "ws://127.0.0.1:1/ws", "--to", "rest=http://127.0.0.1:2", "--venue", "reya")
    ]
    there = scene(("dup.parquet",), said, [folder], recording=True)
    assert there.command(Path("out"))[0] == "serve", "one that is there is never recorded again"


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_is_a_plan_of_its_own_name(name: str, folder: Path) -> None:
    plan = load_plan([str(scenario_file(name))])
    assert plan.name == name
    assert plan.description
    assert scene(("dup.parquet",), {"scenario": name}, [folder]).faults == (str(scenario_file(name)),)


def test_a_plan_file_of_faults_lies_beside_the_test_too(folder: Path) -> None:
    (folder / "bad-day.toml").touch()
    found = scene((), {"venue": "reya", "fault": ["bad-day.toml", "drop rst after 1s"]}, [folder])
    assert found.faults == (str(folder / "bad-day.toml"), "drop rst after 1s")


@pytest.mark.parametrize(("speed", "times"), [("original", 1.0), ("max", inf), ("0.5x", 0.5), (0.5, 0.5), (10, 10.0)])
def test_a_speed_is_a_word_or_a_multiple(folder: Path, speed: object, times: float) -> None:
    assert scene(("dup.parquet",), {"speed": speed}, [folder]).times == times


@pytest.mark.parametrize(
    ("args", "kwargs", "told"),
    [
        ((), {}, "names neither a capture nor a venue: @pytest.mark.wsreplay"),
        (("a", "b"), {}, "takes one capture"),
        (("a",), {"capture": "b"}, "names its capture twice"),
        ((), {"venu": "reya"}, "has no 'venu'; did you mean venue?"),
        (("dup.parquet",), {"zebra": 1}, "has no 'zebra': it has capture, venue, "),
        (
            ("dub.parquet",),
            {},
            "there is no capture dub.parquet beside the test or below the root; did you mean dup.parq",
        ),
        ((), {"venue": "reya", "upstream": "ws://x"}, "names no capture that could be recorded"),
        ((), {"venue": "reya", "speed": 2}, "speed is for a capture that is served"),
        (("dup.parquet",), {"unmatched": "loud"}, "unmatched is error, simulator or silent, not 'loud'"),
        (("dup.parquet",), {"speed": "fast"}, "'fast' is no speed"),
        (("dup.parquet",), {"speed": 0}, "0 is no speed"),
        (("dup.parquet",), {"scenario": "slow-venu"}, "there is no scenario 'slow-venu', did you mean slow-venue?"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(
    folder: Path, args: tuple[Any, ...], kwargs: dict[str, Any], told: str
) -> None:
    with pytest.raises(UserError) as refused:
        scene(args, kwargs, [folder])
    assert told in str(refused.value)


def test_recorded_faults_can_be_left_out(folder: Path) -> None:
    assert "--no-recorded-faults" not in scene(("dup.parquet",), {}, [folder]).command(Path())
    assert "--no-recorded-faults" in scene(("dup.parquet",), {"recorded_faults": False}, [folder]).command(Path())


def test_a_scene_without_a_speed_is_as_it_was() -> None:
    assert Scene(venue="reya").times == 1.0
