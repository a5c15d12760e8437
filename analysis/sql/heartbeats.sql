-- One row a ping, of either side: by a ping frame (protocol) or by a message of the venue's own (message).
-- pong_seq is the first answer of the other side before the next ping, rtt_ns how long it took; null: none came.
WITH beats AS (
    SELECT
        events.capture,
        events.seq,
        events.conn,
        events.at,
        events.at_ns,
        events.mono_ns,
        events.sender,
        events.venue_at_ns,
        CASE WHEN events.kind IN ('ping', 'pong') THEN 'protocol' ELSE 'message' END AS frame,
        events.kind = 'ping' OR (events.kind IN ('text', 'binary') AND lower(events.op) LIKE '%ping%') AS pings,
        CASE
            WHEN events.kind = 'ping' OR (events.kind IN ('text', 'binary') AND lower(events.op) LIKE '%ping%')
                THEN events.sender
            WHEN events.sender = 'client' THEN 'venue'
            ELSE 'client'
        END AS pinger
    FROM events
    WHERE events.role = 'heartbeat' AND events.part = 0
),
paired AS (
    SELECT
        beats.capture,
        beats.seq,
        beats.conn,
        beats.at,
        beats.at_ns,
        beats.mono_ns,
        beats.sender,
        beats.venue_at_ns,
        beats.frame,
        beats.pings,
        lead(beats.pings) OVER (
            PARTITION BY beats.capture, beats.conn, beats.frame, beats.pinger ORDER BY beats.seq
        ) AS then_pings,
        lead(beats.seq) OVER (
            PARTITION BY beats.capture, beats.conn, beats.frame, beats.pinger ORDER BY beats.seq
        ) AS then_seq,
        lead(beats.mono_ns) OVER (
            PARTITION BY beats.capture, beats.conn, beats.frame, beats.pinger ORDER BY beats.seq
        ) AS then_mono_ns
    FROM beats
)
SELECT
    paired.capture,
    paired.seq,
    paired.conn,
    paired.at,
    paired.at_ns,
    paired.sender,
    paired.frame,
    CASE WHEN NOT paired.then_pings THEN paired.then_seq END AS pong_seq,
    CASE WHEN NOT paired.then_pings THEN paired.then_mono_ns - paired.mono_ns END AS rtt_ns,
    paired.venue_at_ns
FROM paired
WHERE paired.pings
