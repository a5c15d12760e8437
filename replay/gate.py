"""Who decides, step by step, how a replay goes on: a person at a terminal, a debugger, a test."""

from __future__ import annotations

from math import inf
from typing import Protocol

import msgspec

from wsreplay.replay.script import Step


class Next(msgspec.Struct, frozen=True):
    """Take this step, and halt before the one after it."""


class Proceed(msgspec.Struct, frozen=True):
    """Go on without halting, so many times as fast as it was."""

    speed: float = inf


class Stop(msgspec.Struct, frozen=True):
    """Take no further step: what is in flight is waited for, lines are closed, and what was sent is compared."""


type Decision = Next | Proceed | Stop


class Gate(Protocol):
    """Asked before each step, once all that it waits for is there. Lines live on meanwhile, heartbeats included."""

    async def before(self, step: Step) -> Decision:
        """What becomes of this step."""
        ...
