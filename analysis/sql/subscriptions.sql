-- One row a subscription that the bot asked for, and what came of it; asked for twice, it has two rows.
-- outcome is the request's; pushes counts what came on the channel until it ended or was asked for again.
-- ended_how is unsubscribed, or ended with its connection; null: it was still on when the recording ended.
-- Unsubscribing from no channel ends all; from one that ends in ":*", all of that topic.
WITH wishes AS (
    SELECT
        events.capture,
        events.conn,
        events.seq,
        events.at,
        events.at_ns,
        events.mono_ns,
        events.venue,
        events.channel,
        events.symbol,
        events.op
    FROM events
    WHERE events.kind = 'fact' AND events.sender = 'client' AND events.op IN ('subscribe', 'unsubscribe')
        AND events.outcome IS NULL
),
asked AS (
    SELECT
        wishes.capture,
        wishes.conn,
        wishes.seq,
        min(wishes.at) AS asked_at,
        min(wishes.at_ns) AS at_ns,
        min(wishes.mono_ns) AS mono_ns,
        min(wishes.venue) AS venue,
        wishes.channel,
        min(wishes.symbol) AS symbol
    FROM wishes
    WHERE wishes.op = 'subscribe'
    GROUP BY wishes.capture, wishes.conn, wishes.seq, wishes.channel
),
lines AS (
    SELECT events.capture, events.conn, min(events.seq) AS end_seq
    FROM events
    WHERE events.kind = 'end' AND events.conn IS NOT NULL
    GROUP BY events.capture, events.conn
),
ends AS (
    SELECT asked.capture, asked.conn, asked.seq, asked.channel, min(wishes.seq) AS unsubscribe_seq
    FROM asked
    INNER JOIN wishes
        ON wishes.capture = asked.capture AND wishes.conn = asked.conn AND wishes.op = 'unsubscribe'
        AND wishes.seq > asked.seq
        AND (
            wishes.channel IS NULL
            OR wishes.channel = asked.channel
            OR (
                wishes.channel LIKE '%:*'
                AND substr(concat(asked.channel, ':'), 1, length(wishes.channel) - 1)
                = substr(wishes.channel, 1, length(wishes.channel) - 1)
            )
        )
    GROUP BY asked.capture, asked.conn, asked.seq, asked.channel
),
marks AS (
    SELECT asked.capture, asked.conn, asked.channel, asked.seq, asked.seq AS asked_seq, asked.mono_ns, 0 AS pushed
    FROM asked
    UNION ALL
    SELECT
        events.capture,
        events.conn,
        events.channel,
        events.seq,
        CAST(NULL AS BIGINT) AS asked_seq,
        events.mono_ns,
        1 AS pushed
    FROM events
    WHERE events.role = 'push' AND events.part = 0 AND events.channel IS NOT NULL
),
belonging AS (
    SELECT
        marks.capture,
        marks.conn,
        marks.channel,
        marks.seq,
        marks.mono_ns,
        marks.pushed,
        max(marks.asked_seq) OVER (
            PARTITION BY marks.capture, marks.conn, marks.channel
            ORDER BY marks.seq
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS asked_seq
    FROM marks
),
pushes AS (
    SELECT
        belonging.capture,
        belonging.conn,
        belonging.channel,
        belonging.asked_seq,
        count(*) AS pushes,
        min(belonging.seq) AS first_push_seq,
        min(belonging.mono_ns) AS first_push_mono_ns,
        max(belonging.seq) AS last_push_seq
    FROM belonging
    LEFT JOIN ends
        ON ends.capture = belonging.capture AND ends.conn = belonging.conn
        AND ends.channel = belonging.channel AND ends.seq = belonging.asked_seq
    WHERE
        belonging.pushed = 1 AND belonging.asked_seq IS NOT NULL
        AND belonging.seq < coalesce(ends.unsubscribe_seq, 9223372036854775807)
    GROUP BY belonging.capture, belonging.conn, belonging.channel, belonging.asked_seq
),
answered AS (
    SELECT requests.capture, requests.seq, requests.outcome, requests.reply_seq, requests.latency_ns
    FROM requests
)
SELECT
    asked.capture,
    asked.seq,
    asked.conn,
    asked.asked_at,
    asked.at_ns,
    asked.venue,
    asked.channel,
    asked.symbol,
    answered.outcome,
    answered.reply_seq AS confirmed_seq,
    answered.latency_ns AS confirmed_after_ns,
    coalesce(pushes.pushes, 0) AS pushes,
    pushes.first_push_seq,
    pushes.first_push_mono_ns - asked.mono_ns AS first_push_after_ns,
    pushes.last_push_seq,
    CASE
        WHEN ends.unsubscribe_seq IS NOT NULL AND ends.unsubscribe_seq < coalesce(lines.end_seq, 9223372036854775807)
            THEN ends.unsubscribe_seq
        ELSE lines.end_seq
    END AS ended_seq,
    CASE
        WHEN ends.unsubscribe_seq IS NOT NULL AND ends.unsubscribe_seq < coalesce(lines.end_seq, 9223372036854775807)
            THEN 'unsubscribed'
        WHEN lines.end_seq IS NOT NULL THEN 'connection'
    END AS ended_how
FROM asked
LEFT JOIN answered ON answered.capture = asked.capture AND answered.seq = asked.seq
LEFT JOIN lines ON lines.capture = asked.capture AND lines.conn = asked.conn
LEFT JOIN ends
    ON ends.capture = asked.capture AND ends.conn = asked.conn AND ends.seq = asked.seq AND ends.channel = asked.channel
LEFT JOIN pushes
    ON pushes.capture = asked.capture AND pushes.conn = asked.conn
    AND pushes.channel = asked.channel AND pushes.asked_seq = asked.seq
