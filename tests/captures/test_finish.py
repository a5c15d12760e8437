"""From stages to Parquet."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from captures.recorded import event, events, metadata, transcripts
from hypothesis import given, settings

from wsreplay.captures import finish as finishing
from wsreplay.captures.columns import events_of, sparse_batch, widen
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.finish import finish, write_parquet
from wsreplay.captures.schema import SCHEMA
from wsreplay.captures.stage import StageWriter


def staged(path: Path, rows: list[Event]) -> Path:
    writer = StageWriter(path)
    writer.append(rows)
    writer.close()
    return path


def read(path: Path) -> list[Event]:
    with pq.ParquetFile(path) as file:
        return [row for batch in file.iter_batches() for row in events_of(batch)]


def batch(rows: list[Event]) -> pa.RecordBatch:
    return widen(sparse_batch(rows))


@settings(max_examples=50)
@given(transcripts())
def test_events_come_back_equal(tmp_path_factory: pytest.TempPathFactory, rows: list[Event]) -> None:
    folder = tmp_path_factory.mktemp("finish")
    assert finish(staged(folder / "s", rows), folder / "c.parquet", metadata()) == len(rows)
    assert read(folder / "c.parquet") == rows


def test_the_file_has_the_columns_of_the_schema_and_nothing_nested(tmp_path: Path) -> None:
    write_parquet([batch(events(3))], tmp_path / "c.parquet", metadata())
    assert pq.read_schema(tmp_path / "c.parquet").equals(SCHEMA, check_metadata=False)


def test_ids_beyond_two_to_the_53_and_decimals_are_exact_to_the_digit(tmp_path: Path) -> None:
    row = event(1, order_id="9007199254740993", reply_to=2**53 + 1, price="0.100000000000000000001", qty="1.50")
    finish(staged(tmp_path / "s", [row]), tmp_path / "c.parquet", metadata())
    assert read(tmp_path / "c.parquet") == [row]


def test_row_groups_are_cut_by_rows_and_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finishing, "ROW_GROUP", 10)
    monkeypatch.setattr(finishing, "ROW_GROUP_BYTES", 40_000)
    large = [event(seq, text="x" * 30_000) for seq in range(100, 105)]
    given_batches = [batch(events(7)), batch(events(25, 8)), batch(events(3, 33)), *(batch([row]) for row in large)]
    assert write_parquet(given_batches, tmp_path / "c.parquet", metadata()) == 40
    footer = pq.read_metadata(tmp_path / "c.parquet")
    assert [footer.row_group(number).num_rows for number in range(footer.num_row_groups)] == [10, 10, 10, 7, 2, 1]
    assert [row.seq for row in read(tmp_path / "c.parquet")] == [*range(1, 36), *range(100, 105)]


def test_a_row_group_is_written_before_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finishing, "ROW_GROUP", 1000)
    rows = batch(events(1000))
    held: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for _ in range(50):
            held.append(pa.total_allocated_bytes())
            yield pa.RecordBatch.from_pydict(rows.to_pydict(), schema=SCHEMA)

    write_parquet(batches(), tmp_path / "c.parquet", metadata())
    assert max(held[10:]) <= max(held[:10]) + rows.nbytes


def test_an_empty_recording_is_a_capture_without_rows(tmp_path: Path) -> None:
    assert finish(staged(tmp_path / "s", []), tmp_path / "c.parquet", metadata()) == 0
    assert read(tmp_path / "c.parquet") == []


def test_payloads_have_no_statistics_and_addresses_have(tmp_path: Path) -> None:
    write_parquet([batch(events(5))], tmp_path / "c.parquet", metadata())
    group = pq.read_metadata(tmp_path / "c.parquet").row_group(0)
    columns = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}
    assert columns["text"].statistics is None
    assert (columns["seq"].statistics.min, columns["seq"].statistics.max) == (1, 5)
    assert {columns[name].compression for name in columns} == {"ZSTD"}
    assert "DELTA_LENGTH_BYTE_ARRAY" in columns["text"].encodings
    assert "DELTA_BINARY_PACKED" in columns["mono_ns"].encodings


def test_only_its_owner_reads_a_capture(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        write_parquet([batch(events(1))], tmp_path / "c.parquet", metadata())
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "c.parquet").stat().st_mode) == 0o600


def test_a_capture_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield batch(events(5))
        assert not (tmp_path / "c.parquet").exists()
        raise CaptureError("the stage is damaged")

    with pytest.raises(CaptureError, match="the stage is damaged"):
        write_parquet(batches(), tmp_path / "c.parquet", metadata())
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_until_the_new_file_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.parquet"
    path.write_text("before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CaptureError, match=r"c\.parquet can't be written: No space left"):
        write_parquet([batch(events(1))], path, metadata())
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="can't be written: No such file or directory"):
        write_parquet([], tmp_path / "nowhere" / "c.parquet", metadata())


def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, Path("/dev/null"), tmp_path):
        with pytest.raises(CaptureError, match="name a file"):
            write_parquet([], place, metadata())
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert pipe.is_fifo()


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    link = tmp_path / "link.parquet"
    link.symlink_to(tmp_path / "real.parquet")
    for _ in range(2):
        assert write_parquet([], link, metadata()) == 0
        assert link.is_symlink()
