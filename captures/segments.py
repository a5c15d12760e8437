"""The pieces that a capture is made of, read row by row: Parquet files, and the stage of a recording that goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.migration import check_version, migrate_batch, migrate_metadata
from wsreplay.captures.recognition import understood
from wsreplay.captures.schema import (
    FORMAT_KEY,
    FORMAT_VERSION,
    METADATA_KEY,
    SCHEMA,
    Metadata,
    as_metadata,
    read_metadata,
)
from wsreplay.captures.stage import BATCH_ROWS, StageReader
from wsreplay.captures.stage_chunks import MAGIC
from wsreplay.captures.working_folder import whereabouts

ALL: Sequence[str] = SCHEMA.names


class Segment(Protocol):
    """Rows of one capture, in order."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def metadata(self) -> Metadata:
        """What is known about the recording as of this segment."""
        ...

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    @property
    def direct(self) -> bool:
        """Whether an SQL engine may read the file itself: it is Parquet, and of the present version."""
        ...

    @property
    def may_hold_late(self) -> bool:
        """Whether there may be rows whose ``seq`` lies in a segment before this one."""
        ...

    def batches(
        self, first: int = 0, last: int | None = None, columns: Sequence[str] = ALL
    ) -> Iterator[pa.RecordBatch]:
        """The rows whose ``seq`` lies between ``first`` and ``last``, in order, with these columns: ``seq`` is one."""
        ...

    def extent(self, column: str) -> tuple[int, int] | None:
        """The smallest and the largest value of an integer column that always has one; None without rows."""
        ...


class ParquetSegment:
    """A finished segment. Opening it reads the footer only."""

    may_hold_late = True  # The footer tells at once that there are none.

    def __init__(self, path: Path) -> None:
        self.path = path
        with _opened(path) as file:
            self._footer = file.metadata
            said = file.metadata.metadata or {}
            names = file.schema_arrow
        if FORMAT_KEY not in said or METADATA_KEY not in said:
            raise CaptureError(
                f"{path} is a Parquet file, but no capture: give one that `wsreplay record` or `wsreplay run` wrote"
            )
        self.version = check_version(said[FORMAT_KEY], path)
        content = migrate_metadata(read_metadata(said[METADATA_KEY], path), self.version)
        self.metadata: Metadata = as_metadata(content, path)
        self.rows: int = self._footer.num_rows
        self.direct: bool = self.version == FORMAT_VERSION and all(
            names.get_field_index(field.name) >= 0 and names.field(field.name).type == field.type for field in SCHEMA
        )

    def batches(
        self, first: int = 0, last: int | None = None, columns: Sequence[str] = ALL
    ) -> Iterator[pa.RecordBatch]:
        """The rows whose ``seq`` lies between ``first`` and ``last``, in order, with these columns."""
        groups = [
            number
            for number, (low, high) in enumerate(self._extents("seq"))
            if high >= first and (last is None or low <= last)
        ]
        missing = sum(self._footer.row_group(number).num_rows for number in groups)
        with _opened(whereabouts(self.path)) as file, _damage(self.path):
            for batch in file.iter_batches(BATCH_ROWS, row_groups=groups, columns=columns if self.direct else None):
                if not self.direct:
                    batch = migrate_batch(batch, self.version)
                batch = batch.select(columns)
                missing -= batch.num_rows
                if batch.num_rows and last is not None and batch.column("seq")[0].as_py() > last:
                    return
                yield from _between(batch, first, last)
            if missing:  # a page's own header has no checksum
                raise ValueError(f"{missing} rows are missing or too many")

    def extent(self, column: str) -> tuple[int, int] | None:
        """The smallest and the largest value of an integer column, from the footer."""
        extents = list(self._extents(column))
        if not extents:
            return None
        return min(low for low, _ in extents), max(high for _, high in extents)

    def _extents(self, column: str) -> Iterator[tuple[int, int]]:
        names = self._footer.schema.names
        if column not in names:
            raise CaptureError(
                f"{self.path} has no column {column}: another program has rewritten it, or it is damaged"
            )
        index = names.index(column)
        for number in range(self._footer.num_row_groups):
            statistics = self._footer.row_group(number).column(index).statistics
            if statistics is None or not statistics.has_min_max:
                raise CaptureError(f"{self.path} was written without statistics: another program has rewritten it")
            yield statistics.min, statistics.max


class StageSegment:
    """A segment that is still being written: each time it is asked, all that is there by then."""

    direct = False

    def __init__(self, path: Path, metadata: Metadata) -> None:
        self.path = path
        self.metadata = metadata
        # Open from now on: the stage may become Parquet and vanish from its folder, and stays readable for us.
        self._reader = StageReader(path)

    def __del__(self) -> None:
        if hasattr(self, "_reader"):
            self._reader.close()

    @property
    def rows(self) -> int:
        """How many rows there are by now."""
        return self._reader.count()

    @property
    def may_hold_late(self) -> bool:
        """Whether there are rows whose ``seq`` lies before others that were written earlier."""
        return self._reader.has_late

    def batches(
        self, first: int = 0, last: int | None = None, columns: Sequence[str] = ALL
    ) -> Iterator[pa.RecordBatch]:
        """The rows whose ``seq`` lies between ``first`` and ``last``, in order, with these columns."""
        for batch in understood(self._reader.in_order(), self.metadata):
            if last is not None and batch.column("seq")[0].as_py() > last:
                return
            yield from _between(batch.select(columns), first, last)

    def extent(self, column: str) -> tuple[int, int] | None:
        """The smallest and the largest value of an integer column. Reads all rows."""
        bounds = [pc.min_max(batch.column(column)).as_py() for batch in self.batches()]
        return (min(each["min"] for each in bounds), max(each["max"] for each in bounds)) if bounds else None


class Address(NamedTuple):
    """Where a row stands, in the capture and in time."""

    seq: int
    at_ns: int
    mono_ns: int


def end_of(batch: pa.RecordBatch) -> Address:
    """The last row of a batch."""
    return Address(*(batch.column(name)[-1].as_py() for name in Address._fields))


def end_of_segments(segments: Sequence[Segment]) -> Address | None:
    """The last row of a capture, if it has any."""
    extents = [(extent[1], segment) for segment in segments if (extent := segment.extent("seq"))]
    if not extents:
        return None
    seq, segment = max(extents, key=lambda each: each[0])
    *_, batch = segment.batches(first=seq)
    return end_of(batch)


def _between(batch: pa.RecordBatch, first: int, last: int | None) -> Iterator[pa.RecordBatch]:
    seq = batch.column("seq")
    if first > 0 and batch.num_rows:
        batch = batch.filter(pc.greater_equal(seq, first))
        seq = batch.column("seq")
    if last is not None and batch.num_rows:
        batch = batch.filter(pc.less_equal(seq, last))
    if batch.num_rows:
        yield batch


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CaptureError(f"{path} is damaged ({reason}): copy it again from where it came from") from error


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """The file, or one line that says why it can't be read."""
    try:
        with path.open("rb") as raw:
            begins = raw.read(8)
            raw.seek(-min(4, len(begins)), 2)
            ends = raw.read(4)
    except OSError as error:
        raise CaptureError(f"{path} can't be read: {error.strerror}") from error
    if not begins:
        raise CaptureError(f"{path} is empty: copy it again from where it came from")
    if begins == MAGIC:
        raise CaptureError(f"{path} is the stage of a recording: open the folder that it lies in")
    if begins[:4] != b"PAR1":
        raise CaptureError(f"{path} is no capture: it is not a Parquet file at all")
    if ends != b"PAR1":
        raise CaptureError(f"{path} is cut short, its end is missing: copy it again from where it came from")
    with _damage(path):
        file = pq.ParquetFile(path, page_checksum_verification=True)
    with file:
        yield file
