"""The clocks of a replay: those of the system, or those of an event loop on virtual time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable


class Clock(NamedTuple):
    """The time of day and the monotonic time, in nanoseconds."""

    wall_ns: Callable[[], int]
    mono_ns: Callable[[], int]

    def now(self) -> tuple[int, int]:
        """Both."""
        return self.wall_ns(), self.mono_ns()


SYSTEM = Clock(time.time_ns, time.monotonic_ns)


@runtime_checkable
class _OnOwnTime(Protocol):
    @property
    def clock(self) -> Clock: ...


def running_clock() -> Clock:
    """The clocks that go with the running event loop: its own, if it has any."""
    loop = asyncio.get_running_loop()
    return loop.clock if isinstance(loop, _OnOwnTime) else SYSTEM
