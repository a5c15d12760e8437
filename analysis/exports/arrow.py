"""An Arrow IPC file with every column, compressed, for whoever reads Arrow and no Parquet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from wsreplay.analysis.exports import Wanted
from wsreplay.captures.columns import widen
from wsreplay.captures.schema import SCHEMA, file_metadata


def write(wanted: Wanted, path: Path) -> int:
    """Write the rows; how many there were."""
    schema = SCHEMA.with_metadata(file_metadata(wanted.capture.metadata))
    rows = 0
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer,
    ):
        for batch in wanted.batches():
            writer.write_batch(widen(batch))
            rows += batch.num_rows
    return rows
