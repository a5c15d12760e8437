from __future__ import annotations

import json
from typing import Any

import pytest
from venues.generic.reading import GENERIC, from_client, from_venue, parts

# Lists


def test_a_bulk_update_has_a_part_for_each_order() -> None:
    data = [
        {
            "orderID": "o1",
            "clOrdID": "c1",
            "symbol": "XBT",
            "side": "Buy",
            "price": 1,
            "orderQty": 2,
            "ordStatus": "New",
        },
        {"orderID": "o2", "symbol": "XBT", "ordStatus": "Rejected"},
    ]
    message = {"table": "order", "action": "insert", "data": data}
    assert from_venue(message) == {"role": "push", "op": "insert", "channel": "order"}
    assert parts(message) == [
        {
            "order_id": "o1",
            "client_order_id": "c1",
            "symbol": "XBT",
            "side": "buy",
            "price": "1",
            "qty": "2",
            "status": "New",
        },
        {"order_id": "o2", "symbol": "XBT", "status": "Rejected", "error_code": "Rejected"},
    ]


def test_a_single_order_is_said_by_the_message_itself() -> None:
    message = {"channel": "orders", "data": [{"orderId": "o1", "status": "New"}]}
    assert from_venue(message)["order_id"] == "o1"
    assert parts(message) == []


def test_public_trades_are_no_orders() -> None:
    trades = [{"id": n, "side": "buy", "price": "1", "size": "2"} for n in range(3)]
    assert parts({"channel": "trades", "data": trades}) == []
    assert parts({"channel": "orders", "data": trades})[0]["order_id"] == "0"


def test_a_list_on_top() -> None:
    assert parts([{"orderId": 1, "side": "buy"}, {"orderId": 2, "side": "sell"}]) == [
        {"order_id": "1", "side": "buy"},
        {"order_id": "2", "side": "sell"},
    ]
    order = [0, "on", None, {"cid": 12345, "symbol": "tBTC", "amount": "0.1", "price": "100", "side": "buy"}]
    assert from_client(order) == {
        "role": "request", "op": "on", "symbol": "tBTC", "client_order_id": "12345", "price": "100", "qty": "0.1",
        "side": "buy",
    }  # fmt: skip
    assert from_venue([17470, "hb"]) == {"role": "heartbeat", "op": "hb"}


def test_an_order_in_letters() -> None:
    report = {
        "e": "executionReport",
        "E": 1499405658658,
        "s": "ETHBTC",
        "c": "mine",
        "S": "BUY",
        "o": "LIMIT",
        "q": "1.0",
        "p": "0.1",
        "X": "NEW",
        "i": 4293153,
    }
    assert from_venue(report) == {
        "role": "push", "op": "executionReport", "symbol": "ETHBTC", "client_order_id": "mine", "order_id": "4293153",
        "side": "buy", "qty": "1.0", "price": "0.1", "status": "NEW", "venue_at_ns": 1_499_405_658_658_000_000,
    }  # fmt: skip
    # Without a status, i and c may be anything.
    assert "order_id" not in from_venue({"e": "kline", "i": "1m", "c": "5", "s": "ETHBTC"})


# Intents


def intent(**fields: Any) -> str | None:
    wish = {"op": "order.place", "symbol": "ETH", "side": "buy", "price": "100", "qty": "1", **fields}
    return GENERIC.decode(json.dumps({k: v for k, v in wish.items() if v is not None}), "client").intent


def test_the_same_order_wanted_again_has_the_same_intent() -> None:
    assert intent() is not None
    assert intent(id=7, nonce=1, signature="s", clientOrderId="c", timestamp=5) == intent(
        price="1e2", qty=1, side="BUY"
    )
    assert intent(reduceOnly=False) == intent()


@pytest.mark.parametrize(
    "different",
    [
        {"symbol": "BTC"}, {"side": "sell"}, {"price": "100.01"}, {"qty": "2"}, {"account": "a"}, {"type": "limit"},
        {"timeInForce": "IOC"}, {"stopPrice": "90"}, {"reduceOnly": True}, {"postOnly": True},
    ],
)  # fmt: skip
def test_another_order_has_another_intent(different: dict[str, Any]) -> None:
    assert intent(**different) not in (None, intent())


@pytest.mark.parametrize(
    "fields",
    [
        {"op": "cancelOrder"}, {"op": "order.modify"}, {"op": "amend-order"}, {"op": "ORDER_CANCEL"},
        {"op": "order.test"},
        {"symbol": None}, {"side": None}, {"qty": None}, {"price": None}, {"orderId": "77"},
    ],
)  # fmt: skip
def test_what_creates_no_order_has_no_intent(fields: dict[str, Any]) -> None:
    assert intent(**fields) is None


def test_an_order_at_market_needs_no_price() -> None:
    assert intent(price=None, type="MARKET") is not None


def test_only_requests_have_intents() -> None:
    order = {"symbol": "ETH", "side": "buy", "price": "100", "qty": "1"}
    assert GENERIC.decode(json.dumps(order), "venue").intent is None
