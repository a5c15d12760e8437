-- One row a place where something is missing: what is recording (we lost it) or sequence (the venue's numbers jump).
-- missing is how much: records lost, or numbers skipped in the channel; null is not known. reason says why, if it is told.
SELECT
    events.capture,
    events.seq,
    events.conn,
    events.at,
    events.at_ns,
    'recording' AS what,
    CAST(NULL AS STRING) AS channel,
    try_cast(json_extract_string(events.text, '$.records') AS BIGINT) AS missing,
    json_extract_string(events.text, '$.reason') AS reason
FROM events
WHERE events.kind = 'gap'
UNION ALL
SELECT
    numbered.capture,
    numbered.seq,
    numbered.conn,
    numbered.at,
    numbered.at_ns,
    'sequence' AS what,
    numbered.channel,
    numbered.venue_seq_from - numbered.last_seq - 1 AS missing,
    CAST(NULL AS STRING) AS reason
FROM (
    SELECT
        events.capture,
        events.seq,
        events.conn,
        events.at,
        events.at_ns,
        events.channel,
        events.status,
        coalesce(events.venue_seq_from, events.venue_seq) AS venue_seq_from,
        lag(events.venue_seq) OVER (
            PARTITION BY events.capture, events.conn, events.channel ORDER BY events.seq
        ) AS last_seq
    FROM events
    WHERE events.venue_seq IS NOT NULL AND events.part = 0
) AS numbered
WHERE numbered.venue_seq_from > numbered.last_seq + 1 AND coalesce(numbered.status, '') <> 'snapshot'
