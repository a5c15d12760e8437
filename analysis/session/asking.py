"""Asking a session's capture in SQL from any thread: each thread has a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import pyarrow as pa

from wsreplay.analysis.database import Database
from wsreplay.analysis.incidents.incident import Incident
from wsreplay.captures.capture import Capture
from wsreplay.captures.columns import events_of
from wsreplay.captures.event import Event

_FRESH_S = 0.2
_SHARE = 4
"""A recording that goes on is read again for a question after that long, and after so many times what reading took."""
_HEAD = 512
"""As much of a payload as a line can show."""
_BRIEF = ", ".join(
    f"CASE WHEN kind IN ('text', 'binary', 'raw', 'ping', 'pong') THEN substr(text, 1, {_HEAD}) ELSE text END AS text"
    if name == "text"
    else f"data[1:{_HEAD}] AS data"
    if name == "data"
    else name
    for name in Event.__struct_fields__
)
_FULL = ", ".join(Event.__struct_fields__)


class Asking:
    """A capture as a database for several threads. A recording that goes on is seen as it was a moment ago."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._whole: Database | None = None
        self._version = 0
        self._live = capture.live
        self._due_at = 0.0
        self.behind = False
        """Rows have come since it was last read."""

    def close(self) -> None:
        """Let go of it. No thread may be asking."""
        if self._whole is not None:
            self._whole.close()
            self._whole = None

    def check(self, condition: str) -> None:
        """Raise a QueryError unless this is a condition over the columns of ``events``."""
        database = self._database()
        # What ends our parenthesis and opens one of its own would be no condition: it must stand on its own, too.
        database.check(f"SELECT\n{condition}\n", skip_lines=1)
        question = f"SELECT 1 FROM events WHERE (\n{condition}\n) LIMIT 0"  # noqa: S608
        for _ in database.ask(question, skip_lines=1).batches():
            pass

    def ask(self, question: str) -> Iterator[pa.RecordBatch]:
        """The answer to one SELECT over the views, batch by batch."""
        yield from self._database().ask(question, skip_lines=1).batches()

    def table(self, question: str) -> pa.Table:
        """The same, all at once."""
        answer = self._database().ask(question, skip_lines=1)
        return pa.Table.from_batches(list(answer.batches()), answer.schema)

    def events(self, first: int, last: int, *, full: bool = False) -> list[Event]:
        """The rows with addresses from ``first`` to ``last``, payloads shortened to what a line can show, or full."""
        columns = _FULL if full else _BRIEF
        return self._events(f"SELECT {columns} FROM events WHERE seq BETWEEN {first} AND {last} ORDER BY seq, part")  # noqa: S608

    def events_at(self, seqs: Sequence[int]) -> list[Event]:
        """The rows with these addresses, payloads shortened."""
        listed = ", ".join(map(str, seqs))
        return self._events(
            f"SELECT {_BRIEF} FROM events WHERE seq BETWEEN {min(seqs)} AND {max(seqs)} AND seq IN ({listed}) "  # noqa: S608
            "ORDER BY seq, part"
        )

    def incidents(self) -> list[Incident]:
        """The incidents that are stored, in order."""
        rows = self._events(f"SELECT {_FULL} FROM events WHERE kind = 'incident' ORDER BY seq, part")  # noqa: S608
        return [incident for row in rows if (incident := Incident.of_row(row)) is not None]

    def _events(self, question: str) -> list[Event]:
        return [event for batch in self.ask(question) for event in events_of(batch)]

    def _database(self) -> Database:
        """This thread's way in."""
        with self._lock:
            now = time.monotonic()
            if self._whole is None or (self._live and self.behind and now >= self._due_at):
                self.behind = False
                # Others may still be asking the one before: theirs is closed when the last of them lets go of it.
                live = self._capture.live
                self._whole = Database.of_captures([self._capture])
                self._live = live
                self._due_at = time.monotonic() + max(_FRESH_S, _SHARE * (time.monotonic() - now))
                self._version += 1
            if getattr(self._mine, "version", 0) != self._version:
                self._mine.database, self._mine.version = self._whole.cursor(), self._version
            found: Database = self._mine.database
            return found
