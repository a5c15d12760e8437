"""``wsreplay import``: other programs' recordings as captures."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from wsreplay.captures.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wsreplay.captures.event import Event

_BEGINNING = 4096
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh", b"\xfd7zXZ")


class _Source(NamedTuple):
    """How one file is read."""

    events: Iterator[Event]
    blind: Sequence[str]
    ours: bool = False


@click.command(
    "import",
    epilog="""\b
Examples:
  wsreplay import session.har
  wsreplay import flows.mitm --venue reya
  wsreplay import bot.log.jsonl --map venue.toml --out captures
""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--from",
    "form",
    type=click.Choice(["har", "flow", "jsonl"]),
    help="What it is: a HAR file, a flow file of mitmproxy, or JSON lines; without it, told by the content.",
)
@click.option("--venue", metavar="VENUE", help="The venue whose dialect reads it; without it, known by its traffic.")
@click.option(
    "--map",
    "map_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file that names the fields of a venue without a dialect.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("captures"),
    show_default=True,
    help="Folder for the capture.",
)
def import_file(files: tuple[Path, ...], form: str | None, venue: str | None, map_file: Path | None, out: Path) -> None:
    """Make captures of other programs' recordings.

    HAR files of browsers, flow files of mitmproxy, and JSON lines: those of `wsreplay export`, which come back exactly
    as they were observed, and logs with a time, a direction and a payload a line. Secrets are replaced. What a file
    can't know (control frames, our clocks) is left empty, and the capture says so.
    """
    from wsreplay.analysis.incidents import FINISHER
    from wsreplay.captures.importing import import_events

    for path in files:
        source = _source(path, form or _form_of(path))
        made = import_events(
            source.events,
            out,
            source=path.name,
            blind=source.blind,
            venue=venue,
            map_file=map_file,
            ours=source.ours,
            finishers=(FINISHER,),
            progress=_progress(),
        )
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
        click.echo(f"capture {made}")


def _source(path: Path, form: str) -> _Source:
    if form == "har":
        from wsreplay.captures.imports import har

        return _Source(har.read(path), har.BLIND)
    if form == "flow":
        from wsreplay.proxy import flow_file

        return _Source(flow_file.read(path), flow_file.BLIND)
    from wsreplay.captures.imports import jsonl

    ours = jsonl.is_ours(path)
    return _Source(jsonl.read(path), () if ours else jsonl.BLIND, ours=ours)


def _form_of(path: Path) -> str:
    from wsreplay.captures.imports import har

    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}") from error
    if not beginning.strip():
        raise UserError(f"{path} is empty: nothing to import")
    if har.looks_so(beginning):
        return "har"
    length, colon, rest = beginning[:64].partition(b":")
    if colon and length.isdigit() and rest[:1].isdigit():
        return "flow"
    if beginning.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{":
        return "jsonl"
    if beginning.startswith(_PACKED):
        raise UserError(f"{path} is compressed: unpack it first")
    raise UserError(f"{path} is no HAR file, no flow file of mitmproxy and no JSON lines; say what it is with --from")


def _progress() -> Callable[[int], None]:
    def show(rows: int) -> None:
        sys.stderr.write(f"\r\x1b[K{rows:,} rows")
        sys.stderr.flush()

    return show if sys.stderr.isatty() else lambda _: None
