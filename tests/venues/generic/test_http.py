"""REST messages through the same rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from venues.generic.reading import GENERIC

from wsreplay.venues.envelope import Envelope, HttpMessage

ORDER = {"symbol": "ETH", "side": "buy", "price": "100", "quantity": "1"}


def ask(method: str = "GET", url: str = "https://x.example/orders", body: Any = b"", **headers: str) -> HttpMessage:
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpMessage(method=method, url=url, body=body, headers=tuple(headers.items()))


def request(*asked: Any, **headers: str) -> Envelope:
    return GENERIC.decode_http(ask(*asked, **headers), None)


def response(status: int, body: Any, method: str = "GET", url: str = "https://x.example/orders") -> Envelope:
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = HttpMessage(method=method, url=url, status=status, body=body)
    return GENERIC.decode_http(answer, ask(method, url))


@pytest.mark.parametrize(
    ("method", "url", "op"),
    [
        ("get", "https://x.example/v1/orders?symbol=ETH#top", "GET /v1/orders"),
        ("POST", "http://127.0.0.1:8080", "POST /"),
        ("DELETE", "/orders/7", "DELETE /orders/7"),
    ],
)
def test_the_operation_is_method_and_path(method: str, url: str, op: str) -> None:
    assert request(method, url).op == op
    assert response(200, {}, method, url).op == op


def test_an_order_in_json() -> None:
    order = request("POST", "https://x.example/orders", ORDER)
    assert (order.role, order.symbol, order.side, order.price, order.qty) == ("request", "ETH", "buy", "100", "1")
    assert order.intent is not None


def test_the_same_order_as_query_and_as_form_has_the_same_intent() -> None:
    order = "symbol=ETH&side=BUY&price=100&quantity=1.0"
    in_json = request("POST", "https://x.example/orders", ORDER).intent
    assert request("POST", f"https://x.example/orders?{order}&timestamp=17&signature=s").intent == in_json
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert request("POST", "https://x.example/orders", order.encode(), **form).intent == in_json


def test_a_list_in_a_request_is_read_as_far_as_it_goes() -> None:
    assert request("POST", "https://x.example/orders", [ORDER]).symbol == "ETH"
    assert request("POST", "https://x.example/orders", [ORDER, ORDER]).symbol is None


def test_an_accepted_order() -> None:
    reply = response(201, {"order_id": "77", "status": "pending", "created_at": "2023-11-14T22:13:20Z"}, "POST")
    assert (reply.role, reply.order_id, reply.status, reply.error_code) == ("reply", "77", "pending", None)
    assert reply.venue_at_ns == 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"code": -1013, "msg": "Filter failure"}, "-1013"),
        (404, b"not found", "404"),
        (503, b"", "503"),
        (400, {"error": "SYMBOL_NOT_FOUND", "message": "m"}, "SYMBOL_NOT_FOUND"),
        (200, {"success": False, "errorCode": 12}, "12"),
        (201, {"orderId": "7", "status": "REJECTED"}, "REJECTED"),
        (302, b"", None),
    ],
)
def test_refusals(status: int, body: Any, code: str | None) -> None:
    assert response(status, body, "POST").error_code == code


def test_open_orders_become_parts_with_the_time_of_their_creation() -> None:
    orders = [
        {
            "symbol": "ETH",
            "orderId": "77",
            "price": "1.0",
            "origQty": "2",
            "status": "NEW",
            "side": "SELL",
            "time": 1_700_000_009_000,
            "createdAt": 1_700_000_000_000,
        }
    ]
    reply = response(200, orders)
    assert (reply.order_id, reply.status, reply.side, reply.symbol) == (None, None, None, None)
    [order] = reply.parts
    assert (order.order_id, order.side, order.price, order.qty, order.status) == ("77", "sell", "1.0", "2", "NEW")
    assert order.venue_at_ns == 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"orders": rows, "next": 5},
        lambda rows: {"result": {"list": rows}},
        lambda rows: {"data": rows},
    ],
)
def test_lists_of_orders_wherever_they_stand(wrap: Any) -> None:
    rows = [{"id": "1", "side": "BUY", "status": "OPEN"}, {"id": "2", "side": "BUY", "status": "OPEN"}]
    assert [order.order_id for order in response(200, wrap(rows)).parts] == ["1", "2"]


def test_what_is_no_list_of_orders_has_no_parts() -> None:
    assert response(200, []).parts == ()
    assert response(200, [{"id": 1, "price": "1", "side": "buy"}], "GET", "https://x.example/trades").parts == ()
    assert response(200, [7, "a", None]).parts == ()
    assert response(400, [{"orderId": 1, "side": "buy"}]).parts == ()


def test_to_show_a_rejected_order_is_no_refusal() -> None:
    reply = response(200, {"orderId": "7", "status": "REJECTED", "side": "buy"}, "GET", "https://x.example/order/7")
    assert (reply.status, reply.error_code) == ("REJECTED", None)
    [order] = response(200, [{"orderId": "7", "status": "REJECTED", "side": "buy"}]).parts
    assert order.error_code == "REJECTED"


def test_an_address_that_is_none_says_nothing() -> None:
    assert request("GET", "http://[") == Envelope()
    assert response(200, {}, "GET", "http://[") == Envelope()


def test_a_response_without_its_request_says_nothing() -> None:
    assert GENERIC.decode_http(HttpMessage(method="", url="", status=200, body=b"{}"), None) == Envelope()


@pytest.mark.parametrize("body", [b"", b"null", b"7", b"[[1]]", b"\xff", b"{", b'"x"'])
def test_no_body_is_too_strange(body: bytes) -> None:
    assert request("POST", "https://x.example/o", body).role == "request"
    assert response(200, body).role == "reply"
