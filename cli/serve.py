"""``wsreplay serve``: be the venue of a recording, for a bot in any language."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import CapturePath
from wsreplay.cli.run import Speed
from wsreplay.cli.scenario_name import ScenarioName, scenario_for

if TYPE_CHECKING:
    from wsreplay.captures.capture import Capture
    from wsreplay.faults.plan import FaultPlan
    from wsreplay.proxy.recording import Recorded
    from wsreplay.replay.produced import Produced
    from wsreplay.replay.served.outcome import ServedOutcome
    from wsreplay.replay.served.venue import Unmatched

DIVERGED = 1
_SHOWN = 5
"""Divergences, and requests that were never recorded, that are told one by one."""
_READ_ON_S = 3.0


@click.command()
@click.argument("capture", metavar="CAPTURE", type=CapturePath())
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND ...]")
@click.option(
    "--listen",
    default="127.0.0.1:0",
    show_default=True,
    metavar="HOST:PORT",
    help="Where the bot connects; port 0 takes a free one, further addresses of the recording the next ones.",
)
@click.option("--listen-anywhere", is_flag=True, help="Allow an address that other machines can reach.")
@click.option(
    "--unmatched",
    type=click.Choice(["error", "simulator", "silent"]),
    default="error",
    show_default=True,
    help="What answers a request that was never recorded: the venue's error, its simulator, or nothing.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="PLAN",
    help="Disturb the line, in place of the faults that the recording was made with.",
)
@click.option(
    "--scenario",
    type=ScenarioName(),
    help="Disturb the line as a named mishap does, in place of the recording's faults; see docs/scenarios.md.",
)
@click.option("--no-recorded-faults", is_flag=True, help="Do not repeat the faults that the recording was made with.")
@click.option(
    "--speed",
    type=Speed(),
    default="original",
    show_default=True,
    metavar="original|max|Nx",
    help="The venue's pace: as recorded, at once, or N times as fast.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("captures"),
    show_default=True,
    help="Folder for the session's own capture.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one object a line.")
def serve(
    capture: Path,
    command: tuple[str, ...],
    listen: str,
    listen_anywhere: bool,
    unmatched: Unmatched,
    faults: tuple[str, ...],
    scenario: str | None,
    no_recorded_faults: bool,
    speed: float,
    out: Path,
    form: str,
) -> None:
    """Be the venue of a capture: answer a live bot with what was recorded, and compare.

    Requests are known by what they mean, not by their ids or times; pushes come in their recorded place and pace; what
    the venue sees of the bot is recorded as a capture of its own, named in the last line. Faults that the recording was
    made with strike again. Without COMMAND it serves until Ctrl-C. With it, the bot runs as a child: {url} and
    {url:NAME} in its arguments and WSREPLAY_URL in its environment say where to connect.

    Exit codes: 0 reproduced, 1 diverged, 2 could not run.

    \b
    Examples:
      wsreplay serve session.parquet -- python bot.py {url} {url:rest}
      wsreplay serve session.parquet --listen 127.0.0.1:9000
      wsreplay serve session.parquet --fault "drop rst before reply createOrder #2" -- ./bot {url}
      wsreplay serve session.parquet --scenario server-shutdown -- ./bot {url}
      wsreplay serve session.parquet --no-recorded-faults --unmatched simulator -- ./bot {url} {url:rest}
      wsreplay serve session.parquet --speed max --format json -- node bot.js {url}
    """
    from wsreplay.captures.capture import Capture
    from wsreplay.faults.plan import load_plan
    from wsreplay.proxy.loop import new_loop
    from wsreplay.replay.produced import produced_by
    from wsreplay.replay.served.outcome import outcome_of

    with Capture.open(capture) as opened, asyncio.Runner(loop_factory=new_loop) as runner:
        mishap = scenario_for(scenario, opened)
        plan = load_plan(faults) if faults else None
        if mishap is not None:
            if mishap.plan is None:
                raise UserError(
                    f"the scenario {mishap.name} is about what the bot does, and here that is yours: try wsreplay run"
                )
            plan = mishap.with_faults(plan)
        elif plan is None and not no_recorded_faults:
            plan = _recorded_faults(opened)
        recorded, missed = runner.run(
            _session(opened, unmatched, speed, plan, listen=listen, anywhere=listen_anywhere, out=out, command=command)
        )
        with Capture.open(recorded.path) as live:
            outcome = outcome_of(opened, live, missed, speed)
            produced = produced_by(mishap, opened, live) if mishap is not None else None
    if not outcome.lines and not outcome.requests:
        click.echo(f"capture {recorded.path}")
        raise UserError("could not run: no bot connected to the address that stands above")
    for line in [_json(outcome, recorded, produced)] if form == "json" else _text(outcome, recorded, command, produced):
        click.echo(line)
    click.echo(f"capture {recorded.path}")
    if not outcome.reproduced:
        sys.exit(DIVERGED)


def _recorded_faults(capture: Capture) -> FaultPlan | None:
    from wsreplay.faults.plan import FaultPlan

    stored = capture.metadata.fault_plan
    if not isinstance(stored, dict):
        return None
    try:
        return FaultPlan.from_json(stored)
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{capture.path} has a fault plan that can't be read ({error}); use --no-recorded-faults, or name --fault"
        ) from error


async def _session(
    capture: Capture,
    unmatched: Unmatched,
    speed: float,
    faults: FaultPlan | None,
    *,
    listen: str,
    anywhere: bool,
    out: Path,
    command: tuple[str, ...],
) -> tuple[Recorded, tuple[Any, ...]]:
    """Serve, with the recorder in front, until the bot ends or a signal comes."""
    # mitmproxy takes a second to import.
    from wsreplay.analysis.incidents import FINISHER
    from wsreplay.captures.read_by import MAP, dialect_of
    from wsreplay.cli.plain_errors import tell
    from wsreplay.proxy.plan import RecordingPlan
    from wsreplay.proxy.recording import Recording
    from wsreplay.proxy.upstream import parse_listen, parse_upstream
    from wsreplay.replay.serving import served

    host, port = parse_listen(listen, anywhere=anywhere)
    about = capture.metadata

    def say(text: str) -> None:
        click.echo(text)
        sys.stdout.flush()

    with tempfile.TemporaryDirectory() as folder:
        described = about.notes.get(MAP)
        map_file = None
        if isinstance(described, str):
            map_file = Path(folder) / "map.toml"
            map_file.write_text(described)
        async with served(capture, unmatched=unmatched, speed=speed, tell=tell) as server:
            upstreams = [parse_upstream(f"{name}={url}" if name else url) for name, url in server.urls.items()]
            plan = RecordingPlan(
                upstreams=tuple(upstreams),
                listen_host=host,
                listen_port=port,
                out=out,
                venue=None if map_file else about.venue,
                map_file=map_file,
                command=command,
                fault_plan=faults,
                # When a fault cuts the bot off, the venue has as long for its last words as it ever took.
                read_on=min(_READ_ON_S, 0.5 + server.venue.script.slowest_ns / speed / 1e9),
                kind="serve",
                notes={"serve_of": about.recording or capture.name, "unmatched": unmatched},
            )
            recording = Recording(
                plan, say=say, tell=tell, finishers=(FINISHER,), decode=dialect_of(about).decode if faults else None
            )
            recorded = await recording.run()
            return recorded, tuple(server.venue.missed.values())


def _text(outcome: ServedOutcome, recorded: Recorded, command: tuple[str, ...], produced: Produced | None) -> list[str]:
    from wsreplay.cli.harmless import harmless

    verdict = outcome.verdict
    text = [f"served: {_many(outcome.requests, 'request')} on {_many(outcome.lines, 'line')}"]
    if command and recorded.exit_code:
        text.append(f"the bot ended with exit code {recorded.exit_code}")
    width = max((len(op) for op, _, _ in verdict.outcomes), default=0)
    text += [f"  {op:{width}}  {count:>4}  {told}" for op, told, count in verdict.outcomes]
    for stranger in outcome.strangers[:_SHOWN]:
        near = f"; the nearest is #{stranger.nearest}: {stranger.difference}" if stranger.nearest is not None else ""
        text.append(f"never recorded: {stranger.what}{near}")
    if len(outcome.strangers) > _SHOWN:
        text.append(f"  and {len(outcome.strangers) - _SHOWN} more")
    if produced is not None:
        text.append(f"scenario {produced.name}: {', '.join(produced.produced) or 'nothing'} came of it")
    if verdict.incidents:
        text.append(f"again: {', '.join(verdict.incidents)}")
    if outcome.reproduced:
        text.append("reproduced: the bot did what the recorded one had done, and the same came of it")
    if verdict.first is not None:
        text.append(f"diverged at #{verdict.first.seq}: {verdict.first}")
        text += [f"  then at #{each.seq}: {each}" for each in verdict.divergences[1:_SHOWN]]
    elif outcome.strangers:
        text.append("diverged: the bot asked what was never recorded")
    if len(verdict.divergences) > _SHOWN:
        text.append(f"  and {len(verdict.divergences) - _SHOWN} more")
    return [harmless(line) for line in text]


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _json(outcome: ServedOutcome, recorded: Recorded, produced: Produced | None) -> str:
    import msgspec

    verdict = outcome.verdict
    said = {
        "verdict": "reproduced" if outcome.reproduced else "diverged",
        "first_divergence": verdict.first,
        "divergences": verdict.divergences,
        "outcomes": [{"op": op, "outcome": told, "count": count} for op, told, count in verdict.outcomes],
        "incidents": verdict.incidents,
        "unmatched": outcome.strangers,
        "scenario": produced,
        "requests": outcome.requests,
        "lines": outcome.lines,
        "bot_exit_code": recorded.exit_code,
        "capture": str(recorded.path),
    }
    return msgspec.json.encode(said).decode()
