"""The catalogue of a folder: ``captures.duckdb``, the views over every capture in it, for any DuckDB client.

It holds no rows, only where they are: a table ``files`` and the views. So it is written anew in no time whenever the
folder holds something else than it says.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

import duckdb

from wsreplay.analysis.views import definitions
from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.finish import appearing
from wsreplay.captures.places import captures_in
from wsreplay.captures.schema import SCHEMA
from wsreplay.captures.working_folder import LIVE

NAME = "captures.duckdb"
_COLUMNS = ", ".join(f'rows_of_files."{name}"' for name in SCHEMA.names)
_FILE_COLUMNS = "capture, file, venue, rows, bytes, written_ns"

type _File = tuple[str, str, str, int, int, int]
"""Capture, path, venue, rows, bytes, and when it was last written."""


def update(folder: Path) -> Path | None:
    """Bring a folder's catalogue up to date; None where there is nothing to catalogue, or nobody may write there."""
    path = folder / NAME
    try:
        files = _files_in(folder)
        if not files:
            return None
        said = _files_of(path)
        if said is None:
            return None
        if said != files:
            with appearing(path) as temporary:
                _write(temporary, files)
    except (CaptureError, OSError, duckdb.Error):
        return None  # it is a convenience: whoever lists or records must not fail for it
    return path


def _files_in(folder: Path) -> list[_File]:
    found: list[_File] = []
    for place in captures_in(folder):
        if place == folder or place.name.endswith(LIVE):
            continue
        try:
            with Capture.open(place) as capture:
                found += [
                    (
                        capture.name,
                        str(segment.path.resolve()),
                        segment.metadata.venue,
                        segment.rows,
                        segment.path.stat().st_size,
                        segment.path.stat().st_mtime_ns,
                    )
                    for segment in capture.segments
                ]
        except CaptureError:
            continue  # listed by ``ls`` with its trouble
    return sorted(found)


def _files_of(path: Path) -> list[_File] | None:
    """What the catalogue says that there is; None: it is a database, but not one that we may write anew."""
    if not path.exists():
        return []
    try:
        with duckdb.connect(str(path), read_only=True) as database:
            return sorted(database.execute(f"SELECT {_FILE_COLUMNS} FROM files").fetchall())  # noqa: S608 - ours
    except duckdb.Error:  # somebody else's, by a later version, or open for writing elsewhere
        with path.open("rb") as file:
            return None if file.read(12)[8:] == b"DUCK" else []


def _write(path: Path, files: Sequence[_File]) -> None:
    path.unlink()  # an empty file is no database
    with duckdb.connect(str(path)) as database:
        database.execute(
            "CREATE TABLE files "
            "(capture VARCHAR, file VARCHAR, venue VARCHAR, rows BIGINT, bytes BIGINT, written_ns BIGINT)"
        )
        database.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", files)
        # An older capture lacks columns that were added since.
        database.register("schema_of_rows", SCHEMA.empty_table())
        database.execute("CREATE TABLE no_rows AS SELECT *, CAST(NULL AS VARCHAR) AS filename FROM schema_of_rows")
        database.unregister("schema_of_rows")
        # A name is a pattern to DuckDB.
        names = ", ".join("'" + glob.escape(file).replace("'", "''") + "'" for _, file, *_ in files)
        database.execute(
            f"CREATE VIEW recorded AS SELECT files.capture, {_COLUMNS} "  # noqa: S608 - our own columns and files
            f"FROM (FROM no_rows UNION ALL BY NAME FROM read_parquet([{names}], "
            "union_by_name = true, filename = true, hive_partitioning = false)) "
            "AS rows_of_files INNER JOIN files ON files.file = rows_of_files.filename"
        )
        for statement in definitions():
            database.execute(statement)
    path.chmod(0o600)
