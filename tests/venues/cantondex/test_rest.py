"""The REST API: logging in, orders and their limits, lists; and how all of it is read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from venues.cantondex.trader import ACCOUNT, OFFICER, SYMBOL, Fields, Venue, best, quiet

from wsreplay.venues.cantondex.dialect import CantonDexDialect
from wsreplay.venues.cantondex.setup import DEMO_EMAIL, DEMO_PASSWORD, Account, CantonDexSetup, Limits
from wsreplay.venues.cantondex.tokens import claims_in
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.gateway import Ask, Responded

DEX = CantonDexDialect()
D = Decimal


def error_of(answer: tuple[int, Fields]) -> tuple[int, str]:
    status, body = answer
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message", "details", "request_id", "timestamp"}
    return status, body["error"]["code"]


# Logging in


def test_a_login_gives_a_token_that_the_socket_takes_and_another_to_renew_it() -> None:
    venue = Venue()
    status, tokens = venue.rest("POST", "/auth/login", {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}, account=None)
    assert (status, tokens["token_type"], tokens["expires_in"]) == (200, "Bearer", 3600)
    conn = venue.connect()
    assert venue.send(conn, {"type": "auth", "token": tokens["access_token"]})[0]["account_id"] == ACCOUNT
    claims = claims_in(tokens["access_token"]) or {}
    assert claims["exp"] - claims["iat"] == 3600
    venue.wait(3_601)
    assert venue.send(venue.connect(), {"type": "auth", "token": tokens["access_token"]})[0]["status"] == "failed"
    renewed = venue.rest("POST", "/auth/refresh", {"refresh_token": tokens["refresh_token"]}, account=None)[1]
    assert venue.send(venue.connect(), {"type": "auth", "token": renewed["access_token"]})[0]["account_id"] == ACCOUNT


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/login", {"email": DEMO_EMAIL, "password": "guess"}),
        ("/auth/login", {"email": "nobody@cantondex.io", "password": DEMO_PASSWORD}),
        ("/auth/login", {}),
        ("/auth/refresh", {"refresh_token": "none"}),
        ("/auth/refresh", {}),
    ],
)
def test_a_login_that_is_refused(path: str, body: Fields) -> None:
    assert error_of(Venue().rest("POST", path, body, account=None)) == (401, "UNAUTHORIZED")


def test_an_access_token_renews_nothing() -> None:
    venue = Venue()
    assert error_of(venue.rest("POST", "/auth/refresh", {"refresh_token": venue.token()}, account=None))[0] == 401


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic abc"])
def test_all_else_needs_a_token(header: str | None) -> None:
    venue = Venue()
    headers = () if header is None else (("authorization", header),)
    ticket, _ = venue.request(Ask(target="/v1/orders?account_id=x", headers=headers), venue.now_ns)
    [answer] = [out for out in venue.advance(venue.now_ns + 10**9) if isinstance(out, Responded)]
    assert (answer.ticket, answer.status) == (ticket, 401)


# Orders

WISH: dict[str, Any] = {
    "account_id": ACCOUNT,
    "symbol": SYMBOL,
    "side": "buy",
    "order_type": "limit",
    "quantity": 100,
    "price": D("150.50"),
    "time_in_force": "gtc",
    "post_only": False,
    "hidden": True,
    "ioc_limit": 50,
}
"""The order of the venue's REST document."""
MEMBERS = [
    "order_id",
    "account_id",
    "symbol",
    "side",
    "order_type",
    "quantity",
    "price",
    "status",
    "filled",
    "average_fill_price",
    "created_at",
    "updated_at",
]


def test_an_order_is_placed_found_replaced_and_cancelled() -> None:
    venue = Venue()
    status, placed = venue.rest("POST", "/orders", WISH)
    assert (status, list(placed), placed["status"]) == (201, MEMBERS, "pending")
    order = placed["order_id"]
    assert venue.rest("GET", f"/orders/{order}")[1] == placed
    assert venue.rest("GET", f"/orders?account_id={ACCOUNT}&status=pending") == (
        200,
        {"orders": [placed], "total": 1, "limit": 20, "offset": 0},
    )
    conn = venue.listen("orders")
    status, replaced = venue.rest("PUT", f"/orders/{order}", {"quantity": 120, "price": 150.25})
    assert (status, replaced["order_id"], replaced["quantity"], replaced["price"]) == (200, order, 120, 150.25)
    assert venue.told(conn)[0]["type"] == "order_updated"
    status, cancelled = venue.rest("DELETE", f"/orders/{order}", {"account_id": ACCOUNT})
    assert (status, list(cancelled)) == (200, ["order_id", "status", "cancelled_at"])
    assert venue.told(conn)[-1]["reason"] == "user_requested"
    assert error_of(venue.rest("DELETE", f"/orders/{order}")) == (409, "CONFLICT")
    assert error_of(venue.rest("PUT", f"/orders/{order}", {"price": 150})) == (409, "CONFLICT")
    assert venue.rest("GET", f"/orders?account_id={ACCOUNT}&status=pending")[1]["orders"] == []
    assert venue.rest("GET", f"/accounts/{ACCOUNT}/balance")[1]["reserved_balance"] == 0


def test_a_replaced_order_may_be_filled() -> None:
    venue = Venue()
    order = venue.placed("buy", 10, 100)
    conn = venue.listen("orders")
    venue.rest("PUT", f"/orders/{order}", {"price": best(venue, "sell")})
    assert [each["type"] for each in venue.told(conn)] == ["order_updated", "order_filled"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"symbol": "NOPE/USDC"},
        {"symbol": None},
        {"side": "hold"},
        {"order_type": "stop"},
        {"time_in_force": "day"},
        {"quantity": None},
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": "100"},
        {"quantity": True},
        {"quantity": D("0.5")},
        {"price": None},
        {"price": D("150.505")},
        {"price": 10**40},
        {"post_only": "yes"},
        {"post_only": True, "price": D(200)},
        {"account_id": None},
    ],
    ids=str,
)
def test_an_order_that_is_none(wrong: Fields) -> None:
    venue = Venue()
    conn = venue.listen("orders")
    assert error_of(venue.rest("POST", "/orders", {**WISH, **wrong})) == (400, "INVALID_REQUEST")
    assert venue.told(conn) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"quantity":' + b"9" * 5000 + b"}", b"[" * 50_000])
def test_a_body_that_is_none(body: bytes) -> None:
    assert error_of(Venue().rest("POST", "/orders", body)) == (400, "INVALID_REQUEST")


def test_what_an_account_can_not_pay_or_does_not_have() -> None:
    venue = Venue()
    status, body = venue.order("buy", 7_000, 150)
    assert error_of((status, body)) == (403, "INSUFFICIENT_MARGIN")
    details = body["error"]["details"]
    assert details["shortfall"] == round(details["required_margin"] - details["available_margin"], 2)
    assert error_of(venue.order("sell", 501)) == (403, "INSUFFICIENT_MARGIN")
    assert error_of(venue.order("buy", 40_000, 150)) == (422, "RISK_LIMIT_EXCEEDED")
    assert venue.order("sell", 500, 200)[0] == 201
    assert error_of(venue.order("sell", 1, 200)) == (403, "INSUFFICIENT_MARGIN"), "it is promised already"


def test_nobody_acts_for_another_account() -> None:
    venue = Venue()
    order = venue.placed("buy", 1, 100)
    assert error_of(venue.rest("POST", "/orders", {**WISH, "account_id": OFFICER})) == (403, "FORBIDDEN")
    assert error_of(venue.rest("POST", "/orders", {**WISH, "account_id": OFFICER}, account=OFFICER)) == (
        403,
        "FORBIDDEN",
    )
    assert error_of(venue.rest("DELETE", f"/orders/{order}", account=OFFICER)) == (403, "FORBIDDEN")
    assert error_of(venue.rest("GET", f"/orders?account_id={ACCOUNT}", account=OFFICER)) == (403, "FORBIDDEN")
    assert error_of(venue.rest("GET", f"/accounts/{ACCOUNT}/balance", account=OFFICER)) == (403, "FORBIDDEN")


def test_a_hundred_orders_a_minute_and_a_thousand_requests() -> None:
    venue = Venue(quiet(limits=Limits()))
    for _ in range(100):
        assert venue.order("buy", 1, 100)[0] == 201
    assert error_of(venue.order("buy", 1, 100)) == (429, "RATE_LIMITED")
    venue.wait(60)
    assert venue.order("buy", 1, 100)[0] == 201
    venue = Venue(quiet(limits=Limits(requests_per_minute=3)))
    assert [venue.rest("GET", "/health")[0] for _ in range(4)] == [200, 200, 200, 429]


# Lists


def test_trades_settlements_and_what_came_of_them() -> None:
    venue = Venue()
    order = venue.placed("buy", 50, 200)
    [trade] = venue.rest("GET", f"/trades?account_id={ACCOUNT}")[1]["trades"]
    assert (trade["order_id"], trade["settlement_status"]) == (order, "pending")
    assert venue.rest("GET", f"/trades/{trade['trade_id']}")[1] == trade
    [settlement] = venue.rest("GET", f"/settlements?account_id={ACCOUNT}")[1]["settlements"]
    venue.wait(3)
    confirmed = venue.rest("GET", f"/settlements/{settlement['settlement_id']}")[1]
    assert (settlement["status"], confirmed["status"]) == ("pending", "confirmed")
    balance = venue.rest("GET", f"/accounts/{ACCOUNT}/balance")[1]
    assert {"asset_id": "AAPL", "quantity": 550} in balance["assets"]


def test_pages() -> None:
    venue = Venue()
    orders = [venue.placed("buy", 1, 100) for _ in range(3)]
    page = venue.rest("GET", f"/orders?account_id={ACCOUNT}&limit=2&offset=1")[1]
    assert ([each["order_id"] for each in page["orders"]], page["total"]) == (orders[1:], 3)
    assert error_of(venue.rest("GET", f"/orders?account_id={ACCOUNT}&limit=-1")) == (400, "INVALID_REQUEST")


def test_deposits_and_withdrawals_are_done_after_a_while() -> None:
    venue = Venue()
    wish = {"currency": "USDC", "blockchain": "ethereum"}
    status, deposit = venue.rest("POST", f"/accounts/{ACCOUNT}/deposits", wish)
    assert (status, deposit["min_deposit"]) == (201, 100)
    status, withdrawal = venue.rest("POST", f"/accounts/{ACCOUNT}/withdrawals", {**wish, "amount": 5000})
    assert (status, withdrawal["status"], withdrawal["net_amount"]) == (201, "pending", 4995)
    venue.wait(3)
    arrived = venue.rest("GET", f"/deposits/{deposit['deposit_id']}")[1]
    assert venue.rest("GET", f"/withdrawals/{withdrawal['withdrawal_id']}")[1]["status"] == "confirmed"
    balance = venue.rest("GET", f"/accounts/{ACCOUNT}/balance")[1]
    assert balance["total_balance"] == 1_000_000 - 5000 + arrived["amount"]
    for wrong in ({"currency": "BTC", "amount": 10}, {"currency": "USDC", "amount": 5}, {"currency": "USDC"}):
        assert error_of(venue.rest("POST", f"/accounts/{ACCOUNT}/withdrawals", wrong)) == (400, "INVALID_REQUEST")
    too_much = {"currency": "USDC", "amount": 2_000_000}
    assert error_of(venue.rest("POST", f"/accounts/{ACCOUNT}/withdrawals", too_much)) == (403, "INSUFFICIENT_MARGIN")


@pytest.mark.parametrize(
    "path",
    ["/orders/ord_none", "/trades/trd_none", "/settlements/x", "/markets/X/Y/price", "/deposits/x", "/nothing"],
)
def test_what_is_not_there(path: str) -> None:
    assert error_of(Venue().rest("GET", path)) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    "path",
    ["/markets", "/markets/AAPL%2FUSDC/price", f"/accounts/{ACCOUNT}", f"/compliance/status/{ACCOUNT}", "/status"],
)
def test_what_is_there(path: str) -> None:
    assert Venue().rest("GET", path)[0] == 200


def test_prefixes_are_no_matter() -> None:
    venue = Venue()
    for target in ("/health", "/v1/health", "/api/v1/health"):
        _, out = venue.request(Ask(target=target), venue.now_ns)
        venue.now_ns += 10**9
        [answer] = [each for each in out + venue.advance(venue.now_ns) if isinstance(each, Responded)]
        assert answer.status == 200


def test_a_venue_made_for_a_recording_knows_its_accounts_and_symbols() -> None:
    setup = CantonDexSetup().serving(["acc_9", ACCOUNT], ["X/USDC", SYMBOL], b"k" * 32)
    assert [account.account_id for account in setup.accounts] == [ACCOUNT, OFFICER, "acc_9"]
    assert [market.symbol for market in setup.markets] == [SYMBOL, "GOOGL/USDC", "X/USDC"]
    venue = Venue(setup)
    wish = {**WISH, "account_id": "acc_9", "symbol": "X/USDC", "price": D("0.000001"), "quantity": D("7.5")}
    assert venue.rest("POST", "/orders", wish, account="acc_9")[0] == 201
    login = {"email": "somebody@else", "password": DEMO_PASSWORD}
    token = venue.rest("POST", "/auth/login", login, account=None)[1]["access_token"]
    assert venue.send(venue.connect(), {"type": "auth", "token": token})[0]["account_id"] == "acc_9"


# How it is read


def read(method: str, path: str, body: Any = None, answer: tuple[int, str] | None = None) -> Envelope:
    raw = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    asked = HttpMessage(method=method, url=f"https://api.cantondex.io/v1{path}", body=raw)
    if answer is None:
        return DEX.decode_http(asked, None)
    return DEX.decode_http(HttpMessage(method=method, url=asked.url, status=answer[0], body=answer[1].encode()), asked)


def test_an_order_is_read_from_wish_to_list_with_one_intent() -> None:
    venue = Venue()
    wish = '"symbol":"AAPL/USDC","side":"buy","order_type":"limit","quantity":100,"price":150.50,"time_in_force":"ioc"'
    asked = read("POST", "/orders", f'{{"account_id":"{ACCOUNT}",{wish}}}')
    assert (asked.role, asked.op, asked.account, asked.symbol) == ("request", "POST /orders", ACCOUNT, SYMBOL)
    assert (asked.side, asked.price, asked.qty) == ("buy", "150.50", "100")
    conn = venue.listen("orders")
    status, placed = venue.rest("POST", "/orders", WISH)
    reply = read("POST", "/orders", answer=(status, json.dumps(placed)))
    assert (reply.role, reply.order_id, reply.status) == ("reply", placed["order_id"], "pending")
    path = f"/orders?account_id={ACCOUNT}"
    listed = read("GET", path, answer=(200, json.dumps(venue.rest("GET", path)[1]))).parts
    created = DEX.decode(venue.raw[conn][-1], "venue")
    assert len(listed) == 1
    assert listed[0].order_id == created.order_id == reply.order_id
    assert asked.intent == reply.intent == listed[0].intent == created.intent is not None
    made_ns = venue.house.desk.orders[placed["order_id"]].created_ns
    assert listed[0].venue_at_ns == created.venue_at_ns == made_ns // 10**6 * 10**6


@pytest.mark.parametrize(
    ("method", "path", "op", "order_id", "account"),
    [
        ("DELETE", "/orders/ord_1", "DELETE /orders/{order_id}", "ord_1", None),
        ("get", "/orders/ord_1", "GET /orders/{order_id}", "ord_1", None),
        ("GET", "/orders?account_id=acc_1&status=pending", "GET /orders", None, "acc_1"),
        ("GET", "/accounts/acc_1/balance", "GET /accounts/{account_id}/balance", None, "acc_1"),
        ("GET", "/compliance/status/acc_1", "GET /compliance/status/{account_id}", None, "acc_1"),
        ("GET", "/markets/AAPL%2FUSDC/price", "GET /markets/{symbol}/price", None, None),
        ("POST", "/auth/login", "POST /auth/login", None, None),
    ],
)
def test_requests_are_called_by_their_path(
    method: str, path: str, op: str, order_id: str | None, account: str | None
) -> None:
    envelope = read(method, path)
    assert (envelope.role, envelope.op, envelope.order_id, envelope.account) == ("request", op, order_id, account)


def test_a_replacement_says_what_it_wants() -> None:
    envelope = read("PUT", "/orders/ord_1", '{"quantity":120,"price":151.00}')
    assert (envelope.order_id, envelope.qty, envelope.price, envelope.intent) == ("ord_1", "120", "151.00", None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"error":{"code":"INSUFFICIENT_MARGIN"}}', "INSUFFICIENT_MARGIN"),
        ('{"error":"NOT_FOUND"}', "NOT_FOUND"),
        ('{"error":{}}', "HTTP_403"),
        ("<html>", "HTTP_403"),
        ("", "HTTP_403"),
    ],
)
def test_a_refusal_says_why(body: str, code: str) -> None:
    assert read("POST", "/orders", answer=(403, body)) == Envelope(role="reply", op="POST /orders", error_code=code)


def test_trades_are_read_to_the_digit() -> None:
    trade = '{"trade_id":"t","order_id":"o","side":"sell","quantity":50.000,"price":150.480,"executed_at":"2024-11-17"}'
    [listed] = read("GET", "/trades?account_id=a", answer=(200, f'{{"trades":[{trade}]}}')).parts
    assert (listed.order_id, listed.side, listed.price, listed.qty) == ("o", "sell", "150.480", "50.000")


def test_an_account_without_the_right_to_trade_is_told_so() -> None:
    account = Account(account_id="acc_3", rights=frozenset())
    venue = Venue(quiet(accounts=(account,)))
    assert error_of(venue.rest("POST", "/orders", {**WISH, "account_id": "acc_3"}, account="acc_3"))[0] == 403
