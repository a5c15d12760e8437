"""Orders over REST: what becomes of them, who is told, and every refusal."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venues.loopring.test_feeds import sketch
from venues.loopring.trader import MARKET, START, WEI, Fields, Venue, quiet

from venues.loopring import examples
from wsreplay.venues.envelope import HttpMessage
from wsreplay.venues.gateway import Ask
from wsreplay.venues.loopring.dialect import LoopringDialect
from wsreplay.venues.loopring.errors import RestCode
from wsreplay.venues.loopring.orders import SECOND
from wsreplay.venues.loopring.setup import DEMO_ACCOUNT, DEMO_API_KEY, Account, Limits
from wsreplay.venues.matching import EXACT

ORDER = "/api/v3/order"
MINE = f"accountId={DEMO_ACCOUNT}"
ORDERS: Fields = {"topic": "order", "market": MARKET}


def seen(venue: Venue, conn: int) -> list[str]:
    """What was pushed about orders."""
    return [push["data"]["status"] for push in venue.pushes(conn, "order")]


def balances(venue: Venue) -> dict[int, tuple[int, int]]:
    answer = venue.told("GET", f"/api/v3/user/balances?{MINE}")
    assert [sketch(each) for each in answer] == [sketch(json.loads(examples.BALANCE))] * len(answer)
    return {each["tokenId"]: (int(each["total"]), int(each["locked"])) for each in answer}


def cancel(venue: Venue, **wanted: str) -> Any:
    query = "&".join(f"{name}={value}" for name, value in {"accountId": str(DEMO_ACCOUNT), **wanted}.items())
    return venue.told("DELETE", f"{ORDER}?{query}")


# What becomes of an order


def test_an_order_rests_and_is_cancelled() -> None:
    venue = Venue()
    conn = venue.subscribed(ORDERS)
    answer = venue.submit(clientOrderId="a")
    assert sketch(answer) == sketch(json.loads(examples.SUBMITTED))
    assert (answer["clientOrderId"], answer["status"], answer["isIdempotent"]) == ("a", "processing", False)
    assert balances(venue)[0] == (20 * WEI, 5 * 10**16)
    assert cancel(venue, orderHash=answer["hash"]) == answer | {"status": "cancelled"}
    assert seen(venue, conn) == ["processing", "cancelling", "cancelled"]
    assert balances(venue)[0] == (20 * WEI, 0)


def test_an_order_takes_what_is_there_and_is_told_as_it_is_filled() -> None:
    venue = Venue()
    conn = venue.subscribed(ORDERS, {"topic": "account"})
    answer = venue.submit("sell", 100 * WEI, 10**16)
    assert answer["status"] == "processed"
    assert seen(venue, conn) == ["processing", "processed"]
    proceeds = 100 * 1999 * 10**14 // 1000
    assert balances(venue) == {0: (20 * WEI + proceeds, 0), 1: (99_900 * WEI, 0), 3: (50_000 * 10**6, 0)}
    pushed = {push["data"]["tokenId"]: push["data"] for push in venue.pushes(conn, "account")}
    assert {token: (int(it["totalAmount"]), int(it["amountLocked"])) for token, it in pushed.items()} == {
        token: both for token, both in balances(venue).items() if token != 3
    }
    data = venue.pushes(conn, "order")[-1]["data"]
    assert (data["filledSize"], data["filledVolume"], data["filledFee"]) == (str(100 * WEI), str(proceeds), "0")


def test_an_order_that_is_partly_filled_is_still_processing() -> None:
    venue = Venue()
    conn = venue.subscribed(ORDERS)
    best = venue.told("GET", f"/api/v3/depth?market={MARKET}&level=0")["asks"][0]
    size = int(best[1]) + 10 * WEI
    # The best price, and not a unit more, for more than there is.
    answer = venue.submit("buy", size // 1000, size // 1000 * 2001 // 10**7)
    assert answer["status"] == "processed"
    big = Venue(quiet(accounts=(Account(account_id=DEMO_ACCOUNT, balances={0: 10**6 * WEI}),)))
    conn = big.subscribed(ORDERS)
    assert big.submit("buy", size, size * 2001 // 10**7)["status"] == "processing"
    data = [push["data"] for push in big.pushes(conn, "order")]
    assert [each["status"] for each in data] == ["processing", "processing"]
    assert int(data[-1]["filledSize"]) == size - 10 * WEI
    (listed,) = big.orders("&status=processing")
    assert listed["volumes"]["baseFilled"] == data[-1]["filledSize"]


def test_a_buyer_pays_the_price_that_was_offered_and_gets_the_rest_back() -> None:
    venue = Venue()
    venue.submit("buy", 100 * WEI, 10**17)
    assert balances(venue)[0] == (20 * WEI - 100 * 2001 * 10**11, 0)


def test_an_order_expires() -> None:
    venue = Venue()
    conn = venue.subscribed(ORDERS)
    venue.submit(validUntil=START // SECOND + 10)
    venue.wait(11)
    assert seen(venue, conn) == ["processing", "expired"]
    assert balances(venue)[0] == (20 * WEI, 0)
    assert [order["status"] for order in venue.orders()] == ["expired"]


def test_what_a_taker_does_not_find_is_cancelled() -> None:
    venue = Venue()
    conn = venue.subscribed(ORDERS)
    assert venue.submit(orderType="TAKER_ONLY")["status"] == "cancelled"
    assert seen(venue, conn) == ["processing", "cancelled"]
    assert balances(venue)[0] == (20 * WEI, 0)


def test_a_maker_may_not_take() -> None:
    venue = Venue()
    assert venue.submit(orderType="MAKER_ONLY")["status"] == "processing"
    body = venue.order("sell", 100 * WEI, 10**16, orderType="MAKER_ONLY")
    assert venue.code("POST", ORDER, body) == (400, RestCode.NOT_VALID)


def test_the_push_may_come_before_the_answer() -> None:
    venue = Venue()
    conn = venue.subscribed(ORDERS)
    body = json.dumps(venue.order()).encode()
    asked = Ask(method="POST", target=ORDER, headers=(("X-API-KEY", DEMO_API_KEY),), body=body)
    ticket, out = venue.request(asked, venue.now_ns)
    venue.take(out)
    assert seen(venue, conn) == ["processing"]
    assert ticket not in venue.responses


def test_only_the_owner_is_told() -> None:
    setup = quiet(
        accounts=(
            Account(account_id=DEMO_ACCOUNT, balances={0: WEI, 1: 10**6 * WEI}),
            Account(account_id=7, balances={0: WEI, 1: 10**6 * WEI}),
        ),
        api_keys={DEMO_API_KEY: (DEMO_ACCOUNT,), "another's": (7,)},
    )
    venue = Venue(setup)
    mine = venue.subscribed(ORDERS, {"topic": "account"})
    theirs = venue.subscribed(ORDERS, {"topic": "account"}, apiKey="another's")
    venue.submit("buy", 100 * WEI, 10**16)
    assert seen(venue, theirs) == []
    body = venue.order("sell", 100 * WEI, 10**15, accountId=7, storageId=0)
    assert venue.ask("POST", ORDER, body, api_key="another's")[0] == 200
    assert (seen(venue, mine), seen(venue, theirs)) == (["processing"], ["processing", "processed"]), (
        "the house was best"
    )
    assert {push["data"]["accountId"] for push in venue.pushes(theirs, "account")} == {7}


def test_two_accounts_trade_with_each_other() -> None:
    setup = quiet(
        accounts=(
            Account(account_id=DEMO_ACCOUNT, balances={0: WEI}),
            Account(account_id=7, balances={1: 100 * WEI}),
        ),
        api_keys={DEMO_API_KEY: (DEMO_ACCOUNT, 7)},
    )
    venue = Venue(setup)
    conn = venue.subscribed(ORDERS)
    venue.submit("buy", 100 * WEI, 2 * 10**16)
    assert venue.submit("sell", 100 * WEI, 2 * 10**16, accountId=7)["status"] == "processed"
    assert seen(venue, conn) == ["processing", "processing", "processed", "processed"]
    ledger = venue.exchange.ledger
    assert (ledger.total(7, 0), ledger.total(7, 1)) == (2 * 10**16, 0)
    assert (ledger.total(DEMO_ACCOUNT, 0), ledger.total(DEMO_ACCOUNT, 1)) == (WEI - 2 * 10**16, 100 * WEI)
    assert {ledger.locked(account, token) for account in (7, DEMO_ACCOUNT) for token in (0, 1)} == {0}


# The same order again


def test_the_very_same_order_is_the_same_order_while_it_is_not_answered() -> None:
    venue = Venue()
    body = venue.order()
    raw = json.dumps(body).encode()
    asked = Ask(method="POST", target=ORDER, headers=(("X-API-KEY", DEMO_API_KEY),), body=raw)
    first, out = venue.request(asked, venue.now_ns)
    again, more = venue.request(asked, venue.now_ns)
    venue.take(out + more)
    venue.wait(1)
    (_, one), (_, other) = venue.responses.pop(first), venue.responses.pop(again)
    assert other == one | {"isIdempotent": True}
    assert len(venue.orders()) == 1
    assert venue.code("POST", ORDER, body) == (400, RestCode.ORDER_EXISTS), "later it is refused"


def test_a_new_storage_id_makes_a_second_order_of_the_same() -> None:
    venue = Venue()
    first, second = venue.submit(clientOrderId="a"), venue.submit(clientOrderId="a")
    assert first["hash"] != second["hash"]
    dialect = LoopringDialect()
    url = f"http://127.0.0.1/api/v3/orders?{MINE}"
    request = HttpMessage(method="GET", url=url)
    listed = json.dumps({"totalNum": 2, "orders": venue.orders()}).encode()
    envelope = dialect.decode_http(HttpMessage(method="GET", url=url, status=200, body=listed), request)
    assert len({part.intent for part in envelope.parts}) == 1
    assert {part.order_id for part in envelope.parts} == {first["hash"], second["hash"]}


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (4, 4, RestCode.INVALID_ORDER_ID),
        (16384 + 4, 4, RestCode.INVALID_ORDER_ID),
        (4, 16384 + 4, RestCode.INVALID_ORDER_ID),
        (4, 6, None),
        (6, 4, None),
    ],
    ids=["used", "slot went on", "slot holds an open order", "next", "another slot"],
)
def test_storage_slots(first: int, second: int, code: RestCode | None) -> None:
    venue = Venue()
    venue.submit(storageId=first)
    body = venue.order(storageId=second, clientOrderId="other", validUntil=START // SECOND + 99)
    if code is None:
        assert venue.ask("POST", ORDER, body)[0] == 200
    else:
        assert venue.code("POST", ORDER, body) == (400, code)


def test_a_slot_is_free_for_a_later_id_when_its_order_is_over() -> None:
    venue = Venue()
    answer = venue.submit(storageId=4)
    cancel(venue, orderHash=answer["hash"])
    assert venue.submit(storageId=16384 + 4)["status"] == "processing"


def test_the_next_storage_id_is_even_and_unused() -> None:
    venue = Venue()
    path = f"/api/v3/storageId?{MINE}&sellTokenId=0"
    assert venue.told("GET", path) == {"orderId": 0, "offchainId": 1}
    venue.submit(storageId=101)
    assert venue.told("GET", path) == {"orderId": 102, "offchainId": 103}
    assert venue.told("GET", path.replace("Id=0", "Id=1"))["orderId"] == 0


# Refusals of an order


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"exchange": "1"}, RestCode.WRONG_EXCHANGE),
        ({"accountId": "mine"}, RestCode.INVALID_ACCOUNT),
        ({"accountId": -1}, RestCode.INVALID_ACCOUNT),
        ({"accountId": 7}, RestCode.WRONG_ACCOUNT),
        ({"storageId": None}, RestCode.INVALID_ORDER_ID),
        ({"storageId": 2**32}, RestCode.INVALID_ORDER_ID),
        ({"sellToken": {"tokenId": 99, "volume": "1"}}, RestCode.UNSUPPORTED_TOKEN),
        ({"sellToken": {"tokenId": 0, "volume": "0"}}, RestCode.INVALID_ARGUMENT),
        ({"sellToken": {"tokenId": 0, "volume": "1.5"}}, RestCode.INVALID_ARGUMENT),
        ({"sellToken": {"tokenId": 0, "volume": str(2**96)}}, RestCode.INVALID_ARGUMENT),
        ({"sellToken": "ETH"}, RestCode.INVALID_ARGUMENT),
        ({"buyToken": {"tokenId": 0, "volume": "1"}}, RestCode.UNSUPPORTED_PAIR),
        ({"fillAmountBOrS": "maybe"}, RestCode.INVALID_ARGUMENT),
        ({"allOrNone": True}, RestCode.NOT_VALID),
        ({"orderType": "MARKET"}, RestCode.INVALID_ARGUMENT),
        ({"tradeChannel": "OTC"}, RestCode.INVALID_ARGUMENT),
        ({"orderType": "AMM"}, RestCode.SUBMIT_FAILED),
        ({"clientOrderId": "x" * 121}, RestCode.INVALID_ARGUMENT),
        ({"clientOrderId": 7}, RestCode.INVALID_ARGUMENT),
        ({"maxFeeBips": 0}, RestCode.INVALID_ARGUMENT),
        ({"maxFeeBips": 64}, RestCode.INVALID_ARGUMENT),
        ({"eddsaSignature": None}, RestCode.NO_ORDER_SIGNATURE),
        ({"eddsaSignature": ""}, RestCode.NO_ORDER_SIGNATURE),
        ({"validUntil": START // SECOND}, RestCode.ORDER_EXPIRED),
        ({"validUntil": "soon"}, RestCode.INVALID_ARGUMENT),
        ({"sellToken": {"tokenId": 0, "volume": "1"}}, RestCode.ILLEGAL_RATE),
        ({"buyToken": {"tokenId": 1, "volume": str(10 * WEI - 1)}}, RestCode.TOO_SMALL),
        (
            {
                "sellToken": {"tokenId": 0, "volume": str(WEI)},
                "buyToken": {"tokenId": 1, "volume": str(5_000_001 * WEI)},
            },
            RestCode.TOO_LARGE,
        ),
        ({"sellToken": {"tokenId": 0, "volume": str(20 * WEI + 1)}}, RestCode.NO_FUNDS),
    ],
)
def test_an_order_is_refused(change: Fields, code: RestCode) -> None:
    venue = Venue()
    conn = venue.subscribed(ORDERS, {"topic": "account"})
    assert venue.code("POST", ORDER, venue.order(**change)) == (400, code)
    assert venue.said.get(conn, []) == []
    assert venue.orders() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_order_is_refused(body: bytes) -> None:
    assert Venue().code("POST", ORDER, body) == (400, RestCode.INVALID_ARGUMENT)


def test_what_is_locked_can_not_be_spent_twice() -> None:
    venue = Venue()
    venue.submit("buy", 150_000 * WEI, 15 * WEI)
    assert venue.code("POST", ORDER, venue.order("buy", 60_000 * WEI, 6 * WEI)) == (400, RestCode.NO_FUNDS)
    assert venue.submit("buy", 50_000 * WEI, 5 * WEI)["status"] == "processing"


# Who asks

PRIVATE = [
    ("POST", ORDER),
    ("DELETE", f"{ORDER}?{MINE}&orderHash=0x7"),
    ("GET", f"{ORDER}?{MINE}&orderHash=0x7"),
    ("GET", f"/api/v3/orders?{MINE}"),
    ("GET", f"/api/v3/user/balances?{MINE}"),
    ("GET", f"/api/v3/storageId?{MINE}&sellTokenId=0"),
]


@pytest.mark.parametrize(("method", "target"), PRIVATE)
def test_private_calls_need_an_api_key_for_the_account(method: str, target: str) -> None:
    venue = Venue(quiet(api_keys={DEMO_API_KEY: (DEMO_ACCOUNT,), "of somebody who left": ()}))
    body = venue.order() if method == "POST" else None
    assert venue.code(method, target, body, api_key=None) == (400, RestCode.EMPTY_API_KEY)
    assert venue.code(method, target, body, api_key="unheard of") == (400, RestCode.INVALID_API_KEY)
    assert venue.code(method, target, body, api_key="of somebody who left") == (400, RestCode.INVALID_API_KEY)
    if method != "POST":
        other = target.replace(MINE, "accountId=7")
        assert venue.code(method, other) == (400, RestCode.WRONG_ACCOUNT)
        assert venue.code(method, target.replace(MINE, "x=1")) == (400, RestCode.USER_EMPTY)


def test_a_cancellation_needs_a_signature_and_an_order() -> None:
    venue = Venue()
    order_hash = venue.submit(clientOrderId="a")["hash"]
    target = f"{ORDER}?{MINE}&orderHash={order_hash}"
    assert venue.code("DELETE", target, api_sig=None) == (400, RestCode.NO_SIGNATURE)
    assert venue.code("DELETE", f"{ORDER}?{MINE}") == (400, RestCode.NOTHING_TO_CANCEL)
    assert venue.code("DELETE", f"{ORDER}?{MINE}&orderHash=0x7") == (400, RestCode.NOTHING_TO_CANCEL)
    assert venue.code("DELETE", f"{target}&clientOrderId=b") == (400, RestCode.NOTHING_TO_CANCEL)
    assert venue.ask("DELETE", target)[0] == 200
    venue.wait(1)
    assert venue.code("DELETE", target) == (400, RestCode.NOTHING_TO_CANCEL)


def test_an_order_that_is_being_cancelled_is_not_cancelled_twice() -> None:
    venue = Venue()
    order_hash = venue.submit()["hash"]
    headers = (("X-API-KEY", DEMO_API_KEY), ("X-API-SIG", "0x1"))
    asked = Ask(method="DELETE", target=f"{ORDER}?{MINE}&orderHash={order_hash}", headers=headers)
    _, out = venue.request(asked, venue.now_ns)
    venue.take(out)
    assert venue.code("DELETE", asked.target) == (400, RestCode.CANCEL_FAILED)


def test_a_cancellation_by_client_id_takes_the_oldest_and_may_stand_in_the_body() -> None:
    venue = Venue()
    first, second = venue.submit(clientOrderId="a"), venue.submit(clientOrderId="a")
    assert cancel(venue, clientOrderId="a")["hash"] == first["hash"]
    answer = venue.told("DELETE", ORDER, {"accountId": DEMO_ACCOUNT, "clientOrderId": "a"})
    assert answer["hash"] == second["hash"]


# Looking


def test_one_order_is_shown() -> None:
    venue = Venue()
    answer = venue.submit(clientOrderId="a")
    detail = venue.told("GET", f"{ORDER}?{MINE}&orderHash={answer['hash']}")
    assert sketch(detail) == sketch(json.loads(examples.ORDERS)["orders"][0])
    assert detail["volumes"]["baseAmount"] == str(500 * WEI)
    assert venue.code("GET", f"{ORDER}?{MINE}&orderHash=0x7") == (400, RestCode.NO_SUCH_ORDER)
    assert venue.code("GET", f"{ORDER}?{MINE}") == (400, RestCode.HASH_EMPTY)


def test_lists_of_orders_are_newest_first_and_can_be_narrowed() -> None:
    venue = Venue()
    ids = count()
    for side, volume in (("buy", 5 * 10**16), ("sell", 10**16), ("sell", WEI)):
        venue.submit(side, 500 * WEI, volume, clientOrderId=str(next(ids)))
        venue.wait(1)
    assert sketch(venue.told("GET", f"/api/v3/orders?{MINE}")) == sketch(json.loads(examples.ORDERS))

    def found(query: str) -> list[str]:
        return [order["clientOrderId"] for order in venue.orders(query)]

    assert found("") == ["2", "1", "0"]
    assert found("&status=processing") == ["2", "0"]
    assert found("&status=processed,cancelled") == ["1"]
    assert found("&side=BUY") == ["0"]
    assert found("&market=LRC-USDT") == []
    assert found("&limit=1&offset=1") == ["1"]
    middle = venue.exchange.orders_of(DEMO_ACCOUNT)[1].created_ns // 10**6
    assert found(f"&start={middle}") == ["2", "1"]
    assert found(f"&end={middle}") == ["1", "0"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("market=LRC-DAI&level=0", RestCode.UNSUPPORTED_MARKET),
        ("level=0", RestCode.UNSUPPORTED_MARKET),
        (f"market={MARKET}", RestCode.UNSUPPORTED_LEVEL),
        (f"market={MARKET}&level=4", RestCode.UNSUPPORTED_LEVEL),
        (f"market={MARKET}&level=x", RestCode.UNSUPPORTED_LEVEL),
        (f"market={MARKET}&level=0&limit=0", RestCode.INVALID_ARGUMENT),
    ],
)
def test_a_depth_is_of_a_market_and_a_level(query: str, code: RestCode) -> None:
    assert Venue().code("GET", f"/api/v3/depth?{query}", api_key=None) == (400, code)


def test_the_shapes_of_other_answers() -> None:
    venue = Venue()
    depth = venue.told("GET", f"/api/v3/depth?market={MARKET}&level=0&limit=2")
    assert sketch(depth) == sketch(json.loads(examples.DEPTH)) | {"asks": [["str"]]}
    assert (len(depth["bids"]), len(depth["asks"])) == (2, 2)
    for target, shape in (
        (f"/api/v3/storageId?{MINE}&sellTokenId=0", examples.STORAGE_ID),
        (f"/api/v3/apiKey?{MINE}", examples.API_KEY),
        ("/api/v3/timestamp", examples.TIMESTAMP),
        ("/api/v3/exchange/markets", examples.MARKETS),
        ("/v3/ws/key", examples.WS_KEY),
    ):
        assert sketch(venue.told("GET", target)) == sketch(json.loads(shape))
    assert venue.told("GET", f"/api/v3/apiKey?{MINE}") == {"apiKey": DEMO_API_KEY}
    tokens = {each["symbol"]: each["tokenId"] for each in venue.told("GET", "/api/v3/exchange/tokens")}
    assert tokens == {"ETH": 0, "LRC": 1, "USDT": 3}
    assert [each["tokenId"] for each in venue.told("GET", f"/api/v3/user/balances?{MINE}&tokens=0,3")] == [0, 3]


@pytest.mark.parametrize(
    ("method", "target", "answer"),
    [
        ("GET", "/api/v3/nothing", (404, RestCode.INVALID_ARGUMENT)),
        ("PUT", ORDER, (405, RestCode.INVALID_ARGUMENT)),
        ("GET", "/api/v3/apiKey?accountId=7", (400, RestCode.USER_NOT_FOUND)),
        ("GET", f"/api/v3/storageId?{MINE}", (400, RestCode.INVALID_ARGUMENT)),
        ("GET", "/api/v3/trade?market=LRC-DAI", (400, RestCode.UNSUPPORTED_MARKET)),
    ],
)
def test_other_refusals(method: str, target: str, answer: tuple[int, RestCode]) -> None:
    assert Venue().code(method, target) == answer


def test_an_api_key_is_told_to_who_signs_only() -> None:
    assert Venue().code("GET", f"/api/v3/apiKey?{MINE}", api_sig=None) == (400, RestCode.NO_SIGNATURE)


def test_each_call_is_allowed_five_times_a_second() -> None:
    venue = Venue(quiet(limits=Limits()))
    answers = [venue.ask("GET", "/api/v3/timestamp")[0] for _ in range(6)]
    assert answers == [200] * 5 + [429]
    assert venue.ask("GET", "/v3/ws/key")[0] == 200, "each call counts for itself"
    assert venue.ask("GET", "/api/v3/timestamp", peer="127.0.0.2")[0] == 200
    venue.wait(1)
    assert venue.ask("GET", "/api/v3/timestamp")[0] == 200
    assert Limits().at_speed(float("inf")).calls_per_second > 10**6
    assert Limits().at_speed(0.5).calls_per_second == 5


def test_every_code_of_the_rest_api_is_given_for_a_reason() -> None:
    """Each code that the simulator knows is expected by some test in this file."""
    text = Path(__file__).read_text()
    assert [code.name for code in RestCode if f"RestCode.{code.name}" not in text] == []


# A law


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell"]),
            st.integers(min_value=10 * WEI, max_value=400 * WEI),
            st.integers(min_value=10**14, max_value=10**17),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_nothing_is_made_or_lost_and_locks_are_what_open_orders_hold(wishes: list[tuple[str, int, int, bool]]) -> None:
    venue = Venue()
    for side, size, volume, end in wishes:
        status, answer = venue.ask("POST", ORDER, venue.order(side, size, volume))
        if status == 200 and end and answer["status"] == "processing":
            cancel(venue, orderHash=answer["hash"])
    ledger, orders = venue.exchange.ledger, venue.exchange.orders_of(DEMO_ACCOUNT)
    sign = {"buy": 1, "sell": -1}
    got = sum(sign[order.form.side] * order.filled_size for order in orders)
    paid = sum(sign[order.form.side] * order.filled_volume for order in orders)
    assert ledger.total(DEMO_ACCOUNT, 1) == 100_000 * WEI + got
    assert ledger.total(DEMO_ACCOUNT, 0) == 20 * WEI - paid
    for token in (0, 1):
        held = sum(order.held for order in orders if order.form.sell_token == token)
        assert 0 <= ledger.locked(DEMO_ACCOUNT, token) == held <= ledger.total(DEMO_ACCOUNT, token)
    assert all(order.held == 0 for order in orders if order.over)
    for order in orders:
        limit = order.form.price
        if order.filled_size and order.form.side == "buy":
            assert order.filled_volume <= EXACT.multiply(limit, order.filled_size)
