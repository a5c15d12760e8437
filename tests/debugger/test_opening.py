"""Where the debugger opens, and how many keys it takes until the cause is on the screen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from captures.recorded import capture, event, events, segmented
from debugger.driving import SAMPLES, debugging

from wsreplay.analysis.analysed import AnalysedCapture
from wsreplay.debugger import keys
from wsreplay.debugger.story_bar import told_in

run = asyncio.run
KEYS = [key.keys.split(",")[0] for key in keys.KEYS if key.action not in ("quit", "app.focus_next")]
ALL = sorted(SAMPLES.glob("*.parquet"))


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("sample", ALL, ids=lambda path: path.stem)
@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=str)
def test_no_key_until_the_cause_of_the_worst_incident_is_on_the_screen(sample: Path, size: tuple[int, int]) -> None:
    with AnalysedCapture.open(sample) as opened:
        incidents = opened.incidents()

    async def story() -> None:
        async with debugging(sample, size=size) as driver:
            if not incidents:
                assert driver.at == "1"
                return
            worst = driver.app.session.worst()[0]
            room = size[0] if size[0] < 100 else len(worst.summary)
            assert words(told_in(worst.summary, room)) in words(driver.screen)
            assert driver.at == str(min(worst.evidence))

    run(story())


def test_the_whole_story_of_a_duplicate_order_fits_on_a_small_screen() -> None:
    """The order, what cut the line, the reply that was lost, the end of the line; in a bit more, the second."""

    async def story(height: int, seqs: tuple[int, ...]) -> None:
        async with debugging(SAMPLES / "reya-duplicate-order.parquet", size=(80, height)) as driver:
            lines = [line.split() for line in driver.screen.splitlines()]
            shown = {int(word) for line in lines for word in line[:3] if word.isdecimal()}
            assert set(seqs) <= shown

    run(story(24, (6, 7, 8, 9)))
    run(story(30, (6, 7, 8, 9, 11, 12)))


def test_it_opens_at_an_address() -> None:
    async def story() -> None:
        async with debugging(SAMPLES / "reya-duplicate-order.parquet", seq=15) as driver:
            assert driver.at == "15"
            assert "Two orders" not in driver.screen

    run(story())


def test_an_address_that_is_not_there_is_said_not_to_be() -> None:
    async def story() -> None:
        async with debugging(SAMPLES / "reya-duplicate-order.parquet", seq=999) as driver:
            assert driver.said == "there is no event 999, nor one after it"
            await driver.press("down")
            assert driver.at == "2"

    run(story())


def test_a_capture_without_an_event_opens_and_every_key_is_harmless(tmp_path: Path) -> None:
    async def story() -> None:
        async with debugging(capture(tmp_path)) as driver:
            for key in KEYS:
                await driver.pilot.press(key)
                await driver.pilot.press("escape")
            await driver.settle()
            assert not len(driver.app.lanes.lines)

    run(story())


def test_a_capture_of_segments_is_one_session(tmp_path: Path) -> None:
    async def story() -> None:
        path = segmented(tmp_path, events(5), events(5, first=6), [event(3, 1, kind="incident", op="x"), event(11)])
        async with debugging(path) as driver:
            assert len(driver.app.session.everything) == 12
            await driver.press("o", "end")
            assert driver.at == "11"
            assert driver.app.session.index.row(3).kind == "incident"

    run(story())


def test_light_and_dark() -> None:
    async def story() -> None:
        async with debugging(SAMPLES / "reya-duplicate-order.parquet") as driver:
            before = driver.app.look
            await driver.press("t")
            assert (driver.app.theme, driver.app.look == before) == ("wsreplay-light", False)
            await driver.press("t")
            assert driver.app.look == before

    run(story())
