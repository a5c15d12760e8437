"""A capture of its own, of a part of another: what one sends to a colleague, or keeps as a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa

from wsreplay.analysis.exports import Wanted
from wsreplay.captures.columns import widen
from wsreplay.captures.finish import write_parquet


def write(wanted: Wanted, path: Path) -> int:
    """Write the rows; how many there were."""
    about = wanted.capture.metadata
    if not wanted.whole:
        about = msgspec.structs.replace(about, notes=about.notes | {"part_of": about.recording or wanted.capture.name})

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in wanted.batches():
            yield widen(batch)

    return write_parquet(rows(), path, msgspec.structs.replace(about, segment=1))
