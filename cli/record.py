"""``wsreplay record``: put the recorder between a bot and a venue."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import click

from wsreplay.captures.errors import UserError


@click.command(context_settings={"ignore_unknown_options": False})
@click.option(
    "--venue",
    metavar="VENUE",
    help="The venue whose dialect reads the traffic; without it, it is known by its host or its traffic, or any JSON "
    "is read.",
)
@click.option(
    "--to", "to", metavar="[NAME=]URL", multiple=True, help="Where the venue is; repeat it with names for more."
)
@click.option("--sim", is_flag=True, help="Be the venue as well: start its simulator, and record in front of it.")
@click.option(
    "--listen",
    default="127.0.0.1:0",
    show_default=True,
    metavar="HOST:PORT",
    help="Where the bot connects; port 0 takes a free one, further upstreams the next ones.",
)
@click.option("--listen-anywhere", is_flag=True, help="Allow an address that other machines can reach.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("captures"),
    show_default=True,
    help="Folder for the capture.",
)
@click.option(
    "--mode",
    type=click.Choice(["reverse", "regular", "socks5"]),
    default="reverse",
    show_default=True,
    help="reverse: the bot gets our URL; regular, socks5: the bot uses us as its proxy.",
)
@click.option(
    "--allow-host",
    multiple=True,
    metavar="HOST",
    help="A host that the bot may reach in the proxy modes; *.HOST for all below it.",
)
@click.option(
    "--map",
    "map_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file that names the fields of a venue without a dialect.",
)
@click.option("--rotate", metavar="AGE|SIZE", help="Begin a new segment after this time or size, such as 1h or 1GB.")
@click.option(
    "--trust",
    type=click.Path(path_type=Path, dir_okay=False),
    help="PEM file with a further CA that venues' certificates may lead to.",
)
@click.option(
    "--read-on",
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0, 60),
    help="When the bot's line is cut, how long after its last word the venue is still read.",
)
@click.option(
    "--hand-over",
    default=256,
    show_default=True,
    metavar="MB",
    type=click.IntRange(1, 65536),
    help="Memory for what was read and is not yet written.",
)
@click.option("--keep-secrets", is_flag=True, help="Do not redact. The capture then holds live keys and signatures.")
@click.option(
    "--fault", "faults", multiple=True, metavar="PLAN", help='Disturb the line: "drop rst before reply createOrder".'
)
@click.option(
    "--allow-production", multiple=True, metavar="HOST", help="Allow faults on the live line of this production host."
)
@click.option("--addon", is_flag=True, help="Print the path of the addon for plain mitmproxy (mitmdump -s) and exit.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def record(
    venue: str | None,
    to: tuple[str, ...],
    sim: bool,
    listen: str,
    listen_anywhere: bool,
    out: Path,
    mode: str,
    allow_host: tuple[str, ...],
    map_file: Path | None,
    rotate: str | None,
    trust: Path | None,
    read_on: float,
    hand_over: int,
    keep_secrets: bool,
    faults: tuple[str, ...],
    allow_production: tuple[str, ...],
    addon: bool,
    command: tuple[str, ...],
) -> None:
    """Record what a bot and a venue say to each other.

    Without COMMAND it records until Ctrl-C. With it, the bot runs as a child: {url} and {url:NAME} in its arguments and
    WSREPLAY_URL in its environment say where to connect; its output goes to standard error, its exit code is passed on.

    \b
    Examples:
      wsreplay record --to wss://venue.example/ws
      wsreplay record --to ws://127.0.0.1:9001 -- python bot.py {url}
      wsreplay record --to wss://ws.venue.example --to rest=https://api.venue.example -- ./bot
      wsreplay record --venue reya --sim -- python bot.py {url} {url:rest}
      wsreplay record --venue reya --sim --fault "drop rst before reply createOrder #2" -- ./bot {url} {url:rest}
      wsreplay record --mode regular --allow-host venue.example -- python bot.py
      mitmdump -s "$(wsreplay record --addon)"
    """
    if addon:
        from wsreplay import proxy

        click.echo(Path(proxy.__file__).with_name("addon.py"))
        return
    # mitmproxy takes a second to import.
    from wsreplay.analysis.catalogue import update
    from wsreplay.analysis.incidents import FINISHER
    from wsreplay.faults.plan import load_plan
    from wsreplay.faults.safety import check_live_faults
    from wsreplay.proxy.companion import Companion
    from wsreplay.proxy.loop import new_loop
    from wsreplay.proxy.plan import RecordingPlan
    from wsreplay.proxy.recording import Recording
    from wsreplay.proxy.upstream import parse_listen, parse_upstream
    from wsreplay.venues.registry import dialect_described, venue_at
    from wsreplay.venues.simulation import simulator

    host, port = parse_listen(listen, anywhere=listen_anywhere)
    with contextlib.ExitStack() as companions:
        if sim:
            if to or venue is None:
                raise UserError("--sim takes the place of --to, and needs --venue to know which venue to be")
            names = simulator(venue).siblings
            command_line = [sys.executable, "-P", "-m", "wsreplay", "simulate", venue]
            companion = companions.enter_context(Companion(command_line, 1 + len(names)))
            to = tuple(f"{name}={url}" if name else url for name, url in companion.urls.items())
        upstreams = tuple(parse_upstream(text) for text in to)
        if venue is None and map_file is None:
            venue = venue_at([upstream.host for upstream in upstreams] + list(allow_host))
        read_by = dialect_described(venue, map_file)
        plan = RecordingPlan(
            upstreams=upstreams,
            mode=mode,
            listen_host=host,
            listen_port=port,
            out=out,
            venue=venue,
            map_file=map_file,
            rotate=rotate,
            allow_hosts=allow_host,
            keep_secrets=keep_secrets,
            read_on=read_on,
            trust=trust,
            hand_over=hand_over << 20,
            command=command,
            fault_plan=load_plan(faults) if faults else None,
        )
        if faults:
            check_live_faults(plan.hosts(), read_by.production_hosts, allow_production)

        def say(text: str) -> None:
            click.echo(text)
            sys.stdout.flush()

        def tell(text: str) -> None:
            click.echo(f"wsreplay: {text}", err=True)

        def show(text: str) -> None:
            # One line that is written over and over; the bot's own output would be torn by it.
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

        watched = sys.stderr.isatty() and not command

        async def run() -> None:
            recorded = await Recording(
                plan, say=say, tell=tell, finishers=(FINISHER,), decode=read_by.decode, show=show if watched else None
            ).run()
            update(recorded.path.parent)
            say(f"capture {recorded.path}")
            if recorded.exit_code:
                sys.exit(recorded.exit_code)

        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(run())
