-- One row a reconnect: a connection that took the place of one that had ended, to the same address.
-- Steps, as events: the last byte of the venue before, the end of the line as the bot's side had it, the new socket, the
-- login (ok or not), the last subscription asked for, the first push, and caught_up: the first push of the last channel.
-- not_resubscribed counts channels that were on before and were not asked for again (example names one of them);
-- missed counts the numbers that numbered channels skipped meanwhile; sent_before_login counts requests before the login.
-- Intervals are those of the monotonic clock: the wall clock may be set in between.
WITH marks AS (
    SELECT
        events.capture,
        events.conn,
        min(events.mono_ns) FILTER (WHERE events.kind = 'open') AS opened_mono_ns,
        min(events.mono_ns) FILTER (WHERE events.kind = 'end') AS ended_mono_ns
    FROM events
    WHERE events.conn IS NOT NULL AND events.part = 0 AND events.kind IN ('open', 'end')
    GROUP BY events.capture, events.conn
),
opened AS (
    SELECT
        connections.capture,
        connections.conn,
        connections.url,
        connections.status,
        connections.first_seq,
        connections.opened_at,
        connections.opened_at_ns,
        marks.opened_mono_ns,
        lag(connections.conn) OVER (
            PARTITION BY connections.capture, connections.upstream, split_part(connections.url, '?', 1)
            ORDER BY connections.first_seq
        ) AS previous_conn,
        lag(marks.ended_mono_ns) OVER (
            PARTITION BY connections.capture, connections.upstream, split_part(connections.url, '?', 1)
            ORDER BY connections.first_seq
        ) AS previous_ended_mono_ns
    FROM connections
    INNER JOIN marks ON marks.capture = connections.capture AND marks.conn = connections.conn
),
again AS (
    SELECT *
    FROM opened
    WHERE opened.previous_conn IS NOT NULL AND opened.previous_ended_mono_ns <= opened.opened_mono_ns
),
noticed AS (
    SELECT events.capture, events.conn, min(events.seq) AS noticed_seq, min(events.mono_ns) AS noticed_mono_ns
    FROM events
    WHERE events.conn IS NOT NULL AND events.part = 0 AND events.kind = 'end' AND events.sender = 'client'
    GROUP BY events.capture, events.conn
),
-- What the recorder read on after the bot was gone never reached the bot.
before AS (
    SELECT
        events.capture,
        events.conn,
        max(events.seq) AS last_byte_seq,
        max(events.mono_ns) AS last_byte_mono_ns
    FROM events
    LEFT JOIN noticed ON noticed.capture = events.capture AND noticed.conn = events.conn
    WHERE
        events.conn IS NOT NULL AND events.part = 0
        AND events.sender = 'venue' AND events.kind IN ('text', 'binary', 'ping', 'pong', 'close')
        AND events.seq < coalesce(noticed.noticed_seq, 9223372036854775807)
    GROUP BY events.capture, events.conn
),
logins AS (
    SELECT
        requests.capture,
        requests.conn,
        min(requests.seq) AS login_seq,
        min_by(requests.outcome, requests.seq) AS login_outcome
    FROM requests
    WHERE lower(requests.op) IN ('auth', 'authenticate', 'login', 'logon')
    GROUP BY requests.capture, requests.conn
),
early AS (
    SELECT logins.capture, logins.conn, count(*) AS sent_before_login
    FROM logins
    INNER JOIN requests
        ON requests.capture = logins.capture AND requests.conn = logins.conn AND requests.seq < logins.login_seq
    GROUP BY logins.capture, logins.conn
),
heard AS (
    SELECT events.capture, events.conn, min(events.seq) AS first_push_seq
    FROM events
    WHERE events.role = 'push' AND events.part = 0
    GROUP BY events.capture, events.conn
),
subscribed AS (
    SELECT
        subscriptions.capture,
        subscriptions.conn,
        max(subscriptions.seq) AS resubscribed_seq,
        max(asked.mono_ns) AS resubscribed_mono_ns,
        max(subscriptions.first_push_seq) AS caught_up_seq,
        max(asked.mono_ns + subscriptions.first_push_after_ns) AS caught_up_mono_ns
    FROM subscriptions
    INNER JOIN events AS asked
        ON asked.capture = subscriptions.capture AND asked.seq = subscriptions.seq AND asked.part = 0
    GROUP BY subscriptions.capture, subscriptions.conn
),
forgotten AS (
    SELECT again.capture, again.conn, count(DISTINCT kept.channel) AS not_resubscribed, min(kept.channel) AS example
    FROM again
    INNER JOIN subscriptions AS kept
        ON kept.capture = again.capture AND kept.conn = again.previous_conn AND kept.ended_how = 'connection'
        AND coalesce(kept.outcome, 'pending') <> 'rejected'
    LEFT JOIN subscriptions AS renewed
        ON renewed.capture = again.capture AND renewed.conn = again.conn AND renewed.channel = kept.channel
    WHERE renewed.channel IS NULL
    GROUP BY again.capture, again.conn
),
numbered AS (
    SELECT
        events.capture,
        events.conn,
        events.channel,
        min_by(coalesce(events.venue_seq_from, events.venue_seq), events.seq) AS first_number,
        max_by(events.venue_seq, events.seq) AS last_number
    FROM events
    WHERE events.venue_seq IS NOT NULL AND events.part = 0 AND events.channel IS NOT NULL
    GROUP BY events.capture, events.conn, events.channel
),
skipped AS (
    SELECT
        again.capture,
        again.conn,
        CAST(sum(greatest(now_there.first_number - was_there.last_number - 1, 0)) AS BIGINT) AS missed
    FROM again
    INNER JOIN numbered AS was_there ON was_there.capture = again.capture AND was_there.conn = again.previous_conn
    INNER JOIN numbered AS now_there
        ON now_there.capture = again.capture AND now_there.conn = again.conn AND now_there.channel = was_there.channel
    GROUP BY again.capture, again.conn
)
SELECT
    again.capture,
    again.conn,
    again.previous_conn,
    again.url,
    again.status,
    before.last_byte_seq,
    noticed.noticed_seq,
    again.first_seq AS open_seq,
    logins.login_seq,
    logins.login_outcome,
    subscribed.resubscribed_seq,
    heard.first_push_seq,
    subscribed.caught_up_seq,
    noticed.noticed_mono_ns - before.last_byte_mono_ns AS silent_ns,
    again.opened_mono_ns - noticed.noticed_mono_ns AS reconnected_after_ns,
    subscribed.resubscribed_mono_ns - again.opened_mono_ns AS resubscribed_after_ns,
    subscribed.caught_up_mono_ns - before.last_byte_mono_ns AS without_data_ns,
    coalesce(forgotten.not_resubscribed, 0) AS not_resubscribed,
    forgotten.example,
    skipped.missed,
    coalesce(early.sent_before_login, 0) AS sent_before_login,
    again.opened_at,
    again.opened_at_ns
FROM again
LEFT JOIN before ON before.capture = again.capture AND before.conn = again.previous_conn
LEFT JOIN noticed ON noticed.capture = again.capture AND noticed.conn = again.previous_conn
LEFT JOIN logins ON logins.capture = again.capture AND logins.conn = again.conn
LEFT JOIN early ON early.capture = again.capture AND early.conn = again.conn
LEFT JOIN heard ON heard.capture = again.capture AND heard.conn = again.conn
LEFT JOIN subscribed ON subscribed.capture = again.capture AND subscribed.conn = again.conn
LEFT JOIN forgotten ON forgotten.capture = again.capture AND forgotten.conn = again.conn
LEFT JOIN skipped ON skipped.capture = again.capture AND skipped.conn = again.conn
