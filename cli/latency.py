"""``wsreplay latency``: how long the venue took, and how much of that was the recorder's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from wsreplay.cli.capture_argument import CaptureAddress, open_captures

if TYPE_CHECKING:
    from wsreplay.analysis.database import Database
    from wsreplay.analysis.latency import Bucket, Peer
    from wsreplay.cli.capture_argument import Address

_BARS = " ▏▎▍▌▋▊▉█"
_WIDTH = 50


@click.command(
    epilog="""\b
Examples:
  wsreplay latency session.parquet
  wsreplay latency session.parquet --by op,symbol
  wsreplay latency captures --by capture,op
  wsreplay latency session.parquet --by minute --format csv
  wsreplay latency session.parquet#1834
"""
)
@click.argument("captures", metavar="CAPTURE[#SEQ]...", nargs=-1, required=True, type=CaptureAddress())
@click.option(
    "--by",
    metavar="COLUMN,...",
    default="op",
    show_default=True,
    help="Group by any of op, symbol, channel, conn, minute, venue, kind, answer, capture.",
)
@click.option("--plot", is_flag=True, help="Draw how the latencies are distributed.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
def latency(captures: tuple[Address, ...], by: str, plot: bool, form: str) -> None:
    """Measure how long requests waited for their answers.

    Percentiles of the time from a request's last byte to its reply's, by operation or whatever --by says. net is
    without relay, the time that both spent in the recorder itself (user space only: the kernel's share is not known).
    With #SEQ: one request among those of the same operation.
    """
    from wsreplay.analysis import latency as measured
    from wsreplay.analysis.database import Database
    from wsreplay.cli.answer_formats import write_answer

    words = measured.columns_of([word.strip() for word in by.split(",") if word.strip()])
    opened = open_captures([address.path for address in captures])
    try:
        with Database.of_captures(opened) as database:
            asked = [address.seq for address in captures if address.seq]
            if asked:
                for seq in asked:
                    _tell_peer(measured.peer(database, seq))
                return
            write_answer(measured.percentiles(database, words), form, None)
            if form != "table":
                return
            if plot:
                _plot(measured.histogram(database))
            _notes(database)
    finally:
        for capture in opened:
            capture.close()


def _notes(database: Database) -> None:
    """What else there is to know, for people."""
    from wsreplay.analysis import latency as measured
    from wsreplay.cli.units import duration

    notes = []
    if most := measured.most_in_flight(database):
        notes.append(f"at most {most} in flight on one connection")
    clock = measured.venue_clock(database)
    if clock is not None:
        way = "ahead of" if clock.ahead_ns >= 0 else "behind"
        about = f"give or take {duration(clock.within_ns)} ({clock.samples:,} samples)"
        notes.append(f"the venue's clock is {duration(abs(clock.ahead_ns))} {way} ours, {about}")
    for note in notes:
        click.echo(note)


def _tell_peer(one: Peer) -> None:
    from wsreplay.cli.harmless import harmless
    from wsreplay.cli.units import duration

    ours = f"of which {duration(one.relay_ns)} in the recorder"
    text = f"#{one.seq} {one.op or 'request'}: {duration(one.latency_ns)}, {ours}"
    if one.peers:
        text += f"; slower than {one.below:.1%} of {one.peers:,} others, whose median is {duration(one.p50_ns)}"
    else:
        text += "; there is no other to compare it with"
    click.echo(harmless(text))


def _plot(buckets: list[Bucket]) -> None:
    from wsreplay.cli.units import duration

    most = max((bucket.count for bucket in buckets), default=0)
    for bucket in buckets:
        eighths = round(bucket.count / most * _WIDTH * 8)
        if bucket.count and not eighths:
            eighths = 1
        bar = "█" * (eighths // 8) + _BARS[eighths % 8].strip()
        sys.stdout.write(f"{duration(bucket.from_ns):>9}  {bar} {bucket.count or ''}".rstrip() + "\n")
