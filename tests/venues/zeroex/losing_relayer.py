"""A relayer before which a gateway loses the first answer to a posted order, as a process of its own."""

from __future__ import annotations

import asyncio
import signal

from wsreplay.venues.zeroex.setup import ZeroExSetup
from wsreplay.venues.zeroex.simulator import ZeroExSimulator


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with ZeroExSimulator(ZeroExSetup(lost_answers=1)) as relayer:
        print(f"listening on {relayer.url}\nlistening rest on {relayer.rest_url}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
