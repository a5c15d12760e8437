"""The story of a session in sentences: lines that open and end, what was asked on them, and what went wrong."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pyarrow as pa

from wsreplay.analysis.database import Database

MOST_LINES = 120

type Tone = Literal["plain", "good", "bad", "odd"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence."""

    at: int
    """Nanoseconds since the first event."""
    seq: int
    tone: Tone
    text: str


def story_of(database: Database, start: int) -> list[Line]:
    """The sentences, in the order of time; of a long session the most telling."""
    told = [
        *_connections(database, start),
        *_incidents(database, start),
        *_faults(database, start),
        *_gaps(database, start),
    ]
    if len(told) > MOST_LINES:
        # Ten thousand reconnects are one fact: what went wrong first, then what merely happened.
        told.sort(key=lambda line: (line.tone == "plain", line.at))
        left_out = len(told) - MOST_LINES
        told = told[:MOST_LINES]
        last = max(told, key=lambda line: line.at)
        told.append(Line(at=last.at, seq=last.seq, tone="plain", text=f"And {left_out:,} more such events."))
    told.sort(key=lambda line: (line.at, line.seq))
    return told


def _connections(database: Database, start: int) -> list[Line]:
    lines: list[Line] = []
    for row in _rows(database, _CONNECTIONS.format(start=start, most=4 * MOST_LINES)):
        conn, url = row["conn"], row["url"] or "an address that is not known"
        if row["error"]:
            text = f"Connection {conn} to {url} never came up: {row['error']}."
            lines.append(Line(at=row["opened"], seq=row["first_seq"], tone="bad", text=text))
            continue
        if row["status"] not in (None, 101):
            text = f"The venue refused connection {conn} to {url}: {row['status']}."
            lines.append(Line(at=row["opened"], seq=row["first_seq"], tone="bad", text=text))
            continue
        lines.append(
            Line(
                at=row["opened"], seq=row["first_seq"], tone="plain", text=f"The bot opened connection {conn} to {url}."
            )
        )
        if row["ended"] is None:
            continue
        lines.append(Line(at=row["ended"], seq=row["last_seq"], tone=_tone(row), text=_ending(row)))
    return lines


def _ending(row: dict[str, Any]) -> str:
    who = {"client": "the bot", "venue": "the venue"}.get(row["first_to_end"] or "")
    how = {"close": "closed it", "fin": "ended it without a goodbye", "rst": "reset it", "timeout": "fell silent"}
    code = f" with {row['code']}" if row["code"] is not None and row["ended_how"] == "close" else ""
    reason = f" ({row['reason']})" if row["reason"] else ""
    counted = [
        f"{row['asked']:,} request{'s' if row['asked'] > 1 else ''}" if row["asked"] else "",
        f"{row['ok']:,} accepted" if row["ok"] else "",
        f"{row['rejected']:,} refused" if row["rejected"] else "",
        f"{row['lost']:,} without an answer" if row["lost"] else "",
        f"{row['pushes']:,} push{'es' if row['pushes'] > 1 else ''}" if row["pushes"] else "",
    ]
    traffic = ", ".join(part for part in counted if part)
    what = how.get(row["ended_how"] or "", "ended it")
    ended = f"On connection {row['conn']}, {who} {what}{code}{reason}" if who else f"Connection {row['conn']} was cut"
    return f"{ended}; it had carried {traffic}." if traffic else f"{ended}."


def _tone(row: dict[str, Any]) -> Tone:
    if row["lost"]:
        return "bad"
    return "plain" if row["ended_how"] == "close" and row["code"] in (1000, 1001, 1005) else "odd"


def _incidents(database: Database, start: int) -> list[Line]:
    lines = []
    for row in _rows(database, _INCIDENTS.format(start=start, most=4 * MOST_LINES)):
        if row["kind"] == "disconnect":
            continue  # told by the connection's own end
        lines.append(Line(at=row["at"], seq=row["seq"], tone="bad", text=f"{row['kind']}: {row['summary'] or ''}"))
    return lines


def _faults(database: Database, start: int) -> list[Line]:
    question = f"""SELECT mono_ns - {start} AS at, seq, json_extract_string(text, '$.fault') AS fault FROM events
        WHERE kind = 'fault' AND part = 0 ORDER BY seq LIMIT {MOST_LINES}"""  # noqa: S608 - numbers
    return [
        Line(at=row["at"], seq=row["seq"], tone="odd", text=f"The fault plan struck: {row['fault']}.")
        for row in _rows(database, question)
        if row["fault"]
    ]


def _gaps(database: Database, start: int) -> list[Line]:
    question = f"""SELECT gap.mono_ns - {start} AS at, gaps.seq, gaps.missing, gaps.reason FROM gaps
        INNER JOIN events AS gap ON gap.seq = gaps.seq AND gap.part = 0
        WHERE gaps.what = 'recording' ORDER BY gaps.seq LIMIT {MOST_LINES}"""  # noqa: S608 - numbers
    return [
        Line(
            at=row["at"],
            seq=row["seq"],
            tone="odd",
            text=f"Here the recording has a gap ({row['reason'] or 'no reason is known'}).",
        )
        for row in _rows(database, question)
    ]


_CONNECTIONS = """
WITH asked AS (
    SELECT conn, count(*) AS asked, count(*) FILTER (WHERE outcome = 'ok') AS ok,
        count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
        count(*) FILTER (WHERE outcome IN ('unknown', 'late')) AS lost
    FROM requests GROUP BY conn
),
pushed AS (SELECT conn, count(*) AS pushes FROM events WHERE role = 'push' AND part = 0 GROUP BY conn)
SELECT connections.conn, split_part(connections.url, '?', 1) AS url, connections.status, connections.error,
    connections.first_seq, connections.last_seq, opened.mono_ns - {start} AS opened,
    CASE WHEN connections.ended_at IS NOT NULL
        THEN opened.mono_ns - {start} + connections.duration_ns END AS ended,
    connections.first_to_end, connections.ended_how,
    coalesce(connections.venue_close_code, connections.client_close_code) AS code,
    coalesce(connections.venue_close_reason, connections.client_close_reason) AS reason,
    asked.asked, asked.ok, asked.rejected, asked.lost, pushed.pushes
FROM connections
INNER JOIN events AS opened ON opened.seq = connections.first_seq AND opened.part = 0
LEFT JOIN asked ON asked.conn = connections.conn
LEFT JOIN pushed ON pushed.conn = connections.conn
ORDER BY connections.first_seq LIMIT {most}
"""
_INCIDENTS = """
SELECT located.mono_ns - {start} AS at, incidents.seq, incidents.kind, incidents.summary
FROM incidents INNER JOIN events AS located ON located.seq = incidents.seq AND located.part = 0
ORDER BY incidents.seq LIMIT {most}
"""


def _rows(database: Database, question: str) -> list[dict[str, Any]]:
    answer = database.ask(question)
    return pa.Table.from_batches(answer.batches(), answer.schema).to_pylist()  # type: ignore[no-any-return]
