"""``wsreplay run``: be the bot of a recording, against a server."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, override

import click
import msgspec

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import CapturePath
from wsreplay.cli.plain_errors import tell
from wsreplay.cli.scenario_name import ScenarioName, scenario_for

if TYPE_CHECKING:
    from wsreplay.captures.capture import Capture
    from wsreplay.replay.performance import Performed
    from wsreplay.replay.script import Script

DIVERGED = 1
_SPEED = re.compile(r"(\d+(?:\.\d+)?|\.\d+)x", re.IGNORECASE)
_SHOWN = 5
"""Divergences that are told one by one."""


STEP = -1.0
"""The speed of whoever presses a key."""


class Speed(click.ParamType[Any]):
    """How fast: original, max, a multiple of the original or, where ``steps`` may be taken, step by step."""

    name = "speed"

    def __init__(self, *, steps: bool = False) -> None:
        self._steps = steps

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it as a multiple."""
        if isinstance(value, float):
            return value
        if value in ("original", "max"):
            return 1.0 if value == "original" else inf
        if value == "step" and self._steps:
            return STEP
        found = _SPEED.fullmatch(str(value))
        if found is None or not float(found[1]):
            words = "original, max, step," if self._steps else "original, max,"
            self.fail(f"{value!r} is no speed: give {words} or a multiple such as 2x or 0.5x", param, ctx)
        return float(found[1])


@click.command()
@click.argument("capture", metavar="CAPTURE", type=CapturePath())
@click.option(
    "--to",
    metavar="[NAME=]URL",
    multiple=True,
    help="The server to replay against, and with names its siblings; without it, the venue's simulator or, where there "
    "is none, the recorded venue itself.",
)
@click.option(
    "--speed",
    type=Speed(steps=True),
    default="original",
    show_default=True,
    metavar="original|max|step|Nx",
    help="Keep the recorded times, wait for nothing but replies, halt before each step, or go N times as fast.",
)
@click.option("--from", "first", metavar="SEQ", type=click.IntRange(min=0), default=0, help="Send from this event on.")
@click.option("--to-seq", "last", metavar="SEQ", type=click.IntRange(min=0), help="Send up to this event.")
@click.option("--where", metavar="SQL", help="Send only what this holds for, a condition over the columns of events.")
@click.option("--conn", metavar="N", type=click.IntRange(min=1), help="Send only what this connection sent.")
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the private key that signs the orders; the simulator needs none.",
)
@click.option(
    "--secrets",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with other secrets of the client, NAME=VALUE a line, or TOML; WSREPLAY_SECRET_NAME gives one, too.",
)
@click.option(
    "--fault", "faults", multiple=True, metavar="PLAN", help='Disturb the lines: "drop rst before reply createOrder".'
)
@click.option(
    "--scenario",
    type=ScenarioName(),
    help="A named mishap: faults, and a bot that does not mind them; see docs/scenarios.md.",
)
@click.option(
    "--virtual", is_flag=True, help="On virtual time, in this process: waits for nothing, repeats to the byte."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    metavar="N",
    help="What the simulator's chances are drawn from; with --virtual, everything's.",
)
@click.option(
    "--allow-production",
    metavar="HOST",
    multiple=True,
    help="Allow this production host. The orders are real there.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("captures"),
    show_default=True,
    help="Folder for the replay's own capture.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one object a line.")
def run(
    capture: Path,
    to: tuple[str, ...],
    speed: float,
    first: int,
    last: int | None,
    where: str | None,
    conn: int | None,
    key: Path | None,
    secrets: Path | None,
    faults: tuple[str, ...],
    scenario: str | None,
    virtual: bool,
    seed: int,
    allow_production: tuple[str, ...],
    out: Path,
    form: str,
) -> None:
    """Replay a capture: be its bot against a server, and compare.

    What the client sent is sent again, each message when the replies that came before it are in. Order ids, nonces,
    deadlines, signatures and the tokens of a login are made new. The replay is recorded as a capture of its own, named
    in the last line.
    Nothing is ever sent to where the capture was recorded, unless --to says so.

    Exit codes: 0 reproduced, 1 diverged, 2 could not run. With --scenario: 0 if all that it expects came of it, else 1.

    \b
    Examples:
      wsreplay run session.parquet
      wsreplay run session.parquet --speed max
      wsreplay run session.parquet --speed step
      wsreplay run session.parquet --virtual
      wsreplay run session.parquet --scenario disconnect-in-flight
      wsreplay run session.parquet --fault "drop rst before reply createOrder #2"
      wsreplay run session.parquet --to ws://127.0.0.1:9001 --to rest=http://127.0.0.1:9002
      wsreplay run session.parquet --from 100 --to-seq 250 --conn 2
      wsreplay run session.parquet --where "op <> 'cancelAll'" --format json
    """
    from wsreplay.captures.capture import Capture
    from wsreplay.cli.stepping import Stepping
    from wsreplay.faults.plan import load_plan
    from wsreplay.replay.given_secrets import load_secrets, secrets_in
    from wsreplay.replay.key import load_key
    from wsreplay.replay.performance import Plan, performed, script_of

    with Capture.open(capture) as opened:
        plan = Plan(
            to=to,
            speed=inf if speed == STEP else speed,
            wanted=_wanted(opened, first, last, where, conn),
            until=last,
            key=load_key(key) if key is not None else None,
            secrets=secrets_in(os.environ) | (load_secrets(secrets) if secrets is not None else {}),
            allow_production=allow_production,
            out=out,
            fault_plan=load_plan(faults) if faults else None,
            scenario=scenario_for(scenario, opened),
            virtual=virtual,
            seed=seed,
        )
        script = script_of(opened, plan)
        if to:
            plan = msgspec.structs.replace(plan, secrets={**plan.secrets, **_asked_for(script, plan.secrets)})
        if virtual and speed == STEP:
            raise UserError("--speed step waits for a person, and virtual time for nobody: leave out one of them")
        gate = Stepping(opened, script) if speed == STEP else None
        replay = performed(opened, plan, script=script, gate=gate, tell=_tell)
    for line in [_json(replay)] if form == "json" else _text(replay, virtual):
        click.echo(line)
    click.echo(f"capture {replay.path}")
    produced = replay.produced
    if produced.missing if produced is not None else not replay.verdict.reproduced:
        sys.exit(DIVERGED)


def _tell(text: str) -> None:
    """Say what takes its time, to whoever watches."""
    if sys.stderr.isatty():
        click.echo(f"wsreplay: {text}", err=True)


def _asked_for(script: Script, given: Mapping[str, str]) -> dict[str, str]:
    """The secrets that are missing, from whoever sits at the terminal."""
    from wsreplay.cli.harmless import harmless
    from wsreplay.replay.performance import missing_secrets

    names = [harmless(name) for name in missing_secrets(script, given)]
    if not names:
        return {}
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        told = ", ".join(f"WSREPLAY_SECRET_{name.upper().replace('-', '_')}" for name in names)
        tell(f"not known, and sent as redacted: {', '.join(names)}; give them with --secrets FILE or {told}")
        return {}
    given = {}
    for name in names:
        text = f"{name} (hidden; empty: as recorded)"
        given[name] = click.prompt(text, "", hide_input=True, err=True, show_default=False)
    return {name: value for name, value in given.items() if value}


def _wanted(
    capture: Capture, first: int, last: int | None, where: str | None, conn: int | None
) -> frozenset[int] | None:
    """The addresses of what is selected; None: everything is."""
    if not first and last is None and where is None and conn is None:
        return None
    from wsreplay.analysis.selection import Selection
    from wsreplay.captures.sql_error import QueryError

    with Selection(capture, where=where, conn=conn, first=first) as selection:
        try:
            seqs = (seq for batch in selection.batches() for seq in batch.column("seq").to_pylist())
            return frozenset(seq for seq in seqs if last is None or seq <= last)
        except QueryError as error:
            raise UserError(f"--where: {error}") from error


def _text(performed: Performed, virtual: bool) -> list[str]:
    from wsreplay.cli.divergence import context_lines
    from wsreplay.cli.harmless import harmless
    from wsreplay.cli.units import duration

    verdict, produced = performed.verdict, performed.produced
    lines = "1 line" if performed.lines == 1 else f"{performed.lines} lines"
    text = [
        f"re-driven: {performed.requests} messages and requests on {lines}, against {performed.target}, "
        f"in {duration(performed.took_ns)}{f' of virtual time ({duration(performed.computed_ns)})' if virtual else ''}"
    ]
    fired = Counter(performed.faults)
    text += [harmless(f"fault: {fault}{f', {count} times' if count > 1 else ''}") for fault, count in fired.items()]
    if performed.held_back:
        text.append(f"not sent: {performed.held_back} messages that never reached the venue in the recording, either")
    if performed.gaps:
        text.append(f"the recording has {performed.gaps} gaps: what is missing there could not be sent")
    width = max((len(op) for op, _, _ in verdict.outcomes), default=0)
    text += [f"  {op:{width}}  {count:>4}  {outcome}" for op, outcome, count in verdict.outcomes]
    if verdict.incidents:
        text.append(f"again: {', '.join(verdict.incidents)}")
    if produced is not None:
        text.append(str(produced))
    if verdict.first is None:
        text.append("reproduced: what became of each request is what became of it in the recording")
        return [harmless(line) for line in text]
    text.append(f"diverged at #{verdict.first.seq}: {verdict.first}")
    text = [harmless(line) for line in text]
    text += context_lines(performed.context, ("in the recording", "in the replay"))
    text += [
        harmless(f"  then at #{each.seq}: {each.what if each.about == 'incident' else each}")
        for each in verdict.divergences[1:_SHOWN]
    ]
    if len(verdict.divergences) > _SHOWN:
        text.append(f"  and {len(verdict.divergences) - _SHOWN} more")
    return text


def _json(performed: Performed) -> str:
    from wsreplay.cli.divergence import context_json
    from wsreplay.cli.harmless import harmless_json

    verdict = performed.verdict
    said = {
        "verdict": "reproduced" if verdict.reproduced else "diverged",
        "first_divergence": verdict.first,
        "divergences": verdict.divergences,
        "context": context_json(performed.context),
        "outcomes": [{"op": op, "outcome": outcome, "count": count} for op, outcome, count in verdict.outcomes],
        "incidents": verdict.incidents,
        "sent": performed.requests,
        "lines": performed.lines,
        "held_back": performed.held_back,
        "gaps": performed.gaps,
        "faults": performed.faults,
        "scenario": performed.produced,
        "took_ns": performed.took_ns,
        "computed_ns": performed.computed_ns,
        "target": performed.target,
        "capture": str(performed.path),
    }
    return harmless_json(msgspec.json.encode(said).decode())
