-- One row a request, over a socket or over REST, with its first reply and with what became of it.
-- outcome is the last that is known: ok, rejected, late or unknown (the connection ended first), and pending until then.
-- resolved_by and resolved_seq say how and at which event it became known; error_code is the refusal's.
WITH replies AS (
    SELECT
        events.capture,
        events.reply_to,
        min(events.seq) AS reply_seq,
        min_by(events.latency_ns, events.seq) FILTER (WHERE events.latency_ns IS NOT NULL) AS latency_ns
    FROM events
    -- A push that belongs to the request names it as well.
    WHERE events.reply_to IS NOT NULL AND events.role IN ('reply', 'error') AND events.part = 0
    GROUP BY events.capture, events.reply_to
),
outcomes AS (
    SELECT
        events.capture,
        events.of_seq,
        events.outcome,
        events.resolved_by,
        events.seq AS resolved_seq,
        events.order_id,
        events.error_code
    FROM events
    WHERE events.kind = 'fact' AND events.of_seq IS NOT NULL AND events.outcome IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY events.capture, events.of_seq ORDER BY events.seq DESC, events.part DESC
    ) = 1
)
SELECT
    requests.capture,
    requests.seq,
    requests.conn,
    requests.kind,
    requests.at,
    requests.at_ns,
    requests.venue,
    requests.op,
    requests.key,
    requests.channel,
    requests.symbol,
    requests.account,
    requests.side,
    requests.price,
    requests.qty,
    requests.client_order_id,
    coalesce(requests.order_id, outcomes.order_id) AS order_id,
    requests.intent,
    replies.reply_seq,
    replies.latency_ns,
    coalesce(outcomes.outcome, 'pending') AS outcome,
    outcomes.resolved_by,
    outcomes.resolved_seq,
    outcomes.error_code
FROM events AS requests
LEFT JOIN replies ON replies.capture = requests.capture AND replies.reply_to = requests.seq
LEFT JOIN outcomes ON outcomes.capture = requests.capture AND outcomes.of_seq = requests.seq
WHERE requests.role = 'request' AND requests.part = 0
