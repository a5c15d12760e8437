"""``wsreplay incidents``: what went wrong, for people and for programs."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from analysis.trading import Trading
from captures.recorded import capture, keep, session
from cli.recorder import Recorder
from cli.story import refused, run

import wsreplay
from wsreplay.analysis.incidents.search import find, incidents_in


def twice_wanted() -> Trading:
    """A bot whose line is cut, and which sends its order again."""
    trading = Trading()
    trading.opens()
    trading.orders("a", clientOrderId=7)
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId="101", clientOrderId=7)
    trading.ends("venue", "proxy")
    trading.opens(2)
    trading.orders("b", 2, clientOrderId=7)
    trading.answers("b", 2, orderId="102", clientOrderId=7)
    trading.looks(trading.listed("101"), trading.listed("102"))
    return trading


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return capture(tmp_path, *twice_wanted().rows)


def test_people_read_what_cost_money_first_and_what_to_type_next(path: Path) -> None:
    told = run("incidents", path, TZ="UTC")
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert lines[:5] == [
        f"{path}: 4 incidents",
        "",
        "duplicate-order",
        "  Two orders where one was wanted: the bot sent buy 0.050 WETHRUSD at 2600.00; 1 ms later connection 1 ended; "
        "5 ms after the first it sent the same again without looking, and the venue accepted both, "
        "as orders 101 and 102.",
        f"  2026-11-21 06:27:25.130456, events 2, 3, 4, 7, 8: wsreplay show {shlex.quote(f'{path}#2')}",
    ]
    headings = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert headings == ["duplicate-order", "blind-retry", "lost-response", "disconnect"]


def test_the_command_that_it_names_works(path: Path) -> None:
    told = run("incidents", path).stdout.splitlines()[4]
    words = shlex.split(told.partition("wsreplay ")[2])
    assert run(*words).exit_code == 0


def test_json_is_one_array_with_the_capture_of_each(path: Path) -> None:
    rows = json.loads(run("incidents", path, "--format", "json").stdout)
    assert [row["kind"] for row in rows] == ["lost-response", "disconnect", "duplicate-order", "blind-retry"]
    assert {row["capture"] for row in rows} == {str(path)}
    duplicate = rows[2]
    assert duplicate["certainty"] == "proven"
    assert duplicate["order_ids"] == ["101", "102"]
    assert (duplicate["conn"], duplicate["seq"], duplicate["at"]) == (2, 7, "2026-11-21T06:27:25.130456Z")


def test_what_is_stored_is_what_would_be_found(tmp_path: Path) -> None:
    trading = twice_wanted()
    plain = capture(tmp_path / "plain", *trading.rows)
    rows = list(find(trading.rows))
    for row in rows:
        row.part = 90 + rows.index(row)
    recording = session(tmp_path / "stored", *trading.rows)
    keep(recording, rows)
    stored = recording.publish("finished")
    expected = incidents_in(trading.rows)
    assert wsreplay.open(plain).incidents() == expected
    assert wsreplay.open(stored).incidents() == expected


def test_a_recording_that_goes_on_is_searched_as_it_stands(tmp_path: Path) -> None:
    recording = session(tmp_path, *twice_wanted().rows)
    told = run("incidents", recording.folder, "--format", "json")
    assert len(json.loads(told.stdout)) == 4
    recording.abandon()


def test_what_to_do_is_said_once_for_each_kind(path: Path) -> None:
    told = run("incidents", path).stdout
    advice = [line for line in told.splitlines() if line.startswith("  What to do: ")]
    assert len(advice) == 4
    assert "openOrders" in advice[0]
    assert all(row["advice"] for row in json.loads(run("incidents", path, "--format", "json").stdout))


def test_fail_on_is_an_exit_code(path: Path) -> None:
    assert run("incidents", path, "--fail-on", "duplicate-order").exit_code == 1
    assert run("incidents", path, "--fail-on", "rejected,blind-retry", "--format", "json").exit_code == 1
    assert run("incidents", path, "--fail-on", "rejected", "--fail-on", "malformed").exit_code == 0


def test_a_capture_without_trouble_says_so(tmp_path: Path) -> None:
    trading = Trading()
    trading.opens()
    trading.leaves()
    path = capture(tmp_path, *trading.rows)
    assert run("incidents", path).stdout == f"{path}: no incidents\n"
    assert json.loads(run("incidents", path, "--format", "json").stdout) == []
    assert run("incidents", path, "--fail-on", "disconnect").exit_code == 0


def test_wrong_use_is_one_line(path: Path, tmp_path: Path) -> None:
    assert "did you mean duplicate-order?" in refused("incidents", path, "--fail-on", "duplicate-orders")
    assert "there are disconnect, lost-response" in refused("incidents", path, "--fail-on", "xyz")
    assert "names no kind" in refused("incidents", path, "--fail-on", ",")
    assert "nowhere" in refused("incidents", tmp_path / "nowhere.parquet")


def test_of_many_the_first_are_told_and_the_others_counted(tmp_path: Path) -> None:
    trading = Trading()
    trading.opens()
    for number in range(25):
        trading.orders(f"r{number}", qty=str(number + 1))
        trading.refuses(f"r{number}", "NO_PRICES_FOUND_FOR_SYMBOL")
    path = capture(tmp_path, *trading.rows)
    told = run("incidents", path).stdout
    assert "rejected (25)" in told
    assert told.count(": NO_PRICES_FOUND_FOR_SYMBOL.") == 10
    assert "and 15 more: --all tells them" in told
    assert run("incidents", path, "--all").stdout.count(": NO_PRICES_FOUND_FOR_SYMBOL.") == 25


def test_hostile_words_of_a_venue_are_harmless(tmp_path: Path) -> None:
    trading = Trading()
    trading.opens()
    trading.closes("venue", 4000, "\x1b[2J\u202egone")
    trading.breaks()
    path = capture(tmp_path, *trading.rows)
    for form in ("text", "json"):
        told = run("incidents", path, "--format", form).stdout
        assert "\x1b" not in told
        assert "\u202e" not in told
    assert "\\x1b[2J\\u202egone" in run("incidents", path).stdout


@pytest.mark.parametrize("bot", ["naive_bot", "careful_bot"])
def test_a_bot_that_is_cut_off_trades_twice_or_looks(tmp_path: Path, bot: str) -> None:
    """The whole way: a real bot, the venue's simulator, and a line that is cut before the reply."""
    fault = "drop rst before reply createOrder where client_order_id = 2"
    command = [sys.executable, "-m", f"wsreplay.demo.{bot}", "{url}", "{url:rest}"]
    with Recorder(tmp_path, "--venue", "reya", "--sim", "--fault", fault, "--", *command) as recorder:
        code, recorded = recorder.end(None)
    assert code == 0
    stored = recorded.sql("SELECT op, status FROM events WHERE kind = 'incident'").to_pylist()
    found = {row["op"]: row["status"] for row in stored}
    assert found["lost-response"] == found["disconnect"] == "proven"
    if bot == "careful_bot":
        assert not {"duplicate-order", "blind-retry"} & set(found)
        assert run("incidents", recorded.path, "--fail-on", "duplicate-order,blind-retry").exit_code == 0
        return
    assert found["duplicate-order"] == found["blind-retry"] == "proven"
    duplicates = [each for each in wsreplay.open(recorded.path).incidents() if each.kind == "duplicate-order"]
    (duplicate,) = duplicates
    shown = {
        order for event in recorded.events() if event.op == "openOrders" or event.part for order in [event.order_id]
    }
    assert set(duplicate.facts["order_ids"]) <= shown
    assert len(set(duplicate.facts["order_ids"])) == 2
    assert duplicate.facts["between"]["kind"] == "fault"
    assert run("incidents", recorded.path, "--fail-on", "duplicate-order").exit_code == 1
