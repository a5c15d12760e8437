"""Simulated venues: servers with all the rules of the real ones, found by name like dialects.

A package offers one by an entry point; its name is the venue's::

    [project.entry-points."wsreplay.simulators"]
    acme = "acme_wsreplay:AcmeSimulator"
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol, Self

from wsreplay.venues.errors import VenueError

if TYPE_CHECKING:
    from wsreplay.venues.gateway import Gateway

ENTRY_POINTS = "wsreplay.simulators"
BUILT_IN = {
    "loopring": "wsreplay.venues.loopring.simulator:LoopringSimulator",
    "cantondex": "wsreplay.venues.cantondex.simulator:CantonDexSimulator",
    "reya": "wsreplay.venues.reya.simulator:ReyaSimulator",
    "streams": "wsreplay.venues.streams.simulator:StreamsSimulator",
    "streams-binance": "wsreplay.venues.streams.simulator:BinanceStreamsSimulator",
    "zeroex": "wsreplay.venues.zeroex.simulator:ZeroExSimulator",
    "zeroex-launch-kit": "wsreplay.venues.zeroex.simulator:LaunchKitSimulator",
}


class Simulator(Protocol):
    """A venue on real sockets, from ``async with`` to the end of the block."""

    @property
    def urls(self) -> Mapping[str, str]:
        """Where it listens: "" for its WebSocket, further names for its siblings."""
        ...

    @property
    def gateway(self) -> Gateway[Any]:
        """The venue without its sockets."""
        ...

    async def drain(self) -> None:
        """Shut down as the venue does on a deploy."""
        ...

    async def __aenter__(self) -> Self:
        """Listen."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Listen no more."""
        ...


class SimulatorMaker(Protocol):
    """What an entry point names: a simulator's class, or a function like it."""

    @property
    def siblings(self) -> tuple[str, ...]:
        """The names of what listens beside the WebSocket."""
        ...

    def __call__(self, *, host: str, port: int) -> Simulator:
        """A simulator that will listen there; port 0 takes a free one."""
        ...


def simulator(name: str) -> SimulatorMaker:
    """The simulator of the venue with this name."""
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        made: SimulatorMaker = getattr(import_module(module), attribute)
        return made
    for found in entry_points(group=ENTRY_POINTS, name=name):
        loaded: SimulatorMaker = found.load()
        return loaded
    raise VenueError(f"there is no simulator of {name!r}; there are: {', '.join(simulated())}")


def simulated() -> list[str]:
    """The names of all venues that have a simulator."""
    return sorted({*BUILT_IN, *(found.name for found in entry_points(group=ENTRY_POINTS))})
