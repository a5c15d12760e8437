"""Lifetimes: from which event to which a connection, a request, an order or a subscription was what it was.

They are worked out once for a whole capture. What holds at an event is then what has begun by then and not ended, so
that going back costs what going forward does.
"""

# ruff: noqa: S608 - nothing in these questions comes from anybody
from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from wsreplay.analysis.session.asking import Asking

_NEVER = 2**63 - 1
_ENDS = f"coalesce({{}}, {_NEVER}) AS until_seq"

_CONNECTIONS = """
SELECT
    conn,
    min(seq) AS seq,
    min(mono_ns) FILTER (WHERE kind = 'open') AS mono_ns,
    min(seq) FILTER (WHERE kind = 'close') AS close_seq,
    min_by(sender, seq) FILTER (WHERE kind = 'close') AS close_by,
    min_by(close_code, seq) FILTER (WHERE kind = 'close') AS close_code,
    min(seq) FILTER (WHERE kind = 'end') AS end_seq,
    min_by(sender, seq) FILTER (WHERE kind = 'end') AS end_by,
    min_by(ended_by, seq) FILTER (WHERE kind = 'end') AS ended_by,
    max(seq) FILTER (WHERE kind = 'end') AS last_end_seq,
    count(DISTINCT sender) FILTER (WHERE kind = 'end') AS legs_ended,
    min_by(json_extract_string(text, '$.url'), seq) FILTER (WHERE kind = 'open') AS url,
    min_by(try_cast(json_extract_string(text, '$.status') AS INTEGER), seq) FILTER (WHERE kind = 'open') AS status,
    min_by(json_extract_string(text, '$.error'), seq) FILTER (WHERE kind = 'open') AS error
FROM events
WHERE part = 0 AND conn IS NOT NULL AND kind IN ('open', 'close', 'end')
GROUP BY conn
ORDER BY conn
"""
_REQUESTS = f"""
WITH answers AS (
    SELECT reply_to AS of_seq, min(seq) AS reply_seq
    FROM events
    WHERE reply_to IS NOT NULL AND role IN ('reply', 'error') AND part = 0
    GROUP BY reply_to
),
outcomes AS (
    SELECT of_seq, min(seq) AS outcome_seq, min_by(outcome, seq) AS outcome, max_by(outcome, seq) AS last_outcome
    FROM events
    WHERE kind = 'fact' AND of_seq IS NOT NULL AND outcome IS NOT NULL
    GROUP BY of_seq
)
SELECT
    asked.seq, asked.mono_ns, asked.conn, asked.op, asked.key, asked.symbol, asked.side, asked.qty, asked.price,
    asked.client_order_id, asked.intent,
    answers.reply_seq,
    outcomes.outcome_seq, outcomes.outcome, outcomes.last_outcome,
    {_ENDS.format("least(answers.reply_seq, outcomes.outcome_seq)")}
FROM events AS asked
LEFT JOIN answers ON answers.of_seq = asked.seq
LEFT JOIN outcomes ON outcomes.of_seq = asked.seq
WHERE asked.role = 'request' AND asked.part = 0
ORDER BY asked.seq
"""
_ORDERS = f"""
WITH said AS (
    SELECT
        events.seq, events.part, events.mono_ns, events.order_id, events.status,
        coalesce(events.symbol, asked.symbol) AS symbol,
        coalesce(events.side, asked.side) AS side,
        coalesce(events.qty, asked.qty) AS qty,
        coalesce(events.price, asked.price) AS price,
        coalesce(events.client_order_id, asked.client_order_id) AS client_order_id
    FROM events
    LEFT JOIN events AS asked
        ON asked.seq = events.reply_to AND asked.part = 0 AND asked.role = 'request' AND asked.intent IS NOT NULL
    WHERE events.order_id IS NOT NULL AND events.status IS NOT NULL AND events.sender = 'venue'
        AND events.kind <> 'incident' AND events.of_seq IS NULL
)
SELECT
    seq, mono_ns, order_id, status,
    max_by(symbol, seq) OVER before AS symbol,
    max_by(side, seq) OVER before AS side,
    max_by(qty, seq) OVER before AS qty,
    max_by(price, seq) OVER before AS price,
    max_by(client_order_id, seq) OVER before AS client_order_id,
    min(seq) OVER before AS first_seq,
    {_ENDS.format("lead(seq) OVER (PARTITION BY order_id ORDER BY seq, part)")}
FROM said
WINDOW before AS (PARTITION BY order_id ORDER BY seq, part ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY seq, part
"""
_SUBSCRIPTIONS = f"""
WITH wishes AS (
    SELECT conn, seq, mono_ns, channel, op
    FROM events
    WHERE kind = 'fact' AND sender = 'client' AND op IN ('subscribe', 'unsubscribe') AND outcome IS NULL
),
asked AS (
    SELECT conn, seq, channel, min(mono_ns) AS mono_ns
    FROM wishes
    WHERE op = 'subscribe' AND channel IS NOT NULL
    GROUP BY conn, seq, channel
),
lines AS (
    SELECT conn, min(seq) AS end_seq FROM events WHERE kind = 'end' AND conn IS NOT NULL GROUP BY conn
),
over AS (
    SELECT asked.conn, asked.seq, asked.channel, min(wishes.seq) AS over_seq
    FROM asked
    INNER JOIN wishes
        ON wishes.conn = asked.conn AND wishes.seq > asked.seq
        AND coalesce(wishes.channel, asked.channel) = asked.channel
    GROUP BY asked.conn, asked.seq, asked.channel
),
outcomes AS (
    SELECT of_seq, min(seq) AS outcome_seq, min_by(outcome, seq) AS outcome
    FROM events
    WHERE kind = 'fact' AND of_seq IS NOT NULL AND outcome IS NOT NULL
    GROUP BY of_seq
)
SELECT
    asked.seq, asked.mono_ns, asked.conn, asked.channel, outcomes.outcome_seq, outcomes.outcome,
    {_ENDS.format("least(over.over_seq, lines.end_seq)")}
FROM asked
LEFT JOIN lines ON lines.conn = asked.conn
LEFT JOIN over ON over.conn = asked.conn AND over.seq = asked.seq AND over.channel = asked.channel
LEFT JOIN outcomes ON outcomes.of_seq = asked.seq
ORDER BY asked.seq
"""
_HEARTBEATS = f"""
SELECT
    seq, mono_ns, conn, sender, kind, op,
    {_ENDS.format("lead(seq) OVER (PARTITION BY conn ORDER BY seq)")}
FROM events
WHERE role = 'heartbeat' AND part = 0 AND conn IS NOT NULL
ORDER BY seq
"""


class Lifetimes:
    """All that lasted for a while in a capture, each a table with ``seq`` (its beginning) and ``until_seq``."""

    def __init__(self, asking: Asking) -> None:
        """Works them out, which takes a while: give it a thread of its own."""
        self.connections = asking.table(_CONNECTIONS)
        self.requests = asking.table(_REQUESTS)
        self.orders = asking.table(_ORDERS)
        self.subscriptions = asking.table(_SUBSCRIPTIONS)
        self.heartbeats = asking.table(_HEARTBEATS)


def alive(table: pa.Table, seq: int) -> pa.Table:
    """The rows that have begun at ``seq`` and not ended, in the order of their beginning."""
    begun = table.slice(0, _begun(table.column("seq"), seq))  # in the order of seq: what came later is not looked at
    return begun.filter(pc.greater(begun.column("until_seq"), seq))


def _begun(seqs: pa.ChunkedArray, seq: int) -> int:
    low, high = 0, len(seqs)
    while low < high:
        middle = (low + high) // 2
        if seqs[middle].as_py() <= seq:
            low = middle + 1
        else:
            high = middle
    return low
