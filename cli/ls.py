"""``wsreplay ls``: the captures in a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsreplay.cli.capture_argument import DEFAULT_FOLDER
from wsreplay.cli.harmless import harmless
from wsreplay.cli.plain_errors import tell
from wsreplay.cli.units import duration, iso, moment, size

if TYPE_CHECKING:
    from wsreplay.captures.listing import Found


@click.command(epilog="\b\nExamples:\n  wsreplay ls\n  wsreplay ls captures --format json | jq '.[0].path'")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one array.")
def ls(folder: Path | None, form: str) -> None:
    """List the captures in a folder, newest first.

    The folder's catalogue, captures.duckdb, is brought up to date: the views over every capture in it, for any DuckDB
    client. Without DIR it is the folder ./captures, where `record` puts them, or else the current one. Times are local.
    What can't be read is listed with what is wrong with it.
    """
    from wsreplay.captures.listing import find_captures

    if folder is None:
        folder = DEFAULT_FOLDER if DEFAULT_FOLDER.is_dir() else Path()
    found = find_captures(folder)
    if found:
        # Whoever asks what there is may want to ask it in SQL next.
        from wsreplay.analysis.catalogue import update

        update(folder)
    if form == "json":
        _write_json(found)
    elif found:
        _write_table(found)
    else:
        tell(f"no captures in {folder}: make one with `wsreplay record`")


def _write_table(found: list[Found]) -> None:
    from wsreplay.cli.table import Column, Table

    table = Table(
        [
            Column("capture"),
            Column("when"),
            Column("duration", right=True),
            Column("rows", right=True),
            Column("size", right=True),
            Column("venue"),
            Column("state"),
        ],
        # A path is there to be copied, and trouble to be read: neither is shortened.
        width=None,
    )
    for each in found:
        if each.trouble is not None:
            table.add(
                [
                    harmless(str(each.path)),
                    moment(each.start_ns),
                    "",
                    "",
                    "",
                    "",
                    f"unreadable: {harmless(each.trouble)}",
                ]
            )
            continue
        state: str = each.state
        if state == "cut off" and each.path.suffix == ".live":
            state = "cut off: recover it"
        table.add(
            [
                harmless(str(each.path)),
                moment(each.start_ns),
                duration(each.duration_ns),
                f"{each.rows:,}",
                size(each.size),
                harmless(each.venue),
                state,
            ]
        )
    table.write(sys.stdout)


def _write_json(found: list[Found]) -> None:
    from wsreplay.cli.json_text import write_array

    rows: list[dict[str, Any]] = []
    for each in found:
        row = {"name": each.name, "path": str(each.path), "state": each.state, "start": iso(each.start_ns)}
        rest = {name: getattr(each, name) for name in ("start_ns", "duration_ns", "rows", "size", "venue", "trouble")}
        rows.append(row | rest)
    write_array(rows, sys.stdout)
