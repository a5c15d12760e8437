"""The stage: whole after any crash, readable while it grows, lean at low rates."""

from __future__ import annotations

import errno
import os
import stat
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from captures.recorded import event, events, transcripts
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.captures import stage
from wsreplay.captures.columns import events_of
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.stage import BATCH_FROM_ROWS, CHUNK_ROWS, StageReader, StageWriter
from wsreplay.captures.stage_chunks import HEADER, MAGIC, Head, What, headers, packed


def staged(path: Path, *flushes: list[Event], close: bool = True) -> Path:
    writer = StageWriter(path)
    for rows in flushes:
        writer.append(rows)
        writer.flush()
    if close:
        writer.close()
    else:
        writer.abandon()
    return path


def read(path: Path) -> list[Event]:
    with StageReader(path) as reader:
        return [row for batch in reader.batches() for row in events_of(batch)]


def in_order(path: Path) -> list[Event]:
    with StageReader(path) as reader:
        return [row for batch in reader.in_order() for row in events_of(batch)]


def chunks(path: Path) -> list[int]:
    with path.open("rb") as file:
        return [what for _, what, _ in headers(file.fileno(), path.stat().st_size)]


@settings(max_examples=60)
@given(rows=transcripts(), edges=st.lists(st.integers(0, 12), max_size=4), batch_from=st.sampled_from([1, 4, 256]))
def test_events_come_back_equal_however_they_are_flushed(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Event], edges: list[int], batch_from: int
) -> None:
    path = tmp_path_factory.mktemp("stage") / "0001.stage"
    cuts = [0, *sorted(edges), len(rows)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "BATCH_FROM_ROWS", batch_from)
        staged(path, *(rows[start:end] for start, end in pairwise(cuts)))
    assert read(path) == rows
    assert in_order(path) == rows


def test_small_flushes_are_rows_and_large_ones_batches(tmp_path: Path) -> None:
    path = staged(tmp_path / "s", events(1), events(BATCH_FROM_ROWS - 1, 2), events(BATCH_FROM_ROWS, 1000))
    assert chunks(path) == [What.HEAD, What.ROWS, What.ROWS_LZ4, What.BATCH, What.END]
    assert read(path) == [*events(BATCH_FROM_ROWS, 1), *events(BATCH_FROM_ROWS, 1000)]


def test_an_event_at_ten_a_second_costs_its_payload_and_a_hundred_bytes(tmp_path: Path) -> None:
    rows = [
        event(
            1_000_000 + seq, text="x" * 330, size=334, frames=1, compressed=False, relay_ns=48_211, conn=1,
            venue="reya", role="push",
        )
        for seq in range(600)
    ]  # fmt: skip
    path = staged(tmp_path / "s", *([row] for row in rows))
    assert chunks(path).count(What.ROWS) == 600
    each = (path.stat().st_size - len(MAGIC) - HEADER.size) / len(rows)
    assert each < 330 + 120
    assert read(path) == rows


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A stage with a chunk of each kind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "BATCH_FROM_ROWS", 8)
        path = tmp_path_factory.mktemp("whole") / "s"
        long = event(12, text="tick " * 300)
        staged(path, [event(1)], [event(2), event(3)], events(8, 4), [long], [event(13)])
    assert set(chunks(path)) == {What.HEAD, What.ROWS, What.ROWS_LZ4, What.BATCH, What.END}
    return path.read_bytes()


def test_a_stage_torn_at_any_byte_gives_every_whole_chunk_and_no_half_one(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "torn"
    path.write_bytes(whole)
    with path.open("rb") as file:
        found = list(headers(file.fileno(), len(whole)))
    ends = {start: (what, rows) for (start, what, rows) in found}
    starts = [*(start for start, _, _ in found), len(whole)]
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        there = [ends[start] for start, end in pairwise(starts) if end <= length]
        with StageReader(path) as reader:
            assert sum(batch.num_rows for batch in reader.batches()) == sum(rows for _, rows in there)
            assert not reader.closed
            kept = max([0, *(end for end in starts if end <= length)]) if there else 0
            assert reader.torn == length - kept
            assert reader.count() == sum(rows for _, rows in there)


def test_a_writer_goes_on_where_a_stage_was_torn(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "torn"
    for length in range(0, len(whole) - HEADER.size, 7):
        path.write_bytes(whole[:length])
        there = read(path)
        writer = StageWriter(path)
        assert writer.last_seq == (there[-1].seq if there else None)
        assert writer.rows == len(there)
        staged_now = event(1000)
        writer.append([staged_now])
        writer.close()
        assert read(path) == [*there, staged_now]


@given(position=st.integers(0, 2**20), value=st.integers(1, 255))
def test_a_flipped_byte_never_gives_a_wrong_row(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, position: int, value: int
) -> None:
    position %= len(whole)
    path = tmp_path_factory.mktemp("flipped") / "s"
    path.write_bytes(whole[:position] + bytes([whole[position] ^ value]) + whole[position + 1 :])
    if position < len(MAGIC):
        with pytest.raises(CaptureError, match="no stage of a recording"):
            read(path)
    else:
        found = [row.seq for row in read(path)]
        assert found == list(range(1, 14))[: len(found)]


def test_a_torn_header_that_promises_gigabytes_is_not_believed(tmp_path: Path) -> None:
    path = staged(tmp_path / "s", [event(1)], close=False)
    with path.open("ab") as file:
        file.write(HEADER.pack(2**32 - 1, 0, What.ROWS, 7) + b"rest")
    assert read(path) == [event(1)]
    with StageReader(path) as reader:
        assert reader.count() == 1


def test_a_reader_goes_on_where_it_stopped_while_the_stage_grows(tmp_path: Path) -> None:
    writer = StageWriter(tmp_path / "s")
    with StageReader(tmp_path / "s") as reader:
        assert list(reader.batches()) == []
        for seq in (1, 2, 3):
            writer.append([event(seq)])
            assert list(reader.batches()) == [], "nothing is on record before a flush"
            writer.flush()
            assert [row for batch in reader.batches() for row in events_of(batch)] == [event(seq)]
        writer.close()
        assert list(reader.batches()) == []
        assert reader.closed


def test_a_reader_sees_through_a_chunk_that_was_torn_and_written_anew(tmp_path: Path) -> None:
    path = staged(tmp_path / "s", [event(1)], [event(2)], close=False)
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size - 5)
    with StageReader(path) as reader:
        assert [row.seq for batch in reader.batches() for row in events_of(batch)] == [1]
        assert reader.torn
        staged(path, [event(2, text="another second")])
        assert [row.text for batch in reader.batches() for row in events_of(batch)] == ["another second"]
        assert reader.closed


def test_large_messages_fill_a_chunk_before_memory_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "CHUNK_BYTES", 1000)
    rows = [event(seq, text="x" * 400) for seq in range(1, 10)]
    path = staged(tmp_path / "s", rows)
    assert chunks(path).count(What.ROWS_LZ4) == 3
    assert read(path) == rows


def test_an_event_is_never_parted_from_its_facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", 2)
    rows = [event(1), event(2), event(2, 1), event(2, 2), event(3)]
    path = staged(tmp_path / "s", rows)
    with path.open("rb") as file:
        sizes = [rows for _, _, rows in headers(file.fileno(), path.stat().st_size)]
    assert sizes == [0, 4, 1, 0]
    assert CHUNK_ROWS > BATCH_FROM_ROWS


def test_rows_found_out_late_are_read_in_their_places(tmp_path: Path) -> None:
    incidents = [event(3, 1, kind="incident"), event(1, 1, kind="incident"), event(4, 1, kind="incident")]
    path = staged(tmp_path / "s", events(2), events(2, 3), incidents)
    assert [row.seq for row in read(path)] == [1, 2, 3, 4, 3, 1, 4]
    assert [(row.seq, row.part) for row in in_order(path)] == [(1, 0), (1, 1), (2, 0), (3, 0), (3, 1), (4, 0), (4, 1)]
    with StageReader(path) as reader:
        assert reader.has_late
    assert StageWriter(staged(tmp_path / "t", events(4), incidents, close=False)).last_seq == 4


def test_a_value_that_msgpack_can_not_write_costs_that_value_alone(tmp_path: Path) -> None:
    rows = [event(1, key="\ud800", token_expires=2**70), event(2)]
    assert read(staged(tmp_path / "s", rows)) == [event(1, key="?"), event(2)]
    assert read(staged(tmp_path / "t", [event(1, token_expires=2**63)])) == [event(1)]


def test_a_full_disk_leaves_no_half_chunk_and_keeps_the_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = StageWriter(tmp_path / "s")
    writer.append([event(1)])
    writer.flush()
    before = (tmp_path / "s").stat().st_size
    real = os.write

    def write(fd: int, content: Any) -> int:
        if os.fstat(fd).st_size > before:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, content[:9])

    writer.append([event(2)])
    monkeypatch.setattr(os, "write", write)
    with pytest.raises(CaptureError, match=r"s can't be written: No space left on device"):
        writer.flush()
    monkeypatch.undo()
    assert (tmp_path / "s").stat().st_size == before
    assert writer.last_seq == 1
    writer.close()
    assert read(tmp_path / "s") == [event(1), event(2)]


def test_only_its_owner_reads_a_stage(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = staged(tmp_path / "s", [event(1)])
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_added_to_a_stage_that_was_closed(tmp_path: Path) -> None:
    path = staged(tmp_path / "s", [event(1)])
    before = path.read_bytes()
    with pytest.raises(CaptureError, match="was closed in order"):
        StageWriter(path)
    assert path.read_bytes() == before


def test_a_stage_that_is_damaged_at_its_beginning_is_left_alone(tmp_path: Path) -> None:
    path = staged(tmp_path / "s", events(3), close=False)
    damaged = bytearray(path.read_bytes())
    damaged[len(MAGIC) + 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(CaptureError, match="damaged at its beginning"):
        StageWriter(path)
    assert path.read_bytes() == damaged


def test_what_is_no_stage_is_named(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"PAR1 or anything")
    with pytest.raises(CaptureError, match="no stage of a recording"):
        read(tmp_path / "s")


def test_a_stage_of_another_release_is_read_by_its_own_columns(tmp_path: Path) -> None:
    head = Head(format=1, columns=["seq", "mood", "text"])
    rows = msgspec.msgpack.encode([[1, "good", "hello"], [2, "bad", None]])
    path = tmp_path / "s"
    path.write_bytes(MAGIC + packed(What.HEAD, 0, msgspec.json.encode(head)) + packed(What.ROWS, 2, rows))
    with StageReader(path) as reader:
        [batch] = reader.batches()
    assert batch.select(["seq", "text"]).to_pylist() == [{"seq": 1, "text": "hello"}, {"seq": 2, "text": None}]
    with pytest.raises(CaptureError, match="begun by another release: finish it with `wsreplay recover`"):
        StageWriter(path)


def test_a_stage_from_the_future_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(MAGIC + packed(What.HEAD, 0, msgspec.json.encode(Head(format=9, columns=[]))))
    with pytest.raises(CaptureError, match="has format version 9, and this release reads up to 1: upgrade with"):
        read(path)
