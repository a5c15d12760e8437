"""The simulated venue on real sockets: its WebSocket, and the REST API beside it, where orders are placed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wsreplay.venues.cantondex.gateway import GOING_AWAY, Gateway
from wsreplay.venues.cantondex.setup import CantonDexSetup
from wsreplay.venues.server import VenueServer

if TYPE_CHECKING:
    from collections.abc import Callable


class CantonDexSimulator(VenueServer):
    """``async with CantonDexSimulator() as sim``: a venue at ``sim.url`` and ``sim.rest_url`` until the block is left.

    Paths may begin with ``/v1``, as the venue's own do.
    """

    goodbye = (GOING_AWAY, "server_shutdown")

    def __init__(
        self,
        setup: CantonDexSetup | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.setup = setup if setup is not None else CantonDexSetup()
        super().__init__(Gateway(self.setup, clock()), host=host, port=port, rest_port=rest_port, clock=clock)
