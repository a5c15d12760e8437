"""``wsreplay debug``: walk through a session like through code."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import DEFAULT_FOLDER, Address, CaptureAddress, CapturePath


@click.command(
    epilog="""\b
Examples:
  wsreplay debug session.parquet
  wsreplay debug session.parquet#1834
  wsreplay debug bad.parquet --against good.parquet
  wsreplay debug --live
"""
)
@click.argument("capture", metavar="[CAPTURE[#SEQ]]", type=CaptureAddress(), required=False)
@click.option("--live", is_flag=True, help="Follow a recording that goes on; without CAPTURE the newest in ./captures.")
@click.option("--against", metavar="CAPTURE", type=CapturePath(), help="Show how messages differ from this capture's.")
@click.option(
    "--theme", type=click.Choice(["dark", "light"]), help="Without it: as the terminal says it is, else dark."
)
def debug(capture: Address | None, live: bool, against: Path | None, theme: str | None) -> None:
    """Walk through a session like through code, in the terminal.

    It opens at the worst incident, with the sentence that tells it; with #SEQ at that event. Messages are lines between
    bot and venue; below them are the payload, the decoded facts, and the state at the cursor: connections, requests in
    flight, open orders. It steps along connections, from requests to replies and between incidents, and runs to
    conditions in SQL, forward and backward. ? shows all keys.
    """
    if capture is None:
        if not live:
            raise click.UsageError("missing argument 'CAPTURE'")
        capture = Address(_newest_live())
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError("the debugger needs a terminal: use `wsreplay show` or `wsreplay incidents` in a pipe")
    from wsreplay.debugger.app import run

    run(capture.path, capture.seq, against, None if theme is None else f"wsreplay-{theme}", live=live)


def _newest_live() -> Path:
    """The newest recording that goes on; their names begin with the time."""
    found = sorted(DEFAULT_FOLDER.glob("*.live"), reverse=True) if DEFAULT_FOLDER.is_dir() else []
    if not found:
        raise UserError(f"nothing is being recorded in {DEFAULT_FOLDER}: name the .live folder of a recording")
    return found[0]
