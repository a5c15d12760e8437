"""Along with a recording that goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from captures.recorded import event, events, keep, session
from debugger.driving import Driver, debugging


async def until(driver: Driver, address: str) -> None:
    for _ in range(4_000):
        if len(driver.app.lanes.lines) and driver.at == address:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"at {driver.at}, not at {address}")


def test_it_follows_what_comes_until_one_looks_at_something_else(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))

    async def story() -> None:
        async with debugging(recording.folder) as driver:
            await until(driver, "3")
            keep(recording, events(2, first=4))
            await until(driver, "5")
            await driver.press("up")
            keep(recording, events(2, first=6))
            while len(driver.app.lanes.lines) < 7:
                await driver.pilot.pause(0.01)
            assert driver.at == "4"
            await driver.press("end")
            keep(recording, events(1, first=8))
            await until(driver, "8")

    asyncio.run(story())
    recording.publish("finished")


def test_what_comes_can_be_searched_and_has_a_state(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"conn": 1, "role": "request", "sender": "client", "op": "createOrder", "key": "7"}
    recording = session(tmp_path, event(1, kind="open", conn=1, text='{"url":"ws://venue","status":101}'))

    async def story() -> None:
        async with debugging(recording.folder) as driver:
            keep(recording, [event(2, text='{"q":1}', **asked)])
            await until(driver, "2")
            for _ in range(400):
                driver.app.refresh_panels()
                await driver.settle()
                if "In flight 1" in driver.panel("state"):
                    break
                await asyncio.sleep(0.01)
            assert "     2 createOrder 0 ns" in driver.panel("state")
            await driver.press("home", "slash")
            await driver.type("q")
            assert driver.at == "2"

    asyncio.run(story())
    recording.publish("finished")


def test_a_recording_that_ends_becomes_a_capture_under_the_cursor(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))

    async def story() -> None:
        async with debugging(recording.folder) as driver:
            await until(driver, "3")
            keep(recording, events(1, first=4))
            place = recording.publish("finished")
            await until(driver, "4")
            while driver.app.session.live:
                await driver.pilot.pause(0.01)
            await driver.settle()
            await driver.press("y")
            assert driver.app.clipboard == f"{place}#4"
            await driver.press("slash")
            await driver.type('"n":2')
            assert driver.said == "no '\"n\":2' after this line"

    asyncio.run(story())
