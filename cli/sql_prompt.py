"""The prompt of ``wsreplay sql``: one query after the other, with completion and history."""

from __future__ import annotations

import os
import readline
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsreplay.analysis.database import Database
from wsreplay.analysis.views import VIEWS, description
from wsreplay.captures.errors import UserError
from wsreplay.captures.sql_error import QueryError
from wsreplay.cli.answer_formats import write_answer

if TYPE_CHECKING:
    from wsreplay.captures.capture import Capture

KEYWORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "DISTINCT", "JOIN", "LEFT JOIN", "ON", "AND",
    "OR", "NOT", "IN", "IS NULL", "IS NOT NULL", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END", "AS", "WITH",
    "UNION ALL", "COUNT(*)", "MIN(", "MAX(", "AVG(", "SUM(", "QUALIFY", "DESC", "FILTER (WHERE ",
)  # fmt: skip
HELP = """\
A query ends with ; and may go over several lines.
  .views          the views, and what a row of each is
  .columns VIEW   the columns of a view
  .format FORMAT  table, csv or json
  .help           this
  .quit           leave (Ctrl-D does it, too)"""
_HISTORY = 2_000
FORMATS = ("table", "csv", "json")


def prompt(captures: Sequence[Capture], form: str) -> None:
    """Ask and answer until the user leaves."""
    try:
        with Database.of_captures(captures) as database:
            words = Words(database)
            with _Keyboard(words):
                names = ", ".join(capture.name for capture in captures[:3])
                more = f" and {len(captures) - 3} more" if len(captures) > 3 else ""
                click.echo(f"{names}{more}. Views: {', '.join(VIEWS)}. .help tells more.", err=True)
                Prompt(database, words, form, input).run()
    finally:
        for capture in captures:
            capture.close()


class Words:
    """What can be typed: keywords, views, and the columns of each."""

    def __init__(self, database: Database) -> None:
        self.columns: dict[str, list[str]] = {}
        for view in VIEWS:
            self.columns[view] = list(database.ask(f"SELECT * FROM {view} LIMIT 0").schema.names)  # noqa: S608 - ours
        columns = {name for names in self.columns.values() for name in names}
        self._all = sorted({*VIEWS, *columns}) + list(KEYWORDS)

    def beginning(self, text: str) -> list[str]:
        """The words that begin so; keywords in the case in which they were begun."""
        if text.startswith("."):
            return [word for word in (".views", ".columns", ".format", ".help", ".quit") if word.startswith(text)]
        if not text:
            return []
        found = [word for word in self._all if word.lower().startswith(text.lower())]
        return [word.lower() if word.isupper() and text.islower() else word for word in found]


class Prompt:
    """Reads lines until a query is whole, and answers it."""

    def __init__(self, database: Database, words: Words, form: str, read: Callable[[str], str]) -> None:
        self._database = database
        self._words = words
        self._form = form if form in FORMATS else "table"
        self._read = read

    def run(self) -> None:
        """Until the end."""
        lines: list[str] = []
        while True:
            try:
                line = self._read("  ...> " if lines else "sql> ")
            except EOFError:
                click.echo(err=True)
                return
            except KeyboardInterrupt:
                lines.clear()
                click.echo(err=True)
                continue
            if not lines and line.strip().startswith("."):
                if not self._command(*line.split()):
                    return
                continue
            if not lines and line.strip().lower() in ("quit", "exit", "quit;", "exit;"):
                return
            if line.strip() or lines:
                lines.append(line)
            if line.rstrip().endswith(";"):
                self._answer("\n".join(lines).rstrip().removesuffix(";"))
                lines.clear()

    def _answer(self, query: str) -> None:
        try:
            write_answer(self._database.ask(query), self._form, None)
        except (QueryError, UserError) as error:
            click.echo(str(error), err=True)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
        sys.stdout.flush()

    def _command(self, name: str, *rest: str) -> bool:
        """A line that begins with a dot; False: the user leaves."""
        match name, rest:
            case ((".quit" | ".exit"), _):
                return False
            case ".views", _:
                for view in VIEWS:
                    click.echo(f"{view:18}{_first_sentence(description(view))}")
            case ".columns", (view,) if view in self._words.columns:
                click.echo(", ".join(self._words.columns[view]))
            case ".columns", _:
                click.echo(f"say of which view: {', '.join(VIEWS)}", err=True)
            case ".format", (form,) if form in FORMATS:
                self._form = form
            case ".format", _:
                click.echo(f"the formats are {', '.join(FORMATS)}; now it is {self._form}", err=True)
            case ".help", _:
                click.echo(HELP)
            case _:
                click.echo(f"there is no {name}; .help tells what there is", err=True)
        return True


class _Keyboard:
    """Completion and history while the prompt is open."""

    def __init__(self, words: Words) -> None:
        self._words = words
        folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
        self._file = Path(folder).expanduser() / "wsreplay" / "sql_history"
        self._found: list[str] = []

    def __enter__(self) -> None:
        readline.set_completer(self._complete)
        readline.set_completer_delims(" \t\n,()=<>+-*/%;'\"")
        readline.parse_and_bind("tab: complete")
        readline.set_history_length(_HISTORY)
        with suppress(OSError):  # none yet, or one that can't be read, which is no reason to fail
            readline.read_history_file(self._file)

    def __exit__(self, *_: object) -> None:
        readline.set_completer(None)
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
            readline.write_history_file(self._file)
            self._file.chmod(0o600)
        except OSError:  # a home that can't be written to is no reason to fail
            return

    def _complete(self, text: str, state: int) -> str | None:
        if state == 0:
            self._found = self._words.beginning(text)
        return self._found[state] if state < len(self._found) else None


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).partition(". ")[0].rstrip(".")
