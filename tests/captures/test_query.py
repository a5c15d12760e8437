"""SQL over captures, by people who may have got the capture, or the query, from somebody else."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from captures.recorded import capture, event, events, session

from wsreplay.captures.capture import Capture, open_all
from wsreplay.captures.capture import connect as connect_all
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.query import select


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return capture(tmp_path / "out", event(1, conn=1, price="0.1"), event(2, conn=2), event(3, conn=2))


def test_a_select_is_answered_with_its_parameters(path: Path) -> None:
    with Capture.open(path) as opened:
        assert opened.sql("SELECT seq FROM events WHERE conn = $1 ORDER BY seq", [2]).to_pydict() == {"seq": [2, 3]}
        assert opened.sql("FROM events WHERE price = $p", {"p": "0.1"}).num_rows == 1
        assert opened.sql("DESCRIBE events").num_rows == len(opened.arrow().schema)


def test_the_time_is_utc_wherever_we_are(path: Path) -> None:
    with Capture.open(path) as opened:
        answer = opened.sql("SELECT strftime(events.at, '%Y-%m-%dT%H:%M:%S.%f') AS t FROM events WHERE seq = 1")
    assert answer.to_pylist() == [{"t": "2026-11-21T06:27:25.124456"}]


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO '{path}' (USE_TMP_FILE false)",
        "COPY events TO '{other}' (FORMAT csv)",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW events",
        "ATTACH '{other}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "PRAGMA enable_profiling",
        "SELECT 1; SELECT 2",
        "WITH x AS (COPY (SELECT 1) TO '{path}' (USE_TMP_FILE false)) SELECT 1",
        "WITH x AS (COPY (SELECT 1) TO '{path}' (USE_TMP_FILE false)) FROM x",
        "",
    ],
)
def test_only_one_select_is_taken(path: Path, tmp_path: Path, query: str) -> None:
    before = path.read_bytes()
    with Capture.open(path) as opened:
        with pytest.raises(CaptureError, match="a query is one SELECT, and nothing but that"):
            opened.sql(query.format(path=path, other=tmp_path / "other"))
        assert opened.sql("SELECT 1").num_rows == 1
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_query_reads_the_capture_and_no_other_file(path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("key\n1234\n")
    other = capture(tmp_path / "other", event(1))
    with Capture.open(path) as opened:
        for query in (
            f"FROM '{secret}'",
            f"FROM read_csv('{secret}')",
            f"FROM read_text('{secret}')",
            f"FROM '{other}'",
        ):
            with pytest.raises(CaptureError, match=r"Cannot access file|not allowed in a query"):
                opened.sql(query)


def test_variables_of_the_program_are_no_tables(path: Path) -> None:
    with Capture.open(path) as opened:
        mine = opened.arrow()
        assert mine.num_rows == 3
        with pytest.raises(CaptureError, match="Table with name mine does not exist"):
            opened.sql("FROM mine")


def test_a_mistake_is_one_line(path: Path) -> None:
    with Capture.open(path) as opened, pytest.raises(CaptureError) as told:
        opened.sql("SELECT mood FROM events")
    assert str(told.value).startswith("the query can't be answered: Referenced column")
    assert "\n" not in str(told.value)


def test_the_word_that_duckdb_keeps_for_itself_is_pointed_at(path: Path) -> None:
    with Capture.open(path) as opened:
        with pytest.raises(CaptureError, match=r'write "at" in double quotes, or events\.at$'):
            opened.sql("SELECT at FROM events")
        assert opened.sql('SELECT "at", events.at AS same FROM events').num_rows == 3


def test_views_stand_on_events(path: Path) -> None:
    views = [
        "CREATE VIEW second AS SELECT * FROM events WHERE conn = 2",
        "CREATE VIEW last AS SELECT max(seq) m FROM second",
    ]
    with Capture.open(path, views=views) as opened:
        assert opened.sql("FROM last").to_pylist() == [{"m": 3}]


def test_a_connection_of_ones_own_has_a_cursor_for_each_thread(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(500))
    with Capture.open(recording.folder) as opened, opened.connect() as connection, ThreadPoolExecutor(4) as pool:
        counts = pool.map(lambda _: select(connection, "SELECT count(*) AS n FROM events")["n"][0].as_py(), range(20))
        assert set(counts) == {500}


def test_a_capture_answers_from_many_threads(path: Path) -> None:
    with Capture.open(path) as opened, ThreadPoolExecutor(4) as pool:
        counts = pool.map(lambda _: opened.sql("SELECT count(*) AS n FROM events")["n"][0].as_py(), range(20))
        assert set(counts) == {3}


@pytest.mark.parametrize(
    ("name", "alike"),
    [
        ("with space", "with  space"),
        ("it's", "its"),
        ("a*b?", "a and b."),
        ("[ab]", "a"),
        ("venue=other", "venue"),
        ('quo"te', "quote"),
        ("ünï", "uni"),
    ],
)
def test_a_capture_under_any_name_is_asked_and_none_that_is_called_alike(
    path: Path, tmp_path: Path, name: str, alike: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    moved = path.rename(folder / f"{name}.parquet")
    capture(folder, event(1, venue="0x")).rename(folder / f"{alike}.parquet")
    with Capture.open(moved) as opened:
        assert opened.sql("SELECT count(*) AS n, max(venue) AS venue FROM events").to_pylist() == [
            {"n": 3, "venue": None}
        ]
    with connect_all(open_all(folder)) as connection:
        assert select(connection, "FROM events").num_rows == 4


def test_a_query_larger_than_memory_leaves_nothing_in_the_working_directory(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Capture.open(path) as opened:
        folder = opened.sql("SELECT current_setting('temp_directory') AS t")["t"][0].as_py()
        assert opened.sql("SELECT count(DISTINCT hash(range)) AS n FROM range(3000000)").num_rows == 1
    assert Path(folder).parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_nothing_is_said_on_standard_error_when_the_program_ends(path: Path) -> None:
    script = (
        "import sys, wsreplay; c = wsreplay.open(sys.argv[1]); print(c.sql('SELECT count(*) n FROM events')['n'][0])"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("3\n", "")
