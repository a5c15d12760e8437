"""Every way to move the cursor, with keys, on a recorded session."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from captures.recorded import BEGAN, capture, event
from debugger.driving import SAMPLES, Driver, debugging

TWICE = SAMPLES / "reya-duplicate-order.parquet"


def run(story: object) -> None:
    asyncio.run(story)  # type: ignore[arg-type]


async def walk(path: Path, seq: int, *steps: tuple[str, str]) -> None:
    """Press each key, and be at each address after it."""
    async with debugging(path, seq=seq) as driver:
        for key, address in steps:
            await driver.press(key)
            assert driver.at == address, key


@pytest.mark.parametrize(
    ("seq", "keys", "addresses"),
    [
        (4, "down down up", "5 6 5"),
        (4, "j j k", "5 6 5"),
        (4, "end home", "19 1"),
        (7, "down down", "8 8.1"),  # an outcome that is not as it should be has a line of its own
        (1, "up", "1"),
        (19, "down", "19"),
    ],
)
def test_it_steps_by_lines(seq: int, keys: str, addresses: str) -> None:
    run(walk(TWICE, seq, *zip(keys.split(), addresses.split(), strict=True)))


def test_it_steps_along_a_connection_and_over_it() -> None:
    # Connection 2 is 10 to 12 and 15 to 18, connection 3 is 13 and 14, connection 1 ends with 19.
    run(walk(TWICE, 12, ("right_square_bracket", "15"), ("left_square_bracket", "12")))
    run(walk(TWICE, 12, ("right_curly_bracket", "13"), ("right_curly_bracket", "15"), ("left_curly_bracket", "14")))


def test_it_goes_to_the_reply_and_back_to_the_request() -> None:
    run(walk(TWICE, 2, ("r", "3"), ("r", "2")))
    run(walk(TWICE, 13, ("r", "14"), ("r", "13")))  # over REST
    run(walk(TWICE, 8, ("down", "8.1"), ("r", "6")))  # from an outcome to its request


def test_it_says_why_there_is_no_reply(tmp_path: Path) -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=1) as driver:
            await driver.press("r")
            assert driver.said == "this is no request, and no reply to one"
        rows = [event(1, kind="open", conn=1, text="{}"), event(2, conn=1, role="request", sender="client", op="ask")]
        async with debugging(capture(tmp_path, *rows), seq=2) as driver:
            await driver.press("r")
            assert driver.said == "this request was never answered"

    run(story())


def test_it_goes_from_incident_to_incident() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=1) as driver:
            told = []
            for _ in range(4):
                await driver.press("n")
                assert driver.app.told is not None
                told.append((driver.app.told.kind, driver.at))
            assert told == [("lost-response", "6"), ("disconnect", "6"), ("duplicate-order", "6"), ("blind-retry", "6")]
            await driver.press("n")
            assert driver.said == "no incident after this one"
            await driver.press("N")
            assert [each.kind for each in (driver.app.told,) if each is not None] == ["duplicate-order"]

    run(story())


def test_the_list_of_incidents_has_the_worst_first_and_enter_goes_there() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=18) as driver:
            await driver.press("i")
            assert driver.screen.index("duplicate-order") < driver.screen.index("disconnect proven")
            await driver.press("j", "enter")
            assert driver.app.told is not None
            assert (driver.app.told.kind, driver.at) == ("blind-retry", "6")

    run(story())


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("14", "14"),
        ("8.1", "8.1"),
        ("elsewhere.parquet#9", "9"),
        ("2026-11-21T08:30:57.742931Z", "11"),
        ("2026-11-21 08:30:58Z", "19"),
        ("08:30:57.7Z", "3"),  # the day of the line where one is
    ],
)
def test_it_goes_to_an_address_or_a_time(place: str, address: str) -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=5) as driver:
            await driver.press("g")
            await driver.type(place)
            assert driver.at == address

    run(story())


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("99", "there is no event 99: the last one is 19"),
        ("2026-11-22T00:00Z", "nothing was recorded at 2026-11-22T00:00Z or later"),
        ("25:00", "there is no time '25:00'"),
        ("yesterday", "yesterday is neither an address nor a time"),
    ],
)
def test_it_says_where_one_can_not_go(place: str, why: str) -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=5) as driver:
            await driver.press("colon")
            await driver.type(place)
            assert why in driver.screen
            await driver.press("escape")
            assert driver.at == "5"

    run(story())


def test_backspace_goes_back_to_where_a_jump_came_from() -> None:
    run(walk(TWICE, 2, ("r", "3"), ("end", "19"), ("backspace", "3"), ("backspace", "2"), ("backspace", "2")))


async def until(driver: Driver, address: str) -> None:
    for _ in range(1_000):
        if driver.at == address:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"at {driver.at}, not at {address}")


def test_it_plays_to_the_end_and_says_so() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=12) as driver:
            await driver.press("greater_than_sign", "greater_than_sign", "space")
            await until(driver, "19")
            await driver.settle()
            assert driver.said == "played to the end"

    run(story())


def test_playing_stops_where_it_is_told_to(tmp_path: Path) -> None:
    async def story() -> None:
        rows = [event(seq, mono_ns=BEGAN.mono_ns + seq * 10_000_000_000) for seq in range(1, 4)]
        async with debugging(capture(tmp_path, *rows), seq=1) as driver:
            await driver.press("space")
            assert driver.said == "playing at 1x"
            await driver.press("space")
            assert (driver.said, driver.at) == ("", "1")

    run(story())


def test_a_click_goes_there_and_so_does_one_on_the_timeline() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=1) as driver:
            await driver.pilot.click("#lanes", offset=(20, 3))
            await driver.settle()
            assert driver.at == "4"
            await driver.pilot.click("#timeline", offset=(119, 0))
            await driver.settle()
            assert driver.at == "19"

    run(story())


def test_the_timeline_zooms_around_the_cursor_and_back() -> None:
    async def story() -> None:
        async with debugging(TWICE, seq=11) as driver:
            whole = driver.app.timeline.density
            await driver.press("plus")
            near = driver.app.timeline.density
            assert near.last_ns - near.first_ns == (whole.last_ns - whole.first_ns) // 4
            assert near.bucket(driver.app.session.index.mono_ns(driver.app.lanes.cursor)) is not None
            await driver.press("minus")
            assert driver.app.timeline.density == whole

    run(story())
