"""The catalogue: the views over every capture of a folder, kept up to date, for any DuckDB client."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from captures.recorded import capture, event, segmented, session

from wsreplay.analysis.catalogue import NAME, update
from wsreplay.analysis.views import VIEWS

SAMPLES = Path(__file__).parents[2] / "captures" / "samples"


def asked(path: Path, question: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as database:
        return database.execute(question).fetchall()


def test_every_view_is_there_over_every_capture(tmp_path: Path) -> None:
    first = capture(tmp_path, event(1, op="buy"), venue="a")
    long = segmented(tmp_path, [event(1)], [event(2), event(3)])
    for sample in SAMPLES.glob("*.parquet"):
        shutil.copy(sample, tmp_path)
    path = update(tmp_path)
    assert path == tmp_path / NAME
    counts = {name: int(str(n)) for name, n in asked(path, "SELECT capture, count(*) FROM events GROUP BY capture")}
    assert (counts[first.stem], counts[long.name]) == (1, 3)
    assert counts["reya-careful"] > 10
    for view in VIEWS:
        asked(path, f"SELECT count(*) FROM (SELECT * FROM {view})")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_follows_what_comes_and_goes(tmp_path: Path) -> None:
    first = capture(tmp_path, event(1))
    path = update(tmp_path)
    assert path is not None
    written = path.stat().st_mtime_ns
    assert update(tmp_path) == path
    assert path.stat().st_mtime_ns == written, "nothing changed, nothing is written"
    second = capture(tmp_path, event(1), venue="b")
    update(tmp_path)
    assert {name for (name,) in asked(path, "SELECT DISTINCT capture FROM files")} == {first.stem, second.stem}
    first.unlink()
    update(tmp_path)
    assert asked(path, "SELECT DISTINCT capture FROM events") == [(second.stem,)]


def test_names_that_are_patterns_to_duckdb_are_names(tmp_path: Path) -> None:
    made = capture(tmp_path, event(1))
    made.rename(tmp_path / "it's [1]*.parquet")
    path = update(tmp_path)
    assert path is not None
    assert asked(path, "SELECT capture FROM events") == [("it's [1]*",)]


def test_what_is_no_capture_or_still_recorded_is_left_out(tmp_path: Path) -> None:
    assert update(tmp_path) is None
    going_on = session(tmp_path, event(1))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    assert update(tmp_path) is None
    done = capture(tmp_path, event(1))
    path = update(tmp_path)
    assert path is not None
    assert asked(path, "SELECT capture FROM files") == [(done.stem,)]
    going_on.abandon()


def test_somebody_elses_file_of_that_name_is_no_hindrance(tmp_path: Path) -> None:
    capture(tmp_path, event(1))
    (tmp_path / NAME).write_text("not a database")
    path = update(tmp_path)
    assert path is not None
    assert asked(path, "SELECT count(*) FROM events") == [(1,)]


def test_where_nobody_may_write_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture(tmp_path, event(1))
    monkeypatch.setattr("wsreplay.captures.finish.tempfile.mkstemp", _refused)
    assert update(tmp_path) is None


def _refused(**_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_database_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    capture(tmp_path, event(1))
    with duckdb.connect(str(tmp_path / NAME)) as database:
        database.execute("CREATE TABLE precious AS SELECT 42 AS n")
    assert update(tmp_path) is None
    assert asked(tmp_path / NAME, "SELECT n FROM precious") == [(42,)]


def test_a_catalogue_that_is_open_for_writing_elsewhere_is_left_alone(tmp_path: Path) -> None:
    capture(tmp_path, event(1))
    path = update(tmp_path)
    assert path is not None
    capture(tmp_path, event(1), venue="b")
    hold = "import duckdb, sys; d = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        inode = path.stat().st_ino
        assert update(tmp_path) is None
        assert path.stat().st_ino == inode
