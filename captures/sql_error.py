"""What is wrong with a query, in one line that points at the place."""

from __future__ import annotations

import re

from wsreplay.captures.errors import CaptureError

_EXCERPT = re.compile(r"\n\nLINE (\d+): (.*)\n( *)(\^+)\s*\Z", re.DOTALL)
_GUESS = re.compile(r"\s*(Did you mean|Candidate (?:bindings|tables)[^:]*:)\s*(.*)", re.DOTALL)
_LONGEST = 60
_INTERNAL = ("pg_", "pragma_", "duckdb_", "sqlite_", "information_schema", "recorded", "rows_of_capture", "loaded_")
"""Tables that nobody means."""


class QueryError(CaptureError):
    """A query that can't be answered, or that wants to do more than read."""


def in_one_line(error: Exception, query: str, skip_lines: int = 0) -> str:
    """DuckDB's message without its drawing. ``skip_lines``: how many lines of ``query`` are ours and not the user's."""
    text = str(error)
    place = _EXCERPT.search(text)
    if place:
        text = text[: place.start()]
    text = _shortened(text)
    if not place:
        return text
    line, excerpt, blanks, carets = int(place[1]), place[2], place[3], place[4]
    column = len(blanks) - len(f"LINE {line}: ")
    there = excerpt[column : column + len(carets)]
    # Of a long line DuckDB shows a part, and where that begins it does not tell.
    known = not excerpt.startswith("...")
    return at_place(text, there, line - skip_lines, column + 1 if known else None, query)


def at_place(message: str, there: str, line: int, column: int | None, query: str) -> str:
    """The message and where in the query it holds; with a hint where a word means something else than it seems."""
    there = " ".join(there.split())
    if len(there) > _LONGEST:
        there = there[: _LONGEST - 1] + "…"
    where = []
    if line > 1:
        where.append(f"line {line}")
    if column is not None:
        where.append(f"character {column}")
    # A syntax error names its token itself.
    quoted = f", at {there}" if there and f'"{there}"' not in message else ""
    return f"{message}{quoted}{f' ({", ".join(where)})' if where else ''}{_hint(message, query)}"


def _shortened(text: str) -> str:
    """The message without its class, without lists of overloads, and without guesses that lead astray."""
    text = re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", text)
    text = re.sub(r"\s*You might need to add explicit type casts\.\s*Candidate functions:.*", "", text, flags=re.DOTALL)
    guess = _GUESS.search(text)
    if guess:
        names = re.findall(r'"([^"]+)"', guess[2])
        near = [name for name in names if not name.startswith(_INTERNAL)]
        text = text[: guess.start()] + (f" (did you mean {', '.join(near)}?)" if near else "")
    return " ".join(text.replace(" in FROM clause!", "").replace("!", "").split()).rstrip(".")


def _hint(message: str, query: str) -> str:
    if message.startswith("syntax error") and re.search(r'(?<![."\w])at(?!["\w])', query, re.IGNORECASE):
        return '; "at" is a word of SQL\'s own: write "at" in double quotes, or events.at'
    return ""
