-- One row a request that was answered, over a socket or over REST: how long it took, and how much of that was ours.
-- latency_ns runs from the request's last byte to the reply's; relay_ns is what both spent inside the proxy (user space
-- only: the kernel's share is not known), and net_ns is latency without it. in_flight counts the requests that waited on
-- the connection when it was sent, itself included. peers_below is the part of the same operation's requests that were
-- faster: 0.99 is among the slowest hundredth. minute_at_ns is when it was sent, to the minute.
WITH marked AS (
    SELECT
        events.capture,
        events.seq,
        events.conn,
        events.kind,
        events.at,
        events.at_ns,
        events.relay_ns,
        events.venue,
        events.role,
        events.op,
        events.channel,
        events.symbol,
        events.reply_to,
        events.latency_ns,
        events.status,
        events.error_code,
        events.venue_at_ns,
        sum(CASE WHEN events.role = 'request' THEN 1 ELSE -1 END) OVER (
            PARTITION BY events.capture, events.conn
            ORDER BY events.seq
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS in_flight
    FROM events
    WHERE
        events.part = 0
        AND (events.role = 'request' OR (events.role IN ('reply', 'error') AND events.reply_to IS NOT NULL))
)
SELECT
    requests.capture,
    requests.seq,
    answers.seq AS reply_seq,
    requests.conn,
    requests.kind,
    requests.at,
    requests.at_ns,
    requests.at_ns - requests.at_ns % 60000000000 AS minute_at_ns,
    requests.venue,
    requests.op,
    requests.channel,
    requests.symbol,
    coalesce(answers.error_code, answers.status) AS answer,
    answers.latency_ns,
    coalesce(requests.relay_ns, 0) + coalesce(answers.relay_ns, 0) AS relay_ns,
    answers.latency_ns - coalesce(requests.relay_ns, 0) - coalesce(answers.relay_ns, 0) AS net_ns,
    requests.in_flight,
    percent_rank() OVER (
        PARTITION BY requests.capture, requests.op ORDER BY answers.latency_ns
    ) AS peers_below,
    answers.venue_at_ns
FROM marked AS requests
-- A request is answered once: what pairs them takes it out of flight.
INNER JOIN events AS answers
    ON answers.capture = requests.capture AND answers.reply_to = requests.seq AND answers.latency_ns IS NOT NULL
    AND answers.role IN ('reply', 'error') AND answers.part = 0
WHERE requests.role = 'request'
