"""Stories of :mod:`.bot`, recorded through the real proxy in front of the simulator."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

from cli.recorder import Recorder

from wsreplay.captures.capture import Capture
from wsreplay.venues.loopring.setup import Delays, LoopringSetup
from wsreplay.venues.loopring.simulator import LoopringSimulator

BOT = [sys.executable, "-P", str(Path(__file__).with_name("bot.py"))]
SLOW = dict.fromkeys(("duplicate", "duplicate_in_sight"), Delays(rest_ms=(400, 400)))
"""Stories for which the venue must take its time: the bot goes away while it does."""


def record(out: Path, story: str, *, fault: str | None = None) -> Capture:
    """The capture of one story; a bot that fails fails its test."""
    with contextlib.ExitStack() as running:
        venue = ["--sim"]
        if (delays := SLOW.get(story)) is not None:
            url, rest_url = running.enter_context(_venue(LoopringSetup(delays=delays)))
            venue = ["--to", url, "--to", f"rest={rest_url}"]
        plan = [] if fault is None else ["--fault", fault]
        command = ["--", *BOT, story, "{url}", "{url:rest}"]
        recorder = Recorder(out, "--venue", "loopring", *venue, "--read-on", "0.5", *plan, *command)
        running.enter_context(recorder)
        code, capture = recorder.end(None)
        assert code == 0, recorder.errors()
    return capture


@contextlib.contextmanager
def _venue(setup: LoopringSetup) -> Iterator[tuple[str, str]]:
    """A simulator of one's own, in a thread; its two addresses."""
    started: Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, str, str]] = Queue()

    async def run() -> None:
        async with LoopringSimulator(setup) as simulator:
            over = asyncio.Event()
            started.put((asyncio.get_running_loop(), over, simulator.url, simulator.rest_url))
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    loop, over, url, rest_url = started.get(timeout=30)
    try:
        yield url, rest_url
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
