"""``wsreplay leaks``: look for secrets that should not be in a capture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import CapturePath, open_captures

if TYPE_CHECKING:
    from wsreplay.captures.capture import Capture
    from wsreplay.captures.leaks import Leak

FOUND = 1
_SHOWN = 50


@click.command(
    epilog="\b\nExamples:\n  wsreplay leaks session.parquet\n  wsreplay leaks captures --known .env\n"
    "  wsreplay leaks captures/*.parquet --format json"
)
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True, type=CapturePath())
@click.option(
    "--known",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A file with secrets that must not be there: one a line, or NAME=VALUE as in an .env file.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one array.")
def leaks(captures: tuple[Path, ...], known: tuple[Path, ...], form: str) -> None:
    """Look for secrets that should not be in a capture.

    Tokens, keys and signatures are known by their shape, random text by the name it stands under, and your own secrets
    (--known) in any spelling. It says where each stands and never what it is. A capture that holds one should be
    recorded again: redaction replaces secrets as they are written, not afterwards.

    Exit codes: 0 nothing found, 1 found, 2 wrong use.
    """
    values = [value for path in known for value in _values_in(path)]
    rows: list[dict[str, Any]] = []
    opened = open_captures(list(captures))
    try:
        for capture in opened:
            found = _leaks_in(capture, values)
            rows += [{"capture": str(capture.path), **_row(leak)} for leak in found]
            if form == "text":
                _tell(capture, found)
    finally:
        for capture in opened:
            capture.close()
    if form == "json":
        from wsreplay.cli.json_text import write_array

        write_array(rows, sys.stdout)
    if rows:
        sys.exit(FOUND)


def _leaks_in(capture: Capture, known: list[str]) -> list[Leak]:
    from wsreplay.captures.leaks import leaks as found_in
    from wsreplay.captures.read_by import dialect_of
    from wsreplay.venues.errors import VenueError

    try:
        secrets = dialect_of(capture.metadata).secrets
    except VenueError:  # it is not installed here: the general rule is left
        return found_in(capture.events(), known)
    return found_in(capture.events(), known, secrets)


def _row(leak: Leak) -> dict[str, Any]:
    return {
        "seq": leak.seq,
        "part": leak.part,
        "where": leak.where,
        "shape": leak.shape,
        "excerpt": leak.excerpt,
    }


def _tell(capture: Capture, found: list[Leak]) -> None:
    from wsreplay.cli.harmless import harmless

    if not found:
        click.echo(f"{capture.path}: nothing found")
        return
    for leak in found[:_SHOWN]:
        address = f"{capture.path}#{leak.seq}" + (f".{leak.part}" if leak.part else "")
        click.echo(f"{address}  {harmless(leak.where)}: {harmless(leak.shape)}, {harmless(leak.excerpt)}")
    if len(found) > _SHOWN:
        click.echo(f"{capture.path}: and {len(found) - _SHOWN:,} more")


def _values_in(path: Path) -> list[str]:
    """The secrets in a file: lines as they are, and what stands behind the ``=`` of ``NAME=VALUE``."""
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UserError(f"--known {path} can't be read: {reason}") from error
    values = []
    for line in map(str.strip, lines):
        if not line or line.startswith("#"):
            continue
        name, _, value = line.removeprefix("export ").partition("=")
        named = bool(value) and name.strip().isidentifier()
        values.append(value.strip().strip("\"'") if named else line)
    return [value for value in values if value]
