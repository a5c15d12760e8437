"""A capture that is decoded again: what was observed stays to the byte, what was derived is what is derived today."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from captures.recorded import segmented

from wsreplay.analysis.incidents import FINISHER
from wsreplay.captures.capture import Capture
from wsreplay.captures.decode_again import decode_again
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import OBSERVED, Event

SAMPLES = Path(__file__).parents[2] / "captures" / "samples"


def rows(path: Path) -> list[Event]:
    with Capture.open(path) as capture:
        return list(capture.events())


def observed(events: list[Event]) -> list[tuple[object, ...]]:
    return [tuple(getattr(row, name) for name in OBSERVED) for row in events if row.part == 0]


def plain(events: list[Event]) -> list[Event]:
    """Without incidents, whose wording may have changed since the sample was recorded."""
    return [row for row in events if row.kind != "incident"]


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return Path(shutil.copy(SAMPLES / "reya-duplicate-order.parquet", tmp_path / "a.parquet"))


def test_by_its_own_dialect_it_stays_the_same(sample: Path) -> None:
    before = rows(sample)
    made = decode_again(sample, finishers=(FINISHER,))
    again = rows(sample)
    assert plain(again) == plain(before)
    assert (made.venue, made.rows) == ("reya", len(again))
    assert decode_again(sample, finishers=(FINISHER,)).incidents == made.incidents
    assert rows(sample) == again, "and from then on to the last word"


def test_by_another_dialect_only_what_is_derived_changes_and_it_can_be_changed_back(sample: Path) -> None:
    decode_again(sample, finishers=(FINISHER,))
    before = rows(sample)
    made = decode_again(sample, venue="generic", finishers=(FINISHER,))
    assert made.venue == "generic"
    assert {row.venue for row in rows(sample) if row.kind == "text"} == {"generic"}
    assert observed(rows(sample)) == observed(before)
    decode_again(sample, venue="reya", finishers=(FINISHER,))
    assert rows(sample) == before


def test_a_map_file_goes_along_with_the_capture_and_away_with_the_next_venue(sample: Path, tmp_path: Path) -> None:
    described = tmp_path / "venue.toml"
    described.write_text('[paths]\nop = "type"\nkey = "id"\n')
    decode_again(sample, map_file=described)
    with Capture.open(sample) as capture:
        assert capture.metadata.notes["map"] == described.read_text()
    decode_again(sample)
    decode_again(sample, venue="reya")
    with Capture.open(sample) as capture:
        assert "map" not in capture.metadata.notes


def test_a_long_recording_is_decoded_as_one_and_its_segments_stay(sample: Path, tmp_path: Path) -> None:
    decode_again(sample, finishers=(FINISHER,))
    whole = rows(sample)
    seq = whole[len(whole) // 3].seq
    said = [row for row in whole if row.kind != "incident"]
    folder = segmented(
        tmp_path / "out", [row for row in said if row.seq < seq], [row for row in said if row.seq >= seq]
    )
    made = decode_again(folder, finishers=(FINISHER,))
    assert rows(folder) == whole
    assert made.incidents_before == 0
    assert made.incidents > 0
    assert len(list(folder.glob("*.parquet"))) == 2
    assert not list(folder.parent.glob(".*")), "nothing is left behind"


def test_what_is_still_being_recorded_is_left_alone(tmp_path: Path) -> None:
    live = tmp_path / "x.live"
    live.mkdir()
    with pytest.raises(CaptureError):
        decode_again(live)


def test_a_link_stays_a_link_and_who_could_read_it_still_can(sample: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    real = sample.rename(elsewhere / "a.parquet")
    real.chmod(0o640)
    sample.symlink_to(real)
    decode_again(sample, venue="generic")
    assert sample.is_symlink()
    with Capture.open(real) as opened:
        assert opened.metadata.venue == "generic"
    assert real.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in elsewhere.iterdir()] == ["a.parquet"]


def test_where_nothing_can_be_written_that_is_said(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(CaptureError, match="Permission denied"):
        decode_again(sample)
