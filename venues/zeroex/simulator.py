"""The simulated relayer on real sockets: its orders channel, and its REST siblings beside it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from wsreplay.venues.server import VenueServer
from wsreplay.venues.zeroex.gateway import gateway_of
from wsreplay.venues.zeroex.setup import ZeroExSetup

if TYPE_CHECKING:
    from collections.abc import Callable


class ZeroExSimulator(VenueServer):
    """``async with ZeroExSimulator() as sim``: a relayer at ``sim.url`` and ``sim.rest_url`` until the block is left.

    The paths of the REST API begin with ``/v2``.
    """

    def __init__(
        self,
        setup: ZeroExSetup | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.setup = setup if setup is not None else ZeroExSetup()
        gateway = gateway_of(self.setup, clock())
        super().__init__(gateway, host=host, port=port, rest_port=rest_port, clock=clock)
        self.relayer = gateway.relayer
        """The orders, and what stands behind them: whoever moves these calls :meth:`advance`."""


class LaunchKitSimulator(ZeroExSimulator):
    """The same, with the rules of the reference server."""

    def __init__(
        self,
        setup: ZeroExSetup | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        wanted = msgspec.structs.replace(setup or ZeroExSetup(), profile="launch-kit")
        super().__init__(wanted, host=host, port=port, rest_port=rest_port, clock=clock)
