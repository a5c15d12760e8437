"""``wsreplay export``: a capture in another program's format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import CapturePath

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.captures.capture import Capture

_FORMATS = ("arrow", "duckdb", "har", "jsonl", "parquet", "pcapng", "trace")


@click.command(
    epilog="""\b
Examples:
  wsreplay export session.parquet --to har
  wsreplay export session.parquet --to pcapng -o session.pcapng && wireshark session.pcapng
  wsreplay export session.parquet --to duckdb -o session.duckdb && duckdb session.duckdb "FROM requests"
  wsreplay export session.parquet --to parquet --conn 2 -o conn2.parquet
"""
)
@click.argument("capture", metavar="CAPTURE", type=CapturePath())
@click.option("--to", "form", type=click.Choice(_FORMATS), required=True, help="The format.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to this file; without it, to the capture's name in the current folder.",
)
@click.option("--where", metavar="SQL", help="Only rows for which this holds, a condition over the columns of events.")
@click.option("--conn", metavar="N", type=click.IntRange(min=1), help="Only this connection.")
@click.option("--from", "first", metavar="SEQ", type=click.IntRange(min=0), default=0, help="From this event on.")
@click.option("--to-seq", "last", metavar="SEQ", type=click.IntRange(min=0), help="Up to this event.")
def export(
    capture: Path, form: str, out: Path | None, where: str | None, conn: int | None, first: int, last: int | None
) -> None:
    """Write a capture, or a part of it, in another program's format.

    \b
    arrow    Arrow IPC file, every column
    duckdb   a DuckDB database with all the views
    har      HTTP archive with WebSocket messages, for browsers' tools
    jsonl    one JSON object an event, every column
    parquet  a capture of its own, for a part of this one
    pcapng   packets for Wireshark, framed anew in plain text
    trace    Perfetto and chrome://tracing: requests as slices
    """
    from wsreplay.analysis.exports import FORMATS, Wanted
    from wsreplay.analysis.exports import export as write
    from wsreplay.captures.capture import Capture
    from wsreplay.captures.sql_error import QueryError

    with Capture.open(capture) as opened:
        place = out if out is not None else Path(f"{opened.name}{FORMATS[form].suffix}")
        _check(opened, place, named=out is not None)
        wanted = Wanted(opened, where=where, conn=conn, first=first, last=last, progress=_progress())
        try:
            written = write(wanted, form, place)
        except QueryError as error:
            raise UserError(f"--where: {error}") from error
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    click.echo(f"{place}: {written:,} {_WHAT.get(form, 'rows')}")


_WHAT = {"har": "entries", "pcapng": "packets", "trace": "records"}


def _check(capture: Capture, place: Path, *, named: bool) -> None:
    if str(place) == "-":
        raise UserError("-o -: an export becomes a file when it is whole: name one")
    if place.resolve() in {file.resolve() for file in capture.files}:
        raise UserError(f"{place} is the capture itself: name another file with -o")
    if not named and place.exists():
        raise UserError(f"{place} is there already: name a file with -o")


def _progress() -> Callable[[int], None]:
    def show(rows: int) -> None:
        sys.stderr.write(f"\r\x1b[K{rows:,} rows")
        sys.stderr.flush()

    return show if sys.stderr.isatty() else lambda _: None
