"""Stories of the bot recorded with real processes: the bot, the recorder, and the simulated venue."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from cli.recorder import Recorder

import wsreplay
from wsreplay.captures.capture import Capture
from wsreplay.venues.cantondex.setup import CantonDexSetup, Delays
from wsreplay.venues.cantondex.simulator import CantonDexSimulator

BOT = Path(__file__).parent / "trader_bot.py"
SLOW = Delays(rest_ms=(600, 600))
"""A venue whose REST answers come later than the impatient bot waits; what was asked is done at once."""


def recorded(out: Path, story: str, *arguments: str, patience: float = 10.0, code: int = 0) -> Capture:
    """One story with the recorder's own venue, or with another where ``--to`` names it; the bot ends with ``code``."""
    venue = () if "--to" in arguments else ("--sim",)
    bot = (sys.executable, str(BOT), story, "{url}", "{url:rest}", str(patience))
    with Recorder(out, "--venue", "cantondex", *venue, *arguments, "--", *bot) as recorder:
        recorder.url()
        recorder.url("rest")
        ended, capture = recorder.end(None)
        assert ended == code
    return wsreplay.open(capture.path)


@contextlib.contextmanager
def venue(setup: CantonDexSetup) -> Iterator[tuple[str, ...]]:
    """A venue of one's own, as arguments for :func:`recorded`."""
    listening, over = threading.Event(), asyncio.Event()
    urls: list[str] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def live() -> None:
        async with CantonDexSimulator(setup) as simulator:
            loops.append(asyncio.get_running_loop())
            urls.extend(("--to", simulator.url, "--to", f"rest={simulator.rest_url}"))
            listening.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    try:
        assert listening.wait(10)
        yield tuple(urls)
    finally:
        loops[0].call_soon_threadsafe(over.set)
        thread.join()
