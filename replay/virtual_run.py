"""A run on virtual time, from outside of any event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
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
    tells_time: bool = False,
) -> T:
    """Run a coroutine function to its end on a loop of its own. The same again gives the same again.

    The clocks start at ``wall_ns`` and ``mono_ns``; all randomness comes from ``seed``. With ``tells_time`` they are
    what :mod:`time` tells meanwhile, too, which a bot in this process needs.
    """
    loop = VirtualLoop(wall_ns=wall_ns, mono_ns=mono_ns, limit_s=limit_s)
    with ExitStack() as during:
        during.enter_context(seeded(seed))
        if tells_time:
            during.enter_context(told_by(loop.clock))
        runner = during.enter_context(asyncio.Runner(loop_factory=lambda: loop))
        return runner.run(main())
