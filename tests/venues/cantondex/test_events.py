"""Every event comes of something that happened, in the shape that the venue's document gives it."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from venues.cantondex.document import VENUE
from venues.cantondex.trader import ACCOUNT, OFFICER, START, SYMBOL, Fields, Venue, best, quiet

from wsreplay.venues.cantondex.channels import CHANNEL_OF
from wsreplay.venues.cantondex.setup import LIFE, Account, CantonDexSetup, Health
from wsreplay.venues.cantondex.times import nanoseconds
from wsreplay.venues.market import Life

D = Decimal
OWN = ("orders", "trades", "settlements", "account_notifications")


def shape(value: Any) -> Any:
    """Members and types of a JSON value: any two numbers are alike, and of a list each item must be as the first."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return (
        "boolean" if isinstance(value, bool) else "number" if isinstance(value, int | float) else type(value).__name__
    )


def eventful() -> list[Fields]:
    """All that two clients are told while everything happens that can."""
    rich = Account(account_id=ACCOUNT, email="t@x", cash=D(10_000_000), holdings={"AAPL": D(50_000)})
    officer = Account(account_id=OFFICER, rights=frozenset({"compliance"}))
    health = Health(status_every_s=5, degraded_every_s=5, maintenance_every_s=5)
    setup = quiet(accounts=(rich, officer), health=health, life=Life(worth=D(2_000_000)), failing=0.5)
    venue = Venue(setup)
    stranger = venue.connect()
    venue.send(stranger, {"type": "auth", "token": "no token"})
    conn = venue.log_in()
    for channel in (*OWN, "market_data", "system_health"):
        venue.subscribe(conn, channel, **({"aggregation": "1s"} if channel == "market_data" else {}))
    watching = venue.log_in(OFFICER)
    venue.subscribe(watching, "compliance_events")
    venue.subscribe(conn, "orders")  # an error
    venue.placed("buy", 20_000, best(venue, "sell"))  # some of it at once, the rest waits; and it is large
    venue.placed("buy", 40_000, 120)  # binds more than half of the money
    for _ in range(50):
        venue.rest("DELETE", f"/orders/{venue.placed('sell', 1, 200)}", {"account_id": ACCOUNT})
    venue.placed("sell", 5)
    venue.rest("POST", f"/accounts/{ACCOUNT}/deposits", {"currency": "USDC", "blockchain": "ethereum"})
    venue.rest("POST", f"/accounts/{ACCOUNT}/withdrawals", {"currency": "USDC", "amount": 5000, "address": "0x"})
    venue.rest("POST", f"/compliance/kyc/{ACCOUNT}", {"full_name": "John Doe"})
    venue.wait(20, conn, watching, stranger)
    venue.send(conn, {"type": "unsubscribe", "channel": "orders"})
    return [*venue.said[stranger], *venue.said[conn], *venue.said[watching]]


@pytest.fixture(scope="module")
def told() -> dict[str, list[Fields]]:
    """By the names that the document's messages have in :data:`VENUE`."""
    found: dict[str, list[Fields]] = {}
    for message in eventful():
        kind = message["type"]
        found.setdefault(f"{kind} {message['status']}" if kind == "auth_response" else kind, []).append(message)
    return found


@pytest.mark.parametrize("name", VENUE)
def test_each_message_of_the_document_is_said_in_its_shape(name: str, told: dict[str, list[Fields]]) -> None:
    wanted = shape(json.loads(VENUE[name]))
    for message in told[name]:
        seen = shape(message)
        if name == "orderbook_update":
            for side, levels in seen["changes"].items():
                assert levels in ([], wanted["changes"][side])
            seen["changes"] = wanted["changes"]
        if name == "order_created" and message["order_type"] == "market":
            assert message["price"] is None
            seen["price"] = "number"
        assert seen == wanted
        assert list(seen) == list(wanted), "in its order"


def test_nothing_is_said_that_the_document_does_not_have(told: dict[str, list[Fields]]) -> None:
    assert told.keys() == VENUE.keys()


def test_times_are_times(told: dict[str, list[Fields]]) -> None:
    for messages in told.values():
        for message in messages:
            for name in {"timestamp", "fill_time", "executed_at", "settlement_date", "start_time"} & message.keys():
                moment = nanoseconds(message[name])
                assert moment is not None
                assert moment >= START


# Orders


def kinds(venue: Venue, conn: int) -> list[str]:
    return [each["type"] for each in venue.told(conn)]


def test_an_order_that_rests_is_created_filled_in_parts_and_settled() -> None:
    seller = Account(account_id="acc_2", holdings={"AAPL": D(100)})
    venue = Venue(quiet(accounts=(*CantonDexSetup().accounts, seller)))
    conn = venue.listen(*OWN)
    price = best(venue, "sell") - D("0.01")
    order = venue.placed("buy", 100, price)  # the best bid now
    assert kinds(venue, conn) == ["order_created", "balance_updated"]
    for part in (40, 60):
        wish = {"account_id": "acc_2", "symbol": SYMBOL, "side": "sell", "order_type": "market", "quantity": part}
        assert venue.rest("POST", "/orders", wish, account="acc_2")[0] == 201
    [updated] = venue.told(conn, "order_updated")
    assert (updated["order_id"], updated["status"], updated["filled"]) == (order, "partially_filled", 40)
    assert updated["average_fill_price"] == float(price)
    [filled] = venue.told(conn, "order_filled")
    trades, settlements = venue.told(conn, "trade_executed"), venue.told(conn, "settlement_created")
    assert (filled["order_id"], filled["quantity"], filled["trade_id"]) == (order, 100, trades[1]["trade_id"])
    assert [(each["order_id"], each["quantity"]) for each in trades] == [(order, 40), (order, 60)]
    assert [each["trade_id"] for each in settlements] == [each["trade_id"] for each in trades]
    assert settlements[0]["settlement_date"] == "2024-11-19T00:00:00Z", "two days later, as in the document"
    venue.wait(3, conn)
    confirmed = {each["settlement_id"] for each in venue.told(conn, "settlement_confirmed")}
    assert confirmed == {each["settlement_id"] for each in settlements}


def test_an_order_that_meets_one_is_filled_at_once_and_its_amounts_are_exact() -> None:
    venue = Venue()
    conn = venue.listen(*OWN)
    price = best(venue, "sell")
    order = venue.placed("buy", 50, 200)
    assert kinds(venue, conn) == [
        "order_created",
        "balance_updated",
        "order_filled",
        "trade_executed",
        "settlement_created",
        "balance_updated",
    ]
    text = next(each for each in venue.raw[conn] if '"trade_executed"' in each)
    trade = json.loads(text, parse_float=Decimal)
    commission = (50 * price / 1000).quantize(D("0.01"))
    assert (trade["order_id"], trade["price"], trade["quantity"]) == (order, price, 50)
    assert (trade["gross_amount"], trade["commission"]) == (50 * price, commission)
    assert trade["net_amount"] == 50 * price - commission
    balance = json.loads(venue.raw[conn][-1], parse_float=Decimal)
    assert balance["total_balance"] == balance["available_balance"] == 1_000_000 - 50 * price - commission
    assert balance["reserved_balance"] == 0


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"price": 100, "time_in_force": "ioc"}, "immediate_or_cancel"),
        ({"price": 151, "time_in_force": "fok", "quantity": 30_000}, "fill_or_kill"),
        ({"price": None, "quantity": 20_000, "side": "sell"}, "no_liquidity"),
    ],
)
def test_what_must_not_rest_is_cancelled(more: Fields, reason: str) -> None:
    rich = Account(account_id=ACCOUNT, cash=D(10**8), holdings={"AAPL": D(10**6)})
    venue = Venue(quiet(accounts=(rich,)))
    conn = venue.listen("orders")
    wish = {"side": "buy", "quantity": 10, **more}
    venue.placed(wish.pop("side"), wish.pop("quantity"), wish.pop("price"), **wish)
    assert venue.told(conn)[-1]["reason"] == reason
    assert ("order_updated" in kinds(venue, conn)) == (reason == "no_liquidity")
    assert venue.house.accounts.purses[ACCOUNT].reserved == 0


def test_a_settlement_that_fails_takes_the_trade_back() -> None:
    venue = Venue(quiet(failing=1.0))
    conn = venue.listen(*OWN)
    venue.placed("buy", 50, 200)
    venue.wait(3, conn)
    failed, cancelled, balance = venue.told(conn)[-3:]
    assert (failed["type"], failed["reason"]) == ("settlement_failed", "insufficient_funds")
    trade = venue.told(conn, "trade_executed")[0]["trade_id"]
    assert (cancelled["trade_id"], cancelled["reason"]) == (trade, "settlement_failed")
    assert (balance["type"], balance["total_balance"]) == ("balance_updated", 1_000_000)


# Money, customers


def test_a_margin_call_comes_once_until_there_is_margin_again() -> None:
    venue = Venue()
    conn = venue.listen("account_notifications")
    first = venue.placed("buy", 5_500, 100)
    [call] = venue.told(conn, "margin_call")
    assert (call["current_margin_level"], call["warning_level"]) == (0.4494, 0.5)
    second = venue.placed("buy", 1, 100)
    assert len(venue.told(conn, "margin_call")) == 1
    for order in (first, second):
        venue.rest("DELETE", f"/orders/{order}", {"account_id": ACCOUNT})
    venue.placed("buy", 5_500, 100)
    assert len(venue.told(conn, "margin_call")) == 2


def test_fifty_orders_in_two_minutes_are_suspicious_and_forty_nine_are_not() -> None:
    venue = Venue()
    conn = venue.listen("compliance_events", account=OFFICER)
    for _ in range(49):
        venue.placed("buy", 1, 100)
    venue.wait(121, conn)
    for _ in range(49):
        venue.placed("buy", 1, 100)
    assert venue.told(conn, "suspicious_activity_detected") == []
    venue.placed("buy", 1, 100)
    [event] = venue.told(conn, "suspicious_activity_detected")
    assert event["description"] == "Trader executed 50 orders in 2 minutes (unusual for this account)"


@pytest.mark.parametrize(("amount", "count"), [(1_000_000, 1), (999_999, 0)])
def test_a_large_withdrawal_is_reported(amount: int, count: int) -> None:
    venue = Venue()
    conn = venue.listen("compliance_events", account=OFFICER)
    body = {"currency": "USDC", "amount": amount, "address": "0x"}
    assert venue.rest("POST", f"/accounts/{ACCOUNT}/withdrawals", body)[0] == 201
    assert len(venue.told(conn, "large_transaction_alert")) == count


def test_a_review_ends_well() -> None:
    venue = Venue()
    conn = venue.listen("compliance_events", account=OFFICER)
    status, answer = venue.rest("POST", f"/compliance/kyc/{ACCOUNT}", {"full_name": "John Doe"})
    assert (status, answer["kyc_status"]) == (202, "pending_review")
    venue.wait(4, conn)
    changes = [(each["previous_status"], each["new_status"]) for each in venue.told(conn)[:2]]
    assert changes == [("approved", "pending_review"), ("pending_review", "approved")]


# Market data


def test_each_change_of_a_book_is_told_to_whoever_wants_that_symbol() -> None:
    venue = Venue()
    conn = venue.log_in()
    other = venue.log_in()
    venue.subscribe(conn, "market_data", symbols=[SYMBOL])
    venue.subscribe(other, "market_data", symbols=["GOOGL/USDC"])
    bid = best(venue, "buy")
    order = venue.placed("buy", 7, bid + D("0.01"))
    book, price = venue.told(conn)[-2:]
    level = {"price": float(bid + D("0.01")), "quantity": 7, "action": "update"}
    assert (book["type"], book["changes"]) == ("orderbook_update", {"bids": [level], "asks": []})
    assert (price["type"], price["bid"]) == ("price_update", level["price"])
    assert price["mid"] == float((bid + D("0.01") + best(venue, "sell")) / 2)
    venue.rest("DELETE", f"/orders/{order}", {"account_id": ACCOUNT})
    gone = venue.told(conn, "orderbook_update")[-1]
    assert gone["changes"]["bids"] == [{**level, "quantity": 0, "action": "delete"}]
    assert len(venue.told(other)) == 2, "auth and subscription"
    venue.send(conn, {"type": "unsubscribe", "channel": "market_data"})
    count = len(venue.told(conn))
    venue.placed("buy", 7, bid)
    assert len(venue.told(conn)) == count


def test_with_an_aggregation_changes_come_together() -> None:
    venue = Venue(quiet(life=LIFE))
    conn = venue.log_in()
    venue.subscribe(conn, "market_data", symbols=[SYMBOL], aggregation="5s")
    venue.wait(60, conn)
    books = venue.told(conn, "orderbook_update")
    times = [nanoseconds(book["timestamp"]) or 0 for book in books]
    assert len(books) > 5
    assert all(later - earlier >= 5_000_000_000 for earlier, later in pairwise(times))


def test_whoever_listens_can_keep_the_book_in_step() -> None:
    venue = Venue(quiet(life=LIFE))
    conn = venue.log_in()
    for aggregated in ({}, {"aggregation": "700ms"}):
        status, start = venue.rest("GET", "/markets/AAPL%2FUSDC/orderbook?depth=50")
        venue.subscribe(conn, "market_data", symbols=[SYMBOL], **aggregated)
        venue.said[conn].clear()
        book = {(side, level["price"]): level["quantity"] for side in ("bids", "asks") for level in start[side]}
        venue.wait(30, conn)
        venue.send(conn, {"type": "unsubscribe", "channel": "market_data"})
        last = venue.told(conn, "orderbook_update")[-1]["timestamp"]
        for update in venue.told(conn, "orderbook_update"):
            for side, levels in update["changes"].items():
                for level in levels:
                    book[side, level["price"]] = level["quantity"]
        assert status == 200
        if not aggregated:
            _, end = venue.rest("GET", "/markets/AAPL/USDC/orderbook?depth=50")
            now = {(side, level["price"]): level["quantity"] for side in ("bids", "asks") for level in end[side]}
            assert {key: qty for key, qty in book.items() if qty} == now
        assert last


# The same again


def test_two_venues_of_one_seed_say_the_same_and_of_another_something_else() -> None:
    assert eventful() == eventful()
    one, other = (Venue(CantonDexSetup(seed=seed)) for seed in (1, 2))
    assert one.token() != other.token()


def test_every_event_has_a_channel() -> None:
    assert {CHANNEL_OF[each["type"]] for each in eventful() if each["type"] in CHANNEL_OF} == set(CHANNEL_OF.values())
