"""A client in the test's own process, on virtual time: nothing is waited for, and each run is the same.

The venue, the faults and the recorder stand on the client's event loop. An hour of timeouts and reconnects takes what
it takes to compute it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.analysis.incidents import FINISHER
from wsreplay.captures.capture import Capture
from wsreplay.captures.read_by import MAP, dialect_of
from wsreplay.captures.redaction_key import load_or_create_key, seeded_key
from wsreplay.captures.schema import FINISHED
from wsreplay.errors import UserError
from wsreplay.faults.plan import FaultPlan, load_plan
from wsreplay.replay.clock import running_clock
from wsreplay.replay.middle import READ_ON_S, Middle
from wsreplay.replay.recorder import ReplayRecorder
from wsreplay.replay.served.outcome import outcome_of
from wsreplay.replay.served.venue import ServedVenue
from wsreplay.replay.serving import served
from wsreplay.replay.virtual_run import on_virtual_time
from wsreplay.testing.host import Outcome
from wsreplay.testing.marks import Scene
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.refreshing import Rehearsing
from wsreplay.venues.registry import dialect

type Client[T] = Callable[[], Coroutine[Any, Any, T]]


class Played:
    """One run of a client, and what is left of it even where the client failed."""

    def __init__(self, scene: Scene, out: Path, listening: Callable[[Mapping[str, str]], None]) -> None:
        """``listening`` is told where the venue is."""
        self.outcome: Outcome | None = None
        self._scene = scene
        self._out = out
        self._listening = listening
        self._served: ServedVenue | None = None
        self._path: Path | None = None

    def play[T](self, client: Client[T], *, seed: int, began_ns: int | None, limit_s: float) -> T:
        """Run the client to its end; what it gives, or raises."""
        # The user's key must be there before chance is foreseeable.
        key = seeded_key(seed, load_or_create_key())
        began_ns = time.time_ns() if began_ns is None else began_ns
        try:
            return on_virtual_time(
                lambda: self._run(client, key, seed), seed=seed, wall_ns=began_ns, mono_ns=10**9, limit_s=limit_s
            )
        finally:
            if self._path is not None:
                self.outcome = Outcome(capture=self._path, verdict=self._verdict(self._path))

    async def _run[T](self, client: Client[T], key: bytes, seed: int) -> T:
        clock = running_clock()
        async with self._venue(seed) as (read_by, urls, plan, notes, read_on_s):
            recorder = ReplayRecorder(
                self._out,
                read_by,
                upstreams=dict(urls),
                notes={**notes, "virtual": True, "seed": seed},
                clock=clock,
                key=key,
                mode="serve" if self._served is not None else "reverse",
                fault_plan=plan.as_json() if plan.faults else None,
                finishers=(FINISHER,),
            )
            middle = Middle(plan, read_by.decode, recorder.note, clock=clock, read_on_s=read_on_s)
            try:
                async with middle.before(urls) as told:
                    self._listening(told)
                    try:
                        return await client()
                    finally:
                        await middle.finish()
            finally:
                self._path = await asyncio.to_thread(recorder.finish, FINISHED)

    @contextlib.asynccontextmanager
    async def _venue(
        self, seed: int
    ) -> AsyncIterator[tuple[Dialect, Mapping[str, str], FaultPlan, dict[str, Any], float]]:
        """The venue, where it listens, what goes wrong before it, and what is to be kept with the capture."""
        scene, clock = self._scene, running_clock()
        given = load_plan(scene.faults) if scene.faults else None
        if scene.capture is None:
            assert scene.venue is not None
            venue = dialect(scene.venue)
            if not isinstance(venue, Rehearsing):
                raise UserError(f"the simulator of {venue.name!r} knows the system's time only: use .url or .run()")
            async with venue.simulator(seed=seed, clock=clock.wall_ns) as simulator:
                yield venue, simulator.urls, given or FaultPlan(), {}, READ_ON_S
            return
        with Capture.open(scene.capture) as capture:
            about, speed = capture.metadata, scene.times
            stored = about.fault_plan
            if given is None and scene.recorded_faults and isinstance(stored, dict):
                given = FaultPlan.from_json(stored)
            notes: dict[str, Any] = {"serve_of": about.recording or capture.name, "unmatched": scene.unmatched}
            if MAP in about.notes:
                notes[MAP] = about.notes[MAP]
            async with served(capture, unmatched=scene.unmatched, speed=speed, clock=clock.wall_ns) as server:
                self._served = server.venue
                read_on_s = min(READ_ON_S, 0.5 + server.venue.script.slowest_ns / speed / 1e9)
                yield dialect_of(about), server.urls, given or FaultPlan(), notes, read_on_s

    def _verdict(self, path: Path) -> dict[str, Any] | None:
        """How it compares with the recording, in the words of ``wsreplay serve``."""
        if self._served is None or self._scene.capture is None:
            return None
        with Capture.open(self._scene.capture) as recorded, Capture.open(path) as live:
            outcome = outcome_of(recorded, live, tuple(self._served.missed.values()), self._scene.times)
        verdict = outcome.verdict
        said: dict[str, Any] = msgspec.to_builtins(
            {
                "verdict": "reproduced" if outcome.reproduced else "diverged",
                "first_divergence": verdict.first,
                "divergences": verdict.divergences,
                "incidents": verdict.incidents,
                "unmatched": outcome.strangers,
                "requests": outcome.requests,
                "lines": outcome.lines,
            }
        )
        return said
