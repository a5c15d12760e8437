"""SQL over captures: a DuckDB that can read them, and touch nothing else.

A capture can come from anybody and so can a query. The connections made here read the captures' files and no others,
write nothing, load no extension, and their settings are locked.
"""

from __future__ import annotations

import atexit
import glob
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

import duckdb
import pyarrow as pa

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.read_only import check_read_only
from wsreplay.captures.schema import SCHEMA
from wsreplay.captures.segments import Segment
from wsreplay.captures.sql_error import QueryError, in_one_line

_COLUMNS = ", ".join(f'"{name}"' for name in SCHEMA.names)


def connect(captures: Sequence[tuple[str, Sequence[Segment]]], views: Iterable[str] = ()) -> duckdb.DuckDBPyConnection:
    """A locked-down connection with the table ``events``, and whatever ``views`` (SQL statements) make of it.

    Of several captures each row says from which it is, in a column ``capture``. Use one ``cursor()`` a thread.
    """
    several = len(captures) > 1
    connection = duckdb.connect(config={"temp_directory": str(_spill() / token_hex(8))})
    try:
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        paths: list[str] = []
        selects: list[str] = []
        for number, (name, segments) in enumerate(captures):
            columns = f"{_COLUMNS}, {_text(name)} AS capture" if several else _COLUMNS
            direct = [str(segment.path.resolve()) for segment in segments if segment.direct]
            if direct:
                # A name is a pattern to DuckDB. Escaped it matches one file, and both must be allowed.
                patterns = [glob.escape(path) for path in direct]
                files = ", ".join(map(_text, patterns))
                # The lake's folders are called venue=…: taken for columns they would hide our own.
                selects.append(f"SELECT {columns} FROM read_parquet([{files}], hive_partitioning = false)")  # noqa: S608
                paths += direct + patterns
            others = [segment for segment in segments if not segment.direct]
            if others:
                _load(connection, f"loaded_{number}", others)
                selects.append(f"SELECT {columns} FROM loaded_{number}")  # noqa: S608
        connection.execute("SET allowed_paths = $1", [paths])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        connection.execute(f"CREATE VIEW events AS {' UNION ALL '.join(selects)}")
        for view in views:
            connection.execute(view)
    except duckdb.Error as error:
        connection.close()
        raise CaptureError(f"{captures[0][1][0].path} can't be queried: {in_one_line(error, '')}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def select(
    connection: duckdb.DuckDBPyConnection, query: str, params: Sequence[Any] | dict[str, Any] | None = None
) -> pa.Table:
    """The answer to a single SELECT that only reads: what may read a capture's file could also write over it."""
    check_read_only(connection, query)
    try:
        with connection.cursor() as cursor:
            return cursor.sql(query, params=params).to_arrow_table()
    except duckdb.Error as error:
        raise QueryError(f"the query can't be answered: {in_one_line(error, query)}") from error


def _load(connection: duckdb.DuckDBPyConnection, table: str, segments: Sequence[Segment]) -> None:
    """Copy rows that DuckDB can't read from the file itself. What does not fit into memory goes to the spill folder."""
    batches = (batch for segment in segments for batch in segment.batches())
    reader = pa.RecordBatchReader.from_batches(SCHEMA, batches)
    connection.register("batches", reader)
    connection.execute(f"CREATE TABLE {table} AS SELECT * FROM batches")  # noqa: S608
    connection.unregister("batches")


@cache
def _spill() -> Path:
    """A folder (0700) for what queries can't hold in memory. DuckDB's own choice is the user's working directory."""
    folder = Path(tempfile.mkdtemp(prefix="wsreplay-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
