"""Orders at the simulated venue: they rest, fill, settle, bust, expire, trigger; and money is never made."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venues.reya.trader import STRANGER_KEY, Trader, Venue, quiet

from wsreplay.venues.matching import ZERO
from wsreplay.venues.reya.renewals import SECOND
from wsreplay.venues.reya.setup import (
    DEMO_PERP_ACCOUNT,
    DEMO_SPOT_ACCOUNT,
    DEMO_WALLET,
    Account,
    Delays,
    Liquidity,
    ReyaSetup,
)

D = Decimal
RIVAL_ACCOUNT = 10000000003
RICH = {"RUSD": D(10**6), "WETH": D(1000), "WBTC": D(10)}
TWO_TRADERS = quiet(
    liquidity=None,
    accounts=(
        Account(account_id=DEMO_SPOT_ACCOUNT, owner=DEMO_WALLET, balances=RICH),
        Account(account_id=DEMO_PERP_ACCOUNT, owner=DEMO_WALLET, balances=RICH),
        Account(account_id=RIVAL_ACCOUNT, owner=Trader(STRANGER_KEY).wallet, balances=RICH),
    ),
)


def balance(venue: Venue, asset: str, account: int = DEMO_SPOT_ACCOUNT) -> Decimal:
    return venue.handler.exchange.clearing.ledger.owned(account, asset)


def free(venue: Venue, asset: str, account: int = DEMO_SPOT_ACCOUNT) -> Decimal:
    return venue.handler.exchange.clearing.ledger.free(account, asset)


def position(venue: Venue, symbol: str = "ETHRUSDPERP") -> Decimal:
    return venue.handler.exchange.clearing.ledger.position(DEMO_PERP_ACCOUNT, symbol)


def test_a_resting_order_is_listed_as_it_was_written() -> None:
    venue, trader = Venue(), Trader()
    payload = trader.spot("sell", "5000.10", "0.0500", clientOrderId=18446744073709551615)
    reply = venue.done(venue.connect(), "createOrder", payload)
    assert reply == {"status": "OPEN", "orderId": reply["orderId"], "clientOrderId": 18446744073709551615}
    assert int(reply["orderId"]) > 1 << 53
    (listed,) = venue.open_orders(trader.wallet)
    assert listed == {
        "exchangeId": 2,
        "symbol": "WETHRUSD",
        "accountId": DEMO_SPOT_ACCOUNT,
        "orderId": reply["orderId"],
        "clientOrderId": 18446744073709551615,
        "qty": "0.0500",
        "cumQty": "0",
        "side": "A",
        "limitPx": "5000.10",
        "orderType": "LIMIT",
        "timeInForce": "GTC",
        "status": "OPEN",
        "createdAt": listed["createdAt"],
        "lastUpdateAt": listed["createdAt"],
    }


def test_a_marketable_order_takes_the_makers_quotes_at_their_prices() -> None:
    venue, trader = Venue(), Trader()
    _, depth = venue.rest("GET", "/v2/market/WETHRUSD/depth")
    best = depth["asks"][0]
    had = balance(venue, "RUSD")
    reply = venue.done(venue.connect(), "createOrder", trader.spot("buy", "3500", "0.1"))
    assert (reply["status"], reply["execQty"], reply["cumQty"], reply["fillCount"]) == ("FILLED", "0.1", "0.1", 1)
    assert int(reply["firstFillId"]) > 1 << 53
    assert had - balance(venue, "RUSD") == D(best["px"]) * D("0.1"), "not at its own limit"
    assert free(venue, "RUSD") == balance(venue, "RUSD"), "nothing stays held"
    assert venue.open_orders(trader.wallet) == []


def test_one_order_through_several_levels() -> None:
    venue, trader = Venue(), Trader()
    _, depth = venue.rest("GET", "/v2/market/WETHRUSD/depth")
    sizes = [D(level["qty"]) for level in depth["asks"]]
    reply = venue.done(venue.connect(), "createOrder", trader.spot("buy", "3005.00", str(sizes[0] + sizes[1])))
    assert (reply["status"], reply["fillCount"]) == ("FILLED", 2)
    assert free(venue, "RUSD") == balance(venue, "RUSD")


def test_what_is_left_of_a_gtc_order_rests_and_of_an_ioc_order_is_dropped() -> None:
    venue, rival, trader = Venue(TWO_TRADERS), Trader(STRANGER_KEY), Trader()
    conn = venue.connect()
    for time_in_force, status in (("IOC", "CANCELLED"), ("GTC", "OPEN")):
        venue.done(conn, "createOrder", rival.spot("sell", "100", "0.4", accountId=RIVAL_ACCOUNT))
        payload = trader.spot("buy", "100", "1", timeInForce=time_in_force)
        reply = venue.done(conn, "createOrder", payload)
        assert (reply["status"], reply["execQty"], reply["cumQty"]) == (status, "0.4", "0.4")
        assert reply["orderId"], "spot orders are named even when they don't rest"
    (listed,) = venue.open_orders(trader.wallet)
    assert (listed["qty"], listed["cumQty"]) == ("1", "0.4")
    assert balance(venue, "RUSD") - free(venue, "RUSD") == D(60), "only what still rests is held"


def test_of_two_traders_the_first_at_a_price_is_first() -> None:
    venue, rival, trader = Venue(TWO_TRADERS), Trader(STRANGER_KEY), Trader()
    conn = venue.connect()
    venue.done(conn, "createOrder", trader.spot("buy", "100", "1"))
    venue.done(conn, "createOrder", rival.spot("buy", "100", "1", accountId=RIVAL_ACCOUNT))
    reply = venue.done(conn, "createOrder", rival.spot("sell", "99", "1", accountId=RIVAL_ACCOUNT))
    assert reply["status"] == "FILLED"
    assert venue.open_orders(trader.wallet) == []
    assert len(venue.open_orders(rival.wallet)) == 1


def test_cancel_by_order_id_by_client_id_and_by_both() -> None:
    venue, trader = Venue(), Trader()
    conn = venue.connect()
    first = venue.done(conn, "createOrder", trader.spot(clientOrderId=7))["orderId"]
    second = venue.done(conn, "createOrder", trader.spot(clientOrderId=7))["orderId"]
    third = venue.done(conn, "createOrder", trader.spot(clientOrderId=8))["orderId"]
    answer = {"status": "CANCELLED", "orderId": third, "clientOrderId": 8}
    assert venue.done(conn, "cancelOrder", trader.cancel(third, clientOrderId=7)) == answer, "orderId wins"
    assert venue.done(conn, "cancelOrder", trader.cancel(clientOrderId=7))["orderId"] == first
    assert venue.done(conn, "cancelOrder", trader.cancel(second))["orderId"] == second
    assert venue.open_orders(trader.wallet) == []
    assert free(venue, "RUSD") == balance(venue, "RUSD")


def test_cancel_all_reaches_one_market_or_all_spot_markets_of_the_account() -> None:
    venue, trader = Venue(), Trader()
    conn = venue.connect()
    for _ in range(3):
        venue.done(conn, "createOrder", trader.spot())
    for _ in range(2):
        venue.done(conn, "createOrder", trader.spot(symbol="WBTCRUSD"))
    venue.done(conn, "createOrder", trader.perp_gtc())
    assert venue.done(conn, "cancelAll", trader.cancel_all(symbol="WETHRUSD")) == {"cancelledCount": 3}
    assert venue.done(conn, "cancelAll", trader.cancel_all()) == {"cancelledCount": 2}
    assert venue.done(conn, "cancelAll", trader.cancel_all()) == {"cancelledCount": 0}
    assert [order["symbol"] for order in venue.open_orders(trader.wallet)] == ["ETHRUSDPERP"]


def test_an_order_is_only_filled_before_it_expires() -> None:
    venue, trader = Venue(), Trader()
    venue.done(venue.connect(), "createOrder", trader.spot(expiresAfter=trader.now_ns // SECOND + 20))
    venue.wait(19.5)
    assert len(venue.open_orders(trader.wallet)) == 1
    venue.wait(1)
    assert venue.open_orders(trader.wallet) == []
    assert free(venue, "RUSD") == balance(venue, "RUSD")


def test_a_spot_fill_settles_later_than_it_is_answered() -> None:
    venue, trader = Venue(quiet(delays=Delays(chain_ms=(700, 700)))), Trader()
    reply = venue.done(venue.connect(), "createOrder", trader.spot("buy", "3500", "0.1"))
    executions = f"/v2/wallet/{trader.wallet}/spotExecutions"
    assert venue.rest("GET", executions)[1]["data"] == []
    venue.wait(1)
    ((settled,), page) = (venue.settled, venue.rest("GET", executions)[1])
    assert not settled.busted
    (listed,) = page["data"]
    assert (listed["orderId"], listed["side"], listed["qty"], listed["type"]) == (
        reply["orderId"],
        "B",
        "0.1",
        "ORDER_MATCH",
    )
    assert page["meta"] == {
        "limit": 100,
        "count": 1,
        "startTime": listed["timestamp"],
        "endTime": listed["timestamp"],
    }


def test_a_bust_takes_the_fill_back_and_tells_nobody() -> None:
    venue, trader = Venue(quiet(bust_rate=1.0)), Trader()
    conn = venue.connect()
    had = balance(venue, "WETH"), balance(venue, "RUSD")
    assert venue.done(conn, "createOrder", trader.spot("buy", "3500", "0.1"))["status"] == "FILLED"
    assert balance(venue, "WETH") == had[0] + D("0.1")
    venue.wait(3)
    assert (balance(venue, "WETH"), balance(venue, "RUSD")) == had
    assert conn not in venue.said
    assert venue.rest("GET", f"/v2/wallet/{trader.wallet}/spotExecutions")[1]["data"] == []
    (bust,) = venue.rest("GET", f"/v2/wallet/{trader.wallet}/spotExecutionBusts")[1]["data"]
    assert (bust["qty"], bust["reason"]) == ("0.1", "0x")


def test_a_perp_ioc_fills_without_an_order_id() -> None:
    venue, trader = Venue(), Trader()
    reply = venue.done(venue.connect(), "createOrder", trader.perp("buy", "3500", "0.05", clientOrderId=4))
    assert reply == {"status": "FILLED", "execQty": "0.05", "cumQty": "0.05", "clientOrderId": 4}
    assert position(venue) == D("0.05")
    (listed,) = venue.rest("GET", f"/v2/wallet/{trader.wallet}/perpExecutions")[1]["data"]
    assert (listed["accountId"], listed["side"], listed["qty"]) == (DEMO_PERP_ACCOUNT, "B", "0.05")


@pytest.mark.parametrize(("price", "qty"), [("2000", "0.05"), ("3001.5", "500")])
def test_a_perp_ioc_that_its_limit_does_not_reach_is_reverted_whole(price: str, qty: str) -> None:
    venue, trader = Venue(), Trader()
    code, message = venue.refused(venue.connect(), "createOrder", trader.perp("buy", price, qty))
    assert (code, "reverted: price limit" in message) == ("CREATE_ORDER_OTHER_ERROR", True)
    assert position(venue) == 0


def test_a_perp_ioc_that_the_chain_reaches_too_late_is_reverted() -> None:
    venue, trader = Venue(quiet(delays=Delays(chain_ms=(8000, 8000)))), Trader()
    _, message = venue.refused(venue.connect(), "createOrder", trader.perp())
    assert "OrderExpired" in message


def test_a_reduce_only_order_never_turns_a_position() -> None:
    venue, trader = Venue(), Trader()
    conn = venue.connect()
    for_nothing = trader.perp("sell", "2500", reduceOnly=True)
    assert "ReduceOnly" in venue.refused(conn, "createOrder", for_nothing)[1], "there is no position"
    venue.done(conn, "createOrder", trader.perp("buy", "3500", "0.05"))
    assert "ReduceOnly" in venue.refused(conn, "createOrder", trader.perp("buy", "3500", "0.05", reduceOnly=True))[1]
    reply = venue.done(conn, "createOrder", trader.perp("sell", "2500", "0.09", reduceOnly=True))
    assert reply["execQty"] == "0.05"
    assert position(venue) == 0


def test_a_perp_position_is_bounded_by_its_margin() -> None:
    account = Account(account_id=DEMO_PERP_ACCOUNT, owner=DEMO_WALLET, balances={"RUSD": D(10)})
    venue, trader = Venue(quiet(accounts=(account,))), Trader()
    conn = venue.connect()
    venue.done(conn, "createOrder", trader.perp("buy", "3500", "0.08"))
    assert "initial margin" in venue.refused(conn, "createOrder", trader.perp("buy", "3500", "0.01"))[1]
    assert venue.done(conn, "createOrder", trader.perp("sell", "2500", "0.08"))["status"] == "FILLED", "less risk"


def test_an_account_under_water_may_still_close_its_position() -> None:
    account = Account(account_id=DEMO_PERP_ACCOUNT, owner=DEMO_WALLET, balances={"RUSD": D(10)})
    venue, trader = Venue(quiet(accounts=(account,))), Trader()
    conn = venue.connect()
    venue.done(conn, "createOrder", trader.perp("buy", "3500", "0.08"))
    venue.handler.exchange.clearing.marks["ETHRUSDPERP"] = D(2000)
    assert "initial margin" in venue.refused(conn, "createOrder", trader.perp("buy", "3500", "0.01"))[1]
    assert venue.done(conn, "createOrder", trader.perp("sell", "2500", "0.08"))["status"] == "FILLED"


def test_a_perp_gtc_order_rests_and_is_cancelled_by_its_id_alone() -> None:
    venue, trader = Venue(), Trader()
    conn = venue.connect()
    order_id = venue.done(conn, "createOrder", trader.perp_gtc("buy", "2000", "0.05"))["orderId"]
    cancel = trader.cancel_perp(order_id)
    assert venue.done(conn, "cancelOrder", cancel) == {"status": "CANCELLED", "orderId": order_id}
    assert venue.refused(conn, "cancelOrder", cancel)[0] == "CANCEL_ORDER_OTHER_ERROR", "signed for ever, done once"


def test_a_perp_gtc_order_at_the_market_fills() -> None:
    venue, trader = Venue(), Trader()
    assert venue.done(venue.connect(), "createOrder", trader.perp_gtc("buy", "3400", "0.05"))["status"] == "FILLED"
    assert position(venue) == D("0.05")


@pytest.mark.parametrize(
    ("opened", "kind", "side", "trigger", "mark", "fires"),
    [
        ("buy", "TP", "sell", "3100", "3100", True),
        ("buy", "TP", "sell", "3100", "3099", False),
        ("buy", "SL", "sell", "2900", "2900", True),
        ("buy", "SL", "sell", "2900", "2901", False),
        ("sell", "TP", "buy", "2900", "2899", True),
        ("sell", "TP", "buy", "2900", "2901", False),
        ("sell", "SL", "buy", "3100", "3101", True),
        ("sell", "SL", "buy", "3100", "3099", False),
    ],
)
def test_triggered_orders_close_the_position_at_their_price(
    opened: str, kind: str, side: str, trigger: str, mark: str, fires: bool
) -> None:
    venue, trader = Venue(quiet(liquidity=Liquidity(step_ms=1000, volatility=0.0))), Trader()
    conn = venue.connect()
    venue.done(conn, "createOrder", trader.perp(opened, "3500" if opened == "buy" else "2500", "0.05"))
    reply = venue.done(conn, "createOrder", trader.trigger(kind, side, trigger))
    assert reply["status"] == "OPEN"
    (listed,) = venue.open_orders(trader.wallet)
    assert (listed["orderType"], listed["triggerPx"], "qty" in listed) == (kind, trigger, False)
    venue.handler.exchange.clearing.marks["ETHRUSDPERP"] = D(mark)
    venue.wait(4)
    assert (position(venue) == 0) == fires
    assert (venue.open_orders(trader.wallet) == []) == fires


def test_a_triggered_order_can_be_cancelled_before_it_fires() -> None:
    venue, trader = Venue(), Trader()
    conn = venue.connect()
    order_id = venue.done(conn, "createOrder", trader.trigger("SL", "sell", "2900"))["orderId"]
    assert venue.done(conn, "cancelOrder", trader.cancel_perp(order_id))["status"] == "CANCELLED"


def test_prices_wander_and_reach_resting_orders() -> None:
    venue, trader = Venue(quiet(liquidity=Liquidity(step_ms=100, volatility=0.01))), Trader()
    payload = trader.spot("buy", "2995", "0.1", expiresAfter=trader.now_ns // SECOND + 3600)
    assert venue.done(venue.connect(), "createOrder", payload)["status"] == "OPEN"
    venue.wait(60)
    assert venue.open_orders(trader.wallet) == []
    (listed,) = venue.rest("GET", f"/v2/wallet/{trader.wallet}/spotExecutions")[1]["data"]
    assert listed["makerOrderId"], "the quote came to the order"
    assert D(listed["price"]) == D(2995)


def test_a_setup_serves_the_accounts_and_symbols_of_a_recording() -> None:
    stranger = Trader(STRANGER_KEY)
    setup = ReyaSetup().serving([77, DEMO_SPOT_ACCOUNT], stranger.wallet, ["WETHRUSD", "FOORUSD", "BARRUSDPERP"])
    venue = Venue(setup)
    assert venue.done(venue.connect(), "createOrder", stranger.spot())["status"] == "OPEN"
    assert venue.done(venue.connect(), "createOrder", stranger.spot(accountId=77))["status"] == "OPEN"
    numbers = {market.symbol: market.market_id for market in setup.markets}
    assert len(set(numbers.values())) == len(numbers)
    order = stranger.unsigned_spot("buy", "0.123456", "1.000001", symbol="FOORUSD", accountId=77)
    assert venue.done(venue.connect(), "createOrder", stranger.signed("createOrder", order, markets=numbers))


prices = st.integers(95, 105).map(str)
sizes = st.integers(1, 2000).map(lambda n: str(D(n) / 1000))
orders = st.tuples(
    st.booleans(), st.sampled_from(["WETHRUSD", "ETHRUSDPERP"]), st.booleans(), prices, sizes, st.booleans()
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(orders, orders, st.integers(0, 9)), min_size=1, max_size=25), st.sampled_from([0.0, 0.5]))
def test_whatever_is_traded_money_is_neither_made_nor_lost(steps: list[Any], bust_rate: float) -> None:
    setup = quiet(liquidity=None, accounts=TWO_TRADERS.accounts, bust_rate=bust_rate)
    venue = Venue(setup)
    traders = [(Trader(), DEMO_SPOT_ACCOUNT), (Trader(STRANGER_KEY), RIVAL_ACCOUNT)]
    ledger, exchange = venue.handler.exchange.clearing.ledger, venue.handler.exchange
    before = {asset: ledger.total(asset) for asset in RICH}
    conn = venue.connect()
    placed: list[tuple[int, str]] = []
    for step in steps:
        if isinstance(step, int):
            if step < len(placed):
                who, order_id = placed[step]
                trader, account = traders[who]
                venue.ask(conn, "cancelOrder", trader.cancel(order_id, accountId=account))
        else:
            who, symbol, buys, price, qty, rests = step
            trader, account = traders[int(who)]
            side = "buy" if buys else "sell"
            make = trader.spot if symbol == "WETHRUSD" else trader.perp_gtc
            extra = {"timeInForce": "GTC" if rests else "IOC"} if symbol == "WETHRUSD" else {}
            reply = venue.ask(conn, "createOrder", make(side, price, qty, accountId=account, **extra))
            if reply["ok"] and symbol == "WETHRUSD":
                placed.append((int(who), reply["payload"]["orderId"]))
        assert {asset: ledger.total(asset) for asset in RICH} == before
        assert ledger.total("RUSD:PERP") == ledger.open_interest("ETHRUSDPERP") == ZERO
        for _, account in traders:
            resting = [o for o in exchange.open if o.wanted.account == account]
            spot = [o.resting for o in resting if o.resting is not None and o.wanted.symbol == "WETHRUSD"]
            held = sum((o.price * o.remaining for o in spot if o.side == "buy"), ZERO)
            assert ledger.held(account, "RUSD") == held, "held is what rests, no more and no less"
            assert ledger.held(account, "WETH") == sum((o.remaining for o in spot if o.side == "sell"), ZERO)
        for book in exchange.books.values():
            assert {order.order_id for order in book} <= {order.order_id for order in exchange.open}
        for trader, _ in traders:
            mine = [order for order in exchange.open if order.signer == trader.wallet]
            assert exchange.open.count(trader.wallet) == len(mine)
            assert exchange.open.notional(trader.wallet) == sum((order.notional for order in mine), ZERO)
    venue.wait(5)
    assert {asset: ledger.total(asset) for asset in RICH} == before, "settled or busted"
    filled = {(t.symbol, t.sequence, t.busted) for t in exchange.trades}
    assert len(filled) == len(exchange.trades)
