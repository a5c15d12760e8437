"""The views: what their rows say, and that any engine can read them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from captures.recorded import BEGAN, capture, event, transcripts
from hypothesis import given, settings

from wsreplay.analysis.database import Database
from wsreplay.analysis.views import VIEWS, description, source
from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event
from wsreplay.captures.schema import SCHEMA

NOT_PORTABLE = (
    r"quantile_cont|date_diff|epoch_\w*|->>?|//|\bEXCLUDE\b|\bIGNORE\s+NULLS\b|\bASOF\b|\\\\|\bREPLACE\s*\(|\bPOSITIONAL\b"
    r"|\bLIST\b|\[|\bstrftime\b|\bDECIMAL\b"
)
"""What Spark has not, or reads otherwise (DESIGN, "Analysis")."""


def statement(view: str) -> str:
    """The view's SELECT without comments."""
    return re.sub(r"--.*", "", source(view))


def asked(path: Path, question: str) -> list[dict[str, Any]]:
    with Capture.open(path) as opened, Database.of_captures([opened]) as database:
        answer = database.ask(question)
        return pa.Table.from_batches(answer.batches(), answer.schema).to_pylist()  # type: ignore[no-any-return]


def test_every_file_is_a_view_and_every_view_a_file() -> None:
    folder = Path(__file__).parents[2] / "analysis" / "sql"
    assert {path.stem for path in folder.iterdir()} == set(VIEWS)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_says_what_a_row_is(view: str) -> None:
    assert re.match(r"One row (a|an) \w+", description(view))


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_one_select_in_the_portable_subset(view: str) -> None:
    text = statement(view)
    assert re.match(r"\s*(WITH|SELECT)\b", text)
    assert ";" not in text
    assert not re.findall(NOT_PORTABLE, text, re.IGNORECASE)
    # A word of DuckDB's own, which Spark quotes otherwise: it is only portable behind its table's name.
    assert not re.findall(r'(?<![."\w])at(?!\w)', re.sub(r"(?i)\bAS \w+", "", text))
    assert '"' not in text


def test_events_are_the_rows_as_they_are(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1), event(1, 1), event(2))
    with Capture.open(path) as opened, Database.of_captures([opened]) as database:
        answer = database.ask("SELECT * FROM events")
        rows = pa.Table.from_batches(answer.batches(), answer.schema)
        assert rows.schema.names == ["capture", *SCHEMA.names]
        assert rows.drop_columns("capture").cast(SCHEMA).equals(opened.arrow())


def ms(count: int) -> dict[str, int]:
    return {"mono_ns": BEGAN.mono_ns + count * 1_000_000}


def test_a_connection_tells_who_ended_it_and_how(tmp_path: Path) -> None:
    opened = '{"url":"wss://venue.example/ws","upstream":"spot","status":101}'
    path = capture(
        tmp_path,
        event(1, kind="open", sender="client", conn=1, text=opened, venue="v"),
        event(2, conn=1, sender="client", size=10, text="a"),
        event(3, conn=1, size=100, text="b"),
        event(3, 1, conn=1, size=None),
        event(4, conn=1, kind="ping", size=2, text=None, data=b""),
        event(5, conn=1, kind="binary", size=1000, text=None, data=b"c"),
        event(6, conn=1, kind="close", size=4, text=None, close_code=1012, close_reason="restart"),
        event(7, conn=1, sender="client", kind="close", size=6, text=None),
        event(8, conn=1, kind="end", text=None, ended_by="fin"),
        event(9, conn=1, sender="client", kind="end", text=None, ended_by="proxy"),
    )
    (row,) = asked(path, "SELECT * FROM connections")
    assert row == {
        "capture": path.stem,
        "conn": 1,
        "url": "wss://venue.example/ws",
        "upstream": "spot",
        "venue": "v",
        "status": 101,
        "error": None,
        "opened_at": row["opened_at"],
        "opened_at_ns": BEGAN.wall_ns + 1_000_000,
        "ended_at": row["ended_at"],
        "ended_at_ns": BEGAN.wall_ns + 8_000_000,
        "duration_ns": 7_000_000,
        "first_to_end": "venue",
        "ended_how": "close",
        "client_close_code": 1005,
        "client_close_reason": None,
        "venue_close_code": 1012,
        "venue_close_reason": "restart",
        "client_messages": 1,
        "venue_messages": 2,
        "client_bytes": 16,
        "venue_bytes": 1106,
        "first_seq": 1,
        "last_seq": 9,
    }
    assert row["ended_at"].isoformat() == "2026-11-21T06:27:25.131456+00:00"


@pytest.mark.parametrize("how", ["fin", "rst", "timeout"])
@pytest.mark.parametrize("who", ["client", "venue"])
def test_an_end_without_a_goodbye_is_the_first_leg_that_ended_by_itself(tmp_path: Path, who: str, how: str) -> None:
    other = "venue" if who == "client" else "client"
    path = capture(
        tmp_path,
        event(1, kind="open", conn=1, text='{"status":101}'),
        event(2, kind="end", conn=1, sender=other, text=None, ended_by="proxy"),
        event(3, kind="end", conn=1, sender=who, text=None, ended_by=how),
    )
    (row,) = asked(path, "SELECT first_to_end, ended_how, client_close_code, venue_close_code FROM connections")
    assert row == {"first_to_end": who, "ended_how": how, "client_close_code": None, "venue_close_code": None}


def test_refused_failed_open_and_unannounced_connections_are_connections(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        event(1, kind="open", conn=1, text='{"url":"a","status":401,"reason":"Unauthorized"}'),
        event(2, kind="open", conn=2, text='{"url":"b","status":0,"error":"refused"}'),
        event(3, kind="open", conn=3, text='{"url":"c","status":101}'),
        event(4, conn=4, size=5),
        event(5, conn=3, size=5),
        event(6, kind="http_request", conn=5, sender="client", text="{}"),
        event(7, kind="gap", sender="proxy", text="{}"),
    )
    question = "SELECT conn, url, status, error, ended_at, duration_ns, venue_bytes FROM connections"
    assert [list(row.values()) for row in asked(path, question)] == [
        [1, "a", 401, None, None, 0, 0],
        [2, "b", 0, "refused", None, 0, 0],
        [3, "c", 101, None, None, 2_000_000, 5],
        [4, None, None, None, None, 0, 5],
    ]


def test_a_request_is_told_with_its_reply_and_what_is_known_last(tmp_path: Path) -> None:
    asking: dict[str, Any] = {"sender": "client", "role": "request", "conn": 1, "op": "createOrder"}
    path = capture(
        tmp_path,
        event(1, **asking, key="a", symbol="BTC", side="buy", price="1.50", qty="2", intent="i"),
        event(2, **asking, key="b"),
        event(3, **asking, key="c"),
        event(4, role="push", reply_to=1, latency_ns=None),
        event(5, role="reply", reply_to=1, latency_ns=4_000, order_id="77"),
        event(5, 1, of_seq=1, outcome="ok", resolved_by="reply", order_id="77"),
        event(6, role="error", reply_to=2, latency_ns=4_500, error_code="BAD_PRICE"),
        event(6, 1, of_seq=2, outcome="rejected", resolved_by="reply", error_code="BAD_PRICE"),
        event(7, **asking, key="d"),
        event(8, kind="end", text=None, ended_by="rst"),
        event(8, 1, of_seq=3, outcome="unknown", resolved_by="end-of-connection"),
        event(8, 2, of_seq=7, outcome="unknown", resolved_by="end-of-connection"),
        event(9, role="reply"),
        event(9, 1, of_seq=3, outcome="ok", resolved_by="rest", order_id="78"),
        event(10, **asking, key="e"),
    )
    columns = "seq, reply_seq, latency_ns, outcome, resolved_by, resolved_seq, order_id, error_code"
    assert [list(row.values()) for row in asked(path, f"SELECT {columns} FROM requests ORDER BY seq")] == [
        [1, 5, 4_000, "ok", "reply", 5, "77", None],
        [2, 6, 4_500, "rejected", "reply", 6, None, "BAD_PRICE"],
        [3, None, None, "ok", "rest", 9, "78", None],
        [7, None, None, "unknown", "end-of-connection", 8, None, None],
        [10, None, None, "pending", None, None, None, None],
    ]
    (first,) = asked(
        path, "SELECT capture, conn, op, key, symbol, side, price, qty, intent FROM requests WHERE seq = 1"
    )
    assert list(first.values()) == [path.stem, 1, "createOrder", "a", "BTC", "buy", "1.50", "2", "i"]


@settings(max_examples=25, deadline=None)
@given(transcripts())
def test_requests_are_what_a_walk_through_the_rows_finds(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Event]
) -> None:
    for row in rows:  # close enough to each other to meet
        row.reply_to = row.reply_to % 8 if row.reply_to is not None else None
        row.of_seq = row.of_seq % 8 if row.of_seq is not None else None
    expected = {}
    for row in rows:
        if row.role == "request" and row.part == 0:
            replies = [
                each.seq
                for each in rows
                if each.reply_to == row.seq and each.role in ("reply", "error") and each.part == 0
            ]
            known = [each.outcome for each in rows if each.of_seq == row.seq and each.kind == "fact" and each.outcome]
            expected[row.seq] = (min(replies, default=None), known[-1] if known else "pending")
    path = capture(tmp_path_factory.mktemp("out"), *rows)
    found = asked(path, "SELECT seq, reply_seq, outcome FROM requests")
    assert {row["seq"]: (row["reply_seq"], row["outcome"]) for row in found} == expected
