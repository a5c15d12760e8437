"""``wsreplay sql``: ask captures a question."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wsreplay.captures.errors import UserError
from wsreplay.cli.capture_argument import CaptureOrQuery, open_captures

_FORMATS = ("table", "csv", "json", "parquet")


@click.command(
    epilog="""\b
Examples:
  wsreplay sql session.parquet
  wsreplay sql session.parquet "SELECT op, count(*), max(latency_ns) AS max_ns FROM requests GROUP BY op"
  wsreplay sql session.parquet "SELECT * FROM connections"
  wsreplay sql captures "SELECT capture, seq, text FROM events WHERE error_code IS NOT NULL"
  wsreplay sql captures/*.parquet "SELECT * FROM requests WHERE outcome = 'unknown'" -o unknown.csv
"""
)
@click.argument("arguments", metavar="CAPTURE... [QUERY]", nargs=-1, required=True, type=CaptureOrQuery())
@click.option(
    "--engine",
    type=click.Choice(["duckdb"]),
    default="duckdb",
    show_default=True,
    expose_value=False,
    help="What runs the query.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="table for people (the default), csv, json (one array) or parquet for programs.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to this file; its ending says the format, unless --format does. parquet needs it.",
)
def sql(arguments: tuple[str, ...], form: str | None, out: Path | None) -> None:
    """Ask captures a question in SQL.

    CAPTURE is a capture, a folder of captures or a pattern; a recording may still go on. QUERY is one SELECT over the
    views below (- reads it from standard input); without it, a terminal gets a prompt with completion and history. A
    query can read the captures and touch nothing else.

    \b
    events            one row an event, as recorded and decoded
    connections       one row a WebSocket connection: opened, ended, by whom and how
    requests          one row a request: its reply, latency and outcome
    orders            one row an order that the bot sent, and what became of it
    incidents         one row a thing that went wrong
    duplicate_orders  one row a retry that made, or may have made, a second order
    latency           one row an answered request: how long it took, and our own share
    heartbeats        one row a ping, and its answer
    subscriptions     one row a subscription, and what came of it
    reconnects        one row a reconnect, step by step
    gaps              one row a place where something is missing

    Each row has a column `capture`, so that a query means the same over one capture and over many. SQL's clock is UTC.
    """
    from wsreplay.analysis.database import Database
    from wsreplay.captures.sql_error import QueryError
    from wsreplay.cli.answer_formats import write_answer

    *paths, query = arguments
    if sys.stdin.isatty() and all(map(_is_there, arguments)):
        from wsreplay.cli.sql_prompt import prompt

        prompt(open_captures([Path(path) for path in arguments]), form or "table")
        return
    if not paths:
        what = "QUERY" if _is_there(query) else "CAPTURE"
        raise click.UsageError(
            f"missing argument {what!r}: give a capture and then a query", click.get_current_context()
        )
    if query == "-":
        query = sys.stdin.read()
    elif _is_there(query):
        raise UserError(f"{query} is a file, and the last argument must be the query")
    form = form or _format_of(out)
    if form == "parquet" and out is None:
        raise UserError("--format parquet needs a file to write to: -o FILE.parquet")
    captures = open_captures([Path(path) for path in paths])
    if out is not None and out.resolve() in {file.resolve() for capture in captures for file in capture.files}:
        raise UserError(f"{out} is one of the captures: name another file with -o")
    try:
        with Database.of_captures(captures) as database:
            write_answer(database.ask(query), form, out)
    except QueryError as error:
        raise UserError(f"QUERY: {error}") from error
    finally:
        for capture in captures:
            capture.close()


def _is_there(text: str) -> bool:
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # too long for a name, as queries are
        return False


def _format_of(out: Path | None) -> str:
    ending = out.suffix.removeprefix(".").lower() if out is not None else ""
    return ending if ending in _FORMATS else "table"
