"""``wsreplay report``: a session as one page to read and to send."""

from __future__ import annotations

from pathlib import Path

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import CapturePath
from wsreplay.cli.units import size


@click.command(
    epilog="\b\nExamples:\n  wsreplay report session.parquet\n  wsreplay report session.parquet -o /tmp/session.html"
)
@click.argument("capture", metavar="CAPTURE", type=CapturePath())
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.html",
    help="Write to this file; without it, beside the capture.",
)
def report(capture: Path, out: Path | None) -> None:
    """Write a session as one HTML page: its story, a timeline to zoom, incidents, latency, orders.

    One file that asks nothing of the network: it works from a mail attachment, in light and dark, and on paper. What
    strangers wrote into the capture is only ever text on it.
    """
    from wsreplay.analysis.report import write_report
    from wsreplay.captures.capture import Capture

    with Capture.open(capture) as opened:
        place = out if out is not None else opened.path.with_name(f"{opened.name}.html")
        if place.resolve() in {file.resolve() for file in opened.files}:
            raise UserError(f"{place} is the capture itself: name another file with -o")
        written = write_report(opened, place)
    click.echo(f"{place}: {size(written)}")
