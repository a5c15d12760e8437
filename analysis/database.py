"""Asking captures in SQL: the views over one capture or many, and answers that come batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import duckdb
import pyarrow as pa

from wsreplay.analysis.views import definitions
from wsreplay.captures import query
from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.read_only import check_read_only
from wsreplay.captures.schema import SCHEMA
from wsreplay.captures.sql_error import QueryError, in_one_line

_BATCH_ROWS = 8192
_MOVES = 3
"""A recording moves once, when it ends. Trying again more often than that would only hide an error."""
_ROWS = "rows_of_capture"


class Answer:
    """What came of a query: named columns, and rows that are worked out while they are read."""

    def __init__(self, reader: pa.RecordBatchReader, question: str, skip_lines: int) -> None:
        self.schema: pa.Schema = reader.schema
        self._reader = reader
        self._question = question
        self._skip_lines = skip_lines

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, once."""
        with interruptible():
            try:
                yield from self._reader
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                raise QueryError(in_one_line(error, self._question, self._skip_lines)) from error


class Database:
    """The views over some rows. It reads these, and can touch nothing else."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @classmethod
    def of_captures(cls, captures: Sequence[Capture]) -> Self:
        """Over captures, as they stand now."""
        for attempt in range(_MOVES):
            names = names_of(captures)
            try:
                segments = [capture.segments for capture in captures]
                return cls(query.connect(list(zip(names, segments, strict=True)), _statements(names)))
            except CaptureError:
                # A recording that ended meanwhile has its files elsewhere now; ask for them again.
                if attempt == _MOVES - 1 or all(capture.path.exists() for capture in captures):
                    raise
        raise AssertionError("unreachable")

    @classmethod
    def of_rows(cls, name: str) -> Self:
        """Over the rows that are given to :meth:`replace`, of the capture ``name``."""
        connection = duckdb.connect(config={"enable_external_access": False})
        database = cls(connection)
        database.replace(SCHEMA.empty_table())
        for statement in ["SET GLOBAL TimeZone = 'UTC'", "SET lock_configuration = true", _named(name), *definitions()]:
            connection.execute(statement)
        return database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cursor(self) -> Self:
        """The same for another thread. Each is closed for itself."""
        return type(self)(self._connection.cursor())

    def close(self) -> None:
        """Let go of the rows."""
        self._connection.close()

    def replace(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Be asked about these rows from now on."""
        self._connection.register(_ROWS, rows)

    def check(self, question: str, *, skip_lines: int = 0) -> None:
        """Raise a QueryError unless this is one SELECT, by its words alone."""
        check_read_only(self._connection, question, skip_lines)

    def ask(self, question: str, *, skip_lines: int = 0) -> Answer:
        """Put one SELECT. ``skip_lines``: how many of its lines are ours, for the place of an error."""
        self.check(question, skip_lines=skip_lines)
        with interruptible():
            try:
                reader = self._connection.sql(question).to_arrow_reader(_BATCH_ROWS)
            except duckdb.Error as error:
                raise QueryError(in_one_line(self._with_place(error, question), question, skip_lines)) from error
        return Answer(reader, question, skip_lines)

    def _with_place(self, error: duckdb.Error, question: str) -> duckdb.Error:
        """The same error from where DuckDB says at which place it is, which it does not of a relation."""
        try:
            self._connection.execute(question).fetchall()
        except duckdb.Error as placed:
            return placed if type(placed) is type(error) else error
        return error


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C is what it is everywhere else: DuckDB ends its query, and raises something of its own."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from error


def names_of(captures: Sequence[Capture]) -> list[str]:
    """What the column ``capture`` calls each of them: its name, or its path where two have the same name."""
    counts = Counter(capture.name for capture in captures)
    return [capture.name if counts[capture.name] == 1 else str(capture.path) for capture in captures]


def _statements(names: Sequence[str]) -> list[str]:
    if len(names) > 1:
        return ["ALTER VIEW events RENAME TO recorded", *definitions()]
    return [f"ALTER VIEW events RENAME TO {_ROWS}", _named(names[0]), *definitions()]


def _named(name: str) -> str:
    """The table ``recorded`` of a single capture."""
    return f"CREATE VIEW recorded AS SELECT '{name.replace("'", "''")}' AS capture, * FROM {_ROWS}"  # noqa: S608
