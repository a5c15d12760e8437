"""What a replay renews: the names of orders and users, in bodies and in addresses; nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.streams.refresh import StreamsRefresher

SUBSCRIBE = '{"method": "SUBSCRIBE", "params": ["trade.SOL_USDC"], "id": 1}'
TIMES: dict[str, Any] = {"recorded_at_ns": 1, "now_ns": 2}


def answer(op: str, body: Any) -> HttpMessage:
    path = {"createOrder": "order", "createUser": "users", "openOrders": "orders"}[op]
    method = "GET" if op == "openOrders" else "POST"
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpMessage(method=method, url=f"http://venue/api/v1/{path}", status=200, body=raw)


def test_a_recorded_cancel_names_the_order_that_was_created_this_time() -> None:
    refresher = StreamsRefresher()
    body = '{"order_id" : "old", "user_id":"u", "price": 150.50, "side":"BUY","market":"old"}'
    assert refresher.refresh(body, op="cancelOrder", **TIMES).text == body
    refresher.learn(Envelope(order_id="old"), Envelope(order_id='n"ew'))
    fresh = refresher.refresh(body, op="cancelOrder", **TIMES)
    assert fresh.text == body.replace('"order_id" : "old"', '"order_id" : "n\\"ew"'), "and every other byte stays"
    assert fresh.unsigned is None
    refresher.learn(Envelope(order_id="x"), Envelope())
    assert refresher.names == {"old": 'n"ew'}


def test_a_user_who_was_created_is_another_one_now() -> None:
    refresher = StreamsRefresher()
    refresher.learn_http(
        answer("createUser", {"status": "Created User", "user_id": "u1"}),
        answer("createUser", {"status": "Created User", "user_id": "u 2"}),
    )
    refresher.learn_http(
        answer("createOrder", {"status": "Created Order", "order_id": "o1"}),
        answer("createOrder", {"status": "Created Order", "order_id": "o2"}),
    )
    body = json.dumps({"order_id": "o1", "user_id": "u1"})
    assert json.loads(refresher.refresh(body, op="cancelOrder", **TIMES).text) == {"order_id": "o2", "user_id": "u 2"}
    url = "http://venue/api/v1/order?market=SOL_USDC&user_id=u1&order_id=o1#user_id=u1"
    assert refresher.refresh_url(url, **TIMES) == (
        "http://venue/api/v1/order?market=SOL_USDC&user_id=u%202&order_id=o2#user_id=u1"
    )


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        (answer("createOrder", {"status": "Failed to Create Order"}), answer("createOrder", {"order_id": "o2"})),
        (answer("createOrder", {"order_id": "o1"}), answer("createOrder", b"")),
        (answer("createOrder", [1]), answer("createOrder", {"order_id": "o2"})),
        (answer("openOrders", {"order_id": "o1"}), answer("openOrders", {"order_id": "o2"})),
    ],
)
def test_what_names_nothing_teaches_nothing(recorded: HttpMessage, live: HttpMessage) -> None:
    refresher = StreamsRefresher()
    refresher.learn_http(recorded, live)
    assert refresher.names == {}


def test_subscriptions_do_not_go_stale_unless_they_are_signed() -> None:
    refresher = StreamsRefresher()
    assert refresher.refresh(SUBSCRIBE, **TIMES).text == SUBSCRIBE
    assert refresher.refresh(SUBSCRIBE, **TIMES).unsigned is None
    signed = (
        '{"method":"SUBSCRIBE","params":["account.orderUpdate"],"signature":["redacted-signature-1","b","1","5000"]}'
    )
    fresh = refresher.refresh(signed, **TIMES)
    assert fresh.text == signed
    assert "signature" in (fresh.unsigned or "")


def test_headers_stay() -> None:
    headers = (("Content-Type", "application/json"),)
    assert StreamsRefresher().refresh_headers(headers, **TIMES) is headers


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_it_never_raises(text: str, names: dict[str, str]) -> None:
    refresher = StreamsRefresher()
    refresher.names.update(names)
    for told in (text, f'{{"order_id":"{text}"}}', f"http://venue/?order_id={text}"):
        assert isinstance(refresher.refresh(told, op="cancelOrder", **TIMES).text, str)
        assert isinstance(refresher.refresh_url(told, **TIMES), str)
