"""A DuckDB database: the rows as a table, and every view over it. Any DuckDB client opens it, without wsreplay."""

from __future__ import annotations

from pathlib import Path

import duckdb

from wsreplay.analysis.database import interruptible
from wsreplay.analysis.exports import Wanted
from wsreplay.analysis.views import definitions
from wsreplay.captures.columns import widen
from wsreplay.captures.finish import row_groups
from wsreplay.captures.schema import SCHEMA


def write(wanted: Wanted, path: Path) -> int:
    """Write the rows and the views; how many rows there were."""
    path.unlink()  # an empty file is no database
    with interruptible(), duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("batch", SCHEMA.empty_table())
        connection.execute("CREATE TABLE recorded AS SELECT CAST(NULL AS VARCHAR) AS capture, * FROM batch")
        # Given a stream to read, DuckDB would make an error of its own of whatever happens on our side.
        for group in row_groups(widen(batch) for batch in wanted.batches()):
            connection.register("batch", group)
            connection.execute("INSERT INTO recorded SELECT $1, * FROM batch", [wanted.capture.name])
        connection.unregister("batch")
        for statement in definitions():
            connection.execute(statement)
        ((rows,),) = connection.execute("SELECT count(*) FROM recorded").fetchall()
    path.chmod(0o600)
    return int(rows)
