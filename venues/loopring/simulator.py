"""The simulated venue on real sockets: topics over WebSocket, keys and orders over REST beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wsreplay.venues.loopring.gateway import LoopringGateway
from wsreplay.venues.loopring.setup import LoopringSetup
from wsreplay.venues.server import VenueServer

if TYPE_CHECKING:
    from collections.abc import Callable


class LoopringSimulator(VenueServer):
    """``async with LoopringSimulator() as sim``: a venue at ``sim.url`` and ``sim.rest_url`` until the block is left.

    Its WebSocket wants a key: ``GET /v3/ws/key`` at ``sim.rest_url``, then ``sim.url + "?wsApiKey=" + key``.
    """

    def __init__(
        self,
        setup: LoopringSetup | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.setup = setup if setup is not None else LoopringSetup()
        gateway = LoopringGateway(self.setup, clock())
        super().__init__(gateway, host=host, port=port, rest_port=rest_port, path="/v3/ws", clock=clock)
