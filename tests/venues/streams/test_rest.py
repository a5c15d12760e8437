"""The REST siblings: orders, lists and market data, in the shapes of the documents."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from venues.streams.venue import START, Venue, order_body

from wsreplay.venues.envelope import HttpMessage
from wsreplay.venues.gateway import Responded
from wsreplay.venues.market import Life
from wsreplay.venues.matching import ZERO
from wsreplay.venues.streams.dialect import StreamsDialect
from wsreplay.venues.streams.exchange import Funds

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
DIALECT = StreamsDialect()


def cancel_body(order_id: str, side: str = "BUY", price: str = "150.50", **fields: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "user_id": "test_user",
        "price": price,
        "side": side,
        "market": "SOL_USDC",
        **fields,
    }


def funds(venue: Venue, user: str = "test_user") -> dict[str, Funds]:
    return venue.gateway.exchange.funds[user]


def both_ways(method: str, target: str, body: Any, answer: Responded) -> Any:
    """What the dialect makes of an answer."""
    asked = HttpMessage(method=method, url=f"http://venue/api/v1{target}", body=json.dumps(body).encode())
    raw = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    return DIALECT.decode_http(HttpMessage(method=method, url=asked.url, status=answer.status, body=raw), asked)


# Orders


def test_an_order_is_created_as_documented() -> None:
    venue = Venue()
    answer = venue.order()
    assert answer == {"status": "Created Order", "order_id": answer["order_id"]}
    assert UUID.fullmatch(answer["order_id"])


@pytest.mark.parametrize("written", ["150.50", 150.5, 150, "1505e-1", "+150.5"])
def test_prices_may_be_texts_or_numbers(written: Any) -> None:
    venue = Venue()
    venue.created(price=written)
    (order,) = venue.rest("GET", "/orders", {"user_id": "test_user", "market": "SOL_USDC"})
    assert Decimal(order["price"]) == Decimal(str(written))


def test_the_same_body_twice_is_two_orders() -> None:
    venue = Venue()
    first, second = venue.created(), venue.created()
    assert first != second
    listed = venue.rest("GET", "/orders", {"user_id": "test_user", "market": "SOL_USDC"})
    assert [order["order_id"] for order in listed] == [first, second]


@pytest.mark.parametrize(
    "fields",
    [
        {"market": "BTC_USDT"},
        {"market": "nonsense"},
        {"user_id": "nobody"},
        {"quantity": "6644.6"},
        {"side": "SELL", "quantity": "10000.1"},
        {"price": "0"},
        {"quantity": "-1"},
    ],
    ids=["no such market", "no market", "no such user", "no money", "no coins", "no price", "less than nothing"],
)
def test_an_order_that_is_not_taken_is_answered_with_200(fields: dict[str, str]) -> None:
    venue = Venue()
    before = dict(funds(venue))
    answer = venue.ask("POST", "/order", order_body(**fields))
    assert (answer.status, answer.body) == (200, {"status": "Failed to Create Order"})
    assert both_ways("POST", "/order", order_body(**fields), answer).error_code == "Failed to Create Order"
    assert funds(venue) == before
    assert venue.rest("GET", "/depth?symbol=SOL_USDC")["bids"] == []


def test_the_last_coin_can_be_spent() -> None:
    venue = Venue()
    venue.created("SELL", "150", "10000")
    assert funds(venue)["SOL"] == Funds(ZERO, Decimal(10000))
    assert venue.order("SELL", "150", "0.1")["status"] == "Failed to Create Order"


def test_open_orders_are_listed_as_the_engine_knows_them() -> None:
    venue = Venue()
    order_id = venue.created("BUY", "150.50", "10.0")
    asking = {"user_id": "test_user", "market": "SOL_USDC"}
    answer = venue.ask("GET", "/orders", asking)
    assert answer.body == [
        {
            "price": "150.50",
            "quantity": "10.0",
            "filled_quantity": "0",
            "order_id": order_id,
            "user_id": "test_user",
            "side": "BUY",
            "order_type": "LIMIT",
            "order_status": "Pending",
            "timestamp": START // 1_000_000,
        }
    ]
    (read,) = both_ways("GET", "/orders", asking, answer).parts
    asked = HttpMessage(method="POST", url="http://venue/api/v1/order", body=json.dumps(order_body()).encode())
    assert read.intent == DIALECT.decode_http(asked, None).intent, "an order has the intent of what made it"
    venue.created("SELL", "150.50", "4")
    one = venue.rest("GET", "/order", {**asking, "order_id": order_id})
    assert (one["order_status"], one["filled_quantity"]) == ("PartiallyFilled", "4")
    assert venue.rest("GET", "/orders", {**asking, "user_id": "nobody"}) == []
    venue.created("SELL", "150.50", "6.0")
    assert venue.rest("GET", "/orders", asking) == [], "a filled order is open no longer"
    assert venue.rest("GET", "/order", {**asking, "order_id": order_id}) == {"status": "Failed to Retrieve Open Order"}


def test_an_order_is_cancelled_by_all_that_names_it_and_its_funds_are_free_again() -> None:
    venue = Venue()
    order_id = venue.created("BUY", "150.50", "10.0")
    assert funds(venue)["USDC"] == Funds(Decimal("998495.000"), Decimal("1505.000"))
    for wrong in ({"price": "150.51"}, {"side": "SELL"}, {"market": "BTC_USDT"}, {"order_id": "o1"}):
        answer = venue.ask("DELETE", "/order", cancel_body(order_id) | wrong)
        assert answer.body == {"status": "Failed to Cancel Order"}
        assert both_ways("DELETE", "/order", {}, answer).error_code == "Failed to Cancel Order"
    assert venue.rest("DELETE", "/order", cancel_body(order_id)) == {
        "status": "Cancelled Order",
        "order_id": order_id,
    }
    assert funds(venue)["USDC"] == Funds(Decimal(1_000_000), ZERO)
    assert venue.rest("DELETE", "/order", cancel_body(order_id)) == {"status": "Failed to Cancel Order"}


def test_all_orders_of_a_user_are_cancelled_and_nobody_elses() -> None:
    venue = Venue(users=("test_user", "other"))
    venue.created("BUY", "10")
    venue.created("SELL", "200")
    kept = venue.created("BUY", "11", user_id="other")
    asking = {"user_id": "test_user", "market": "SOL_USDC"}
    assert venue.rest("DELETE", "/orders", asking) == {"status": "Cancelled All Orders", "user_id": "test_user"}
    assert venue.rest("GET", "/orders", asking) == []
    assert funds(venue) == {"USDC": Funds(Decimal(1_000_000), ZERO), "SOL": Funds(Decimal(10_000), ZERO)}
    (left,) = venue.rest("GET", "/orders", {**asking, "user_id": "other"})
    assert left["order_id"] == kept
    refused = venue.rest("DELETE", "/orders", {**asking, "market": "BTC_USDT"})
    assert refused == {"status": "Failed to Cancel All Orders"}


def test_who_trades_is_paid_and_what_was_locked_in_vain_is_free() -> None:
    venue = Venue(users=("test_user", "other"))
    venue.created("SELL", "150", "2", user_id="other")
    venue.created("BUY", "151", "3")
    assert funds(venue) == {
        "USDC": Funds(Decimal(1_000_000) - 300 - 151, Decimal(151)),
        "SOL": Funds(Decimal(10_002), ZERO),
    }
    assert funds(venue, "other") == {
        "USDC": Funds(Decimal(1_000_300), ZERO),
        "SOL": Funds(Decimal(9_998), ZERO),
    }


def test_a_new_user_has_money_to_play_with() -> None:
    venue = Venue()
    made = venue.rest("POST", "/users")
    assert made == {"status": "Created User", "user_id": made["user_id"]}
    assert UUID.fullmatch(made["user_id"])
    assert venue.order(user_id=made["user_id"])["status"] == "Created Order"


def test_an_order_whose_answer_is_lost_is_carried_out_all_the_same() -> None:
    venue = Venue(lost_rate=1.0)
    answer = venue.ask("POST", "/order", order_body())
    assert (answer.status, answer.body) == (500, b"")
    assert len(venue.rest("GET", "/orders", {"user_id": "test_user", "market": "SOL_USDC"})) == 1


# What can't be read


@pytest.mark.parametrize(
    ("method", "target", "body", "words"),
    [
        ("POST", "/order", b"{", "Json deserialize error: expected value"),
        ("POST", "/order", b"[1]", "Json deserialize error: invalid type, expected a map"),
        ("POST", "/order", b'{"market":NaN}', "Json deserialize error: expected value"),
        ("POST", "/order", {"market": "SOL_USDC"}, "missing field `price`"),
        ("POST", "/order", order_body(side="buy"), "unknown variant `buy`, expected `BUY` or `SELL`"),
        ("POST", "/order", order_body(price="a lot"), "invalid value for `price`"),
        ("POST", "/order", order_body(price=True), "invalid value for `price`"),
        ("POST", "/order", order_body(quantity="1" * 30), "invalid value for `quantity`"),
        ("POST", "/order", order_body(quantity="1e999"), "invalid value for `quantity`"),
        ("POST", "/order", order_body(user_id=7), "invalid type for `user_id`"),
        ("DELETE", "/order", {"order_id": "o1"}, "missing field `user_id`"),
        ("GET", "/order", {"order_id": "o1"}, "missing field `user_id`"),
        ("GET", "/orders", {"user_id": "u"}, "missing field `market`"),
        ("DELETE", "/orders", {"market": "m"}, "missing field `user_id`"),
        ("GET", "/depth", None, "Query deserialize error: missing field `symbol`"),
        ("GET", "/trades?market=SOL_USDC", None, "missing field `symbol`"),
        ("GET", "/klines?symbol=SOL_USDC&interval=1m", None, "missing field `startTime`"),
    ],
)
def test_a_request_that_can_not_be_read_is_a_bad_one(method: str, target: str, body: Any, words: str) -> None:
    answer = Venue().ask(method, target, body)
    assert answer.status == 400
    assert words in answer.body.decode()
    assert answer.headers == (("Content-Type", "text/plain; charset=utf-8"),)


def test_a_body_must_say_that_it_is_json() -> None:
    venue = Venue()
    for headers in ((), (("Content-Type", "text/plain"),)):
        answer = venue.ask("POST", "/order", order_body(), headers)
        assert (answer.status, answer.body) == (400, b"Content type error")
    assert (
        venue.ask("POST", "/order", order_body(), (("content-type", "application/json; charset=utf-8"),)).status == 200
    )


@pytest.mark.parametrize(
    ("method", "target"),
    [("PUT", "/order"), ("POST", "/depth"), ("GET", "/nothing"), ("GET", "/users"), ("GET", "/order/o1")],
)
def test_there_is_nothing_at_other_addresses(method: str, target: str) -> None:
    assert Venue().ask(method, target).status == 404


def test_it_is_healthy() -> None:
    answer = Venue().ask("GET", "/health")
    assert (answer.status, answer.body) == (200, b"")


# Market data


def test_the_book_is_shown_from_its_best_prices_on() -> None:
    venue = Venue()
    for side, price in (("BUY", "10"), ("BUY", "11.50"), ("SELL", "12"), ("SELL", "13")):
        venue.created(side, price, "1.0")
    venue.created("BUY", "11.5", "0.5")
    assert venue.rest("GET", "/depth?symbol=SOL_USDC") == {
        "bids": [["11.50", "1.5"], ["10", "1.0"]],
        "asks": [["12", "1.0"], ["13", "1.0"]],
        "lastUpdateId": "5",
    }
    assert venue.rest("GET", "/depth?symbol=BTC_USDT") == {"bids": [], "asks": [], "lastUpdateId": "0"}


def test_trades_are_listed_the_newest_first_and_a_hundred_at_most() -> None:
    venue = Venue(users=("test_user", "other"), first_trade=(1 << 53) + 1)
    maker = venue.created("SELL", "10", "101", user_id="other")
    for _ in range(101):
        venue.created("BUY", "10", "1")
    answer = venue.ask("GET", "/trades?symbol=SOL_USDC")
    trades = answer.body
    assert len(trades) == 100
    assert trades[0] == {
        "trade_id": (1 << 53) + 101,
        "market": "SOL_USDC",
        "price": "10",
        "quantity": "1",
        "user_id": "test_user",
        "other_user_id": "other",
        "order_id": maker,
        "timestamp": trades[0]["timestamp"],
    }
    assert both_ways("GET", "/trades?symbol=SOL_USDC", None, answer).parts[0].order_id == maker
    assert venue.rest("GET", "/trades?symbol=BTC_USDT") == []


def test_strangers_have_names_and_their_orders_ids() -> None:
    venue = Venue(life=Life(step_ms=None))
    venue.created("BUY", "200", "1")
    (trade,) = venue.rest("GET", "/trades?symbol=SOL_USDC")
    assert trade["other_user_id"] == "market-maker"
    assert UUID.fullmatch(trade["order_id"])


def test_tickers_and_klines_sum_up_what_was_traded() -> None:
    venue = Venue()
    assert venue.rest("GET", "/tickers") == []
    for price, qty in (("10", "1"), ("12.5", "2"), ("8", "1.5")):
        venue.created("SELL", price, qty)
        venue.created("BUY", price, qty)
        venue.wait(40)
    assert venue.rest("GET", "/tickers") == [
        {
            "symbol": "SOL_USDC",
            "firstPrice": "10",
            "high": "12.5",
            "low": "8",
            "lastPrice": "8",
            "priceChange": "-2",
            "priceChangePercent": "-0.2",
            "quoteVolume": "47.0",
            "trades": "3",
            "volume": "4.5",
        }
    ]
    minutes = venue.rest("GET", "/klines?symbol=SOL_USDC&interval=1min&startTime=0")
    assert [(each["open"], each["close"], each["trades"], each["end"]) for each in minutes] == [
        ("10", "10", "1", "2026-11-21 06:27:00 UTC"),
        ("12.5", "8", "2", "2026-11-21 06:28:00 UTC"),
    ]
    assert minutes[1] == {
        "open": "12.5",
        "close": "8",
        "high": "12.5",
        "low": "8",
        "quote_volume": "37.0",
        "start": "2026-11-21 06:28:05 UTC",
        "end": "2026-11-21 06:28:00 UTC",
        "trades": "2",
        "volume": "3.5",
    }
    starts = {"1y": "2026-01-01", "1M": "2026-11-01", "1w": "2026-11-16", "1d": "2026-11-21", "other": "2026-11-16"}
    for interval, day in starts.items():
        (candle,) = venue.rest("GET", f"/klines?symbol=SOL_USDC&interval={interval}&startTime=0")
        assert (candle["end"], candle["trades"]) == (f"{day} 00:00:00 UTC", "3")
    (hour,) = venue.rest("GET", "/klines?symbol=SOL_USDC&interval=1h&startTime=0")
    assert hour["end"] == "2026-11-21 06:00:00 UTC"
    later = venue.now_ns // 1_000_000
    assert venue.rest("GET", f"/klines?symbol=SOL_USDC&interval=1h&startTime={later}") == []
    assert venue.ask("GET", "/klines?symbol=SOL_USDC&interval=1h&startTime=yesterday").status == 500


def test_an_answer_takes_its_time() -> None:
    venue = Venue(engine_ms=(5.0, 5.0))
    ticket, out = venue.gateway.request(_ask("GET", "/depth?symbol=SOL_USDC"), venue.now_ns)
    venue.take(out)
    assert venue.responses == {}
    venue.wait(0.005)
    assert ticket in venue.responses


def _ask(method: str, target: str) -> Any:
    from wsreplay.venues.gateway import Ask

    return Ask(method=method, target=f"/api/v1{target}")
