"""``wsreplay sql``: questions, answers in every form, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from captures.recorded import capture, event, events, session
from cli.story import HOSTILE, refused, run, story


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return story(tmp_path / "captures")


def answer(*arguments: str | Path, **environment: str | None) -> str:
    result = run("sql", *arguments, **environment)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def rows(*arguments: str | Path) -> list[dict[str, object]]:
    said = json.loads(answer(*arguments, "--format", "json"))
    assert isinstance(said, list)
    return said


def test_the_views_are_there(path: Path) -> None:
    assert rows(path, "SELECT count(*) AS n FROM events") == [{"n": 17}]
    assert [(row["seq"], row["outcome"]) for row in rows(path, "FROM requests ORDER BY seq")] == [
        (2, "ok"),
        (4, "ok"),
        (13, "pending"),
    ]
    assert [(row["conn"], row["ended_how"]) for row in rows(path, "FROM connections")] == [(1, "close"), (2, None)]


def test_a_table_lines_up_numbers_and_reads_times_as_times(path: Path) -> None:
    query = (
        "SELECT seq, op, latency_ns, at_ns, mono_ns, events.at, size FROM events WHERE reply_to IS NOT NULL ORDER BY 1"
    )
    assert answer(path, query) == (
        "seq  op           latency_ns                           at_ns     mono_ns  at                           size\n"
        "  3  createOrder     12.3 ms  2026-11-21 06:27:25.126456789Z  5003000000  2026-11-21 06:27:25.126456Z    90\n"
        " 14  openOrders       1.00 s  2026-11-21 06:27:25.137456789Z  5014000000  2026-11-21 06:27:25.137456Z    10\n"
    )


def test_a_table_fits_the_terminal_or_becomes_records(path: Path) -> None:
    query = "SELECT seq, text, op FROM events WHERE kind = 'open' ORDER BY seq"
    shown = answer(path, query, COLUMNS="60").splitlines()
    assert [line.split()[0] for line in shown] == ["seq", "1", "11"]
    assert all(len(line) <= 60 for line in shown)
    shown = answer(path, "SELECT * FROM connections", COLUMNS="80").splitlines()
    assert shown[:3] == ["row 1", "capture              2026-11-21T06-27-25_venue", "conn                 1"]
    assert "venue_close_code     1012" in shown
    assert not any(line.startswith("error") for line in shown)
    whole = answer(path, query)
    assert '"status":503' in whole


def test_nothing_in_a_payload_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1, text=HOSTILE))
    query = 'SELECT text, text AS "head\x1b[2Jing" FROM events'
    for form in ("table", "json"):
        assert answer(path, query, "--format", form).replace("\n", "").isprintable()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "wsreplay", "sql", str(path), "SELECT text FROM events", "--format", "csv"]
    subprocess.run(command, stdout=theirs, check=True, timeout=60)
    os.close(theirs)
    written = os.read(ours, 65536).decode()
    os.close(ours)
    assert written.replace("\r\n", "").isprintable()
    (_, (text,)) = csv.reader(io.StringIO(answer(path, "SELECT text FROM events", "--format", "csv")))
    assert text == HOSTILE


def test_json_is_an_array_of_exact_values(path: Path) -> None:
    query = (
        "SELECT 9007199254740993 AS big, sum(size) AS total, 0.1 AS exact, NULL AS none, true AS yes, "
        "'\\x00\\xff'::BLOB AS data, [1, 2] AS list, {'a': 1} AS struct, max(events.at) AS last, "
        "'2026-11-21 06:27:25.123456789'::TIMESTAMP_NS AS ns, 1 AS twice, 2 AS twice FROM events"
    )
    text = answer(path, query, "--format", "json")
    assert '"exact":0.1,' in text
    assert json.loads(text) == [
        {
            "big": 9007199254740993,
            "total": 642,
            "exact": 0.1,
            "none": None,
            "yes": True,
            "data": "AP8=",
            "list": [1, 2],
            "struct": {"a": 1},
            "last": "2026-11-21T06:27:25.137456Z",
            "ns": "2026-11-21 06:27:25.123456789",
            "twice": 1,
            "twice_2": 2,
        }
    ]
    assert rows(path, "SELECT seq FROM events WHERE false") == []


def test_csv_has_exact_values_and_a_heading(path: Path) -> None:
    query = (
        "SELECT seq, at_ns, events.at, data, 1.50 AS d, 'a,\"b\"\nc' AS t, NULL AS n, true AS b, [1] AS l, "
        "DATE '2026-11-21' AS day FROM events WHERE seq = 6"
    )
    read = list(csv.DictReader(io.StringIO(answer(path, query, "--format", "csv"))))
    assert read == [
        {
            "seq": "6",
            "at_ns": "1795242445129456789",
            "at": "2026-11-21T06:27:25.129456Z",
            "data": read[0]["data"],
            "d": "1.50",
            "t": 'a,"b"\nc',
            "n": "",
            "b": "true",
            "l": "[1]",
            "day": "2026-11-21",
        }
    ]
    assert read[0]["data"].startswith("AAECAwQF")


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.json", "out.txt"])
def test_a_file_appears_whole_in_the_form_that_its_name_says(path: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    assert answer(path, "SELECT seq, op FROM events ORDER BY seq, part", "-o", out) == ""
    assert out.stat().st_mode & 0o777 == 0o600
    match out.suffix:
        case ".parquet":
            assert pq.read_table(out).num_rows == 17
        case ".csv":
            assert out.read_text().startswith("seq,op\n1,\n2,createOrder\n")
        case ".json":
            assert len(json.loads(out.read_text())) == 17
        case _:
            assert out.read_text().startswith("seq  op\n  1\n  2  createOrder\n")
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["captures", name])


def test_a_query_that_fails_leaves_no_file(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    refused("sql", path, "SELECT text::INT FROM events", "-o", out)
    assert [each.name for each in tmp_path.iterdir()] == ["captures"]


def test_rows_of_several_captures_say_whose_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story(tmp_path / "in", venue="one")
    story(tmp_path / "in", venue="two")
    capture(tmp_path / "more", *events(3), venue="one")
    monkeypatch.chdir(tmp_path)
    query = "SELECT capture, count(*) AS n FROM events GROUP BY capture ORDER BY capture"
    expected = [("2026-11-21T06-27-25_one", 17), ("2026-11-21T06-27-25_two", 17)]
    for places in (["in"], ["in/*.parquet"], sorted(Path("in").iterdir()), ["in", "in/*_one.parquet"]):
        assert [(row["capture"], row["n"]) for row in rows(*places, query)] == expected
    assert [(row["capture"], row["n"]) for row in rows("in", "more", query)] == [
        ("2026-11-21T06-27-25_two", 17),
        ("in/2026-11-21T06-27-25_one.parquet", 17),
        ("more/2026-11-21T06-27-25_one.parquet", 3),
    ]
    assert len(rows("in", "FROM connections")) == 4
    assert [row["reply_seq"] for row in rows("in", "FROM requests ORDER BY capture, seq")] == [3, None, 14] * 2


def test_a_single_capture_has_the_column_as_well(path: Path) -> None:
    assert rows(path, "SELECT DISTINCT capture FROM requests") == [{"capture": "2026-11-21T06-27-25_venue"}]


def test_a_name_that_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    odd = story(tmp_path).rename(tmp_path / "x[1]'.parquet")
    capture(tmp_path, *events(3)).rename(tmp_path / "x1'.parquet")
    assert rows(odd, "SELECT count(*) AS n FROM events") == [{"n": 17}]
    assert rows(tmp_path, "SELECT capture, count(*) AS n FROM events GROUP BY 1 ORDER BY 1") == [
        {"capture": "x1'", "n": 3},
        {"capture": "x[1]'", "n": 17},
    ]


def test_a_recording_that_goes_on_is_asked_as_it_stands(tmp_path: Path) -> None:
    recording = session(tmp_path, *events(5))
    assert rows(recording.folder, "SELECT max(seq) AS last FROM events") == [{"last": 5}]
    recording.abandon()


def test_a_query_can_come_from_standard_input(path: Path) -> None:
    command = [sys.executable, "-m", "wsreplay", "sql", str(path), "-", "--format", "csv"]
    done = subprocess.run(command, input="SELECT 1 AS one", capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "one\n1\n"


def test_an_interrupt_ends_it_cleanly(path: Path) -> None:
    query = "SELECT range AS n FROM range(1000000000000)"
    command = [sys.executable, "-m", "wsreplay", "sql", str(path), query, "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "n\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 130


def test_a_query_is_taken_as_it_is(path: Path) -> None:
    assert rows(path, "SELECT 7 // 2 AS n, 'a//b/./c/' AS t") == [{"n": 3, "t": "a//b/./c/"}]


@pytest.mark.parametrize(
    "query",
    [
        "COPY events TO '{tmp}/stolen.csv'",
        "WITH x AS (COPY (SELECT 1) TO '{path}' (USE_TMP_FILE false)) SELECT 1",
        "SELECT * FROM query('WITH x AS (COPY (SELECT 1) TO ''{path}'' (USE_TMP_FILE false)) SELECT 1')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('http://127.0.0.1:1/x.parquet')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH '{tmp}/other.db'",
        "SET threads = 1",
        "PRAGMA enable_profiling",
        "CREATE TABLE t AS SELECT 1",
        "SELECT 1; SELECT 2",
    ],
)
def test_a_query_reads_the_captures_and_touches_nothing_else(path: Path, tmp_path: Path, query: str) -> None:
    before = path.read_bytes()
    assert refused("sql", path, query.format(tmp=tmp_path, path=path)).startswith("QUERY: ")
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["captures"]


def test_an_empty_folder_has_nothing_to_ask(tmp_path: Path) -> None:
    assert "holds no capture" in refused("sql", tmp_path, "SELECT 1")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{path}"], "missing argument 'QUERY': give a capture and then a query (see `wsreplay sql --help`)"),
        (["SELECT 1"], "missing argument 'CAPTURE': give a capture and then a query (see `wsreplay sql --help`)"),
        (["{path}", "{path}"], "is a file, and the last argument must be the query"),
        (["{path}", ""], "QUERY: a query is one SELECT, and nothing but that"),
        (["{path}", "SELECT 1", "--format", "parquet"], "--format parquet needs a file to write to: -o FILE.parquet"),
        (["{path}", "SELECT 1", "-o", "{path}"], "is one of the captures: name another file with -o"),
        (["{path}", "SELECT 1", "-o", "{tmp}/no/where.csv"], "can't be written: No such file or directory"),
        (["{path}", "SELECT 1", "--engine", "abacus"], "invalid value for '--engine'"),
        (["{path}", "SELECT foo FROM events"], 'Referenced column "foo" not found'),
        (["{path}", "SELECT foo FROM events"], "(character 8)"),
        (["{path}", "SELEKT 1"], 'syntax error at or near "SELEKT" (character 1)'),
        (["{tmp}/none.parquet", "SELECT 1"], "there is no "),
        (["{tmp}/*.nothing", "SELECT 1"], "no file matches "),
        (["/etc/hostname", "SELECT 1"], "is no capture"),
    ],
)
def test_wrong_use_is_one_line(path: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    assert said in refused("sql", *(each.format(path=path, tmp=tmp_path) for each in arguments))
