"""Captures of other versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from captures.recorded import capture, event, metadata

from wsreplay.captures import migration
from wsreplay.captures.capture import Capture
from wsreplay.captures.columns import sparse_batch
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.migration import Step
from wsreplay.captures.schema import FORMAT_KEY, FORMAT_VERSION, METADATA_KEY, file_metadata


def with_version(path: Path, version: bytes) -> Path:
    """The same capture, claiming another format version."""
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, FORMAT_KEY: version}), path)
    return path


@pytest.fixture
def from_version_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file as a made-up version 0 wrote it (microseconds, ``payload`` for ``text``), and the step that reads it."""

    def columns(batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = {name: batch.column(name) for name in batch.schema.names if name not in ("payload", "at_us")}
        arrays["text"] = batch.column("payload")
        arrays["at_ns"] = pa.array([at * 1000 for at in batch.column("at_us").to_pylist()], pa.int64())
        return pa.RecordBatch.from_pydict(arrays)

    def said(content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "venue": content["exchange"]}

    monkeypatch.setitem(migration.STEPS, 0, Step(columns=columns, metadata=said))
    old = sparse_batch([event(1, text="hello", at_ns=7000), event(2, text="again", at_ns=8000)]).to_pydict()
    old["payload"], old["at_us"] = old.pop("text"), [at // 1000 for at in old.pop("at_ns")]
    pairs = file_metadata(metadata())
    content = pairs[METADATA_KEY].replace(b'"venue"', b'"exchange"')
    path = tmp_path / "old.parquet"
    table = pa.Table.from_pydict(old).replace_schema_metadata({FORMAT_KEY: b"0", METADATA_KEY: content})
    pq.write_table(table, path)
    return path


def test_a_file_of_an_older_version_reads_as_if_it_were_written_today(from_version_0: Path) -> None:
    with Capture.open(from_version_0) as old:
        assert [(row.seq, row.text, row.at_ns) for row in old.events()] == [(1, "hello", 7000), (2, "again", 8000)]
        assert old.metadata.venue == "reya"


def test_sql_sees_the_columns_of_today_in_an_older_file(from_version_0: Path) -> None:
    with Capture.open(from_version_0) as old:
        assert old.sql("SELECT seq, text, at_ns FROM events WHERE seq > 1").to_pylist() == [
            {"seq": 2, "text": "again", "at_ns": 8000}
        ]


def test_reading_an_older_file_does_not_change_it(from_version_0: Path) -> None:
    before = from_version_0.read_bytes()
    with Capture.open(from_version_0) as old:
        old.arrow()
    assert from_version_0.read_bytes() == before


def test_a_newer_file_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = with_version(capture(tmp_path, event(1)), str(FORMAT_VERSION + 1).encode())
    with pytest.raises(CaptureError, match=r"has format version 2, and this release reads up to 1: upgrade with"):
        Capture.open(path)


@pytest.mark.parametrize("version", [b"-1", b"one", b""])
def test_a_version_that_never_was_is_named(tmp_path: Path, version: bytes) -> None:
    with pytest.raises(CaptureError, match="the file was altered"):
        Capture.open(with_version(capture(tmp_path, event(1)), version))
