"""A run on virtual time, from outside of any event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from math import inf
from typing import Any

from wsreplay.replay.chance import seeded, told_by
from wsreplay.replay.virtual_loop import VirtualLoop


def on_virtual_time[T](
    main: Callable[[], Coroutine[Any, Any, T]],
    *,
    seed: int = 1,
    wall_ns: int = 0,
    mono_ns: int = 0,
    limit_s: float = inf,
) -> T:
    """Run a coroutine function to its end on a loop of its own. The same again gives the same again.

    The clocks start at ``wall_ns`` and ``mono_ns``, and are what :mod:`time` tells meanwhile; all randomness comes from
    ``seed``. Both hold for the whole process: see :mod:`.chance`.
    """
    loop = VirtualLoop(wall_ns=wall_ns, mono_ns=mono_ns, limit_s=limit_s)
    with seeded(seed), told_by(loop.clock), asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main())
