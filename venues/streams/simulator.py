"""The simulated venue on real sockets: its streams over WebSocket, its REST siblings beside them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wsreplay.venues.server import VenueServer
from wsreplay.venues.streams.gateway import gateway_of
from wsreplay.venues.streams.setup import StreamsSetup

if TYPE_CHECKING:
    from collections.abc import Callable


class StreamsSimulator(VenueServer):
    """``async with StreamsSimulator() as sim``: a venue at ``sim.url`` and ``sim.rest_url`` until the block is left."""

    def __init__(
        self,
        setup: StreamsSetup | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.setup = setup if setup is not None else StreamsSetup()
        super().__init__(gateway_of(self.setup, clock()), host=host, port=port, rest_port=rest_port, clock=clock)


class BinanceStreamsSimulator(StreamsSimulator):
    """The same with Binance's acknowledgements and refusals, whatever else its setup says."""

    def __init__(
        self,
        setup: StreamsSetup | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        import msgspec

        setup = msgspec.structs.replace(setup if setup is not None else StreamsSetup(), profile="binance")
        super().__init__(setup, host=host, port=port, rest_port=rest_port, clock=clock)
