-- One row a WebSocket connection, also one that the venue refused (status other than 101) or that never came up (error).
-- first_to_end, ended_how: whose close frame or end came first, and what it was: close, fin, rst or timeout.
-- Close code 1005 stands for a close frame without a code, as RFC 6455 has it; null is no close frame at all.
-- duration_ns runs from the handshake's end to the first end of a leg, or to the last event of one that is still open.
WITH handshakes AS (
    SELECT
        events.capture,
        events.conn,
        events.seq AS open_seq,
        events.at AS opened_at,
        events.at_ns AS opened_at_ns,
        events.mono_ns AS opened_mono_ns,
        events.venue,
        json_extract_string(events.text, '$.url') AS url,
        json_extract_string(events.text, '$.upstream') AS upstream,
        try_cast(json_extract_string(events.text, '$.status') AS INTEGER) AS status,
        json_extract_string(events.text, '$.error') AS error
    FROM events
    WHERE events.kind = 'open' AND events.part = 0
    QUALIFY row_number() OVER (PARTITION BY events.capture, events.conn ORDER BY events.seq) = 1
),
traffic AS (
    SELECT
        events.capture,
        events.conn,
        min(events.seq) AS first_seq,
        max(events.seq) AS last_seq,
        min(events.mono_ns) AS first_mono_ns,
        max(events.mono_ns) AS last_mono_ns,
        min(events.at) FILTER (WHERE events.kind = 'end') AS ended_at,
        min(events.at_ns) FILTER (WHERE events.kind = 'end') AS ended_at_ns,
        min(events.mono_ns) FILTER (WHERE events.kind = 'end') AS ended_mono_ns,
        min_by(events.sender, events.seq) FILTER (
            WHERE events.kind = 'close' OR (events.kind = 'end' AND coalesce(events.ended_by, 'fin') <> 'proxy')
        ) AS first_to_end,
        min_by(coalesce(events.ended_by, events.kind), events.seq) FILTER (
            WHERE events.kind = 'close' OR (events.kind = 'end' AND coalesce(events.ended_by, 'fin') <> 'proxy')
        ) AS ended_how,
        min_by(coalesce(events.close_code, 1005), events.seq) FILTER (
            WHERE events.kind = 'close' AND events.sender = 'client'
        ) AS client_close_code,
        min_by(coalesce(events.close_code, 1005), events.seq) FILTER (
            WHERE events.kind = 'close' AND events.sender = 'venue'
        ) AS venue_close_code,
        min_by(events.close_reason, events.seq) FILTER (
            WHERE events.close_reason IS NOT NULL AND events.kind = 'close' AND events.sender = 'client'
        ) AS client_close_reason,
        min_by(events.close_reason, events.seq) FILTER (
            WHERE events.close_reason IS NOT NULL AND events.kind = 'close' AND events.sender = 'venue'
        ) AS venue_close_reason,
        count(*) FILTER (WHERE events.sender = 'client' AND events.kind IN ('text', 'binary')) AS client_messages,
        count(*) FILTER (WHERE events.sender = 'venue' AND events.kind IN ('text', 'binary')) AS venue_messages,
        coalesce(sum(events.size) FILTER (WHERE events.sender = 'client'), 0)::BIGINT AS client_bytes,
        coalesce(sum(events.size) FILTER (WHERE events.sender = 'venue'), 0)::BIGINT AS venue_bytes
    FROM events
    WHERE events.part = 0
        AND events.conn IS NOT NULL
        AND events.kind IN ('open', 'text', 'binary', 'ping', 'pong', 'close', 'end', 'raw')
    GROUP BY events.capture, events.conn
)
SELECT
    traffic.capture,
    traffic.conn,
    handshakes.url,
    handshakes.upstream,
    handshakes.venue,
    handshakes.status,
    handshakes.error,
    handshakes.opened_at,
    handshakes.opened_at_ns,
    traffic.ended_at,
    traffic.ended_at_ns,
    coalesce(traffic.ended_mono_ns, traffic.last_mono_ns)
        - coalesce(handshakes.opened_mono_ns, traffic.first_mono_ns) AS duration_ns,
    traffic.first_to_end,
    traffic.ended_how,
    traffic.client_close_code,
    traffic.client_close_reason,
    traffic.venue_close_code,
    traffic.venue_close_reason,
    traffic.client_messages,
    traffic.venue_messages,
    traffic.client_bytes,
    traffic.venue_bytes,
    traffic.first_seq,
    traffic.last_seq
FROM traffic
LEFT JOIN handshakes ON handshakes.capture = traffic.capture AND handshakes.conn = traffic.conn
ORDER BY traffic.capture, traffic.conn
