"""Latency: percentiles by whatever is asked for, one order among its peers, and the venue's clock against ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from wsreplay.analysis.database import Answer, Database
from wsreplay.captures.errors import CaptureError

BY = {
    "op": "op",
    "symbol": "symbol",
    "channel": "channel",
    "conn": "conn",
    "minute": "minute_at_ns",
    "venue": "venue",
    "kind": "kind",
    "answer": "answer",
    "capture": "capture",
}
"""What latencies can be grouped by: the word on the command line, and the column of the view ``latency``."""
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999}
BUCKETS = 24
"""Bars of a histogram."""


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """How far the venue's clock is ahead of ours, as far as answers and pongs with the venue's time tell."""

    ahead_ns: int
    within_ns: int
    """It may be off by this much: half of the fastest round trip that was seen."""
    samples: int


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """One request among those of the same operation."""

    seq: int
    op: str | None
    latency_ns: int
    relay_ns: int
    below: float
    """The part of its peers that were faster."""
    peers: int
    p50_ns: int


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """One bar of a histogram: from, to, and how many."""

    from_ns: int
    to_ns: int
    count: int


def columns_of(words: Sequence[str]) -> list[str]:
    """The columns that are meant; raises for a word that is none."""
    unknown = [word for word in words if word not in BY]
    if unknown:
        raise CaptureError(f"latencies can't be grouped by {unknown[0]!r}: choose of {', '.join(BY)}")
    return list(words)


def percentiles(database: Database, by: Sequence[str]) -> Answer:
    """One row a group: count, percentiles, the largest, and our own share (``relay_ns``: user space only)."""
    words = columns_of(by)
    groups = ", ".join(f"{BY[word]} AS {_name(word)}" for word in words)
    figures = ", ".join(
        f"CAST(percentile_cont({part}) WITHIN GROUP (ORDER BY latency_ns) AS BIGINT) AS {name}_ns"
        for name, part in PERCENTILES.items()
    )
    head = f"{groups}, " if groups else ""
    grouping = f"GROUP BY {', '.join(BY[word] for word in words)} ORDER BY count(*) DESC, 1" if groups else ""
    if "minute" in words:
        grouping = grouping.replace("ORDER BY count(*) DESC, 1", f"ORDER BY {', '.join(BY[word] for word in words)}")
    return database.ask(
        f"SELECT {head}count(*) AS n, {figures}, max(latency_ns) AS max_ns, "  # noqa: S608 - words of ours alone
        f"CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY net_ns) AS BIGINT) AS net_p50_ns, "
        f"CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY relay_ns) AS BIGINT) AS relay_p50_ns, "
        f"max(relay_ns) AS relay_max_ns FROM latency {grouping}"
    )


def most_in_flight(database: Database) -> int:
    """The most requests that waited on one connection at a time."""
    return int(_one(database, "SELECT coalesce(max(in_flight), 0) AS n FROM latency")["n"] or 0)


def peer(database: Database, seq: int) -> Peer:
    """The request at this address among its peers."""
    found = _rows(
        database,
        # S608: a number
        f"""SELECT one.seq, one.op, one.latency_ns, one.relay_ns, count(*) AS peers,
            count(*) FILTER (WHERE peers.latency_ns < one.latency_ns) AS faster,
            CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY peers.latency_ns) AS BIGINT) AS p50_ns
            FROM latency AS one INNER JOIN latency AS peers
            ON peers.capture = one.capture AND peers.op IS NOT DISTINCT FROM one.op
            WHERE one.seq = {int(seq)} OR one.reply_seq = {int(seq)}
            GROUP BY one.seq, one.op, one.latency_ns, one.relay_ns""",  # noqa: S608
    )
    if not found:
        raise CaptureError(f"#{seq} is no request that was answered, and no answer to one")
    one = found[0]
    others = one["peers"] - 1
    return Peer(
        seq=one["seq"],
        op=one["op"],
        latency_ns=one["latency_ns"],
        relay_ns=one["relay_ns"],
        below=one["faster"] / others if others else 0.0,
        peers=others,
        p50_ns=one["p50_ns"],
    )


def venue_clock(database: Database) -> Clock | None:
    """The venue's clock against ours, from the fastest round trip whose answer carries the venue's time.

    The venue read its clock somewhere between our sending and our receiving: the middle is off by half of that at most.
    """
    found = _one(
        database,
        """WITH trips AS (
            SELECT latency.latency_ns AS trip_ns,
                latency.venue_at_ns - latency.at_ns - latency.latency_ns / 2 AS ahead_ns
            FROM latency WHERE latency.venue_at_ns IS NOT NULL
            UNION ALL
            SELECT heartbeats.rtt_ns, pongs.venue_at_ns - heartbeats.at_ns - heartbeats.rtt_ns / 2
            FROM heartbeats
            INNER JOIN events AS pongs
                ON pongs.capture = heartbeats.capture AND pongs.seq = heartbeats.pong_seq AND pongs.part = 0
            WHERE heartbeats.sender = 'client' AND pongs.venue_at_ns IS NOT NULL AND heartbeats.rtt_ns IS NOT NULL
        )
        SELECT CAST(min_by(trips.ahead_ns, trips.trip_ns) AS BIGINT) AS ahead_ns,
            min(trips.trip_ns) AS trip_ns, count(*) AS n FROM trips""",
    )
    if not found["n"]:
        return None
    return Clock(ahead_ns=found["ahead_ns"], within_ns=found["trip_ns"] // 2, samples=found["n"])


def histogram(database: Database) -> list[Bucket]:
    """How latencies are distributed, in steps that grow by the same factor."""
    ends = _one(database, "SELECT min(latency_ns) AS low, max(latency_ns) AS high FROM latency WHERE latency_ns > 0")
    low, high = ends["low"], ends["high"]
    if low is None:
        return []
    factor = max((high / low) ** (1 / BUCKETS), 1.01)
    rows = _rows(
        database,
        f"""SELECT least(CAST(floor(ln(latency_ns / {float(low)}) / ln({factor})) AS BIGINT), {BUCKETS - 1}) AS step,
            count(*) AS n FROM latency WHERE latency_ns > 0 GROUP BY 1 ORDER BY 1""",  # noqa: S608 - numbers
    )
    counts = {row["step"]: row["n"] for row in rows}
    return [
        Bucket(from_ns=round(low * factor**step), to_ns=round(low * factor ** (step + 1)), count=counts.get(step, 0))
        for step in range(max(counts) + 1)
    ]


def _name(word: str) -> str:
    return "minute_at_ns" if word == "minute" else word


def _rows(database: Database, question: str) -> list[dict[str, Any]]:
    answer = database.ask(question)
    return pa.Table.from_batches(answer.batches(), answer.schema).to_pylist()  # type: ignore[no-any-return]


def _one(database: Database, question: str) -> dict[str, Any]:
    (row,) = _rows(database, question)
    return row
