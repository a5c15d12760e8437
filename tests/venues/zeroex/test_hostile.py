"""Whatever a client sends, the relayer goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venues.zeroex.venue import Venue, quiet, signed

from wsreplay.venues.zeroex.dialect import ZeroExDialect
from wsreplay.venues.zeroex.wire import Filters

texts = st.text(st.characters(), max_size=10) | st.just("\ud800") | st.sampled_from(["orders", "subscribe", "0x", "1"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
filters = st.dictionaries(st.sampled_from(Filters.__struct_encode_fields__), scalars, max_size=3)
messages = st.builds(
    lambda base, changes: {**base, **changes},
    st.just({"type": "subscribe", "channel": "orders", "requestId": "a"}),
    st.dictionaries(st.sampled_from(["type", "channel", "requestId", "payload"]), values | filters, max_size=2),
)
orders = st.builds(
    lambda changes: {**signed(signature="0x"), **changes}, st.dictionaries(st.sampled_from([*signed()]), scalars)
)


@pytest.mark.parametrize("profile", ["spec", "launch-kit"])
@settings(deadline=None)
@given(payloads=st.lists(messages.map(json.dumps) | values.map(json.dumps) | st.text() | st.binary(), max_size=5))
def test_no_message_breaks_the_channel(profile: str, payloads: list[str | bytes]) -> None:
    venue = Venue(quiet(profile=profile))
    conn = venue.connect()
    for payload in payloads:
        if conn not in venue.ended:
            venue.send(conn, payload)
    witness = venue.connect()
    venue.subscribe(witness, "fine")
    venue.post()
    assert len(venue.told(witness)) == 1
    for text in venue.raw.get(conn, []):
        ZeroExDialect().decode(text, "venue")


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.sampled_from(["order", "orders", "orderbook", "asset_pairs", "fee_recipients", "order_config", "order/0x"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30),
    orders.map(json.dumps) | values.map(json.dumps) | st.text(),
)
def test_no_request_breaks_the_rest_api(method: str, path: str, query: str, body: str) -> None:
    venue = Venue()
    status, answer = venue.rest(method, f"/v2/{path}?{query}", body.encode("utf-8", "replace"))
    assert status in (200, 201, 400, 404)
    assert json.dumps(answer if answer != b"" else None)
    assert venue.get("/v2/orders")["total"] <= 1


def test_half_a_surrogate_pair_comes_back_as_it_was_sent() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.send(conn, '{"type":"subscribe","channel":"orders","requestId":"\\ud800"}')
    venue.post()
    assert '"requestId":"\\ud800"' in venue.raw[conn][0]
    assert ZeroExDialect().decode(venue.raw[conn][0], "venue").key is None, "no column could hold it"


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"subscribe","payload":{"makerAssetData":5},"channel":"orders","requestId":"\\ud800"}',
        '{"type":"update","code":{},"requestId":"\\udfff","channel":"orders","payload":[{"order":{"salt":"\\ud800"}}]}',
    ],
)
def test_neither_is_it_read_where_all_else_is_read_tolerantly(text: str) -> None:
    for sender in ("client", "venue"):
        read: Any = ZeroExDialect().decode(text, sender)
        for each in (read, *read.parts):
            for value in (each.key, each.op, each.channel, each.symbol, each.account):
                assert value is None or value.encode()
