"""Driving the debugger in tests: open a capture, press keys, and wait until nothing goes on any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import textual._wait
from textual.pilot import Pilot

from wsreplay.analysis.session import Session
from wsreplay.debugger.app import Debugger

# The pilot waits until the process is idle, which one that follows a recording never is. We ask the debugger instead.
textual._wait.SLEEP_IDLE = 1.0
SAMPLES = Path(__file__).parents[2] / "captures" / "samples"


class Driver:
    """A debugger, and somebody at its keys."""

    def __init__(self, app: Debugger, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def settle(self) -> None:
        """Wait until all threads are idle and all panels show what they should."""
        await settled(self.pilot)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        """Write into the prompt, and send it."""
        await self.pilot.press(*("space" if letter == " " else letter for letter in text), "enter")
        await self.settle()

    @property
    def at(self) -> str:
        """The address of the cursor."""
        row = self.app.session.index.row(self.app.lanes.cursor)
        return f"{row.seq}.{row.part}" if row.part else str(row.seq)

    @property
    def screen(self) -> str:
        """What is on the screen, as text."""
        return "\n".join(
            "".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()
        )

    @property
    def said(self) -> str:
        """The last message."""
        return self.app.status.said

    def panel(self, name: str) -> str:
        from wsreplay.debugger.line_view import LineView

        return self.app.query_one(f"#{name}", LineView).text


async def settled(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, Debugger)
    for _ in range(4_000):
        await asyncio.sleep(0.003)
        assert app.return_code in (None, 0), "the debugger has died"
        if not app.waits:
            await pilot.pause()
            if not app.waits:
                return
    raise AssertionError(f"still busy: {[work.name for work in app.works if work.busy]}")


@asynccontextmanager
async def debugging(
    path: Path,
    *,
    seq: int = 0,
    size: tuple[int, int] = (120, 40),
    against: Path | None = None,
    theme: str = "wsreplay-dark",
) -> AsyncIterator[Driver]:
    """The debugger over a capture, once it has settled."""
    app = Debugger(Session.open(path, against), seq=seq, theme=theme)
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot)
        await driver.settle()
        yield driver
    assert app.stopped
    app.session.close()
