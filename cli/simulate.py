"""``wsreplay simulate``: a venue on this machine, with all its rules."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

import click

from wsreplay.captures.errors import UserError


@click.command()
@click.argument("venue", metavar="VENUE")
@click.option("--listen", default="127.0.0.1:0", show_default=True, metavar="HOST:PORT", help="Where it listens.")
@click.option("--listen-anywhere", is_flag=True, help="Allow an address that other machines can reach.")
def simulate(venue: str, listen: str, listen_anywhere: bool) -> None:
    """Be a venue: a server with its rules, its errors and a moving market.

    It listens until Ctrl-C, then shuts down as the venue does on a deploy.

    \b
    Examples:
      wsreplay simulate reya
      wsreplay simulate reya --listen 127.0.0.1:9001
    """
    from wsreplay.proxy.upstream import parse_listen
    from wsreplay.venues.simulation import simulator

    make = simulator(venue)
    host, port = parse_listen(listen, anywhere=listen_anywhere)

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, stop.set)
        async with contextlib.AsyncExitStack() as running:
            try:
                venue_here = await running.enter_async_context(make(host=host, port=port))
            except OSError as error:
                reason = os.strerror(error.errno).lower() if error.errno else str(error)
                raise UserError(f"can't listen on {listen}: {reason}; name another with --listen") from error
            for name, url in venue_here.urls.items():
                click.echo(f"listening {name} on {url}" if name else f"listening on {url}")
            sys.stdout.flush()
            await stop.wait()
            await venue_here.drain()

    asyncio.run(run())
