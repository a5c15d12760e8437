"""A DuckDB database: the rows as a table, and every view over it. Any DuckDB client opens it, without wsreplay."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from wsreplay.analysis.exports import Wanted
from wsreplay.analysis.views import definitions
from wsreplay.captures.columns import widen
from wsreplay.captures.schema import SCHEMA


def write(wanted: Wanted, path: Path) -> int:
    """Write the rows and the views; how many rows there were."""
    path.unlink()  # an empty file is no database
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        reader = pa.RecordBatchReader.from_batches(SCHEMA, (widen(batch) for batch in wanted.batches()))
        connection.register("batches", reader)
        connection.execute(
            "CREATE TABLE recorded AS SELECT CAST($1 AS VARCHAR) AS capture, * FROM batches", [wanted.capture.name]
        )
        connection.unregister("batches")
        for statement in definitions():
            connection.execute(statement)
        ((rows,),) = connection.execute("SELECT count(*) FROM recorded").fetchall()
    path.chmod(0o600)
    return int(rows)
