"""The session: index, lines, movement, state and searches, against what a plain walk over the events says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from captures.recorded import BEGAN, capture, event, segmented
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.analysis.session import Session, movement
from wsreplay.analysis.session.breakpoints import Search, containing
from wsreplay.analysis.session.comparison import differences
from wsreplay.analysis.session.density import density
from wsreplay.analysis.session.index import COLUMNS, Index
from wsreplay.analysis.session.lines import Growing
from wsreplay.captures.columns import sparse_batch, widen
from wsreplay.captures.event import Event
from wsreplay.captures.sql_error import QueryError

SAMPLES = sorted((Path(__file__).parents[3] / "captures" / "samples").glob("*.parquet"))


def opened(path: Path) -> Session:
    session = Session.open(path)
    for _ in session.read():
        pass
    session.load_incidents()
    return session


def indexed(*chunks: list[Event]) -> Index:
    index = Index()
    for rows in chunks:
        if rows:
            index.append(widen(sparse_batch(rows)).select(COLUMNS))
    return index


@st.composite
def recordings(draw: st.DrawFn) -> list[list[Event]]:
    """Rows of a few connections, some with facts, some answering others; cut into chunks anywhere."""
    rows: list[Event] = []
    for seq in range(1, draw(st.integers(1, 30)) + 1):
        sent = [row.seq for row in rows if row.role == "request"]
        role = draw(st.sampled_from(["request", "push", "reply"] if sent else ["request", "push"]))
        answers = draw(st.sampled_from(sent)) if role == "reply" else None
        conn = draw(st.sampled_from([None, 1, 2, 3]))
        sender = "client" if role == "request" else "venue"
        rows.append(event(seq * 3, role=role, reply_to=answers, conn=conn, sender=sender))
        outcomes = draw(st.lists(st.sampled_from([None, "ok", "late"]), max_size=2))
        rows += [event(seq * 3, part, outcome=outcome, conn=conn) for part, outcome in enumerate(outcomes, 1)]
    cuts = sorted(draw(st.sets(st.integers(0, len(rows)), max_size=4)) | {0, len(rows)})
    return [rows[first:last] for first, last in pairwise(cuts)]


@given(recordings())
@settings(max_examples=60)
def test_the_index_says_what_the_rows_say(chunks: list[list[Event]]) -> None:
    rows = [row for chunk in chunks for row in chunk]
    index = indexed(*chunks)
    assert len(index) == len(rows)
    for position, row in enumerate(rows):
        found = index.row(position)
        assert (found.seq, found.part, found.at_ns, found.mono_ns) == (row.seq, row.part, row.at_ns, row.mono_ns)
        assert (found.conn or None, found.sender, found.kind, found.role or None) == (
            row.conn,
            row.sender,
            row.kind,
            row.role,
        )
        assert found.reply_to == row.reply_to
        assert index.at(row.seq, row.part) == position
        assert index.from_address(row.seq - 1) == next(at for at, each in enumerate(rows) if each.seq == row.seq)
    assert index.at(rows[-1].seq + 1) is None


@given(recordings())
@settings(max_examples=60)
def test_the_lines_of_the_story_are_events_and_outcomes_that_are_not_as_they_should_be(
    chunks: list[list[Event]],
) -> None:
    rows = [row for chunk in chunks for row in chunk]
    lines = Growing(indexed(*chunks))
    told = [at for at, row in enumerate(rows) if row.part == 0 or row.outcome == "late"]
    assert [lines.position(line) for line in range(len(lines))] == told
    for position in range(len(rows)):
        next_told = next((line for line, at in enumerate(told) if at >= position), len(told) - 1)
        assert lines.line(position) == next_told
        assert lines.holds(position) == (position in told)


@given(recordings())
@settings(max_examples=60)
def test_movement_finds_what_a_walk_finds(chunks: list[list[Event]]) -> None:
    rows = [row for chunk in chunks for row in chunk]
    index = indexed(*chunks)
    for at, row in enumerate(rows):
        after = range(at + 1, len(rows))
        before = range(at - 1, -1, -1)
        for direction, where in ((1, after), (-1, before)):
            same = next((p for p in where if rows[p].conn == row.conn and rows[p].part == 0), None)
            other = next((p for p in where if rows[p].conn != row.conn and rows[p].part == 0), None)
            assert movement.along(index, at, direction) == same
            assert movement.across(index, at, direction) == other
        if row.role == "request":
            assert movement.reply_to(index, at) == next((p for p in after if rows[p].reply_to == row.seq), None)
        if row.reply_to is not None:
            assert rows[movement.request_of(index, at) or 0].seq == row.reply_to


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_state_at_each_event_of_a_sample_is_what_a_walk_up_to_it_knows(sample: Path) -> None:
    with opened(sample) as session:
        rows = list(session.capture.events())
        # Backward, so that no answer can be what the one before left behind.
        for position in reversed(range(len(rows))):
            seq = rows[position].seq
            state = session.state(position)
            passed = [row for row in rows if row.seq <= seq]
            done = {row.reply_to for row in passed if row.role in ("reply", "error") and row.part == 0}
            done |= {row.of_seq for row in passed if row.outcome is not None}
            waiting = [row.seq for row in passed if row.role == "request" and row.part == 0 and row.seq not in done]
            assert [request.seq for request in state.in_flight] == waiting
            lines = {row.conn for row in passed if row.kind == "open"}
            assert {line.conn for line in state.connections} == lines
            ended = {row.conn for row in passed if row.kind == "end"}
            assert {line.conn for line in state.connections if line.state in ("ended", "half open")} == ended


def test_an_order_is_open_from_its_first_word_to_its_last(tmp_path: Path) -> None:
    wish: dict[str, Any] = {
        "symbol": "BTC",
        "side": "buy",
        "qty": "0.10",
        "price": "1.50",
        "client_order_id": "7",
        "intent": "x",
    }
    said: dict[str, Any] = {"order_id": "18649986297275361281864", "sender": "venue"}
    path = capture(
        tmp_path,
        event(1, role="request", sender="client", op="create", conn=1, **wish),
        event(2, role="reply", reply_to=1, status="NEW", conn=1, **said),
        event(3, role="push", status="PARTIALLY_FILLED", conn=1, **said),
        event(4, role="push", status="FILLED", conn=1, **said),
    )
    with opened(path) as session:
        states = [session.state(position).orders for position in (3, 2, 1, 0)]
        assert [[order.status for order in orders] for orders in states] == [[], ["PARTIALLY_FILLED"], ["NEW"], []]
        [order] = states[1]
        assert (order.symbol, order.side, order.qty, order.price, order.client_order_id) == (
            "BTC",
            "buy",
            "0.10",
            "1.50",
            "7",
        )


def test_a_search_far_away_is_found_in_both_directions_and_can_be_called_off(tmp_path: Path) -> None:
    rows = [event(seq, text="x" if seq in (2, 90_000) else "y") for seq in range(1, 90_003)]
    with opened(capture(tmp_path, *rows)) as session:
        assert session.run_to(Search(session.asking, containing("x")), 1, 1) == 89_999
        assert session.run_to(Search(session.asking, containing("x")), 89_999, -1) == 1
        told: list[int] = []

        def reached(seq: int) -> None:
            told.append(seq)
            search.cancel()

        search = Search(session.asking, containing("nowhere"), reached)
        assert session.run_to(search, 0, 1) is None
        assert told == [20_001]


@pytest.mark.parametrize("condition", ["1=1); SELECT (1", "true) OR (true", "", "nosuch = 1"])
def test_what_is_no_condition_is_refused(condition: str) -> None:
    with opened(SAMPLES[0]) as session, pytest.raises(QueryError):
        session.asking.check(condition)


def test_a_search_finds_quotes_and_percent_signs_as_they_are(tmp_path: Path) -> None:
    with opened(
        capture(tmp_path, event(1, text="a"), event(2, text="it's 100%_"), event(3, text=None, data=b"\xffB"))
    ) as session:
        assert session.run_to(Search(session.asking, containing("'s 100%_")), 0, 1) == 1
        assert session.run_to(Search(session.asking, containing("%")), 1, 1) is None
        assert session.run_to(Search(session.asking, containing("b")), 1, 1) == 2  # in bytes too


def test_rows_of_an_earlier_segment_that_were_found_out_late_are_in_their_place(tmp_path: Path) -> None:
    path = segmented(tmp_path, [event(1), event(2)], [event(1, 1, kind="incident", op="x"), event(3)])
    with opened(path) as session:
        assert [(row.seq, row.part) for row in map(session.index.row, range(4))] == [(1, 0), (1, 1), (2, 0), (3, 0)]


def test_the_density_counts_every_event_once() -> None:
    index = indexed([event(seq, sender="client" if seq % 3 else "venue") for seq in range(1, 100)])
    counted = density(index, 7)
    assert (sum(counted.client), sum(counted.venue), len(counted.client)) == (66, 33, 7)
    assert counted.bucket(BEGAN.mono_ns + 1_000_000) == 0
    assert counted.bucket(BEGAN.mono_ns + 99_000_000) == 6
    assert counted.bucket(BEGAN.mono_ns + 100_000_000) is None


def test_differences_are_told_by_field_and_to_the_digit() -> None:
    here = '{"id":18649986297275361281,"px":"1.0","a":[1,2],"b":{"c":true}}'
    there = '{"id":18649986297275361282,"px":"1.0","a":[1],"d":null}'
    assert [tuple(each) for each in differences(here, there)] == [
        ("id", "18649986297275361281", "18649986297275361282"),
        ("a[1]", "2", None),
        ("b", '{"c":true}', None),
        ("d", None, "null"),
    ]
    assert differences("same", "same") == []
    assert [tuple(each) for each in differences("one", None)] == [("", "one", None)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1970-01-02 00:00:00.5Z", 86_400_500_000_000),
        ("1970-01-02T00:00Z", 86_400_000_000_000),
        ("00:00:01.000000001Z", 172_801_000_000_001),
        ("noon", None),
    ],
)
def test_times_are_read_to_the_nanosecond(text: str, found: int | None) -> None:
    assert movement.parse_time(text, 172_800_000_000_000 + 5) == found
