"""Latency: groups, one among its peers, and the venue's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import pyarrow as pa
import pytest
from captures.recorded import BEGAN, capture, event
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.analysis.database import Database
from wsreplay.analysis.latency import BY, histogram, most_in_flight, peer, percentiles, venue_clock
from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event

MS = 1_000_000


def pair(seq: int, latency_ns: int, op: str = "buy", **reply: Any) -> list[Event]:
    return [
        event(seq, conn=1, sender="client", role="request", op=op),
        event(seq + 1, conn=1, role="reply", op=op, reply_to=seq, latency_ns=latency_ns, **reply),
    ]


@contextmanager
def over(folder: Path, *rows: Event) -> Iterator[Database]:
    with Capture.open(capture(folder, *rows)) as opened, Database.of_captures([opened]) as database:
        yield database


def table(database: Database, *by: str) -> list[dict[str, object]]:
    answer = percentiles(database, by)
    return pa.Table.from_batches(answer.batches(), answer.schema).to_pylist()  # type: ignore[no-any-return]


def test_percentiles_come_by_group_the_largest_group_first(tmp_path: Path) -> None:
    rows = [row for n in range(10) for row in pair(1 + 2 * n, (n + 1) * MS)]
    with over(tmp_path, *rows, *pair(50, 7 * MS, "sell")) as database:
        buys, sells = table(database, "op")
        assert (buys["op"], buys["n"], buys["p50_ns"], buys["max_ns"]) == ("buy", 10, 5_500_000, 10 * MS)
        assert (sells["op"], sells["n"], sells["p99_9_ns"]) == ("sell", 1, 7 * MS)
        assert [row["n"] for row in table(database)] == [11]


@pytest.mark.parametrize("word", BY)
def test_every_word_groups(tmp_path: Path, word: str) -> None:
    with over(tmp_path, *pair(1, MS)) as database:
        assert sum(int(str(row["n"])) for row in table(database, word, "op")) == 1


def test_what_can_not_be_grouped_by_is_refused_with_what_can(tmp_path: Path) -> None:
    with over(tmp_path, *pair(1, MS)) as database, pytest.raises(CaptureError, match="op, symbol"):
        percentiles(database, ["text"])


def test_a_request_stands_among_those_of_its_operation(tmp_path: Path) -> None:
    with over(tmp_path, *pair(1, MS), *pair(3, 3 * MS), *pair(5, 2 * MS), *pair(7, 9 * MS, "sell")) as database:
        found = peer(database, 5)
        assert (found.op, found.peers, found.below, found.p50_ns) == ("buy", 2, 0.5, 2 * MS)
        assert peer(database, 6) == found, "the reply's address will do"
        assert peer(database, 7).peers == 0
        with pytest.raises(CaptureError, match="#99"):
            peer(database, 99)


def test_the_fastest_answer_tells_most_about_the_venues_clock(tmp_path: Path) -> None:
    ahead = 250 * MS
    middle = BEGAN.wall_ns + 1 * MS + 1 * MS  # sent at 1 ms, answered 2 ms later
    slow = BEGAN.wall_ns + 10 * MS + 30 * MS
    with over(
        tmp_path, *pair(1, 2 * MS, venue_at_ns=middle + ahead), *pair(10, 40 * MS, venue_at_ns=slow + ahead)
    ) as database:
        clock = venue_clock(database)
    assert clock is not None
    assert (clock.ahead_ns, clock.within_ns, clock.samples) == (ahead, MS, 2)


def test_a_venue_that_tells_no_time_has_no_clock(tmp_path: Path) -> None:
    with over(tmp_path, *pair(1, MS)) as database:
        assert venue_clock(database) is None


def test_the_most_in_flight_is_counted(tmp_path: Path) -> None:
    rows = [event(seq, conn=1, sender="client", role="request", op="buy") for seq in (1, 2, 3)]
    answers = [event(seq + 3, conn=1, role="reply", reply_to=seq, latency_ns=MS) for seq in (1, 2, 3)]
    with over(tmp_path, *rows, *answers) as database:
        assert most_in_flight(database) == 3


@settings(max_examples=25)
@given(latencies=st.lists(st.integers(1, 10**10), min_size=1, max_size=40))
def test_no_latency_is_missing_in_the_histogram(tmp_path_factory: pytest.TempPathFactory, latencies: list[int]) -> None:
    rows = [row for n, latency in enumerate(latencies) for row in pair(1 + 2 * n, latency)]
    with over(tmp_path_factory.mktemp("histogram"), *rows) as database:
        buckets = histogram(database)
        assert sum(bucket.count for bucket in buckets) == len(latencies)
        (row,) = table(database)
    if len(latencies) > 1:
        assert abs(int(str(row["p50_ns"])) - quantiles(latencies, n=2, method="inclusive")[0]) <= 1
