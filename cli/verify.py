"""``wsreplay verify``: whether captures are whole, and still mean what they say."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsreplay.cli.capture_argument import CapturePath, places_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.analysis.verification import Verified

WRONG = 1


@click.command(
    epilog="\b\nExamples:\n  wsreplay verify captures\n  wsreplay verify session.parquet --format json\n"
    "  wsreplay verify lake --jobs 8"
)
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True, type=CapturePath())
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    show_default="one a core",
    metavar="N",
    help="How many processes look at captures at the same time.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one array.")
def verify(captures: tuple[Path, ...], jobs: int, form: str) -> None:
    """Check that captures are whole, and decode and search them again.

    Every row is read: are all there, in their order? Each is decoded again and compared with what is stored, and the
    incidents are counted anew. CAPTURE is a capture, a folder of captures or a pattern. Losses that a capture states
    itself are told, and are no trouble.

    Exit codes: 0 all is well, 1 something is wrong, 2 wrong use.
    """
    from wsreplay.analysis.verification import verify as look

    paths = places_of(list(captures))
    found = look(paths, jobs=jobs, progress=_progress(len(paths)))
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if form == "json":
        import msgspec

        from wsreplay.cli.json_text import write_array

        write_array((msgspec.to_builtins(each) for each in found), sys.stdout)
    else:
        for each in found:
            _tell(each)
    if any(each.trouble for each in found):
        sys.exit(WRONG)


def _tell(one: Verified) -> None:
    from wsreplay.cli.harmless import harmless

    if not one.trouble:
        told = [f"{one.events:,} events"]
        if one.incidents:
            told.append(f"{sum(one.incidents.values()):,} incidents")
        if one.gaps:
            told.append(f"{one.gaps:,} stated gaps")
        if one.cut_off:
            told.append("cut off")
        click.echo(f"{one.path}: good, {', '.join(told)}")
    for line in one.trouble:
        click.echo(f"{one.path}: {harmless(line)}")


def _progress(count: int) -> Callable[[int], None]:
    def show(done: int) -> None:
        sys.stderr.write(f"\r\x1b[K{done} of {count} captures")
        sys.stderr.flush()

    return show if sys.stderr.isatty() and count > 1 else lambda _: None
