"""``wsreplay incidents``: what went wrong in captures."""

from __future__ import annotations

import shlex
import sys
from difflib import get_close_matches
from pathlib import Path
from textwrap import wrap
from typing import IO, TYPE_CHECKING

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import CapturePath, open_captures
from wsreplay.cli.harmless import harmless
from wsreplay.cli.terminal import columns, in_colour

if TYPE_CHECKING:
    from wsreplay.analysis.incidents.incident import Incident
    from wsreplay.captures.capture import Capture

_SHOWN = 10
"""Incidents of one kind that are told in full, unless all are asked for."""
_INDENT = "  "
_FOUND = 1


@click.command(
    epilog="""\b
Examples:
  wsreplay incidents session.parquet
  wsreplay incidents captures/*.parquet --fail-on duplicate-order,blind-retry
  wsreplay incidents session.parquet --format json | jq '.[] | select(.certainty == "proven") | .summary'

Exit codes: 0, or 1 if --fail-on names a kind that was found; 2 wrong use or bad input.
"""
)
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True, type=CapturePath())
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one array, an incident a row."
)
@click.option("--fail-on", metavar="KIND,...", multiple=True, help="Exit with 1 if one of these kinds is found.")
@click.option("--all", "everything", is_flag=True, help=f"Text: all of a kind, not only the first {_SHOWN}.")
def incidents(captures: tuple[Path, ...], form: str, fail_on: tuple[str, ...], everything: bool) -> None:
    """Tell what went wrong: duplicate orders, lost replies, refusals, broken lines.

    CAPTURE is a capture, a folder of captures or a pattern. A recording stores its incidents when it ends; a capture
    without any (one that goes on, or was cut off) is searched now. An incident is proven if the recording shows it, and
    possible if it may be otherwise. All kinds are explained in docs/incidents.md.
    """
    from wsreplay.analysis.incidents.search import incidents_of

    wanted = kinds_in(fail_on)
    opened = open_captures(captures)
    try:
        found = [(capture, incidents_of(capture)) for capture in opened]
    finally:
        for capture in opened:
            capture.close()
    if form == "json":
        _write_json(found)
    else:
        _write_text(found, everything)
    if any(incident.kind in wanted for _, all_of_it in found for incident in all_of_it):
        sys.exit(_FOUND)


def kinds_in(texts: tuple[str, ...]) -> set[str]:
    """The kinds that lists with commas name."""
    from wsreplay.analysis.incidents.incident import KINDS

    wanted = {kind.strip() for text in texts for kind in text.split(",") if kind.strip()}
    for kind in sorted(wanted):
        if kind not in KINDS:
            near = get_close_matches(kind.lower(), KINDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(KINDS)}"
            raise UserError(f"--fail-on: there is no kind of incident {kind!r}, {hint}")
    if texts and not wanted:
        raise UserError("--fail-on names no kind of incident")
    return wanted


def _write_json(found: list[tuple[Capture, list[Incident]]]) -> None:
    from wsreplay.cli.json_text import write_array

    rows = ({"capture": str(capture.path), **incident.as_json()} for capture, all_ in found for incident in all_)
    write_array(rows, sys.stdout)


def _write_text(found: list[tuple[Capture, list[Incident]]], everything: bool) -> None:
    for number, (capture, all_of_it) in enumerate(found):
        if number:
            sys.stdout.write("\n")
        write_story(capture.path, all_of_it, sys.stdout, shown=None if everything else _SHOWN)


def write_story(path: Path, found: list[Incident], out: IO[str], *, shown: int | None = _SHOWN) -> None:
    """The incidents of the capture at ``path`` as people read them, by kind; what may have cost money comes first."""
    from wsreplay.analysis.incidents.incident import BY_WEIGHT

    name = harmless(str(path))
    number = f"{len(found):,} incident{'s' if len(found) != 1 else ''}" if found else "no incidents"
    out.write(f"{_bold(name)}: {number}\n")
    known = {kind: place for place, kind in enumerate(BY_WEIGHT)}
    for kind in sorted({incident.kind for incident in found}, key=lambda kind: (known.get(kind, len(known)), kind)):
        of_kind = [incident for incident in found if incident.kind == kind]
        count = f" ({len(of_kind):,})" if len(of_kind) > 1 else ""
        out.write(f"\n{_bold(harmless(kind))}{count}\n")
        for incident in of_kind[:shown]:
            _write_incident(path, incident, out)
        rest = len(of_kind) - (shown or len(of_kind))
        if rest > 0:
            out.write(f"{_INDENT}and {rest:,} more: --all tells them\n")
        _write_advice(of_kind, out)


def _write_incident(path: Path, incident: Incident, out: IO[str]) -> None:
    summary = harmless(incident.summary)
    if incident.certainty == "possible":
        summary = f"[possible] {summary}"
    _write_wrapped(summary, out)
    first = min(incident.evidence, default=incident.seq)
    command = harmless(f"wsreplay show {shlex.quote(f'{path}#{first}')}")
    evidence = ", ".join(map(str, incident.evidence[:12])) + (", …" if len(incident.evidence) > 12 else "")
    out.write(_dim(f"{_INDENT}{_at(incident)}, events {evidence}: {command}") + "\n")


def _write_advice(of_kind: list[Incident], out: IO[str]) -> None:
    """What to do, once for all of a kind."""
    for advice in dict.fromkeys(incident.advice for incident in of_kind if incident.advice):
        _write_wrapped(f"What to do: {harmless(advice)}", out)


def _write_wrapped(text: str, out: IO[str]) -> None:
    width = columns()
    lines = [text] if width is None else wrap(text, max(width - len(_INDENT), 20), break_on_hyphens=False)
    out.writelines(f"{_INDENT}{line}\n" for line in lines)


def _at(incident: Incident) -> str:
    from wsreplay.cli.units import TimeOfDay

    return TimeOfDay(dated=True)(incident.at_ns)


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if in_colour() else text


def _dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m" if in_colour() else text
