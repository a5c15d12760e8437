"""``wsreplay diff``: two captures side by side, for people and for programs."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from analysis.streaming import Streaming
from analysis.trading import Trading
from captures.recorded import capture
from cli.story import refused, run

from wsreplay.cli.capture_argument import CapturePath
from wsreplay.cli.diff import diff

SAMPLES = Path(__file__).parents[2] / "captures" / "samples"
CAREFUL, TWICE = SAMPLES / "reya-careful.parquet", SAMPLES / "reya-duplicate-order.parquet"


def differences(*arguments: str | Path) -> dict[str, Any]:
    (line,) = run("diff", *arguments, "--format", "json").stdout.splitlines()
    report: dict[str, Any] = json.loads(line)
    return report


def test_a_capture_is_the_same_as_itself() -> None:
    told = run("diff", TWICE, TWICE)
    assert told.exit_code == 0
    assert told.stdout.splitlines()[-1].startswith("the same: ")
    report = differences(TWICE, TWICE)
    assert (report["same"], report["differences"], report["context"]) == (True, [], None)
    assert report["incidents"] == ["blind-retry", "disconnect", "duplicate-order", "lost-response"]


def test_a_careful_bot_and_one_that_was_not_differ_where_the_second_sent_its_order_again() -> None:
    told = run("diff", CAREFUL, TWICE, TZ="UTC")
    assert told.exit_code == 1
    lines = told.stdout.splitlines()
    at = lines.index("requests (3)")
    assert lines[at + 1 : at + 3] == [
        "  createOrder WETHRUSD buy 0.050 @ 2600.00: no such request in the first, accepted (OPEN) in the second",
        "    second #11",
    ]
    assert "incidents (2)" in lines
    assert any(
        "duplicate-order happened in the second, and not in the first: Two orders where" in each for each in lines
    )
    assert any(each.startswith("they differ, first at #11 of the second, after #10 of the first: ") for each in lines)
    assert any(each.startswith("  >    11 ") for each in lines), "the place itself is marked"


def test_the_commands_that_it_names_work() -> None:
    shown = [line.partition("wsreplay ")[2] for line in run("diff", CAREFUL, TWICE).stdout.splitlines()]
    commands = [shlex.split(each) for each in shown if each.startswith("show ")]
    assert len(commands) == 2
    assert all(run(*command).exit_code == 0 for command in commands)


def test_json_has_the_addresses_in_both() -> None:
    report = differences(CAREFUL, TWICE)
    assert set(report) == {
        "same", "first", "second", "first_difference", "differences", "context", "incidents", "counts", "timing",
    }  # fmt: skip
    assert report["same"] is False
    first = report["first_difference"]
    assert first == report["differences"][0]
    assert (first["about"], first["only_in"], first["first_seq"], first["second_seq"]) == (
        "request",
        "second",
        None,
        11,
    )
    listed = next(each for each in report["differences"] if each["what"] == "openOrders" and each["only_in"] is None)
    assert (listed["first"], listed["second"]) == ("1 of its orders", "2 of its orders")
    assert report["context"]["second"]["seq"] == 11
    assert 11 in [event["seq"] for event in report["context"]["second"]["events"]]
    (create,) = (each for each in report["timing"] if each["op"] == "createOrder")
    assert (create["first"]["count"], create["second"]["count"]) == (2, 3)
    assert create["first"]["median_ns"] > 0


def test_how_long_replies_took_decides_nothing(tmp_path: Path) -> None:
    def traded(wait_s: float, folder: str) -> Path:
        trading = Trading()
        trading.opens()
        trading.orders("a")
        trading.wait(round(wait_s * 1e9))
        trading.answers("a", orderId="101")
        trading.leaves()
        return capture(tmp_path / folder, *trading.rows)

    told = run("diff", traded(0, "a"), traded(2, "b"))
    assert told.exit_code == 0
    assert "1.00 ms of 1" in told.stdout
    assert "2.00 s of 1" in told.stdout


def test_lines_and_incidents_are_compared_without_any_request(tmp_path: Path) -> None:
    def ended(folder: str, *, by_venue: bool) -> Path:
        line = Streaming()
        line.opens()
        if by_venue:
            line.closes("venue", 1012)
        else:
            line.closes()
        return capture(tmp_path / folder, *line.rows, venue="generic")

    report = differences(ended("a", by_venue=False), ended("b", by_venue=True))
    assert [(each["about"], each["first_seq"], each["second_seq"]) for each in report["differences"]] == [
        ("incident", None, 2),
        ("line", 2, 2),
    ]


def test_of_many_the_first_are_told_and_the_others_counted(tmp_path: Path) -> None:
    def traded(folder: str, *, refused: bool) -> Path:
        trading = Trading()
        trading.opens()
        for number in range(25):
            trading.orders(f"r{number}", qty=str(number + 1))
            trading.refuses(f"r{number}", "NO" if refused else "NEVER")
        return capture(tmp_path / folder, *trading.rows)

    one, other = traded("a", refused=True), traded("b", refused=False)
    told = run("diff", one, other).stdout
    assert "requests (25)" in told
    assert told.count("refused (NO) in the first, refused (NEVER) in the second") == 10
    assert "  and 15 more: --all tells them" in told
    assert run("diff", one, other, "--all").stdout.count("refused (NEVER) in the second") == 25
    assert len([each for each in differences(one, other)["differences"] if each["about"] == "request"]) == 25


def test_hostile_words_are_harmless(tmp_path: Path) -> None:
    def traded(folder: str, code: str) -> Path:
        trading = Trading()
        trading.opens()
        trading.orders("a", symbol="\x1b[2J\u202eX")
        trading.refuses("a", code)
        return capture(tmp_path / folder, *trading.rows)

    one, other = traded("a", "\x1b]0;owned\x07"), traded("b", "\u2063NO")
    for form in ("text", "json"):
        told = run("diff", one, other, "--format", form)
        assert told.exit_code == 1
        assert not {"\x1b", "\u202e", "\u2063", "\x07"} & set(told.stdout)


def test_a_venue_that_is_not_installed_here_is_compared_all_the_same(tmp_path: Path) -> None:
    line = Streaming()
    line.opens()
    path = capture(tmp_path, *line.rows, venue="plain")
    assert run("diff", path, path).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "word"), [([CAREFUL], "CAPTURE"), ([CAREFUL, "nowhere.parquet"], "nowhere"), ([CAREFUL] * 3, "extra")]
)
def test_wrong_use_is_one_line(arguments: list[str | Path], word: str) -> None:
    assert word in refused("diff", *arguments)


def test_both_arguments_are_completed_as_captures_are() -> None:
    assert [type(parameter.type) for parameter in diff.params[:2]] == [CapturePath, CapturePath]
