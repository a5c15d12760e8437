"""Captures in other programs' formats: what they hold is what the capture holds."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from captures.recorded import capture, event
from cli.story import handshake

from wsreplay.analysis.exports import FORMATS, Wanted, export
from wsreplay.analysis.views import VIEWS
from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.schema import SCHEMA

SAMPLES = sorted((Path(__file__).parents[3] / "captures" / "samples").glob("*.parquet"))
MS = 1_000_000


def exported(source: Path, form: str, out: Path, **wanted: Any) -> Path:
    with Capture.open(source) as opened:
        export(Wanted(opened, **wanted), form, out)
    return out


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return capture(
        tmp_path,
        event(1, kind="open", sender="client", conn=1, text=handshake(asked_at_ns=5, asked_mono_ns=5)),
        event(2, sender="client", conn=1, role="request", op="buy", key="9007199254740993", price="1.50"),
        event(3, conn=1, kind="binary", text=None, data=b"\x00\xff"),
        event(4, conn=1, role="reply", op="buy", reply_to=2, latency_ns=2 * MS),
        event(4, 1, conn=1, of_seq=2, outcome="ok", resolved_by="reply"),
        event(5, conn=1, kind="ping", text=None, data=b"hi"),
        event(6, conn=1, kind="end", text=None, ended_by="rst"),
        event(7, sender="client", conn=2, kind="http_request", text='{"method":"GET","url":"https://v.example/a?b=1"}'),
        event(8, conn=2, kind="http_response", text='{"status":200,"headers":[["A","b"]],"body":"{}"}'),
        event(8, 1, conn=1, kind="incident", sender="proxy", op="disconnect", status="proven", text="{}"),
    )


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_every_sample_goes_into_every_format_and_nobody_else_may_read_it(
    sample: Path, form: str, tmp_path: Path
) -> None:
    out = exported(sample, form, tmp_path / f"it{FORMATS[form].suffix}")
    assert out.stat().st_size > 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [out.name], "nothing is left behind"


def test_arrow_and_parquet_hold_every_column(session: Path, tmp_path: Path) -> None:
    with Capture.open(session) as opened:
        rows = opened.arrow()
    with pa.ipc.open_file(exported(session, "arrow", tmp_path / "it.arrow")) as file:
        assert file.read_all().cast(SCHEMA).equals(rows)
    with Capture.open(exported(session, "parquet", tmp_path / "it.parquet")) as again:
        assert again.arrow().equals(rows)


def test_a_part_is_a_capture_that_says_so(session: Path, tmp_path: Path) -> None:
    part = exported(session, "parquet", tmp_path / "it.parquet", first=2, last=4, where="kind <> 'binary'")
    with Capture.open(part) as opened:
        assert [(row.seq, row.part) for row in opened.events()] == [(2, 0), (4, 0), (4, 1)]
        assert opened.metadata.notes["part_of"] == session.stem


def test_jsonl_is_exact(session: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in exported(session, "jsonl", tmp_path / "it.jsonl").read_text().splitlines()]
    with Capture.open(session) as opened:
        for row, said in zip(rows, opened.events(), strict=True):
            row.pop("at")
            if "data" in row:
                row["data"] = base64.b64decode(row["data"])
            whole = {name: row.get(name) for name in Event.__struct_fields__}
            assert Event(**whole) == said


def test_duckdb_holds_every_view(session: Path, tmp_path: Path) -> None:
    path = exported(session, "duckdb", tmp_path / "it.duckdb")
    with duckdb.connect(str(path), read_only=True) as database:
        for view in VIEWS:
            database.execute(f"SELECT count(*) FROM (SELECT * FROM {view})").fetchall()
        assert database.execute("SELECT op, outcome, latency_ns FROM requests WHERE conn = 1").fetchall() == [
            ("buy", "ok", 2 * MS)
        ]


def test_har_has_lines_with_their_messages_and_exchanges(session: Path, tmp_path: Path) -> None:
    log = json.loads(exported(session, "har", tmp_path / "it.har").read_text())["log"]
    line, exchange = log["entries"]
    assert (log["version"], line["_resourceType"], line["response"]["status"]) == ("1.2", "websocket", 101)
    messages = [(each["type"], each["opcode"], each["data"], each["_seq"]) for each in line["_webSocketMessages"]]
    assert messages == [("send", 1, '{"n":2}', 2), ("receive", 2, "AP8=", 3), ("receive", 1, '{"n":4}', 4)]
    assert exchange["request"]["queryString"] == [{"name": "b", "value": "1"}]
    assert (exchange["response"]["status"], exchange["response"]["content"]["text"]) == (200, "{}")
    assert exchange["time"] == 1.0


def test_har_has_a_request_that_still_waited_for_its_answer(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        event(1, sender="client", conn=2, kind="http_request", text='{"method":"GET","url":"https://v.example/"}'),
    )
    (entry,) = json.loads(exported(path, "har", tmp_path / "it.har").read_text())["log"]["entries"]
    assert (entry["_seq"], entry["response"]["status"], entry["time"]) == (1, 0, 0)
    assert entry["response"]["_error"] == "it was never answered"


def test_a_trace_has_requests_as_slices_and_incidents_as_instants(session: Path, tmp_path: Path) -> None:
    records = json.loads(exported(session, "trace", tmp_path / "it.json").read_text())["traceEvents"]
    (begin,) = (each for each in records if each["ph"] == "b")
    (end,) = (each for each in records if each["ph"] == "e")
    assert (begin["name"], begin["id"], begin["args"]["key"]) == ("buy", 2, "9007199254740993")
    assert (end["id"], end["ts"] - begin["ts"], end["args"]["outcome"]) == (2, 2000.0, "ok")
    assert [each["name"] for each in records if each["ph"] == "i"] == ["disconnect"]
    (line,) = (each for each in records if each["ph"] == "X")
    assert line["dur"] == 5000.0
    assert [each["args"]["requests"] for each in records if each["ph"] == "C"] == [1, 0]


def test_what_is_still_open_ends_with_the_trace(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        event(1, kind="open", sender="client", conn=1, text=handshake()),
        event(9, sender="client", conn=1, role="request", op="buy"),
    )
    records = json.loads(exported(path, "trace", tmp_path / "it.json").read_text())["traceEvents"]
    assert [each["dur"] for each in records if each["ph"] == "X"] == [8000.0]
    assert [each["ph"] for each in records if each.get("cat") == "request"] == ["b"]


@pytest.mark.parametrize("form", sorted(FORMATS))
@pytest.mark.parametrize("what", [KeyboardInterrupt, CaptureError])
def test_what_ends_an_export_in_the_middle_ends_it_as_it_is_and_leaves_nothing(
    session: Path, tmp_path: Path, form: str, what: type[BaseException]
) -> None:
    out = tmp_path / "out"
    out.mkdir()

    def end(_: int) -> None:
        raise what

    with Capture.open(session) as opened, pytest.raises(what):
        export(Wanted(opened, progress=end), form, out / "it")
    assert list(out.iterdir()) == []
