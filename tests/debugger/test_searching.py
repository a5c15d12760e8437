"""Searches, breakpoints and filters, with keys, on a recorded session."""

from __future__ import annotations

import asyncio
from pathlib import Path

from captures.recorded import capture, events
from debugger.driving import SAMPLES, debugging

TWICE = SAMPLES / "reya-duplicate-order.parquet"
run = asyncio.run


def test_it_runs_to_breakpoints_forward_and_backward() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=1) as driver:
            await driver.press("b")
            await driver.type("op = 'cancelOrder' AND role = 'reply'")
            await driver.press("b")
            await driver.type("intent IS NOT NULL AND part = 0 AND kind = 'text'")
            assert driver.said.startswith("2 breakpoints")
            forward = []
            for _ in range(4):
                await driver.press("c")
                forward.append(driver.at)
            assert forward == ["2", "5", "6", "11"]
            await driver.press("c")
            assert driver.said == "no breakpoint after this line"
            backward = []
            for _ in range(3):
                await driver.press("C")
                backward.append(driver.at)
            assert backward == ["6", "5", "2"]

    run(story())


def test_a_breakpoint_that_is_taken_away_stops_no_more() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=1) as driver:
            for condition in ("seq = 4", "seq = 9"):
                await driver.press("b")
                await driver.type(condition)
            await driver.press("B", "enter")
            assert driver.said == "no longer breaks where seq = 4"
            await driver.press("c")
            assert driver.at == "9"

    run(story())


def test_a_run_may_end_at_a_row_that_was_not_listed() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=1) as driver:
            await driver.press("b")
            await driver.type("kind = 'incident' AND op = 'disconnect'")
            await driver.press("c")
            assert driver.at == "9.1"
            assert driver.app.lanes.lines is driver.app.session.everything

    run(story())


def test_a_wrong_condition_is_refused_with_a_reason_and_may_be_mended() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=1) as driver:
            await driver.press("b")
            await driver.type("sed = 4")
            assert "sed" in driver.screen
            assert not driver.app.breaks
            await driver.press(*["backspace"] * 7)
            await driver.type("seq = 4")
            await driver.press("c")
            assert driver.at == "4"

    run(story())


def test_a_condition_can_touch_nothing() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=1) as driver:
            await driver.press("f")
            await driver.type("seq IN (SELECT 1 FROM read_text('/etc/passwd'))")
            assert "is not allowed in a query" in driver.screen
            await driver.press("escape")
            assert driver.app.condition is None

    run(story())


def test_it_searches_payloads_in_both_directions() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=5) as driver:
            await driver.press("slash")
            await driver.type("1864998629727536128")
            assert driver.at == "7"  # the fault tells what it held back
            await driver.press("full_stop")
            assert driver.at == "8"
            await driver.press("full_stop")
            assert driver.at == "14"
            await driver.press("full_stop")
            assert driver.said == "no '1864998629727536128' after this line"
            await driver.press("comma")
            assert driver.at == "8"

    run(story())


def test_a_search_for_small_letters_finds_large_ones_too() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=1) as driver:
            await driver.press("slash")
            await driver.type("createorder")
            assert driver.at == "2"
            await driver.press("slash")
            await driver.type("CREATEORDER")
            assert driver.said == "no 'CREATEORDER' after this line"

    run(story())


def test_a_filter_leaves_what_it_holds_for_and_the_cursor_near_where_it_was() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=9) as driver:
            await driver.press("f")
            await driver.type("op = 'createOrder' AND role = 'request' AND part = 0")
            assert (driver.at, len(driver.app.lanes.lines)) == ("11", 3)
            assert "3 of 3 where op = 'createOrder'" in driver.screen
            await driver.press("up")
            assert driver.at == "6"
            await driver.press("escape")
            assert (driver.at, len(driver.app.lanes.lines)) == ("6", 20)

    run(story())


def test_a_filter_that_holds_nowhere_changes_nothing() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=9) as driver:
            await driver.press("f")
            await driver.type("seq < 0")
            assert driver.said == "nowhere does seq < 0 hold"
            assert len(driver.app.lanes.lines) == 20

    run(story())


def test_one_connection_can_be_shown_alone() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=13) as driver:
            await driver.press("x")
            assert (driver.at, driver.app.condition) == ("13", "conn = 3")
            await driver.press("x")
            assert driver.app.condition is None

    run(story())


def test_rows_that_say_nothing_new_are_shown_when_asked_for() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=3) as driver:
            await driver.press("o", "down")
            assert driver.at == "3.1"
            await driver.press("o")
            assert (driver.at, len(driver.app.lanes.lines)) == ("4", 20)

    run(story())


def test_what_was_asked_before_comes_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with debugging(capture(tmp_path, *events(9)), seq=1) as driver:
            for condition in ("seq = 4", "seq = 7"):
                await driver.press("b")
                await driver.type(condition)
            await driver.press("f", "up", "up", "enter")
            assert driver.app.condition == "seq = 4"

    run(story())
