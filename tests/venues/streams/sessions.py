"""Recordings of bots on simulated venues, made by real processes: for tests, and for the samples that ship."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.recorder import Recorder

from wsreplay.venues.streams.setup import StreamsSetup
from wsreplay.venues.streams.simulator import StreamsSimulator

BOT = Path(__file__).parent / "bots" / "streaming_bot.py"
MISUNDERSTOOD_FAULT = "drop rst after push trade #4"


def record(out: Path, character: str, *arguments: str) -> Path:
    """The capture of a bot of this character."""
    command = [sys.executable, "-P", str(BOT), character, "{url}", "{url:rest}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(out))
        with Recorder(out, *arguments, "--read-on", "0.2", "--", *command) as recorder:
            code, capture = recorder.end(None)
    assert code == 0
    return capture.path


def record_at(setup: StreamsSetup, out: Path, character: str, venue: str = "streams") -> Path:
    """The same at a venue of this setup."""
    with listening(setup) as (url, rest):
        return record(out, character, "--venue", venue, "--to", url, "--to", f"rest={rest}")


def careful(out: Path) -> Path:
    """A session without trouble."""
    return record(out, "careful", "--venue", "streams", "--sim")


def duplicate_order(out: Path) -> Path:
    """A bot that gives up on an answer that takes long, and orders again."""
    return record_at(StreamsSetup(engine_ms=(600.0, 600.0)), out, "impatient")


def misunderstood(out: Path) -> Path:
    """A bot whose subscriptions are ignored, doubled, and after a cut half forgotten."""
    return record(out, "misunderstood", "--venue", "streams", "--sim", "--fault", MISUNDERSTOOD_FAULT)


def binance_refused(out: Path) -> Path:
    """A bot whose commands are refused, and whose connection is closed because of their number."""
    return record(out, "refused", "--venue", "streams-binance", "--sim")


def binance_answered(out: Path) -> Path:
    """A session without trouble at a venue that answers."""
    return record(out, "answered", "--venue", "streams-binance", "--sim")


SAMPLES = {
    "streams-careful": careful,
    "streams-duplicate-order": duplicate_order,
    "streams-misunderstood": misunderstood,
    "streams-binance-refused": binance_refused,
    "streams-binance-answered": binance_answered,
}


@contextlib.contextmanager
def listening(setup: StreamsSetup) -> Iterator[tuple[str, str]]:
    """A venue of this setup in a thread of its own; where its WebSocket and its REST API are."""
    places: list[tuple[str, str]] = []
    ready, over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with StreamsSimulator(setup) as sim:
            places.append((sim.url, sim.rest_url))
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield places[0]
    finally:
        over.set()
        thread.join()
