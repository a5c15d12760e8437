"""``wsreplay decode``: work out anew what a capture means."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wsreplay.cli.capture_argument import CapturePath, places_of
from wsreplay.cli.plain_errors import WRONG, tell


@click.command(
    epilog="\b\nExamples:\n  wsreplay decode captures/*.parquet\n  wsreplay decode old.parquet --venue reya\n"
    "  wsreplay decode old.parquet --map venue.toml"
)
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True, type=CapturePath())
@click.option("--venue", metavar="VENUE", help="Read it as this venue's; without it, as the venue's that it says.")
@click.option(
    "--map",
    "map_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file that names the fields of a venue without a dialect.",
)
def decode(captures: tuple[Path, ...], venue: str | None, map_file: Path | None) -> None:
    """Decode captures again, in place: replies, outcomes, orders and incidents.

    What was observed (payloads, clocks, connections) never changes; what was derived from it is worked out anew by the
    dialect as it is today, or by another one. A capture is replaced only by one that is whole. CAPTURE is a capture, a
    folder of captures or a pattern.
    """
    from wsreplay.analysis.incidents import FINISHER
    from wsreplay.captures.decode_again import decode_again
    from wsreplay.captures.errors import CaptureError

    shows = sys.stderr.isatty()

    def progress(rows: int) -> None:
        if shows:
            sys.stderr.write(f"\r\x1b[K{rows:,} rows")
            sys.stderr.flush()

    failed = False
    paths = places_of(list(captures))
    for path in paths:
        try:
            made = decode_again(path, venue=venue, map_file=map_file, finishers=(FINISHER,), progress=progress)
        except CaptureError as error:
            if len(paths) == 1:
                raise
            tell(str(error))
            failed = True
            continue
        if shows:
            sys.stderr.write("\r\x1b[K")
        change = (
            f"{made.incidents}"
            if made.incidents == made.incidents_before
            else (f"{made.incidents} in place of {made.incidents_before}")
        )
        click.echo(
            f"{made.path}: {made.rows:,} rows as {made.venue} (dialect version {made.dialect_version}), "
            f"incidents: {change}"
        )
    if failed:
        sys.exit(WRONG)
