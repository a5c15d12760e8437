-- One row a duplicate order: a retry that made, or may have made, a second order where one was wanted.
-- certainty is proven where both are known to have been accepted, else possible. looked: the bot asked before it retried.
-- between_kind and between_seq say what came between the two requests; summary says it all in a sentence.
SELECT
    incidents.capture,
    incidents.certainty,
    incidents.at,
    incidents.at_ns,
    incidents.symbol,
    json_extract_string(incidents.text, '$.account') AS account,
    json_extract_string(incidents.text, '$.side') AS side,
    json_extract_string(incidents.text, '$.price') AS price,
    json_extract_string(incidents.text, '$.qty') AS qty,
    CAST(json_extract_string(incidents.text, '$.first.seq') AS BIGINT) AS first_seq,
    json_extract_string(incidents.text, '$.first.order_id') AS first_order_id,
    json_extract_string(incidents.text, '$.first.outcome') AS first_outcome,
    incidents.seq AS second_seq,
    json_extract_string(incidents.text, '$.second.order_id') AS second_order_id,
    json_extract_string(incidents.text, '$.second.outcome') AS second_outcome,
    json_extract_string(incidents.text, '$.between.kind') AS between_kind,
    CAST(json_extract_string(incidents.text, '$.between.seq') AS BIGINT) AS between_seq,
    json_extract_string(incidents.text, '$.looked') = 'true' AS looked,
    CAST(json_extract_string(incidents.text, '$.after_ns') AS BIGINT) AS after_ns,
    incidents.intent,
    incidents.summary
FROM incidents
WHERE incidents.kind = 'duplicate-order'
