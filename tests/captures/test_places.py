"""Wrong paths and foreign files: one line each, with the way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from captures.recorded import capture, event, events, segmented, session

from wsreplay.captures.capture import Capture, open_all
from wsreplay.captures.errors import CaptureError


def missing(folder: Path) -> Path:
    return folder / "x.parquet"


def empty_folder(folder: Path) -> Path:
    (folder / "x").mkdir()
    return folder / "x"


def empty_file(folder: Path) -> Path:
    (folder / "x.parquet").touch()
    return folder / "x.parquet"


def other_file(folder: Path) -> Path:
    (folder / "x.parquet").write_text('{"log": {"version": "1.2"}}')
    return folder / "x.parquet"


def foreign_parquet(folder: Path) -> Path:
    pq.write_table(pa.table({"a": [1]}), folder / "x.parquet")
    return folder / "x.parquet"


def truncated(folder: Path) -> Path:
    path = capture(folder, *events(100))
    path.write_bytes(path.read_bytes()[:-1])
    return path


def damaged_footer(folder: Path) -> Path:
    path = capture(folder, *events(100))
    content = bytearray(path.read_bytes())
    content[-8:-4] = b"\xff\xff\xff\x7f"
    path.write_bytes(content)
    return path


def a_stage(folder: Path) -> Path:
    return session(folder, event(1)).stage.path


def broken_segment(folder: Path) -> Path:
    path = segmented(folder, events(2), events(2, 3))
    (path / "0002.parquet").write_bytes(b"")
    return path


def several(folder: Path) -> Path:
    capture(folder, event(1))
    capture(folder, event(1))
    return folder


def no_recording(folder: Path) -> Path:
    (folder / "x.live").mkdir()
    return folder / "x.live"


@pytest.mark.parametrize(
    ("given", "trouble"),
    [
        (missing, r"there is no .*/x\.parquet: see what there is with `wsreplay ls /"),
        (empty_folder, r"/x holds no capture: name a \.parquet file"),
        (empty_file, r"x\.parquet is empty: copy it again"),
        (other_file, r"x\.parquet is no capture: it is not a Parquet file at all"),
        (
            foreign_parquet,
            r"x\.parquet is a Parquet file, but no capture: give one that `wsreplay record` or `wsreplay run` wrote",
        ),
        (truncated, r"reya\.parquet is cut short, its end is missing: copy it again"),
        (damaged_footer, r"reya\.parquet is damaged \(.+\): copy it again"),
        (a_stage, r"0001\.stage is the stage of a recording: open the folder that it lies in"),
        (broken_segment, r"0002\.parquet is empty: copy it again"),
        (several, r" holds 2 captures: name one of them, for example .*reya.*\.parquet"),
        (no_recording, r"session\.json can't be read \(No such file or directory\): .* is no recording of wsreplay"),
    ],
)
def test_what_can_not_be_opened_is_one_line_with_the_way_out(
    tmp_path: Path, given: Callable[[Path], Path], trouble: str
) -> None:
    with pytest.raises(CaptureError, match=trouble) as told:
        Capture.open(given(tmp_path))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("given", [missing, empty_folder, broken_segment, no_recording])
def test_nothing_is_left_out_silently_where_all_captures_are_asked(
    tmp_path: Path, given: Callable[[Path], Path]
) -> None:
    with pytest.raises(CaptureError):
        open_all(given(tmp_path))


def test_damage_inside_a_file_is_named_when_it_is_met(tmp_path: Path) -> None:
    path = capture(tmp_path, *events(2000))
    content = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(0).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + 30] = bytes(30)
    path.write_bytes(content)
    with Capture.open(path) as opened:
        with pytest.raises(CaptureError, match=r"is damaged \(.+\): copy it again") as told:
            list(opened.events())
        assert "\n" not in str(told.value)
        with pytest.raises(CaptureError, match="the query can't be answered"):
            opened.sql("SELECT sum(seq) FROM events")


def test_a_row_that_is_no_event_is_named(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1))
    table = pq.read_table(path)
    index = table.schema.names.index("kind")
    pq.write_table(table.set_column(index, "kind", pa.array(["telegram"])), path)
    with Capture.open(path) as opened, pytest.raises(CaptureError, match=r"holds a row that is no event \(.*telegram"):
        list(opened.events())
