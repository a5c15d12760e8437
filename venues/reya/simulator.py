"""The simulated venue on real sockets: order entry over WebSocket, its REST siblings beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wsreplay.venues.reya.gateway import SHUTTING_DOWN, Gateway
from wsreplay.venues.reya.setup import ReyaSetup
from wsreplay.venues.server import VenueServer

if TYPE_CHECKING:
    from collections.abc import Callable


class ReyaSimulator(VenueServer):
    """``async with ReyaSimulator() as sim``: a venue at ``sim.url`` and ``sim.rest_url`` until the block is left.

    The paths of the REST API begin with ``/v2``.
    """

    goodbye = (1001, SHUTTING_DOWN)

    def __init__(
        self,
        setup: ReyaSetup | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.setup = setup if setup is not None else ReyaSetup()
        super().__init__(Gateway(self.setup, clock()), host=host, port=port, rest_port=rest_port, clock=clock)
