"""The REST siblings: definitions, lists, the same operations, and the limits of the edge."""

from __future__ import annotations

import pytest
from venues.reya.trader import Trader, Venue, quiet

from wsreplay.venues.reya.setup import DEMO_WALLET, Limits


def test_definitions_say_what_signatures_need() -> None:
    venue = Venue()
    _, spot = venue.rest("GET", "/v2/spotMarketDefinitions")
    assert {d["symbol"]: d["marketId"] for d in spot} == {"WETHRUSD": 11, "WBTCRUSD": 12}
    _, perps = venue.rest("GET", "/v2/marketDefinitions")
    assert {d["symbol"]: d["marketId"] for d in perps} == {"ETHRUSDPERP": 1, "BTCRUSDPERP": 2}
    assert (spot[0]["minOrderQty"], spot[0]["qtyStepSize"], spot[0]["tickSize"]) == ("0.001", "0.001", "0.01")


def test_an_operation_is_the_same_over_rest() -> None:
    venue, trader = Venue(), Trader()
    status, created = venue.rest("POST", "/v2/createOrder", trader.spot(clientOrderId=3))
    assert (status, created["status"], created["clientOrderId"]) == (200, "OPEN", 3)
    assert venue.open_orders(trader.wallet)[0]["orderId"] == created["orderId"]
    assert venue.rest("POST", "/v2/cancelOrder", trader.cancel(created["orderId"]))[1]["status"] == "CANCELLED"
    assert venue.rest("POST", "/v2/cancelAll", trader.cancel_all()) == (200, {"cancelledCount": 0})
    assert venue.rest("POST", "/v2/createOrder", trader.perp())[1]["status"] == "FILLED"


def test_refusals_are_the_body_itself() -> None:
    venue, trader = Venue(), Trader()
    status, body = venue.rest("POST", "/v2/createOrder", trader.spot(accountId=404))
    assert (status, body["error"]) == (400, "NO_ACCOUNTS_FOUND")
    status, body = venue.rest("POST", "/v2/createOrder", b"{")
    assert (status, body["error"]) == (400, "INPUT_VALIDATION_ERROR")
    status, body = Venue(quiet(internal_rate=1.0)).rest("POST", "/v2/createOrder", trader.spot())
    assert (status, body["error"]) == (500, "INTERNAL_SERVER_ERROR")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v2", 404),
        ("GET", "/v1/marketDefinitions", 404),
        ("GET", "/v2/nothing", 404),
        ("GET", f"/v2/wallet/{DEMO_WALLET}/nothing", 404),
        ("GET", "/v2/wallet/0x12/openOrders", 400),
        ("GET", "/v2/market/NOPE/depth", 400),
        ("GET", f"/v2/wallet/{DEMO_WALLET}/perpExecutions?startTime=abc", 400),
        ("POST", "/v2/marketDefinitions", 405),
        ("GET", "/v2/createOrder", 405),
    ],
)
def test_what_is_not_there(method: str, target: str, status: int) -> None:
    assert Venue().rest(method, target)[0] == status


def test_executions_are_listed_newest_first_by_the_hundred_and_by_time() -> None:
    venue, trader = Venue(), Trader()
    conn = venue.connect()
    for _ in range(101):
        trader.now_ns = venue.now_ns
        venue.done(conn, "createOrder", trader.perp("buy", "3500", "0.01"))
        trader.now_ns = venue.now_ns
        venue.done(conn, "createOrder", trader.perp("sell", "2500", "0.01"))
    target = f"/v2/wallet/{trader.wallet}/perpExecutions"
    _, page = venue.rest("GET", target)
    times = [item["timestamp"] for item in page["data"]]
    assert (page["meta"]["count"], times) == (100, sorted(times, reverse=True))
    _, some = venue.rest("GET", f"{target}?startTime={times[10]}&endTime={times[5]}")
    assert [item["timestamp"] for item in some["data"]] == times[5:11]


def test_an_address_may_ask_a_thousand_times_a_minute() -> None:
    venue = Venue(quiet(limits=Limits(rest_per_minute=5)))
    venue.wait(1)
    answers = [venue.rest("GET", "/v2/marketDefinitions", peer="127.0.0.1")[0] for _ in range(6)]
    assert answers == [200] * 5 + [429]
    assert venue.rest("GET", "/v2/marketDefinitions", peer="127.0.0.2")[0] == 200
    assert venue.rest("GET", "/v2/marketDefinitions")[0] == 429
    venue.wait(60)
    assert venue.rest("GET", "/v2/marketDefinitions")[0] == 200
