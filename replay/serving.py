"""The venue of a recording on real sockets: one listener for each of its addresses, for WebSocket and REST alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Self, override

import msgspec
from websockets.asyncio.server import Server

from wsreplay.captures.capture import Capture
from wsreplay.captures.read_by import dialect_of
from wsreplay.errors import UserError
from wsreplay.replay.served.line import PATIENCE_NS
from wsreplay.replay.served.script import ServedScript, Stage
from wsreplay.replay.served.scriptwriter import ServedScriptwriter
from wsreplay.replay.served.shadow import Shadow
from wsreplay.replay.served.venue import ServedVenue, Unmatched
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.gateway import Ask
from wsreplay.venues.http_edge import Answer, HttpEdge
from wsreplay.venues.refreshing import Rehearsing
from wsreplay.venues.server import VenueServer
from wsreplay.venues.shared_port import shared_with
from wsreplay.venues.simulation import simulated, simulator


class ServedServer(VenueServer):
    """``async with`` it: the recorded venue listens until the block is left."""

    venue: ServedVenue

    def __init__(
        self,
        venue: ServedVenue,
        stages: tuple[Stage, ...],
        *,
        host: str = "127.0.0.1",
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__(venue, host=host, clock=clock)
        self.venue = venue
        self._stages = stages
        self._listening = AsyncExitStack()
        self._ports: dict[str, int] = {}

    @override
    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as starting:
            for stage in self._stages:
                edge = HttpEdge(partial(self._respond_at, stage.name))
                starting.push_async_callback(edge.close)
                server = await self.listen(self._host, 0, stage.name, shared_with(edge.protocol))
                starting.push_async_callback(self._end, server)
                self._server = server
                self._ports[stage.name] = next(iter(server.sockets)).getsockname()[1]
            self._listening = starting.pop_all()
        self.advance()
        return self

    @override
    async def __aexit__(self, *_: object) -> None:
        self._server = None
        self._stop_timer()
        await self._listening.aclose()

    @property
    @override
    def urls(self) -> Mapping[str, str]:
        """Where it listens, by the names that the recording's upstreams had."""
        return {
            stage.name: f"{'ws' if stage.sockets else 'http'}://{self._host}:{self._ports[stage.name]}{stage.path}"
            for stage in self._stages
        }

    async def _respond_at(self, name: str, ask: Ask) -> Answer:
        return await self._respond(msgspec.structs.replace(ask, listener=name))

    async def _end(self, server: Server) -> None:
        server.close()
        await server.wait_closed()


def served_script(capture: Capture) -> ServedScript:
    """The venue's part in a capture."""
    about = capture.metadata
    return ServedScriptwriter(dialect_of(about), about.mode, about.upstreams).write(capture.events())


@asynccontextmanager
async def served(
    capture: Capture,
    *,
    unmatched: Unmatched = "error",
    speed: float = 1.0,
    patience_ns: int = PATIENCE_NS,
    clock: Callable[[], int] = time.time_ns,
    tell: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[ServedServer]:
    """The venue of a capture, on loopback. ``tell`` is given a line for each request that was never recorded."""
    dialect = dialect_of(capture.metadata)
    script = await asyncio.to_thread(served_script, capture)
    if not script.stages or not (script.lines or script.wishes):
        raise UserError(f"there is nothing to serve: no client met a venue in {capture.path}")
    if script.gaps:
        tell(f"the recording has {script.gaps} gaps: what is missing there can't be served")
    now_ns = clock()
    shadow = _shadow(dialect, script, speed, now_ns) if unmatched == "simulator" else None
    venue = ServedVenue(
        script, dialect, now_ns, unmatched=unmatched, shadow=shadow, speed=speed, patience_ns=patience_ns, tell=tell
    )
    async with ServedServer(venue, script.stages, clock=clock) as server:
        yield server


def _shadow(dialect: Dialect, script: ServedScript, speed: float, now_ns: int) -> Shadow:
    if dialect.name not in simulated():
        raise UserError(
            f"there is no simulator of {dialect.name!r} that could answer what was never recorded: "
            "use --unmatched error or silent"
        )
    if isinstance(dialect, Rehearsing):
        made = dialect.simulator(accounts=script.accounts, symbols=script.symbols, speed=speed)
    else:
        made = simulator(dialect.name)(host="127.0.0.1", port=0)
    return Shadow(made.gateway, dialect, now_ns)
