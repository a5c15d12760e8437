"""The stage: where events wait, safe from kill -9, until their segment becomes a Parquet file.

Append-only. Whoever reads it, while it grows or after a crash, takes every whole chunk and stops at the first that is
not (:mod:`wsreplay.captures.stage_chunks`; ``docs/capture-format.md`` has the layout to the byte).

One row as an Arrow batch weighs 2.7 kB, most of it about columns. So a small flush is written as rows (msgpack; 13
bytes of header, and one byte for each column without a value), and a large one as an Arrow batch of the columns that
hold anything, compressed with LZ4.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from wsreplay.captures.columns import FIELDS, batch_of_rows, sparse_batch, widen
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.order import merged
from wsreplay.captures.schema import FORMAT_VERSION
from wsreplay.captures.stage_chunks import LATE, MAGIC, Chunk, Head, What, chunk_at, headers, packed

BATCH_FROM_ROWS = 256
"""From how many rows on a flush is an Arrow batch. Rows are cheaper to write, a batch is cheaper to read back."""
BATCH_ROWS = 4096
"""How many rows a reader joins to one batch: transposing more than the processor's cache holds is half as fast."""
CHUNK_ROWS = 16_384
CHUNK_BYTES = 32 << 20
"""Payload bytes after which a chunk is full: memory stays bounded, and no column outgrows Arrow's 2 GiB of text."""
_LZ4_FROM = 1024
_IPC = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_BEGINNING = MAGIC + packed(What.HEAD, 0, msgspec.json.encode(Head(FORMAT_VERSION, list(FIELDS))))


class StageWriter:
    """Writes events to a new stage at ``path``, or on to the one that a dead scribe left there.

    Nothing is on record before :meth:`flush`. What is flushed outlives the process (not the machine's power).
    """

    def __init__(self, path: Path, after: int | None = None) -> None:
        """``after``: the highest ``seq`` of the segments before this one."""
        self.path = path
        self.rows = 0
        """Rows flushed so far."""
        self.last_seq = after
        """The highest ``seq`` on record. All parts of it are: an event is never parted from its facts."""
        self._pending: list[Event] = []
        self._encoder = msgspec.msgpack.Encoder()
        self._fd = -1
        self.size = self._whole() if path.exists() else 0
        """Bytes written so far."""
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.ftruncate(self._fd, self.size)
        except OSError as error:
            raise CaptureError(f"{path} can't be written: {error.strerror}") from error
        if not self.size:
            try:
                self._write(_BEGINNING)
            except CaptureError:
                self.abandon()
                raise

    def append(self, events: Iterable[Event]) -> None:
        """Take events for the next flush. They must be redacted, and must not change any more."""
        self._pending.extend(events)

    def flush(self) -> None:
        """Write what was appended. If the disk refuses, nothing is half-written and the events are kept."""
        while self._pending:
            late, count = self._fitting()
            events = self._pending[:count]
            self._write(self._encode(events, LATE if late else 0))
            del self._pending[:count]
            self.rows += count
            if not late:
                self.last_seq = events[-1].seq

    def close(self) -> None:
        """Flush, and state that nothing more comes."""
        if self._fd < 0:
            return
        self.flush()
        self._write(packed(What.END, 0, b""))
        self.abandon()

    def abandon(self) -> None:
        """Let go of the file as a crash would: without a flush and without an end."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _whole(self) -> int:
        """Where the stage that is there stops being whole."""
        with StageReader(self.path) as reader:
            for batch in reader.batches():
                self.rows += batch.num_rows
                self.last_seq = max(self.last_seq or 0, pc.max(batch.column("seq")).as_py())
            if reader.closed:
                raise CaptureError(f"{self.path} was closed in order: nothing can be added to it")
            if reader.offset and reader.columns != list(FIELDS):
                raise CaptureError(f"{self.path} was begun by another release: finish it with `wsreplay recover`")
            if not reader.offset and reader.torn >= len(_BEGINNING):
                raise CaptureError(f"{self.path} is damaged at its beginning: it was left as it is")
            return reader.offset

    def _fitting(self) -> tuple[bool, int]:
        """Whether the next chunk is one of late rows, and how many of those that wait make it."""
        before = self.last_seq or 0
        late = self._pending[0].seq < before
        room = CHUNK_BYTES
        for count, event in enumerate(self._pending):
            full = (count >= CHUNK_ROWS or room <= 0) and event.part == 0
            if full or (event.seq < before) != late:
                return late, count
            if not late:
                before = event.seq
            room -= len(event.text or event.data or b"")
        return late, len(self._pending)

    def _encode(self, events: list[Event], late: int) -> bytes:
        count = len(events)
        if count < BATCH_FROM_ROWS:
            try:
                rows = self._encoder.encode(events)
            except (UnicodeEncodeError, OverflowError):
                pass  # A value that msgpack can't write; building columns costs just that value.
            else:
                if len(rows) < _LZ4_FROM:
                    return packed(What.ROWS | late, count, rows)
                compressed = pa.compress(rows, "lz4_raw", asbytes=True)
                return packed(What.ROWS_LZ4 | late, count, len(rows).to_bytes(4, "little") + compressed)
        batch = sparse_batch(events)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=_IPC) as stream:
            stream.write_batch(batch)
        return packed(What.BATCH | late, count, sink.getvalue().to_pybytes())

    def _write(self, content: bytes) -> None:
        written = 0
        try:
            while written < len(content):
                written += os.write(self._fd, memoryview(content)[written:])
        except OSError as error:
            if written:
                os.ftruncate(self._fd, self.size)
            raise CaptureError(f"{self.path} can't be written: {error.strerror}; nothing is lost so far") from error
        self.size += written


class StageReader:
    """Reads a stage, also while it grows: :meth:`batches` gives what has come since it was last asked."""

    def __init__(self, path: Path, fd: int | None = None) -> None:
        self.path = path
        self.closed = False
        """Whether the end was reached that an orderly close writes."""
        self.torn = 0
        """Bytes after the last whole chunk when it was last read: a chunk that is being written, or never will be."""
        self.columns: list[str] = []
        self.offset = 0
        """Where the first chunk starts that was not read yet."""
        self._fd = os.open(path, os.O_RDONLY) if fd is None else fd

    def __enter__(self) -> StageReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """All rows that are there and were not given yet, as they were written, in batches with the capture's schema.

        Chunks are joined to about ``rows`` a batch. Take all batches before you ask again.
        """
        return self._joined(self._chunks(), rows)

    def in_order(self, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """All rows that are there from the first on, late ones in their places; whatever the file is called by now."""
        with StageReader(self.path, os.dup(self._fd)) as again:
            late = list(again._joined(again._late_chunks(), rows))
            punctual = (chunk for chunk in again._chunks() if not chunk.late)
            yield from merged(again._joined(punctual, rows), late)
            self.torn = again.torn

    def count(self) -> int:
        """How many rows there are in all."""
        return sum(rows for _, _, rows in headers(self._fd, self._size()))

    @property
    def has_late(self) -> bool:
        """Whether some rows belong before others that were written earlier."""
        return any(what & LATE for _, what, _ in headers(self._fd, self._size()))

    def _joined(self, chunks: Iterable[Chunk], rows: int) -> Iterator[pa.RecordBatch]:
        tables: list[pa.Table] = []
        few: list[Any] = []
        count = size = 0
        for what, held, body in chunks:
            if what & ~LATE == What.BATCH:
                if few:
                    tables.append(self._table(few))
                    few = []
                with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
                    tables.append(stream.read_all())
                size += tables[-1].nbytes
            else:
                if what & ~LATE == What.ROWS_LZ4:
                    body = pa.decompress(body[4:], int.from_bytes(body[:4], "little"), "lz4_raw", asbytes=True)
                few += msgspec.msgpack.decode(body)
                size += len(body)
            count += held
            if count >= rows or size >= CHUNK_BYTES:
                yield _one_batch([*tables, self._table(few)] if few else tables)
                tables, few, count, size = [], [], 0, 0
        if count:
            yield _one_batch([*tables, self._table(few)] if few else tables)

    def _table(self, rows: list[Any]) -> pa.Table:
        return pa.Table.from_batches([batch_of_rows(rows, self.columns)])

    def _chunks(self) -> Iterator[Chunk]:
        """The whole chunks from :attr:`offset` on, which moves behind each as soon as it was taken."""
        size = self._size()
        if self.offset or self._read_head(size):
            while not self.closed and (chunk := chunk_at(self._fd, self.offset, size)) is not None:
                self.offset += chunk.size
                if chunk.what == What.END:
                    self.closed = True
                else:
                    yield chunk
        self.torn = size - self.offset

    def _late_chunks(self) -> Iterator[Chunk]:
        size = self._size()
        if self._read_head(size):
            late = [position for position, what, _ in headers(self._fd, size) if what & LATE]
            yield from (chunk for position in late if (chunk := chunk_at(self._fd, position, size)) is not None)

    def _read_head(self, size: int) -> bool:
        """Read the file's first bytes; False if even they were not written whole."""
        if not MAGIC.startswith(os.pread(self._fd, len(MAGIC), 0)):
            raise CaptureError(f"{self.path} is no stage of a recording: it does not begin as one")
        chunk = chunk_at(self._fd, len(MAGIC), size)
        if chunk is None or chunk.what != What.HEAD:
            return False
        head = msgspec.json.decode(chunk.body, type=Head)
        if head.format > FORMAT_VERSION:
            raise CaptureError(
                f"{self.path} has format version {head.format}, and this release reads up to {FORMAT_VERSION}: "
                "upgrade with `python3 -m pip install -U wsreplay`"
            )
        self.columns = head.columns
        self.offset = len(MAGIC) + chunk.size
        return True

    def _size(self) -> int:
        return os.fstat(self._fd).st_size


def _one_batch(tables: list[pa.Table]) -> pa.RecordBatch:
    """The chunks' tables as a batch with all columns. Widening each chunk would cost more than its rows do."""
    table = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="default")
    return widen(table.combine_chunks().to_batches()[0])
