"""Time, as the gate knows it: handed in, so that a test can be its master."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """Something that will be called, and can be called off."""

    def cancel(self) -> None:
        """Do not call it."""
        ...


class Scheduler(Protocol):
    """A clock and its alarms."""

    def now_ns(self) -> int:
        """The monotonic time."""
        ...

    def wall_ns(self) -> int:
        """The time of day."""
        ...

    def call_later(self, delay_ns: int, callback: Callable[[], object]) -> Timer:
        """Call back after this time."""
        ...


class LoopScheduler:
    """The running event loop's time. A loop whose time is not the system's needs its own clocks."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, mono_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.wall_ns = wall_ns
        self.now_ns = mono_ns

    def call_later(self, delay_ns: int, callback: Callable[[], object]) -> Timer:
        """Call back after this time."""
        return asyncio.get_running_loop().call_later(delay_ns / 1e9, callback)


async def pause(scheduler: Scheduler, duration_ns: int) -> None:
    """Wait for this time."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ring() -> None:
        if not over.done():
            over.set_result(None)

    timer = scheduler.call_later(duration_ns, ring)
    try:
        await over
    finally:
        timer.cancel()
