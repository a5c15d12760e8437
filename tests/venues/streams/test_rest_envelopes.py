"""REST: orders with what makes them what they are, lists as parts, and refusals that come with 200."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.generic.dialect import GenericDialect
from wsreplay.venues.streams.dialect import BinanceStreamsDialect, StreamsDialect

VENUE = StreamsDialect()
API = "https://exchange.jogeshwar.xyz/backend/api/v1"
# As the venue's documents show them.
ORDER: dict[str, Any] = {
    "market": "SOL_USDC",
    "price": "150.50",
    "quantity": "10.0",
    "side": "BUY",
    "user_id": "user123",
}
CREATED = {"status": "Created Order", "order_id": "550e8400-e29b-41d4-a716-446655440000"}
FAILED = {"status": "Failed to Create Order"}
LISTED = {
    "price": "150.50",
    "quantity": "10.0",
    "filled_quantity": "0",
    "order_id": CREATED["order_id"],
    "user_id": "user123",
    "side": "BUY",
    "order_type": "LIMIT",
    "order_status": "Pending",
    "timestamp": 1727866324088,
}
TRADE = {
    "trade_id": 17,
    "market": "SOL_USDC",
    "price": "150.50",
    "quantity": "10.0",
    "user_id": "user123",
    "other_user_id": "user456",
    "order_id": CREATED["order_id"],
    "timestamp": 1727866324088,
}


def asked(method: str, path: str, body: Any = None) -> HttpMessage:
    raw = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return HttpMessage(method=method, url=API + path, body=raw)


def request(method: str, path: str, body: Any = None) -> Envelope:
    return VENUE.decode_http(asked(method, path, body), None)


def response(method: str, path: str, answer: Any, body: Any = None, status: int = 200) -> Envelope:
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    told = HttpMessage(method=method, url=API + path, body=raw, status=status)
    return VENUE.decode_http(told, asked(method, path, body))


def test_an_order_is_a_request_with_an_intent() -> None:
    envelope = request("POST", "/order", ORDER)
    assert (envelope.role, envelope.op, envelope.replies) == ("request", "createOrder", True)
    assert (envelope.account, envelope.symbol, envelope.side) == ("user123", "SOL_USDC", "buy")
    assert (envelope.price, envelope.qty, envelope.order_id) == ("150.50", "10.0", None)
    assert envelope.intent is not None


def test_the_same_wish_has_the_same_intent_however_its_numbers_are_written() -> None:
    first = request("POST", "/order", ORDER).intent
    written = '{"user_id":"user123","side":"BUY","quantity":10.000,"price":1505e-1,"market":"SOL_USDC"}'
    assert request("POST", "/order", written).intent == first
    assert request("POST", "/order", written).price == "1505e-1", "and is shown as it was written"
    for other in ({"price": "150.51"}, {"quantity": "10.1"}, {"side": "SELL"}, {"user_id": "u"}, {"market": "A_B"}):
        assert request("POST", "/order", {**ORDER, **other}).intent != first


def test_an_order_that_is_not_whole_has_no_intent() -> None:
    for missing in ("market", "quantity", "side"):
        fields = {name: value for name, value in ORDER.items() if name != missing}
        assert request("POST", "/order", fields).intent is None


def test_an_order_that_was_taken_has_its_id_and_one_that_was_not_a_code_in_spite_of_200() -> None:
    created = response("POST", "/order", CREATED, ORDER)
    assert (created.role, created.op, created.order_id) == ("reply", "createOrder", CREATED["order_id"])
    assert (created.status, created.error_code) == ("Created Order", None)
    failed = response("POST", "/order", FAILED, ORDER)
    assert (failed.error_code, failed.status, failed.order_id) == ("Failed to Create Order", None, None)


@pytest.mark.parametrize(("status", "code"), [(400, "HTTP_400"), (404, "HTTP_404"), (500, "HTTP_500")])
def test_an_http_error_is_a_refusal_with_its_number(status: int, code: str) -> None:
    assert response("POST", "/order", b"", ORDER, status=status).error_code == code


def test_a_cancel_names_its_order_and_wants_nothing_new() -> None:
    body = {"order_id": "o1", "user_id": "user123", "price": "150.50", "side": "BUY", "market": "SOL_USDC"}
    envelope = request("DELETE", "/order", body)
    assert (envelope.op, envelope.order_id, envelope.intent) == ("cancelOrder", "o1", None)
    done = response("DELETE", "/order", {"status": "Cancelled Order", "order_id": "o1"}, body)
    assert (done.order_id, done.status, done.error_code) == ("o1", "Cancelled Order", None)
    assert response("DELETE", "/order", {"status": "Failed to Cancel Order"}, body).error_code is not None


def test_open_orders_are_parts_with_the_intent_of_what_made_them() -> None:
    asking = {"user_id": "user123", "market": "SOL_USDC"}
    assert request("GET", "/orders", asking).op == "openOrders"
    envelope = response("GET", "/orders", [LISTED, "junk"], asking)
    (order,) = envelope.parts
    assert order.intent == request("POST", "/order", ORDER).intent
    assert (order.order_id, order.status, order.symbol) == (CREATED["order_id"], "Pending", "SOL_USDC")
    assert order.venue_at_ns == 1727866324088000000
    assert response("GET", "/orders?user_id=user123&market=SOL_USDC", [LISTED]).parts == envelope.parts
    assert response("GET", "/orders", [], asking).parts == ()


def test_one_open_order_is_a_part_or_a_refusal() -> None:
    asking = {"user_id": "user123", "order_id": "o1", "market": "SOL_USDC"}
    assert (request("GET", "/order", asking).op, request("GET", "/order", asking).order_id) == ("openOrder", "o1")
    assert response("GET", "/order", LISTED, asking).parts[0].order_id == CREATED["order_id"]
    refused = response("GET", "/order", {"status": "Failed to Retrieve Open Order"}, asking)
    assert (refused.error_code, refused.parts) == ("Failed to Retrieve Open Order", ())


def test_a_trade_tells_of_the_order_that_had_rested_and_of_its_owner() -> None:
    envelope = response("GET", "/trades?symbol=SOL_USDC", [TRADE])
    (trade,) = envelope.parts
    assert (envelope.op, envelope.symbol) == ("trades", "SOL_USDC")
    assert (trade.account, trade.order_id) == ("user456", CREATED["order_id"])
    assert (trade.price, trade.qty, trade.symbol) == ("150.50", "10.0", "SOL_USDC")


def test_market_data_is_read_for_what_it_is() -> None:
    depth = response("GET", "/depth?symbol=SOL_USDC", {"bids": [["1", "2"]], "asks": [], "lastUpdateId": "12345678"})
    assert (depth.op, depth.symbol, depth.venue_seq, depth.error_code) == ("depth", "SOL_USDC", 12345678, None)
    for path in ("tickers", "klines"):
        assert response("GET", f"/{path}?symbol=SOL_USDC", []).op == path
    assert response("GET", "/health", b"").op == "health"
    made = response("POST", "/users", {"status": "Created User", "user_id": "u1"})
    assert (made.op, made.account, made.status) == ("createUser", "u1", "Created User")
    assert response("DELETE", "/orders", {"status": "Cancelled All Orders", "user_id": "u1"}).account == "u1"


def test_an_address_that_is_none_says_nothing() -> None:
    assert VENUE.decode_http(HttpMessage(method="GET", url="https://[", body=b""), None) == Envelope()
    assert VENUE.decode_http(HttpMessage(method="GET", url="/", status=200), None) == Envelope()


@pytest.mark.parametrize(("method", "path"), [("PUT", "/order"), ("GET", "/order/7"), ("GET", "/nothing")])
def test_other_addresses_are_read_as_any_venues(method: str, path: str) -> None:
    question = asked(method, path)
    assert VENUE.decode_http(question, None) == GenericDialect().decode_http(question, None)


def test_an_order_at_binances_rest_has_its_facts_as_well() -> None:
    query = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&newClientOrderId=mine&timestamp=1"
    question = HttpMessage(method="POST", url=f"https://api.binance.com/api/v3/order?{query}")
    envelope = BinanceStreamsDialect().decode_http(question, None)
    assert (envelope.symbol, envelope.side, envelope.qty, envelope.price) == ("LTCBTC", "buy", "1", "0.1")
    assert envelope.client_order_id == "mine"
    assert envelope.intent is not None


def test_an_order_at_backpacks_rest_is_known_by_its_ids_and_has_one_intent() -> None:
    wish = {
        "symbol": "SOL_USDC",
        "side": "Bid",
        "orderType": "Limit",
        "timeInForce": "GTC",
        "price": "20.10",
        "quantity": "3",
        "clientId": 7,
    }
    envelope = request("POST", "/order", wish)
    assert (envelope.client_order_id, envelope.side, envelope.account) == ("7", "buy", None)
    order = {**wish, "id": "111063114377265150", "status": "New", "createdAt": 1727866324088, "price": "20.1"}
    taken = response("POST", "/order", order, wish)
    assert (taken.order_id, taken.client_order_id, taken.status) == ("111063114377265150", "7", "New")
    (listed,) = response("GET", "/orders?symbol=SOL_USDC", [order]).parts
    assert (listed.order_id, listed.status, listed.intent) == ("111063114377265150", "New", envelope.intent)
    assert request("POST", "/order", {**wish, "timeInForce": "IOC"}).intent != envelope.intent
    assert request("DELETE", "/order", {"orderId": "111063114377265150", "symbol": "SOL_USDC"}).order_id == order["id"]
    refused = response("POST", "/order", {"code": "INSUFFICIENT_FUNDS", "message": "no"}, wish, status=400)
    assert refused.error_code == "INSUFFICIENT_FUNDS"


@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from(["order", "orders", "depth", "trades", "users", "klines", "tickers"]),
    st.text(max_size=20),
    st.binary(max_size=60)
    | st.dictionaries(
        st.sampled_from([*ORDER, *TRADE, "status", "lastUpdateId"]),
        st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
    ).map(lambda fields: json.dumps(fields).encode())
    | st.just(b"[{}]"),
    st.none() | st.integers(min_value=100, max_value=599),
)
def test_it_never_raises(method: str, path: str, query: str, body: bytes, status: int | None) -> None:
    url = f"{API}/{path}?{query}"
    question = HttpMessage(method=method, url=url, body=body)
    assert isinstance(VENUE.decode_http(question, None), Envelope)
    assert isinstance(
        VENUE.decode_http(HttpMessage(method=method, url=url, body=body, status=status), question), Envelope
    )


@given(st.integers(min_value=1), st.integers(min_value=0, max_value=40))
def test_prices_and_ids_keep_every_digit(number: int, places: int) -> None:
    text = f"{number}" if not places else f"{number}.{number:0{places}d}"
    body = f'{{"market":"SOL_USDC","side":"BUY","quantity":{text},"price":{text},"order_id":{number}}}'
    envelope = request("POST", "/order", body)
    assert (envelope.price, envelope.qty, envelope.order_id) == (text, text, str(number))
