"""Laws of the simulator: whatever a client sends, the venue stands, and what it says can be sent."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from venues.streams.venue import Venue, order_body

from wsreplay.venues.gateway import Ask

ODD: st.SearchStrategy[Any] = st.sampled_from(
    ["SUBSCRIBE", "GET_PROPERTY", "combined", "trade.SOL_USDC", "\ud800", "", 1, -1, 1 << 70, 1.5, True, None, [], {}]
)
frames = st.dictionaries(
    st.sampled_from(["method", "params", "id", "signature", "\udfff"]), ODD | st.lists(ODD, max_size=3), max_size=4
)
bodies = st.dictionaries(
    st.sampled_from([*order_body(), "order_id"]), ODD | st.sampled_from(["BUY", "SELL", "test_user", "SOL_USDC", "1"])
)
targets = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=30)


def said_by(profile: Any, *payloads: str | bytes) -> Venue:
    venue = Venue(profile=profile)
    conn = venue.connect("/stream")
    for payload in payloads:
        venue.send(conn, payload)
    venue.wait(1)
    return venue


@pytest.mark.parametrize("profile", ["plain", "binance"])
@given(st.lists(st.text() | st.binary() | frames.map(json.dumps), max_size=4))
@example(['{"method":"\\ud800","id":1}'])
@example(['{"method":"SUBSCRIBE","params":["\\ud800"],"id":1}', '{"method":"LIST_SUBSCRIPTIONS","id":2}'])
@example(["9" * 5000, "[" * 100_000])
def test_no_frame_brings_a_venue_down(profile: Any, payloads: list[str | bytes]) -> None:
    venue = said_by(profile, *payloads)
    if profile == "plain":
        assert venue.texts == [], "it answers nothing"
    else:
        assert len(venue.texts) == len(payloads), "it answers everything"


@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from(["/order", "/orders", "/users"]),
    bodies.map(lambda fields: json.dumps({**order_body(), **fields}).encode()) | st.binary(),
)
@example("DELETE", "/orders", b'{"user_id":"\\ud800","market":"SOL_USDC"}')
@example("POST", "/order", json.dumps(order_body(side="\ud800")).encode())
def test_no_body_brings_a_venue_down(method: str, path: str, body: bytes) -> None:
    answer = Venue().ask(method, path, body)
    assert answer.status in (200, 400, 404)
    assert isinstance(answer.body, bytes) or msgspec.json.encode(answer.body)


@given(targets)
@example("//[")
@example("/api/v1/klines?symbol=SOL_USDC&interval=&startTime=99999999999999999999")
def test_no_address_brings_a_venue_down(target: str) -> None:
    venue = Venue(profile="binance")
    ticket, out = venue.gateway.request(Ask(target=target), venue.now_ns)
    venue.take(out)
    venue.wait(1)
    assert venue.responses[ticket].status in (200, 400, 404, 500)
    assert venue.knock(target) is None
    venue.connect(target)
    venue.created("SELL", "10")
    venue.created("BUY", "10")
