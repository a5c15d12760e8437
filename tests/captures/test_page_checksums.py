"""A bit that flips in a capture is noticed; it would be another row, and nobody would know."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from captures.recorded import capture, event
from cli.story import refused

from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError


def test_a_flipped_bit_in_any_page_is_noticed(tmp_path: Path) -> None:
    path = capture(tmp_path, *(event(n, text=f'{{"price":"{n * 7919 % 1000}"}}') for n in range(1, 50)))
    whole = path.read_bytes()
    with Capture.open(path) as opened:
        assert len(list(opened.events())) == 49
    pages = [found.start() for found in re.finditer(rb"\x28\xb5\x2f\xfd", whole)]  # where zstd begins
    assert len(pages) > 20
    for at in pages:
        for behind in (5, 8):
            path.write_bytes(whole[: at + behind] + bytes((whole[at + behind] ^ 4,)) + whole[at + behind + 1 :])
            with Capture.open(path) as damaged, pytest.raises(CaptureError, match="is damaged"):
                list(damaged.events())


def test_damage_is_told_in_one_line(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1, text="x" * 5000))
    whole = path.read_bytes()
    at = whole.index(b"\x28\xb5\x2f\xfd") + 8
    path.write_bytes(whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
    with Capture.open(path) as damaged, pytest.raises(CaptureError, match="copy it again"):
        list(damaged.events())


def test_a_row_that_is_none_is_told_in_one_line_wherever_it_is_read(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1))
    table = pq.read_table(path)
    nothing = pa.array([None], table.schema.field("sender").type)
    altered = table.set_column(table.schema.get_field_index("sender"), table.schema.field("sender"), nothing)
    pq.write_table(altered, path)
    assert "it holds a row that is no event" in refused("show", path)
    with Capture.open(path) as opened, pytest.raises(CaptureError, match="no event"):
        list(opened.events())


def test_a_capture_without_a_column_is_told_in_one_line(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1))
    pq.write_table(pq.read_table(path).drop_columns(["seq"]), path)
    assert "has no column seq" in refused("show", path)
