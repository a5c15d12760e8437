"""Verifying captures: what was taken out, put in, or altered is found and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from captures.recorded import capture, event, session

from wsreplay.analysis.incidents import FINISHER
from wsreplay.analysis.verification import verify, verify_capture
from wsreplay.captures.capture import Capture
from wsreplay.captures.columns import sparse_batch, widen
from wsreplay.captures.decode_again import decode_again
from wsreplay.captures.event import Event
from wsreplay.captures.finish import write_parquet

SAMPLES = Path(__file__).parents[2] / "captures" / "samples"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = Path(shutil.copy(SAMPLES / "reya-duplicate-order.parquet", tmp_path / "a.parquet"))
    decode_again(path, finishers=(FINISHER,))
    return path


def altered(path: Path, change: Callable[[list[Event]], list[Event]], **about: object) -> Path:
    with Capture.open(path) as opened:
        rows, metadata = list(opened.events()), opened.metadata
    write_parquet([widen(sparse_batch(change(rows)))], path, msgspec.structs.replace(metadata, **about))
    return path


def test_a_good_capture_is_good(sample: Path) -> None:
    found = verify_capture(sample)
    assert found.trouble == ()
    assert found.incidents["duplicate-order"] == 1
    assert not found.cut_off


def test_a_row_that_was_taken_out_is_missed(sample: Path) -> None:
    altered(sample, lambda rows: [row for row in rows if row.seq != 5])
    assert any("#6 is missing before them" in line for line in verify_capture(sample).trouble)


def test_a_part_that_says_so_misses_nothing(sample: Path) -> None:
    altered(sample, lambda rows: [row for row in rows if row.seq not in (4, 5)], notes={"part_of": "it"})
    assert not any("taken out" in line for line in verify_capture(sample).trouble)


def test_a_fact_that_was_altered_is_decoded_otherwise(sample: Path) -> None:
    def lie(rows: list[Event]) -> list[Event]:
        for row in rows:
            if row.kind == "fact" and row.outcome == "late":
                row.outcome = "ok"
        return rows

    altered(sample, lie)
    assert any("decoded otherwise now" in line for line in verify_capture(sample).trouble)


def test_incidents_that_were_taken_out_are_missed(sample: Path) -> None:
    altered(sample, lambda rows: [row for row in rows if row.op != "duplicate-order"])
    assert any("1 duplicate-order" in line for line in verify_capture(sample).trouble)


def test_rows_out_of_order_are_named(tmp_path: Path) -> None:
    path = altered(capture(tmp_path, event(1), event(2), event(3)), lambda rows: [rows[1], rows[0], rows[2]])
    assert any("#1 is not in the order" in line for line in verify_capture(path).trouble)


def test_an_older_dialect_is_said_and_not_held_against_the_rows(sample: Path) -> None:
    altered(sample, lambda rows: rows, dialect_version=0)
    (line,) = verify_capture(sample).trouble
    assert "decoded by version 0 of the dialect" in line


def test_what_can_not_be_read_is_trouble_and_does_not_stop_the_others(sample: Path, tmp_path: Path) -> None:
    broken = tmp_path / "b.parquet"
    broken.write_bytes(sample.read_bytes()[:-100])
    told: list[int] = []
    bad, good = verify([broken, sample], jobs=2, progress=told.append)
    assert "cut short" in bad.trouble[0]
    assert good.trouble == ()
    assert told == [1, 2]
    assert verify([broken, sample], jobs=1) == [bad, good], "in as many processes as you like"


def test_one_row_that_is_missing_is_one_and_not_all_that_follow(sample: Path) -> None:
    altered(sample, lambda rows: [row for row in rows if row.kind != "fact" or row.outcome != "late"])
    (line,) = [line for line in verify_capture(sample).trouble if "decoded otherwise" in line]
    assert line.startswith("#")
    assert " is decoded otherwise" in line


def test_a_fact_that_is_missing_at_the_very_end_is_missed(tmp_path: Path) -> None:
    asked = event(1, conn=1, sender="client", text='{"op":"place","id":1}')
    path = capture(tmp_path, asked, event(2, conn=1, kind="end", text=None, ended_by="rst"), venue="generic")
    decode_again(path)
    assert verify_capture(path).trouble == ()
    altered(path, lambda rows: rows[:-1])
    assert any("#2 is decoded otherwise" in line for line in verify_capture(path).trouble)


@pytest.mark.parametrize("ended", ["cut off", "cut off: the proxy ended without a word"])
def test_a_recording_that_was_cut_off_is_said_to_be(tmp_path: Path, ended: str) -> None:
    path = capture(tmp_path, event(1), ended=ended)
    assert verify_capture(path).cut_off


def test_a_recording_that_goes_on_is_not_cut_off(tmp_path: Path) -> None:
    going_on = session(tmp_path, event(1))
    assert not verify_capture(going_on.folder).cut_off
    going_on.abandon()
    assert verify_capture(going_on.folder).cut_off


def test_whatever_a_damaged_file_raises_is_trouble(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("wsreplay.analysis.verification.incidents_in", stumble)
    assert verify_capture(sample).trouble == ("it can't be read (ZeroDivisionError: by nought)",)
