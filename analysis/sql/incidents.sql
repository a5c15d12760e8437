-- One row an incident: a thing that went wrong, as docs/incidents.md explains each kind.
-- They are found when a recording ends and stored in it; of a capture without any, `wsreplay incidents` finds them.
-- seq is the event that it is about, evidence the list of those that show it; text has all its facts as JSON.
SELECT
    events.capture,
    events.seq,
    events.conn,
    events.at,
    events.at_ns,
    events.op AS kind,
    events.status AS certainty,
    json_extract_string(events.text, '$.summary') AS summary,
    json_extract_string(events.text, '$.evidence') AS evidence,
    events.symbol,
    events.client_order_id,
    events.intent,
    events.text
FROM events
WHERE events.kind = 'incident'
