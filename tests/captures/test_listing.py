"""What a folder holds, at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest
from captures.recorded import BEGAN, capture, event, events, metadata, segmented, session

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.listing import find_captures
from wsreplay.captures.recover import recover
from wsreplay.captures.schema import Clocks
from wsreplay.captures.segments import ParquetSegment


def began(seconds_later: int) -> Clocks:
    return Clocks(wall_ns=BEGAN.wall_ns + seconds_later * 10**9, mono_ns=BEGAN.mono_ns + seconds_later * 10**9)


def at(second: int, *seqs: int, venue: str = "reya") -> dict[str, object]:
    return {"clocks": began(second), "venue": venue}


def test_captures_are_listed_newest_first_with_what_one_wants_to_know(tmp_path: Path) -> None:
    def rows(second: int, count: int) -> list[object]:
        shift = second * 10**9
        return [
            event(seq, at_ns=BEGAN.wall_ns + shift + seq, mono_ns=BEGAN.mono_ns + shift + seq * 1000)
            for seq in range(1, count + 1)
        ]

    one = capture(tmp_path, *rows(0, 3), clocks=began(0))  # type: ignore[arg-type]
    two = session(tmp_path, *rows(60, 5), clocks=began(60), venue="0x")  # type: ignore[arg-type]
    three = session(tmp_path, *rows(120, 2), clocks=began(120))  # type: ignore[arg-type]
    three.abandon()
    found = find_captures(tmp_path)
    assert [(each.name, each.path, each.state, each.venue, each.rows) for each in found] == [
        (three.name, three.folder, "cut off", "reya", 2),
        (two.name, two.folder, "recording", "0x", 5),
        (one.stem, one, "finished", "reya", 3),
    ]
    assert found[2].start_ns == BEGAN.wall_ns + 1
    assert found[2].duration_ns == 2000
    assert found[2].size == one.stat().st_size
    assert found[1].start_ns == began(60).wall_ns
    assert [each.trouble for each in found] == [None, None, None]


def test_segments_are_one_capture(tmp_path: Path) -> None:
    path = segmented(tmp_path, events(3), events(2, 4))
    [found] = find_captures(tmp_path)
    assert (found.name, found.path, found.rows, found.duration_ns) == (path.name, path, 5, 4_000_000)
    assert found.size == sum(each.stat().st_size for each in path.iterdir())
    assert find_captures(path) == [found]


def test_a_recovered_recording_stays_recognisable(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(3))
    recording.abandon()
    path = recover(recording.folder)
    capture(tmp_path, event(1), ended="cut off: the proxy ended without a word")
    assert {found.state for found in find_captures(tmp_path)} == {"cut off"}
    assert path in [found.path for found in find_captures(tmp_path)]


def test_what_can_not_be_read_is_listed_with_its_trouble(tmp_path: Path) -> None:
    good = capture(tmp_path, *events(3))
    (tmp_path / "notes.parquet").write_text("milk, bread")
    (tmp_path / "short.parquet").write_bytes(good.read_bytes()[:200])
    (tmp_path / "broken.live").mkdir()
    (tmp_path / "readme.txt").write_text("not a capture, and no trouble")
    (tmp_path / "empty folder").mkdir()
    found = {each.name: each for each in find_captures(tmp_path)}
    assert found.keys() == {good.stem, "notes", "short", "broken"}
    assert found[good.stem].trouble is None
    for name, trouble in [
        ("notes", "not a Parquet file"),
        ("short", "cut short"),
        ("broken", "no recording of wsreplay"),
    ]:
        assert found[name].state == "unreadable"
        assert trouble in (found[name].trouble or "")
        assert "\n" not in (found[name].trouble or "")


def test_an_empty_folder_holds_nothing_and_a_missing_one_is_named(tmp_path: Path) -> None:
    assert find_captures(tmp_path) == []
    with pytest.raises(CaptureError, match="there is no folder"):
        find_captures(tmp_path / "nowhere")


def test_no_row_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def batches(*_: object) -> None:
        raise AssertionError("a row was read")

    segmented(tmp_path, events(3), events(2, 4))
    capture(tmp_path, *events(3), clocks=metadata().clocks)
    monkeypatch.setattr(ParquetSegment, "batches", batches)
    assert sorted(found.rows for found in find_captures(tmp_path)) == [3, 5]
