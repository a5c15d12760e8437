"""``wsreplay show``: a capture line by line, also while it is recorded."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import Address, CaptureAddress, offer_recovery
from wsreplay.cli.plain_errors import tell
from wsreplay.cli.terminal import columns, in_colour

if TYPE_CHECKING:
    import pyarrow as pa

    from wsreplay.analysis.selection import Selection
    from wsreplay.captures.capture import Capture
    from wsreplay.cli.event_line import EventLines

_PAUSE_S = 0.05
_SUCCESSION_S = 5.0
"""A scribe that dies is followed by another within that time, if the proxy lives."""
_KNOWS_RELAY = frozenset({"reverse", "regular", "socks5", "run", "serve"})
"""The modes in which a message without a time of relay is one that was never handed on."""


@click.command(
    epilog="""\b
Examples:
  wsreplay show session.parquet
  wsreplay show session.parquet#4711
  wsreplay show session.parquet --where "error_code IS NOT NULL OR outcome = 'unknown'"
  wsreplay show session.parquet --conn 2 --format json | jq .text
  wsreplay show captures/2026-11-21T06-27-25_venue.live --follow
"""
)
@click.argument("capture", metavar="CAPTURE[#SEQ]", type=CaptureAddress())
@click.option("--where", metavar="SQL", help="Only rows for which this holds, a condition over the columns of events.")
@click.option("--conn", metavar="N", type=click.IntRange(min=1), help="Only this connection.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until the recording ends.")
@click.option("--full", is_flag=True, help="Don't shorten lines to the width of the terminal.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one object a line.")
def show(capture: Address, where: str | None, conn: int | None, follow: bool, full: bool, form: str) -> None:
    """Show a capture line by line, also while it is recorded.

    A line is: address (seq), local time, time since the line before, connection, direction (→ bot to venue, ← venue to
    bot), what it is, size, the facts in it, and the payload. With #SEQ it starts at that event. Payloads are shown with
    control characters escaped; --format json gives every column exactly.
    """
    from wsreplay.analysis.selection import Selection
    from wsreplay.captures.capture import Capture
    from wsreplay.captures.sql_error import QueryError

    with (
        Capture.open(capture.path) as opened,
        Selection(opened, where=where, conn=conn, first=capture.seq) as selection,
    ):
        write = _writer(opened, form, full)
        if not follow:
            offer_recovery(opened)
        try:
            shown = 0
            for batch in _as_it_comes(opened, selection) if follow else selection.batches():
                write(batch)
                shown += batch.num_rows
        except QueryError as error:
            raise UserError(f"--where: {error}") from error
        # Silence would look the same as a capture that says nothing.
        if not shown and not follow and capture.seq and where is None and conn is None:
            raise UserError(f"{capture.path} has no event {capture.seq}, nor one after it: leave out #{capture.seq}")
        if not shown and not follow and (where is not None or conn is not None):
            tell(f"{capture.path} has no such event")


def _as_it_comes(capture: Capture, selection: Selection) -> Iterator[pa.RecordBatch]:
    """The wanted rows so far, and then those that come, until the recording ends."""
    from wsreplay.captures.follow import Follower

    follower = Follower(capture.path)
    abandoned_since: float | None = None
    try:
        while True:
            for batch in follower.read():
                yield from selection.of(batch)
            if follower.over:
                return
            now = time.monotonic()
            abandoned_since = (abandoned_since or now) if follower.abandoned else None
            if abandoned_since is not None and now - abandoned_since > _SUCCESSION_S:
                raise UserError(
                    f"{follower.path} was cut off, nobody records into it any more: "
                    f"finish it with `wsreplay recover {follower.path}`"
                )
            time.sleep(_PAUSE_S)
    finally:
        follower.close()


def _writer(capture: Capture, form: str, full: bool) -> Callable[[pa.RecordBatch], None]:
    from wsreplay.captures.columns import events_of
    from wsreplay.cli.json_text import event_json

    line = event_json if form == "json" else _lines(capture, full).line

    def write(batch: pa.RecordBatch) -> None:
        sys.stdout.write("".join([f"{line(event)}\n" for event in events_of(batch)]))
        sys.stdout.flush()

    return write


def _lines(capture: Capture, full: bool) -> EventLines:
    from wsreplay.cli.event_line import COLOURED, PLAIN, EventLines
    from wsreplay.cli.units import local_day

    segments = capture.segments
    first, last = capture.metadata.clocks.wall_ns, time.time_ns()
    if not capture.path.name.endswith(".live"):
        times = [extent for segment in segments if (extent := segment.extent("at_ns"))]
        # A capture without a single event has no extent.
        first = min((low for low, _ in times), default=first)
        last = max((high for _, high in times), default=first)
    return EventLines(
        width=None if full else columns(),
        style=COLOURED if in_colour() else PLAIN,
        dated=local_day(first) != local_day(last),
        address_width=max(5, len(str(sum(segment.rows for segment in segments)))),
        relayed=capture.metadata.mode in _KNOWS_RELAY,
    )
