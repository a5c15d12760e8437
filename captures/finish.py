"""From stages to Parquet: a file that appears whole or not at all.

The settings were chosen by measuring (``docs/capture-format.md`` has the numbers): zstd 3; lengths apart from payloads;
differences instead of times and counters; a dictionary where words repeat; row groups of 122,880, DuckDB's own size.
Rows stand in the order of their addresses, which is the order of the recording.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wsreplay.captures.columns import sparse_batch, widen
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.recognition import understood
from wsreplay.captures.schema import SCHEMA, Metadata, file_metadata
from wsreplay.captures.stage import StageReader

ROW_GROUP = 122_880
ROW_GROUP_BYTES = 256 << 20
"""Of memory; a row group of very large messages ends early, so that writing and reading one stay bounded."""

_PAYLOADS = ["text", "data"]
_DICTIONARY = [
    "part",
    "conn",
    "sender",
    "kind",
    "ended_by",
    "signer",
    "venue",
    "role",
    "op",
    "outcome",
    "resolved_by",
    "channel",
    "symbol",
    "account",
    "side",
    "status",
    "error_code",
]
_LENGTHS_APART = [*_PAYLOADS, "close_reason", "key", "order_id", "client_order_id", "price", "qty", "intent"]
_DIFFERENCES = [
    field.name
    for field in SCHEMA
    if field.name not in _DICTIONARY and (pa.types.is_integer(field.type) or pa.types.is_timestamp(field.type))
]
_WRITER = {
    "write_page_checksum": True,  # a flipped bit would be another row, and nobody would know
    "compression": "zstd",
    "compression_level": 3,
    "use_dictionary": _DICTIONARY,
    "column_encoding": {
        **dict.fromkeys(_LENGTHS_APART, "DELTA_LENGTH_BYTE_ARRAY"),
        **dict.fromkeys(_DIFFERENCES, "DELTA_BINARY_PACKED"),
    },
    # The smallest and the largest payload help nobody and would stand in every footer.
    "write_statistics": [name for name in SCHEMA.names if name not in _PAYLOADS],
}


def finish(stage: Path, parquet: Path, metadata: Metadata, tail: Sequence[Event] = ()) -> int:
    """Write a stage's rows, and ``tail`` after them, to ``parquet``. The stage stays. Gives the number of rows."""
    with StageReader(stage) as reader:
        return write_parquet(_with_tail(understood(reader.in_order(), metadata), tail), parquet, metadata)


def write_parquet(batches: Iterable[pa.RecordBatch], path: Path, metadata: Metadata) -> int:
    """Write batches with the capture's schema to ``path``, replacing it at the end. Gives the number of rows."""
    rows = 0
    with appearing(path) as temporary:
        schema = SCHEMA.with_metadata(file_metadata(metadata))
        with pq.ParquetWriter(temporary, schema, **_WRITER) as writer:
            for table in row_groups(batches):
                writer.write_table(table.replace_schema_metadata(schema.metadata), row_group_size=ROW_GROUP)
                rows += table.num_rows
    return rows


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A temporary file (0600) beside ``path`` to write to. It becomes ``path`` if all goes well, and else is gone."""
    # To be renamed over /dev/null or /dev/stdout would take it away from everybody.
    if path.exists() and not path.is_file():
        raise CaptureError(f"{path} is a {'folder' if path.is_dir() else 'device'}: name a file")
    if path.is_symlink():
        path = path.resolve()
    try:
        fd, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(fd)
        temporary = Path(name)
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise CaptureError(f"{path} can't be written: {reason}") from error


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _with_tail(batches: Iterable[pa.RecordBatch], tail: Sequence[Event]) -> Iterator[pa.RecordBatch]:
    yield from batches
    if tail:
        yield widen(sparse_batch(tail))


def row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The batches, cut and joined to row groups. Never holds more than one row group and one batch."""
    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        while rows + batch.num_rows >= ROW_GROUP:
            room = ROW_GROUP - rows
            yield pa.Table.from_batches([*waiting, batch.slice(0, room)], SCHEMA)
            waiting, rows, size = [], 0, 0
            batch = batch.slice(room)
        if batch.num_rows:
            waiting.append(batch)
            rows += batch.num_rows
            size += batch.nbytes
        if size >= ROW_GROUP_BYTES:
            yield pa.Table.from_batches(waiting, SCHEMA)
            waiting, rows, size = [], 0, 0
    if waiting:
        yield pa.Table.from_batches(waiting, SCHEMA)
