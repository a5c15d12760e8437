"""What a report holds, worked out in SQL and cut to what a page can carry."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa

from wsreplay.analysis.database import Database
from wsreplay.analysis.report.story import Line, story_of
from wsreplay.captures.capture import Capture

MOST_EVENTS = 250_000
"""So many events stand in the timeline one by one; of more, pushes are told as densities."""
MOST_REQUESTS = 40_000
MOST_ROWS = 2_000
"""Of each table."""
MOST_PAYLOADS = 400
LONGEST_PAYLOAD = 2_000
BINS = 2_000
"""Of a density, a lane."""


class Contents(msgspec.Struct, kw_only=True):
    """The data of a page. Times are nanoseconds since its first event, unless they are said to be texts."""

    name: str
    venue: str
    mode: str
    tool: str
    ended: str | None
    start: str
    """The first event's wall clock, in nanoseconds since 1970: more digits than a double has."""
    duration: int
    rows: int
    events: int
    gaps: int
    faults: list[str]
    story: list[Line]
    lines: list[dict[str, Any]]
    """Connections."""
    words: list[list[str | None]]
    """What an event can be: sender, kind, role and operation; events name it by its number."""
    at: list[int]
    """Of each event, how long after the one before."""
    seq: list[int]
    """Its address, less the one before."""
    conn: list[int]
    what: list[int]
    density: list[dict[str, Any]]
    """What the venue said, by lane, where it is too much: counts in bins of the same width."""
    requests: list[list[Any]]
    """seq, conn, sent, answered or None, operation, outcome, label, error code, how long in the recorder."""
    requests_left_out: int
    incidents: list[dict[str, Any]]
    orders: list[list[Any]]
    latency: list[list[Any]]
    payloads: dict[int, str]
    """Of events that one will want to read: those that incidents point to, and orders."""


def contents_of(capture: Capture, database: Database) -> Contents:
    """What the report of this capture holds."""
    about = capture.metadata
    bounds = _one(
        database,
        "SELECT min(mono_ns) AS start, max(mono_ns) AS stop, min(at_ns) AS at_ns, count(*) AS n, "
        "count(*) FILTER (WHERE part = 0) AS events, count(*) FILTER (WHERE kind = 'gap') AS gaps FROM events",
    )
    start = bounds["start"] or 0
    at, seq, conn, what, words, density = _timeline(database, start, bounds)
    incidents = _incidents(database, start)
    requests, left_out = _requests(database, start)
    plan = about.fault_plan if isinstance(about.fault_plan, dict) else {}
    return Contents(
        name=capture.name,
        venue=about.venue,
        mode=about.mode,
        tool=about.tool,
        ended=about.ended,
        start=str(bounds["at_ns"] or 0),
        duration=(bounds["stop"] or 0) - start,
        rows=bounds["n"],
        events=bounds["events"],
        gaps=bounds["gaps"],
        faults=[str(fault) for fault in plan.get("faults", [])],
        story=story_of(database, start),
        lines=_rows(database, _LINES.format(start=start)),
        words=words,
        at=at,
        seq=seq,
        conn=conn,
        what=what,
        density=density,
        requests=requests,
        requests_left_out=left_out,
        incidents=incidents,
        orders=[list(row.values()) for row in _rows(database, _ORDERS.format(start=start))],
        latency=[list(row.values()) for row in _rows(database, _LATENCY)],
        payloads=_payloads(database, incidents),
    )


def _timeline(
    database: Database, start: int, bounds: dict[str, Any]
) -> tuple[list[int], list[int], list[int], list[int], list[list[str | None]], list[dict[str, Any]]]:
    plain = "part = 0 AND kind NOT IN ('incident', 'gap')"
    crowded = bounds["events"] > MOST_EVENTS
    wanted = plain
    if crowded:
        wanted = f"{plain} AND coalesce(role, '') <> 'push'"
        left = _one(database, f"SELECT count(*) AS n FROM events WHERE {wanted}")["n"]  # noqa: S608 - words of ours
        every = -(-left // MOST_EVENTS)
        if every > 1:  # what lines did is kept, and of what was said on them a part
            wanted += f" AND (seq % {every} = 0 OR kind NOT IN ('text', 'binary', 'ping', 'pong'))"
    at: list[int] = []
    seqs: list[int] = []
    conns: list[int] = []
    whats: list[int] = []
    words: dict[tuple[str | None, ...], int] = {}
    last_at, last_seq = start, 0
    answer = database.ask(
        f"SELECT mono_ns, seq, coalesce(conn, 0) AS conn, sender, kind, role, op FROM events WHERE {wanted} "  # noqa: S608
        f"ORDER BY mono_ns, seq LIMIT {MOST_EVENTS}"
    )
    for batch in answer.batches():
        for mono_ns, seq, conn, *word in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            at.append(mono_ns - last_at)
            seqs.append(seq - last_seq)
            conns.append(conn)
            whats.append(words.setdefault(tuple(word), len(words)))
            last_at, last_seq = mono_ns, seq
    density: list[dict[str, Any]] = []
    if crowded:
        width = max(1, ((bounds["stop"] or 0) - start) // BINS + 1)
        density = _rows(
            database,
            # REST has one lane, however many connections it took.
            f"SELECT CASE WHEN kind <> 'http_response' THEN conn END AS conn, "  # noqa: S608
            f"(mono_ns - {start}) - (mono_ns - {start}) % {width} AS at, {width} AS width, "
            f"count(*) AS n FROM events WHERE {plain} AND sender = 'venue' GROUP BY 1, 2 ORDER BY 1, 2",
        )
    return at, seqs, conns, whats, [list(word) for word in words], density


def _requests(database: Database, start: int) -> tuple[list[list[Any]], int]:
    rows = _rows(database, _REQUESTS.format(start=start, most=MOST_REQUESTS))
    everything = _one(database, "SELECT count(*) AS n FROM requests")["n"]
    return [list(row.values()) for row in rows], max(0, everything - len(rows))


def _incidents(database: Database, start: int) -> list[dict[str, Any]]:
    found = []
    for row in _rows(database, _INCIDENTS.format(start=start, most=MOST_ROWS)):
        try:
            said = msgspec.json.decode(row.pop("text") or "{}", type=dict[str, Any])
        except msgspec.MsgspecError:
            said = {}
        evidence = said.get("evidence")
        found.append(
            {
                **row,
                "summary": said.get("summary") or row["kind"],
                "advice": said.get("advice"),
                "evidence": [seq for seq in evidence if isinstance(seq, int)] if isinstance(evidence, list) else [],
            }
        )
    return found


def _payloads(database: Database, incidents: list[dict[str, Any]]) -> dict[int, str]:
    wanted = {seq for incident in incidents for seq in (incident["seq"], *incident["evidence"])}
    named = ", ".join(str(seq) for seq in sorted(wanted)[:MOST_PAYLOADS]) or "-1"
    rows = _rows(
        database,
        f"SELECT seq, substr(coalesce(text, close_reason, ''), 1, {LONGEST_PAYLOAD}) AS text FROM events "  # noqa: S608
        f"WHERE part = 0 AND (seq IN ({named}) OR intent IS NOT NULL) ORDER BY seq LIMIT {MOST_PAYLOADS}",
    )
    return {row["seq"]: row["text"] for row in rows}


_LINES = """
SELECT connections.conn, connections.url, connections.status, connections.error,
    opened.mono_ns - {start} AS opened, opened.mono_ns - {start} + connections.duration_ns AS ended,
    connections.ended_at IS NOT NULL AS over,
    connections.first_to_end, connections.ended_how,
    coalesce(connections.venue_close_code, connections.client_close_code) AS code,
    coalesce(connections.venue_close_reason, connections.client_close_reason) AS reason,
    connections.client_messages, connections.venue_messages, connections.client_bytes, connections.venue_bytes
FROM connections
LEFT JOIN events AS opened ON opened.seq = connections.first_seq AND opened.part = 0
ORDER BY connections.conn LIMIT 500
"""
_REQUESTS = """
SELECT requests.seq, coalesce(requests.conn, 0) AS conn, sent.mono_ns - {start} AS sent,
    sent.mono_ns - {start} + requests.latency_ns AS answered,
    requests.op, requests.outcome,
    concat_ws(' ', requests.symbol, requests.side, requests.qty, requests.price, requests.channel) AS label,
    requests.error_code, requests.latency_ns
FROM requests
INNER JOIN events AS sent ON sent.seq = requests.seq AND sent.part = 0
-- Whatever went wrong is kept, and of the rest the slowest.
ORDER BY requests.outcome = 'ok', requests.latency_ns DESC NULLS FIRST
LIMIT {most}
"""
_INCIDENTS = """
SELECT incidents.seq, incidents.kind, incidents.certainty, incidents.conn, located.mono_ns - {start} AS at,
    incidents.text
FROM incidents
INNER JOIN events AS located ON located.seq = incidents.seq AND located.part = 0
ORDER BY incidents.seq LIMIT {most}
"""
_ORDERS = """
SELECT orders.seq, orders.conn, sent.mono_ns - {start} AS at, orders.symbol, orders.side, orders.qty, orders.price,
    orders.client_order_id, orders.order_id, orders.outcome, orders.resolved_by, orders.resolved_seq,
    orders.last_status, orders.error_code, orders.latency_ns, orders.intent
FROM orders
INNER JOIN events AS sent ON sent.seq = orders.seq AND sent.part = 0
ORDER BY orders.seq LIMIT 2000
"""
_LATENCY = """
SELECT op, count(*) AS n,
    CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ns) AS BIGINT) AS p50,
    CAST(percentile_cont(0.9) WITHIN GROUP (ORDER BY latency_ns) AS BIGINT) AS p90,
    CAST(percentile_cont(0.99) WITHIN GROUP (ORDER BY latency_ns) AS BIGINT) AS p99,
    CAST(percentile_cont(0.999) WITHIN GROUP (ORDER BY latency_ns) AS BIGINT) AS p999,
    max(latency_ns) AS longest,
    CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY relay_ns) AS BIGINT) AS ours
FROM latency GROUP BY op ORDER BY n DESC LIMIT 100
"""


def _rows(database: Database, question: str) -> list[dict[str, Any]]:
    answer = database.ask(question)
    return pa.Table.from_batches(answer.batches(), answer.schema).to_pylist()  # type: ignore[no-any-return]


def _one(database: Database, question: str) -> dict[str, Any]:
    (row,) = _rows(database, question)
    return row
