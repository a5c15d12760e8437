"""Some rows of a capture: those of a connection, from an address on, for which a condition holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from wsreplay.analysis.database import Database
from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event

_COLUMNS = ", ".join(Event.__struct_fields__)


class Selection:
    """The wanted rows of ``capture``: of all that is there, or batch by batch of what comes."""

    def __init__(
        self,
        capture: Capture,
        *,
        where: str | None = None,
        conn: int | None = None,
        first: int = 0,
        last: int | None = None,
    ) -> None:
        self._capture = capture
        self._where = where
        self._conn = conn
        self._first = first
        self._last = last
        self._sieve: Database | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._sieve is not None:
            self._sieve.close()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The wanted rows that are there now, in order, with all fields of an event."""
        if self._where is None and self._conn is None:
            yield from self._capture.batches(self._first, self._last)
            return
        with Database.of_captures([self._capture]) as database:
            yield from self._ask(database)

    def of(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The wanted rows among these."""
        if self._where is None:
            wanted = pc.greater_equal(batch.column("seq"), self._first)
            if self._conn is not None:
                wanted = pc.and_kleene(wanted, pc.equal(batch.column("conn"), self._conn))
            if self._last is not None:
                wanted = pc.and_kleene(wanted, pc.less_equal(batch.column("seq"), self._last))
            yield batch.filter(wanted)
            return
        if self._sieve is None:
            self._sieve = Database.of_rows(self._capture.name)
        self._sieve.replace(pa.Table.from_batches([batch]))
        yield from self._ask(self._sieve)

    def _ask(self, database: Database) -> Iterator[pa.RecordBatch]:
        conditions = [f"seq >= {self._first}"]
        if self._last is not None:
            conditions.append(f"seq <= {self._last}")
        if self._conn is not None:
            conditions.append(f"conn = {self._conn}")
        if self._where is not None:
            # What ends our parenthesis and opens one of its own would be no condition: it must stand on its own, too.
            database.check(f"SELECT\n{self._where}\n", skip_lines=1)
            conditions.append(f"(\n{self._where}\n)")
        question = f"SELECT {_COLUMNS} FROM events WHERE {' AND '.join(conditions)} ORDER BY seq, part"  # noqa: S608
        return database.ask(question, skip_lines=1).batches()
