"""``wsreplay diff``: two captures side by side."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsreplay.cli.capture_argument import CapturePath
from wsreplay.cli.harmless import harmless

if TYPE_CHECKING:
    from wsreplay.captures.capture import Capture
    from wsreplay.replay.comparison import Compared, Timing
    from wsreplay.replay.verdict import Divergence

_DIFFER = 1
_SHOWN = 10
"""Differences of one sort that are told in full, unless all are asked for."""
_HEADINGS = {
    "request": "requests",
    "order": "orders",
    "channel": "subscriptions",
    "line": "lines",
    "incident": "incidents",
}


@click.command(
    epilog="""\b
Examples:
  wsreplay diff monday.parquet tuesday.parquet
  wsreplay diff session.parquet captures/2026-11-21T06-27-25_venue.parquet --all
  wsreplay diff old-bot.parquet new-bot.parquet --format json | jq '.differences[].what'

Exit codes: 0 the same, 1 they differ, 2 wrong use or bad input.
"""
)
@click.argument("first", metavar="CAPTURE", type=CapturePath())
@click.argument("second", metavar="CAPTURE", type=CapturePath())
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one object on a line."
)
@click.option("--all", "everything", is_flag=True, help=f"Text: all of a sort, not only the first {_SHOWN}.")
def diff(first: Path, second: Path, form: str, everything: bool) -> None:
    """Tell what differs between two captures: requests and their outcomes, lines, incidents.

    Requests are aligned by what they want, lines by where they led, not by position. Times, ids that are given anew and
    the data itself are not compared; how long replies took is told, and decides nothing.
    """
    from wsreplay.captures.capture import Capture
    from wsreplay.replay.comparison import compare

    with Capture.open(first) as one, Capture.open(second) as other:
        compared = compare(one, other)
        if form == "json":
            click.echo(_json(compared, one, other))
        else:
            for line in _text(compared, one, other, None if everything else _SHOWN):
                click.echo(line)
    if not compared.same:
        sys.exit(_DIFFER)


def _text(compared: Compared, one: Capture, other: Capture, shown: int | None) -> Iterator[str]:
    from wsreplay.cli.divergence import context_lines
    from wsreplay.replay.terms import COMPARED

    for name, capture, place in (("first ", one, 0), ("second", other, 1)):
        counts = ", ".join(
            f"{number[place]:,} {noun}{'' if number[place] == 1 else 's'}"
            for number, noun in (
                (compared.requests, "request"),
                (compared.lines, "line"),
                (compared.incidents, "incident"),
            )
        )
        yield harmless(f"{name}  {capture.path}: {capture.metadata.venue}, {counts}")
    differences = compared.verdict.divergences
    for about, heading in _HEADINGS.items():
        of_it = [each for each in differences if each.about == about]
        if not of_it:
            continue
        yield ""
        yield f"{heading} ({len(of_it):,})"
        for each in of_it[:shown]:
            yield harmless(f"  {each.sentence(COMPARED, addressed=False)}")
            yield f"    {_places(each)}"
        if shown is not None and len(of_it) > shown:
            yield f"  and {len(of_it) - shown:,} more: --all tells them"
    yield from _timing(compared)
    if compared.same:
        yield ""
        yield "the same: all requests, lines and incidents of either are in the other, and came to the same end"
        return
    first = compared.verdict.first
    assert first is not None
    yield ""
    yield harmless(f"they differ, first {_where(first)}: {first.what}")
    yield from context_lines(compared.context, ("first", "second"))


def _places(each: Divergence) -> str:
    """Where to look, in either."""
    places = []
    if each.only_in != "replayed":
        places.append(f"first #{each.seq}")
    if each.replay_seq is not None:
        places.append(f"second #{each.replay_seq}")
    return ", ".join(places)


def _where(each: Divergence) -> str:
    if each.only_in == "replayed":
        return f"at #{each.replay_seq} of the second, after #{each.seq} of the first"
    return f"at #{each.seq} of the first"


def _timing(compared: Compared) -> Iterator[str]:
    from wsreplay.cli.units import duration

    if not compared.timing:
        return
    yield ""
    yield "replies, median (for information)"
    width = max(len(harmless(each.op)) for each in compared.timing[:_SHOWN])

    def told(count: int, median: int | None) -> str:
        return "-" if median is None else f"{duration(median)} of {count:,}"

    for each in compared.timing[:_SHOWN]:
        first = told(each.first_count, each.first_median_ns)
        yield f"  {harmless(each.op):{width}}  {first:>18}  {told(each.second_count, each.second_median_ns):>18}"
    if len(compared.timing) > _SHOWN:
        yield f"  and {len(compared.timing) - _SHOWN:,} more: --format json has them"


def _json(compared: Compared, one: Capture, other: Capture) -> str:
    import msgspec

    from wsreplay.cli.divergence import context_json
    from wsreplay.cli.harmless import harmless_json

    first = compared.verdict.first
    context = context_json(compared.context)
    said: dict[str, Any] = {
        "same": compared.same,
        "first": str(one.path),
        "second": str(other.path),
        "first_difference": None if first is None else _difference(first),
        "differences": [_difference(each) for each in compared.verdict.divergences],
        "context": None if context is None else {"first": context["recorded"], "second": context["replayed"]},
        "incidents": compared.verdict.incidents,
        "counts": {
            name: {"first": number[0], "second": number[1]}
            for name, number in (
                ("requests", compared.requests),
                ("lines", compared.lines),
                ("incidents", compared.incidents),
            )
        },
        "timing": [_timing_json(each) for each in compared.timing],
    }
    return harmless_json(msgspec.json.encode(said).decode())


def _difference(each: Divergence) -> dict[str, Any]:
    return {
        "about": each.about,
        "what": each.what,
        "first": each.recorded,
        "second": each.replayed,
        "first_seq": None if each.only_in == "replayed" else each.seq,
        "second_seq": each.replay_seq,
        "only_in": {None: None, "recorded": "first", "replayed": "second"}[each.only_in],
        "because": each.because,
        "text": each.text,
    }


def _timing_json(each: Timing) -> dict[str, Any]:
    return {
        "op": each.op,
        "first": {"count": each.first_count, "median_ns": each.first_median_ns},
        "second": {"count": each.second_count, "median_ns": each.second_median_ns},
    }
