"""A signed subscription reaches no disk with its key and its signature."""

from __future__ import annotations

import json
import re

from captures.secrets_in_events import KEY, event, redacted

from wsreplay.captures.leaks import leaks
from wsreplay.captures.redaction import Redactor
from wsreplay.venues.streams.dialect import StreamsDialect

VENUE = StreamsDialect()
API_KEY = "5eLNYpdxY3cFYRJBcA/rLBNnMkaV+9o3Mxo2Qs2g6Cs="
SIGNATURE = "Tz0fc5nUx2Rj+FwVs7FGMbcdZaOd2OlWYlLxdaNAGDaX3Ux1R1YoYPBcI3JPVFcnz5nZBRXVqmRzHA2Rdj0rBQ=="
SIGNED = json.dumps(
    {
        "method": "SUBSCRIBE",
        "params": ["account.orderUpdate.SOL_USDC"],
        "signature": [API_KEY, SIGNATURE, "1727866324088", "5000"],
        "id": 7,
    }
)


def test_every_part_of_a_subscriptions_signature_is_replaced_and_nothing_else() -> None:
    after = json.loads(redacted(SIGNED, Redactor(KEY, VENUE.secrets)))
    before = json.loads(SIGNED)
    assert [re.fullmatch(r"redacted-signature-[0-9a-f]{16}", part) is not None for part in after["signature"]] == [
        True
    ] * 4
    assert {**after, "signature": 0} == {**before, "signature": 0}
    assert leaks([event(SIGNED)], secrets=VENUE.secrets)
    assert leaks([event(json.dumps(after))], secrets=VENUE.secrets) == []


def test_what_is_left_is_read_as_before() -> None:
    after = redacted(SIGNED, Redactor(KEY, VENUE.secrets))
    assert VENUE.decode(after, "client") == VENUE.decode(SIGNED, "client")


def test_a_listen_key_is_replaced_where_a_stream_is_named_once_it_was_seen_under_its_name() -> None:
    redactor = Redactor(KEY, VENUE.secrets)
    listen_key = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
    told = redacted(json.dumps({"listenKey": listen_key}), redactor)
    for text in (
        f'{{"method":"SUBSCRIBE","params":["{listen_key}"],"id":1}}',
        f'{{"stream":"{listen_key}","data":{{}}}}',
    ):
        after = redacted(text, redactor)
        assert listen_key not in after
        assert json.loads(told)["listenKey"] in after
