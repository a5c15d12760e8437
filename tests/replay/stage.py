"""An engine, and a hand on the clock: what the tests of engines share."""

from __future__ import annotations

import json
from math import inf
from typing import Any

from replay.recording import BEGAN_NS, MS, Recording, reply

from wsreplay.replay.engine import Engine
from wsreplay.replay.outputs import Connect, Output, Send, Wake
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.refreshing import Refresher
from wsreplay.venues.registry import dialect

PATIENCE = 5_000 * MS


class Stage:
    """An engine, and a hand on the clock."""

    def __init__(
        self,
        recording: Recording,
        *,
        speed: float = inf,
        refresher: Refresher | None = None,
        venue: Dialect | None = None,
        **more: Any,
    ) -> None:
        self.engine = Engine(
            recording.script(venue=venue),
            venue or dialect("reya"),
            refresher=refresher,
            speed=speed,
            wall_ns=lambda now: BEGAN_NS + now,
            **more,
        )
        self.now_ns = 0
        self.wake_ns: int | None = None

    def begin(self, line: int = 1) -> list[Output]:
        """The replay begins, and its first line is opened."""
        assert isinstance(self.do(self.engine.begin(0))[0], Connect)
        return self.opened(line)

    def opened(self, line: int = 1) -> list[Output]:
        return self.do(self.engine.opened(line, self.now_ns))

    def hears(self, key: str, op: str = "cancelAll", line: int = 1, *, error: str = "", **payload: Any) -> list[Output]:
        return self.do(self.engine.received(line, reply(key, op, error=error, **payload), self.now_ns))

    def ended(self, line: int = 1, how: str = "fin") -> list[Output]:
        return self.do(self.engine.ended(line, how, self.now_ns))

    def pass_ms(self, ms: float) -> list[Output]:
        """Time passes; the engine is woken if that was its wish."""
        self.now_ns += round(ms * MS)
        return self.do(self.engine.tick(self.now_ns))

    def do(self, outputs: list[Output]) -> list[Output]:
        self.wake_ns = next((each.at_ns for each in outputs if isinstance(each, Wake)), None)
        return [each for each in outputs if not isinstance(each, Wake)]


def keys(outputs: list[Output]) -> list[str]:
    return [json.loads(each.payload)["id"] for each in outputs if isinstance(each, Send)]
