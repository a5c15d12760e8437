-- One row an order that the bot sent: the request that was to make it, and what became of it.
-- outcome is the request's (ok, rejected, late, unknown, pending); last_status what the venue said last of the order.
-- cancel_seq is the first request after it that named its order id and wanted no new order.
WITH told AS (
    SELECT
        events.capture,
        events.order_id,
        max_by(events.status, events.seq * 1000 + events.part) AS last_status,
        max(events.seq) AS last_seq
    FROM events
    WHERE
        events.order_id IS NOT NULL AND events.status IS NOT NULL
        AND events.sender = 'venue' AND events.kind != 'incident' AND events.of_seq IS NULL
    GROUP BY events.capture, events.order_id
),
cancels AS (
    SELECT
        requests.capture,
        requests.order_id,
        min(requests.seq) AS cancel_seq,
        min_by(requests.outcome, requests.seq) AS cancel_outcome
    FROM requests
    WHERE requests.order_id IS NOT NULL AND requests.intent IS NULL
    GROUP BY requests.capture, requests.order_id
)
SELECT
    requests.capture,
    requests.seq,
    requests.conn,
    requests.at,
    requests.at_ns,
    requests.venue,
    requests.op,
    requests.symbol,
    requests.account,
    requests.side,
    requests.price,
    requests.qty,
    requests.client_order_id,
    requests.order_id,
    requests.intent,
    requests.outcome,
    requests.resolved_by,
    requests.resolved_seq,
    requests.latency_ns,
    requests.error_code,
    told.last_status,
    told.last_seq AS last_status_seq,
    cancels.cancel_seq,
    cancels.cancel_outcome
FROM requests
LEFT JOIN told ON told.capture = requests.capture AND told.order_id = requests.order_id
LEFT JOIN cancels ON cancels.capture = requests.capture AND cancels.order_id = requests.order_id
WHERE requests.intent IS NOT NULL
