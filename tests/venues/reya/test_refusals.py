"""Each rule of the venue, and a client that breaks it: the code, at the right level, and nothing done."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from venues.reya.trader import STRANGER_KEY, Fields, Trader, Venue, quiet, without

from wsreplay.venues.reya.markets import MARKETS, SYMBOLS
from wsreplay.venues.reya.networks import MAINNET, TESTNET
from wsreplay.venues.reya.renewals import SECOND
from wsreplay.venues.reya.setup import DEMO_PERP_ACCOUNT, DEMO_SPOT_ACCOUNT, Account, Limits

UNAUTHORIZED = "UNAUTHORIZED_SIGNATURE_ERROR"


@pytest.fixture
def trader() -> Trader:
    return Trader()


@pytest.fixture
def venue() -> Venue:
    return Venue()


def refused(venue: Venue, payload: Any, op: str = "createOrder") -> str:
    code, _ = venue.refused(venue.connect(), op, payload)
    assert venue.open_orders(Trader().wallet) == [], "a refused request changes nothing"
    return code


@pytest.mark.parametrize(
    "broken",
    [
        {"exchangeId": 1},
        {"exchangeId": "2"},
        {"symbol": None},
        {"symbol": 5},
        {"accountId": None},
        {"accountId": str(DEMO_SPOT_ACCOUNT)},
        {"accountId": -1},
        {"accountId": True},
        {"isBuy": None},
        {"isBuy": "true"},
        {"isBuy": 1},
        {"limitPx": 1},
        {"limitPx": 0.5},
        {"limitPx": "abc"},
        {"limitPx": "0"},
        {"limitPx": "-1"},
        {"limitPx": None},
        {"qty": None},
        {"qty": 0.001},
        {"qty": "0"},
        {"qty": "-0.001"},
        {"qty": "0.0000000000000000001"},
        {"orderType": "MARKET"},
        {"orderType": None},
        {"orderType": "TP", "triggerPx": "5"},
        {"timeInForce": None},
        {"timeInForce": "FOK"},
        {"timeInForce": "GTT"},
        {"triggerPx": "5"},
        {"reduceOnly": False},
        {"nonce": None},
        {"nonce": 1778601294274124},
        {"nonce": "0x10"},
        {"nonce": "-1"},
        {"signerWallet": None},
        {"signerWallet": "0x1234"},
        {"expiresAfter": None},
        {"expiresAfter": "1790000030"},
        {"expiresAfter": 1790000030.5},
        {"clientOrderId": "7"},
        {"signature": None},
        {"signature": "0x"},
        {"signature": 7},
    ],
    ids=str,
)
def test_a_body_that_is_not_as_it_must_be(venue: Venue, trader: Trader, broken: Fields) -> None:
    payload = {name: value for name, value in (trader.spot() | broken).items() if value is not None}
    assert refused(venue, payload) == "INPUT_VALIDATION_ERROR"


@pytest.mark.parametrize("payload", [None, [], "x", 5, {}])
@pytest.mark.parametrize("op", ["createOrder", "cancelOrder", "cancelAll"])
def test_a_payload_that_is_none(venue: Venue, op: str, payload: Any) -> None:
    assert refused(venue, payload, op) == "INPUT_VALIDATION_ERROR"


@pytest.mark.parametrize(
    "huge",
    [
        {"accountId": 1 << 128},
        {"clientOrderId": 1 << 64},
        {"expiresAfter": 1 << 64},
        {"nonce": str(1 << 64)},
        {"nonce": "9" * 5000},
        {"qty": "1e70"},
        {"limitPx": "1e999999999"},
        {"qty": str(1 << 200)},
    ],
    ids=lambda huge: next(iter(huge)),
)
def test_a_number_beyond_its_type(venue: Venue, trader: Trader, huge: Fields) -> None:
    assert refused(venue, trader.spot() | huge) == "NUMERIC_OVERFLOW_ERROR"


def test_perp_orders_have_rules_of_their_own(venue: Venue, trader: Trader) -> None:
    for payload in (
        without(trader.perp(), "reduceOnly"),
        without(trader.perp(), "expiresAfter"),
        trader.perp_gtc() | {"expiresAfter": trader.now_ns // SECOND + 5},
        trader.perp_gtc() | {"reduceOnly": True},
        without(trader.trigger("TP", "sell", "3100"), "triggerPx"),
        trader.trigger("SL", "sell", "2900") | {"qty": "1"},
        trader.trigger("SL", "sell", "2900") | {"timeInForce": "GTC"},
        trader.trigger("SL", "sell", "2900") | {"triggerPx": "0"},
        trader.trigger("SL", "sell", "2900") | {"limitPx": "-1"},
    ):
        assert refused(venue, payload) == "INPUT_VALIDATION_ERROR", payload
    assert venue.done(venue.connect(), "createOrder", trader.perp(nonce=str(1 << 200)))["status"] == "FILLED"


def test_a_cancel_must_name_an_order_and_a_spot_cancel_all_the_rest(venue: Venue, trader: Trader) -> None:
    whole = trader.cancel("1864998629727535104")
    for missing in ("orderId", "accountId", "nonce", "expiresAfter", "signature"):
        assert refused(venue, without(whole, missing), "cancelOrder") == "INPUT_VALIDATION_ERROR", missing
    assert refused(venue, whole | {"orderId": "abc"}, "cancelOrder") == "INPUT_VALIDATION_ERROR"
    assert refused(venue, whole | {"orderId": str(1 << 64)}, "cancelOrder") == "NUMERIC_OVERFLOW_ERROR"
    assert refused(venue, {"clientOrderId": 5, "signature": whole["signature"]}, "cancelOrder") == (
        "INPUT_VALIDATION_ERROR"
    )
    for missing in ("accountId", "nonce", "expiresAfter", "signature"):
        payload = without(trader.cancel_all(), missing)
        assert refused(venue, payload, "cancelAll") == "INPUT_VALIDATION_ERROR", missing


def test_an_unknown_symbol(venue: Venue, trader: Trader) -> None:
    markets = SYMBOLS | {"DOGERUSD": 99}
    for op, payload in (
        ("createOrder", trader.unsigned_spot(symbol="DOGERUSD")),
        ("cancelOrder", trader.unsigned_cancel("5", symbol="DOGERUSD")),
        ("cancelAll", trader.unsigned_cancel_all(symbol="DOGERUSD")),
    ):
        assert refused(venue, trader.signed(op, payload, markets=markets), op) == "SYMBOL_NOT_FOUND"


def test_an_unknown_account(venue: Venue, trader: Trader) -> None:
    assert refused(venue, trader.spot(accountId=404)) == "NO_ACCOUNTS_FOUND"
    assert refused(venue, trader.cancel("5", accountId=404), "cancelOrder") == "NO_ACCOUNTS_FOUND"
    assert refused(venue, trader.cancel_all(accountId=404), "cancelAll") == "NO_ACCOUNTS_FOUND"


def test_deadlines_have_a_lower_and_an_upper_limit(venue: Venue, trader: Trader) -> None:
    now_s = trader.now_ns // SECOND
    passed, too_high = "ORDER_DEADLINE_PASSED_ERROR", "ORDER_DEADLINE_TOO_HIGH_ERROR"
    assert refused(venue, trader.spot(expiresAfter=now_s - 1)) == passed
    assert refused(venue, trader.perp(expiresAfter=now_s - 1)) == passed
    assert refused(venue, trader.cancel("5", expiresAfter=now_s - 1), "cancelOrder") == passed
    assert refused(venue, trader.cancel_all(expiresAfter=now_s - 1), "cancelAll") == passed
    trader.now_ns = venue.now_ns
    now_s = venue.now_ns // SECOND
    assert refused(venue, trader.perp(expiresAfter=now_s + 70)) == too_high
    assert refused(venue, trader.spot(expiresAfter=now_s + 24 * 3600 + 10)) == too_high
    assert refused(venue, trader.spot(timeInForce="IOC", expiresAfter=now_s + 70)) == too_high
    conn = venue.connect()
    assert venue.done(conn, "createOrder", trader.spot(expiresAfter=now_s + 24 * 3600 - 10))["status"] == "OPEN"


def test_the_deadline_itself_is_still_good(trader: Trader) -> None:
    venue = Venue()
    conn = venue.connect()
    assert venue.done(conn, "createOrder", trader.spot(expiresAfter=trader.now_ns // SECOND))


WRONG_KEYS: dict[str, Any] = {
    "another key": {"key": STRANGER_KEY},
    "another chain": {"network": MAINNET},
    "another market": {"markets": SYMBOLS | {"WETHRUSD": 12}},
    "another price": {"signed": {"limitPx": "2"}},
    "another quantity": {"signed": {"qty": "0.002"}},
    "the other side": {"signed": {"isBuy": False}},
    "another nonce": {"signed": {"nonce": "1"}},
    "another deadline": {"signed": {"expiresAfter": 1}},
    "another account": {"signed": {"accountId": DEMO_PERP_ACCOUNT}},
    "another exchange": {"signed": {"exchangeId": 1}},
    "another wallet": {"signed": {"signerWallet": "0x" + "00" * 20}},
}


@pytest.mark.parametrize("wrong", WRONG_KEYS.values(), ids=WRONG_KEYS.keys())
def test_a_signature_of_something_else(venue: Venue, trader: Trader, wrong: Fields) -> None:
    assert refused(venue, trader.signed("createOrder", trader.unsigned_spot(), **wrong)) == UNAUTHORIZED


@pytest.mark.parametrize(
    "wrong",
    [
        {"signed": {"timeInForce": "GTC", "expiresAfter": None}},
        {"signed": {"timeInForce": "GTC"}},
        {"signed": {"reduceOnly": True}},
        {"network": TESTNET.__class__(name="x", chain_id=TESTNET.chain_id, gateway=TESTNET.gateway, pool_account=2)},
        {"network": TESTNET.__class__(name="x", chain_id=TESTNET.chain_id, gateway=MAINNET.gateway, pool_account=4)},
    ],
    ids=["gtc without a deadline", "gtc", "reduce-only", "another pool", "another contract"],
)
def test_a_perp_signature_of_something_else(venue: Venue, trader: Trader, wrong: Fields) -> None:
    assert refused(venue, trader.signed("createOrder", trader.unsigned_perp(), **wrong)) == UNAUTHORIZED


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": STRANGER_KEY},
        {"network": MAINNET},
        {"markets": SYMBOLS | {"WETHRUSD": 12}},
        {"signed": {"orderId": "6"}},
        {"signed": {"clientOrderId": 6}},
        {"signed": {"nonce": "1"}},
        {"signed": {"expiresAfter": 1}},
    ],
    ids=str,
)
def test_a_cancels_signature_of_something_else(venue: Venue, trader: Trader, wrong: Fields) -> None:
    conn = venue.connect()
    order = venue.done(conn, "createOrder", trader.spot())
    payload = trader.signed("cancelOrder", trader.unsigned_cancel(order["orderId"]), **wrong)
    assert venue.refused(conn, "cancelOrder", payload)[0] == UNAUTHORIZED
    assert len(venue.open_orders(trader.wallet)) == 1


def test_a_mass_cancels_signature_of_something_else(venue: Venue, trader: Trader) -> None:
    conn = venue.connect()
    venue.done(conn, "createOrder", trader.spot())
    for wrong in ({"key": STRANGER_KEY}, {"signed": {"symbol": "WETHRUSD"}}, {"signed": {"accountId": 1}}):
        payload = trader.signed("cancelAll", trader.unsigned_cancel_all(), **wrong)
        assert venue.refused(conn, "cancelAll", payload)[0] == UNAUTHORIZED
    assert len(venue.open_orders(trader.wallet)) == 1


def test_a_perp_cancels_signature_of_something_else(venue: Venue, trader: Trader) -> None:
    conn = venue.connect()
    order_id = venue.done(conn, "createOrder", trader.perp_gtc())["orderId"]
    for payload in (
        trader.signed("cancelOrder", {"orderId": order_id}, signed={"orderId": "1"}),
        trader.signed("cancelOrder", {"orderId": order_id}, key=STRANGER_KEY),
    ):
        assert venue.refused(conn, "cancelOrder", payload)[0] == UNAUTHORIZED
    assert len(venue.open_orders(trader.wallet)) == 1


def test_bent_signatures(venue: Venue, trader: Trader) -> None:
    good = trader.spot()
    curve = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    r, s, v = good["signature"][2:66], good["signature"][66:130], good["signature"][130:]
    flipped = "1c" if v == "1b" else "1b"
    for bent in (r + s + flipped, r + f"{curve - int(s, 16):064x}" + flipped, s + r + v, r + s + "1d", "00" * 65):
        assert refused(venue, good | {"signature": "0x" + bent}) == UNAUTHORIZED
    assert venue.done(venue.connect(), "createOrder", good)["status"] == "OPEN", "the good one is still unused"


def test_what_the_signature_does_not_cover_may_change(venue: Venue, trader: Trader) -> None:
    conn = venue.connect()
    payload = trader.spot() | {"clientOrderId": 99}
    assert venue.done(conn, "createOrder", payload)["clientOrderId"] == 99
    assert venue.done(conn, "createOrder", trader.spot() | {"timeInForce": "IOC"})["status"] == "CANCELLED"


def test_only_permitted_wallets_act_for_an_account(trader: Trader) -> None:
    stranger = Trader(STRANGER_KEY)
    closed = Venue()
    assert refused(closed, stranger.spot()) == UNAUTHORIZED
    conn = closed.connect()
    order_id = closed.done(conn, "createOrder", trader.spot())["orderId"]
    assert closed.refused(conn, "cancelOrder", stranger.cancel(order_id))[0] == UNAUTHORIZED
    assert closed.refused(conn, "cancelAll", stranger.cancel_all())[0] == UNAUTHORIZED

    account = Account(
        account_id=DEMO_SPOT_ACCOUNT,
        owner=trader.wallet,
        permitted=(stranger.wallet.lower(),),
        balances={"RUSD": Decimal(10)},
    )
    venue = Venue(quiet(accounts=(account,)))
    assert venue.done(venue.connect(), "createOrder", stranger.spot())["status"] == "OPEN"
    assert len(venue.open_orders(trader.wallet)) == 1, "it is the owner's order"
    assert venue.open_orders(stranger.wallet) == []


def test_a_permitted_wallet_signs_in_its_own_name_only(trader: Trader) -> None:
    stranger = Trader(STRANGER_KEY)
    account = Account(
        account_id=DEMO_SPOT_ACCOUNT, owner=trader.wallet, permitted=(stranger.wallet,), balances={"RUSD": Decimal(10)}
    )
    venue = Venue(quiet(accounts=(account,)))
    assert refused(venue, trader.signed("createOrder", trader.unsigned_spot(), key=STRANGER_KEY)) == UNAUTHORIZED


def test_the_case_of_a_wallets_letters_does_not_matter(venue: Venue, trader: Trader) -> None:
    payload = trader.spot(signerWallet=trader.wallet.lower())
    assert venue.done(venue.connect(), "createOrder", payload)
    assert len(venue.open_orders(trader.wallet.upper().replace("0X", "0x"))) == 1


def test_spot_nonces_must_strictly_increase_per_signer(venue: Venue, trader: Trader) -> None:
    conn = venue.connect()
    first, second = trader.spot(), trader.spot()
    order_id = venue.done(conn, "createOrder", second)["orderId"]
    assert venue.refused(conn, "createOrder", first)[0] == "INVALID_NONCE_ERROR", "swapped on the way"
    assert venue.refused(conn, "createOrder", second)[0] == "INVALID_NONCE_ERROR", "sent twice"
    stale = str(int(second["nonce"]) - 1)
    assert venue.refused(conn, "cancelOrder", trader.cancel(order_id, nonce=stale))[0] == "INVALID_NONCE_ERROR"
    assert venue.refused(conn, "cancelAll", trader.cancel_all(nonce=stale))[0] == "INVALID_NONCE_ERROR"
    assert len(venue.open_orders(trader.wallet)) == 1
    status, _ = venue.rest("POST", "/v2/cancelAll", trader.cancel_all(nonce=stale))
    assert status == 400, "REST counts the same nonces"


def test_a_nonce_is_used_up_even_where_the_order_is_refused_later(venue: Venue, trader: Trader) -> None:
    conn = venue.connect()
    poor = trader.spot(price="4999999", qty="0.001")
    assert venue.refused(conn, "createOrder", trader.spot(qty="0.0001", nonce=poor["nonce"]))[0] == (
        "CREATE_ORDER_OTHER_ERROR"
    )
    assert venue.refused(conn, "createOrder", poor)[0] == "INVALID_NONCE_ERROR"


def test_perp_nonces_increase_within_account_and_market(venue: Venue, trader: Trader) -> None:
    conn = venue.connect()
    first = trader.perp(qty="0.01")
    second = trader.perp(qty="0.01")
    assert venue.done(conn, "createOrder", second)
    assert venue.refused(conn, "createOrder", first)[0] == "INVALID_NONCE_ERROR"
    other = trader.unsigned_perp(symbol="BTCRUSDPERP", price="100000", qty="0.001", nonce=first["nonce"])
    assert venue.done(conn, "createOrder", trader.signed("createOrder", other))


def test_a_market_without_a_price(trader: Trader) -> None:
    dark = tuple(
        market.__class__(
            **{name: getattr(market, name) for name in market.__struct_fields__ if name != "price"}, price=None
        )
        for market in MARKETS
    )
    venue = Venue(quiet(markets=dark))
    assert refused(venue, trader.perp()) == "NO_PRICES_FOUND_FOR_SYMBOL"
    assert venue.done(venue.connect(), "createOrder", trader.spot())["status"] == "OPEN", "spot needs no oracle"


def test_an_engine_that_is_down(venue: Venue, trader: Trader) -> None:
    conn = venue.connect()
    order_id = venue.done(conn, "createOrder", trader.spot())["orderId"]
    venue.handler.exchange.halted = True
    for op, payload in (
        ("createOrder", trader.spot()),
        ("createOrder", trader.perp()),
        ("cancelOrder", trader.cancel(order_id)),
        ("cancelAll", trader.cancel_all()),
    ):
        assert venue.refused(conn, op, payload)[0] == "UNAVAILABLE_MATCHING_ENGINE_ERROR"
    venue.handler.exchange.halted = False
    assert venue.done(conn, "cancelOrder", trader.cancel(order_id))["status"] == "CANCELLED"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"qty": "0.0001"}, "is below minimum order base"),
        ({"qty": "0.0015"}, "does not conform to base spacing"),
        ({"price": "1.001"}, "does not conform to price spacing"),
    ],
)
def test_orders_must_conform_to_their_market(venue: Venue, trader: Trader, fields: Fields, words: str) -> None:
    code, message = venue.refused(venue.connect(), "createOrder", trader.spot(**fields))
    assert (code, words in message) == ("CREATE_ORDER_OTHER_ERROR", True)


def test_nobody_trades_what_he_does_not_own(trader: Trader) -> None:
    poor = Account(account_id=DEMO_SPOT_ACCOUNT, owner=trader.wallet, balances={"RUSD": Decimal(10)})
    broke = Account(account_id=DEMO_PERP_ACCOUNT, owner=trader.wallet, balances={"RUSD": Decimal(5)})
    venue = Venue(quiet(accounts=(poor, broke)))
    conn = venue.connect()
    for payload in (trader.spot("buy", "100", "0.101"), trader.spot("sell", "4000", "0.001"), trader.perp()):
        code, message = venue.refused(conn, "createOrder", payload)
        assert (code, "Insufficient balance" in message) == ("CREATE_ORDER_OTHER_ERROR", True)
    assert venue.done(conn, "createOrder", trader.spot("buy", "100", "0.06"))["status"] == "OPEN"
    assert "Insufficient balance" in venue.refused(conn, "createOrder", trader.spot("buy", "100", "0.06"))[1], "held"


def test_a_cancel_of_what_is_not_there(venue: Venue, trader: Trader) -> None:
    conn = venue.connect()
    spot_id = venue.done(conn, "createOrder", trader.spot(clientOrderId=5))["orderId"]
    perp_id = venue.done(conn, "createOrder", trader.perp_gtc())["orderId"]
    for payload in (
        trader.cancel("1864998629727530000"),
        trader.cancel(clientOrderId=6),
        trader.cancel(spot_id, symbol="WBTCRUSD"),
        trader.cancel(spot_id, accountId=DEMO_PERP_ACCOUNT),
        trader.cancel(perp_id),
        trader.cancel_perp(spot_id),
        trader.cancel_perp("123456789-123123123"),
    ):
        assert venue.refused(conn, "cancelOrder", payload)[0] == "CANCEL_ORDER_OTHER_ERROR"
    assert len(venue.open_orders(trader.wallet)) == 2


def test_perps_have_no_mass_cancel(venue: Venue, trader: Trader) -> None:
    code, message = venue.refused(venue.connect(), "cancelAll", trader.cancel_all(symbol="ETHRUSDPERP"))
    assert (code, "not supported" in message) == ("CANCEL_ORDER_OTHER_ERROR", True)


def test_thirty_orders_and_cancels_a_minute_over_both_transports(trader: Trader) -> None:
    venue = Venue(quiet(limits=Limits()))
    conn = venue.connect()
    ids = []
    for n in range(14):
        ids.append(venue.done(conn, "createOrder", trader.spot())["orderId"])
        if n % 2:
            assert venue.rest("POST", "/v2/createOrder", trader.spot())[0] == 200
    for order_id in ids[:9]:
        venue.done(conn, "cancelOrder", trader.cancel(order_id))
    began = trader.now_ns
    code, message = venue.refused(conn, "createOrder", trader.spot(expiresAfter=began // SECOND + 200))
    assert (code, "Rate limit exceeded: 30" in message) == ("CREATE_ORDER_OTHER_ERROR", True)
    code, message = venue.refused(conn, "cancelOrder", trader.cancel(ids[-1], expiresAfter=began // SECOND + 200))
    assert (code, "Rate limit exceeded" in message) == ("CANCEL_ORDER_OTHER_ERROR", True)
    status, body = venue.rest("POST", "/v2/createOrder", trader.spot(expiresAfter=began // SECOND + 200))
    assert (status, "Rate limit exceeded" in body["message"]) == (400, True), "the wallet's limit, not the socket's"
    assert conn not in venue.ended, "the connection stays open"
    venue.wait(60 - (venue.now_ns - began) / SECOND + 1)
    assert venue.done(conn, "createOrder", trader.spot(expiresAfter=began // SECOND + 200)), "the window slides"


def test_ten_mass_cancels_a_minute_of_their_own(trader: Trader) -> None:
    venue = Venue(quiet(limits=Limits()))
    conn = venue.connect()
    for _ in range(10):
        venue.done(conn, "cancelAll", trader.cancel_all())
    trader.now_ns = venue.now_ns
    code, message = venue.refused(conn, "cancelAll", trader.cancel_all())
    assert (code, "Rate limit exceeded: 10 cancelAll" in message) == ("CANCEL_ORDER_OTHER_ERROR", True)
    assert venue.done(conn, "createOrder", trader.spot()), "orders are counted apart"


def test_a_wallet_has_a_cap_on_open_orders_and_on_their_worth(trader: Trader) -> None:
    limits = Limits(orders_per_minute=1000, open_orders=3, open_notional=Decimal(10))
    venue = Venue(quiet(limits=limits))
    conn = venue.connect()
    venue.done(conn, "createOrder", trader.spot("buy", "100", "0.05"))
    code, message = venue.refused(conn, "createOrder", trader.spot("buy", "100", "0.051"))
    assert (code, "10 RUSD notional" in message) == ("CREATE_ORDER_OTHER_ERROR", True)
    venue.done(conn, "createOrder", trader.spot("buy", "100", "0.05"))
    venue.done(conn, "createOrder", trader.trigger("SL", "sell", "100"))
    code, message = venue.refused(conn, "createOrder", trader.trigger("SL", "sell", "100"))
    assert (code, "3 orders" in message) == ("CREATE_ORDER_OTHER_ERROR", True)
    status, body = venue.rest("POST", "/v2/createOrder", trader.spot())
    assert (status, "Open order limit" in body["message"]) == (400, True)
    venue.done(conn, "cancelAll", trader.cancel_all())
    assert venue.done(conn, "createOrder", trader.spot())


def test_client_order_ids_are_never_deduplicated(venue: Venue, trader: Trader) -> None:
    conn = venue.connect()
    ids = {venue.done(conn, "createOrder", trader.spot(clientOrderId=7))["orderId"] for _ in range(2)}
    assert len(ids) == 2
    assert [order["clientOrderId"] for order in venue.open_orders(trader.wallet)] == [7, 7]
