-- One row an event, in the order in which the proxy saw them, just as it was recorded and decoded.
-- capture and seq are a row's address; the facts derived from it are further rows with part 1, 2, ...
-- All other views stand on this one. "at" is a word of DuckDB's own, so it is always named with its table.
SELECT
    capture,
    seq, part,
    recorded.at, at_ns, mono_ns, first_mono_ns, relay_ns,
    conn, sender, kind,
    text, data, size, frames, compressed,
    close_code, close_reason, ended_by,
    signer, signature_ok, token_expires,
    venue, role, op, key, reply_to, latency_ns,
    of_seq, outcome, resolved_by,
    channel, symbol, account,
    order_id, client_order_id, side, status, error_code,
    price, qty, price_num, qty_num,
    intent, venue_at_ns, venue_seq, venue_seq_from
FROM recorded
