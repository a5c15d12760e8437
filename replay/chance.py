"""What a run on virtual time would else ask the system: chance is drawn from its seed, time is told by its loop.

WebSocket keys and masks, ping payloads and ids come from the system's randomness, deep inside libraries that take no
generator from outside. Python reaches it through two names, ``os.urandom`` and the one that :mod:`random` keeps for
itself: both are replaced here, and the shared generator of :mod:`random` is seeded, for as long as a run lasts. What
others draw in this process meanwhile is foreseeable as well, so nothing that must stay secret may be made during a run.

The time of day stands in what servers say (a ``Date``), and bots sign deadlines with it; so :mod:`time` tells that of
the run. What must know the real one asks :data:`wsreplay.replay.clock.SYSTEM`.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from wsreplay.replay.clock import Clock

_S = 10**9


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Randomness that is the same for the same seed, until the block is left."""
    drawn = random.Random(f"wsreplay {seed}")  # noqa: S311 - repeatable, not secret
    state = random.getstate()
    with ExitStack() as undo:
        undo.callback(random.setstate, state)
        _replace(undo, os, "urandom", drawn.randbytes)
        _replace(undo, random, "_urandom", drawn.randbytes)
        random.seed(f"wsreplay shared {seed}")
        yield


@contextmanager
def told_by(clock: Clock) -> Iterator[None]:
    """Let :mod:`time` tell the time of this clock, until the block is left.

    What was imported by name before (``from time import time``) and ``datetime.now`` still tell the system's.
    """
    with ExitStack() as undo:
        for name, read in (("time", clock.wall_ns), ("monotonic", clock.mono_ns), ("perf_counter", clock.mono_ns)):
            _replace(undo, time, f"{name}_ns", read)
            _replace(undo, time, name, _in_seconds(read))
        yield


def _in_seconds(read: Callable[[], int]) -> Callable[[], float]:
    return lambda: read() / _S


def _replace(undo: ExitStack, module: Any, name: str, by: object) -> None:
    undo.callback(setattr, module, name, getattr(module, name))
    setattr(module, name, by)
