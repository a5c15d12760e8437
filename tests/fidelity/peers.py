"""The two peers that the testsuite is let loose on: a server that says everything back, and a client that does."""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidMessage


async def echo(line: Connection) -> None:
    try:
        async for message in line:
            await line.send(message)
    except ConnectionClosed:
        return  # its protocol errors are what is being looked for


async def be_server(port: int, deflate: bool, certificate: str) -> None:
    """Listen until killed."""
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    compression = "deflate" if deflate else None
    async with serve(echo, "127.0.0.1", port, compression=compression, max_size=None, ping_interval=None, ssl=context):
        print("ready", flush=True)
        await asyncio.get_running_loop().create_future()


async def be_client(url: str, agent: str, *, deflate: bool, trust: Path | None, proxy: str | None) -> int:
    """Ask a fuzzing server for all of its cases, one after the other; how many there were."""
    context = ssl.create_default_context(cafile=trust) if trust else None

    def line(path: str) -> connect:
        return connect(
            f"{url}{path}",
            compression="deflate" if deflate else None,
            max_size=None,
            ping_interval=None,
            ssl=context,
            proxy=proxy,
            open_timeout=60,
        )

    async with line("/getCaseCount") as asked:
        count = int(await asked.recv())
    for case in range(1, count + 1):
        try:
            async with line(f"/runCase?case={case}&agent={agent}") as tested:
                await echo(tested)
        except (InvalidMessage, OSError):
            pass
    async with line(f"/updateReports?agent={agent}") as done:
        await done.wait_closed()
    return count


if __name__ == "__main__":
    asyncio.run(be_server(int(sys.argv[1]), sys.argv[2] == "deflate", sys.argv[3]))
