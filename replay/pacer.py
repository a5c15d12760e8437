"""Waking the replay at its times, to a few microseconds.

Event loops keep time by the millisecond, and the kernel wakes a process some fifty microseconds late. So the wait is
left to a timer of the kernel's that the loop watches like a socket; it rings a little early, and the rest is spun away.
No spin is longer than :data:`EARLY_NS`, and the sockets have their turn between them, so no byte that comes in waits
for longer than two.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import Protocol

from wsreplay.replay.clock import SYSTEM

EARLY_NS = 50_000
"""How much before its time the timer rings: twice as long as the kernel mostly takes to wake somebody."""
_SOON_EARLY_NS = 35_000
_SOON_NS = 250_000
"""A processor that slept for less than this is up again sooner, and spinning costs more where it is done often."""
_LOOP_EARLY_NS = 1_000_000
"""What event loops are late by at the most, most of the time."""


class Pacer(Protocol):
    """Calls back at a time; one time at once."""

    def wake_at(self, at_ns: int) -> None:
        """Call back at this time, or as soon as the sockets had their turn, and not at the time named before."""
        ...

    def close(self) -> None:
        """Call back no more."""
        ...


class LoopPacer:
    """Keeps time as its event loop does. For clocks that are not the machine's, which nobody can spin away."""

    def __init__(self, wake: Callable[[], None], clock: Callable[[], int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = wake
        self._clock = clock
        self._timer: asyncio.Handle | None = None

    def wake_at(self, at_ns: int) -> None:
        """Call back at this time."""
        self.close()
        self._timer = self._loop.call_later(max(0, at_ns - self._clock()) / 1e9, self._wake)

    def close(self) -> None:
        """Call back no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class SpinningPacer:
    """Keeps time on any system: the loop wakes a millisecond early and then turns round and round, sockets included."""

    early_ns = _LOOP_EARLY_NS

    def __init__(self, wake: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = wake
        self._at_ns: int | None = None
        self._soon: asyncio.Handle | None = None

    def wake_at(self, at_ns: int) -> None:
        """Call back at this time."""
        self._at_ns = at_ns
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        wait_ns = at_ns - time.monotonic_ns() - self.early_ns
        if wait_ns > 0:
            self._ring_in(at_ns, wait_ns)
        else:
            self._soon = self._loop.call_soon(self._rung)

    def close(self) -> None:
        """Call back no more."""
        self._at_ns = None
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def _ring_in(self, at_ns: int, wait_ns: int) -> None:
        del at_ns
        self._soon = self._loop.call_later(wait_ns / 1e9, self._rung)

    def _rung(self) -> None:
        """It is nearly time: spin the rest away, or as much of it as the sockets can wait for."""
        self._soon = None
        at_ns = self._at_ns
        if at_ns is None:
            return
        now = time.monotonic_ns
        until_ns = min(at_ns, now() + EARLY_NS)
        while now() < until_ns:
            pass
        if now() < at_ns:
            self.wake_at(at_ns)
            return
        self._at_ns = None
        self._wake()


class TimerPacer(SpinningPacer):
    """Keeps time by a timer of the Linux kernel's."""

    early_ns = EARLY_NS

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__(wake)
        self._fd: int = -1
        self._set_for_ns: int | None = None
        if sys.platform == "linux" and sys.version_info >= (3, 13):
            self._fd = os.timerfd_create(time.CLOCK_MONOTONIC, flags=os.TFD_NONBLOCK | os.TFD_CLOEXEC)
        self._loop.add_reader(self._fd, self._read)

    def close(self) -> None:
        """Call back no more."""
        super().close()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _ring_in(self, at_ns: int, wait_ns: int) -> None:
        if self._set_for_ns is not None and self._set_for_ns <= at_ns:
            return  # it rings before, and is set anew then: most waits are for replies, and end long before their time
        self._set_for_ns = at_ns
        early_ns = EARLY_NS if wait_ns > _SOON_NS else _SOON_EARLY_NS
        if sys.platform == "linux" and sys.version_info >= (3, 13):
            os.timerfd_settime_ns(self._fd, flags=os.TFD_TIMER_ABSTIME, initial=at_ns - early_ns)

    def _read(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # it was set anew since it rang
            return
        self._set_for_ns = None
        if self._at_ns is None or self._soon is not None:
            return
        wait_ns = self._at_ns - time.monotonic_ns() - EARLY_NS
        if wait_ns > EARLY_NS:
            self._ring_in(self._at_ns, wait_ns)
        else:
            self._rung()


def pacer_for(wake: Callable[[], None], clock: Callable[[], int]) -> Pacer:
    """The most precise pacer that there is for this clock, on the running event loop."""
    if clock is not SYSTEM.mono_ns:
        return LoopPacer(wake, clock)
    if sys.platform == "linux" and hasattr(os, "timerfd_create"):
        return TimerPacer(wake)
    return SpinningPacer(wake)
