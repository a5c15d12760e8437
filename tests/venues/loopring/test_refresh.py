"""Replay refresh: what a recording was given, in place of it what this replay is given."""

from __future__ import annotations

import json
from typing import Any, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venues.loopring.trader import START, Fields, Venue, quiet

from venues.loopring import examples
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.gateway import Knock
from wsreplay.venues.loopring.dialect import LoopringDialect
from wsreplay.venues.loopring.orders import SECOND
from wsreplay.venues.loopring.refresh import Refresher
from wsreplay.venues.loopring.setup import DEMO_ACCOUNT, DEMO_API_KEY, DEMO_WS_KEY, Account
from wsreplay.venues.refreshing import LineRefresher

LATER = START + 7 * 3600 * SECOND + 123_456_789


class Times(TypedDict):
    recorded_at_ns: int
    now_ns: int


TIMES: Times = {"recorded_at_ns": START, "now_ns": LATER}
REST = "https://api3.loopring.io"
SOCKET = "wss://ws.api3.loopring.io/v3/ws?wsApiKey="
TOKEN = "redacted-key-049d706bb4c8c4aa"


@pytest.fixture
def local() -> Refresher:
    return LoopringDialect().at("127.0.0.1").refresher(None)


def answered(path: str, body: Any, *, method: str = "GET") -> HttpMessage:
    return HttpMessage(method=method, url=REST + path, status=200, body=json.dumps(body).encode())


def again(refresher: Refresher, text: str, **more: Any) -> str:
    return refresher.refresh(text, **TIMES, **more).text


def url(refresher: Refresher, address: str) -> str:
    return refresher.refresh_url(address, **TIMES)


def test_it_refreshes_lines() -> None:
    assert isinstance(LoopringDialect().refresher(None), LineRefresher)


# Connect keys


def test_the_handshake_has_the_key_that_this_run_was_given(local: Refresher) -> None:
    local.learn_http(answered("/v3/ws/key", {"key": TOKEN}), answered("/v3/ws/key", {"key": "fresh"}))
    assert url(local, SOCKET + TOKEN) == SOCKET + "fresh"


def test_in_the_old_form_too(local: Refresher) -> None:
    info = {"resultInfo": {"code": 0, "message": "SUCCESS"}}
    local.learn_http(answered("/v2/ws/key", info | {"data": TOKEN}), answered("/v2/ws/key", info | {"data": "a+b"}))
    assert url(local, SOCKET + TOKEN) == SOCKET + "a%2Bb"


def test_each_key_has_its_own_and_a_key_used_twice_is_used_twice(local: Refresher) -> None:
    for n in range(3):
        local.learn_http(answered("/v3/ws/key", {"key": f"old{n}"}), answered("/v3/ws/key", {"key": f"new{n}"}))
    assert [url(local, f"{SOCKET}old{n}") for n in (2, 0, 1, 0)] == [f"{SOCKET}new{n}" for n in (2, 0, 1, 0)]


def test_a_key_that_no_answer_gave_stays_wrong(local: Refresher) -> None:
    local.learn_http(answered("/v3/ws/key", {"key": TOKEN}), answered("/v3/ws/key", {"key": "fresh"}))
    assert url(local, SOCKET + "made-up") == SOCKET + "made-up"


def test_without_a_key_request_on_record_a_known_key_is_used(local: Refresher) -> None:
    assert url(local, SOCKET + TOKEN) == SOCKET + DEMO_WS_KEY
    named = LoopringDialect().at("ws.uat2.loopring.io").refresher(None, secrets={"wsApiKey": "mine"})
    assert url(named, SOCKET + TOKEN) == SOCKET + "mine"


def test_elsewhere_nothing_is_made_up() -> None:
    strange = LoopringDialect().at("ws.uat2.loopring.io").refresher(None)
    assert url(strange, SOCKET + TOKEN) == SOCKET + TOKEN
    assert again(strange, '{"op":"sub","apiKey":"redacted-key-1","topics":[]}').count("redacted") == 1


@pytest.mark.parametrize(
    "address",
    ["ws://127.0.0.1:1/v3/ws", "ws://127.0.0.1:1/v3/ws?wsApiKey=", "ws://[", "", "ws://h/v3/ws?x=1&&y#wsApiKey=7"],
)
def test_an_address_without_a_key_stays_as_it_is(local: Refresher, address: str) -> None:
    assert url(local, address) == address


def test_answers_that_say_nothing_teach_nothing(local: Refresher) -> None:
    nothing: tuple[Any, ...] = ([], None, {"key": [7]}, {"data": {"key": "x"}}, {})
    for body in nothing:
        local.learn_http(answered("/v3/ws/key", body), answered("/v3/ws/key", {"key": "fresh"}))
        local.learn_http(answered("/v3/ws/key", {"key": TOKEN}), answered("/v3/ws/key", body))
    local.learn_http(HttpMessage(method="GET", url="http://["), HttpMessage(method="GET", url=""))
    assert url(local, SOCKET + TOKEN) == SOCKET + DEMO_WS_KEY


# ApiKeys, accounts


def test_a_request_on_topics_keeps_all_but_its_key(local: Refresher) -> None:
    fresh = again(local, examples.SUB)
    assert json.loads(fresh) == json.loads(examples.SUB) | {"apiKey": DEMO_API_KEY}
    first, last = examples.SUB.index("[") + 1, examples.SUB.index("]")
    assert examples.SUB[first:last].strip() in fresh, "topics stay as the bot wrote them"
    narrow = '{"op":"sub","sequence":10000,"apiKey":"old","topics":[{"topic":"account"}]}'
    assert again(local, narrow) == narrow.replace("old", DEMO_API_KEY)


@pytest.mark.parametrize(
    "text",
    [
        "pong",
        "",
        "{",
        "[]",
        examples.SUB_BLOCKS,
        '{"op":"sub","apiKey":"","topics":[]}',
        '{"op":"sub","apiKey":null}',
        '{"op": "sub", "topics": 7}',
        "[" * 100_000,
    ],
)
def test_what_holds_nothing_stale_stays_as_it_is(local: Refresher, text: str) -> None:
    assert again(local, text) == text


def test_accounts_are_those_that_were_named() -> None:
    refresher = LoopringDialect().at("127.0.0.1").refresher(None, accounts={7: 10_001})
    mine = '{"op":"sub","topics":[{"topic":"account","accountId":7,"v3":true},{"topic":"blockgen"}]}'
    assert again(refresher, mine) == mine.replace("7", "10001")
    assert again(refresher, mine.replace("7", "8")) == mine.replace("7", "8")
    assert again(refresher, '{"accountId": "7"}', op="submitOrder") == '{"accountId": "10001"}'
    assert (
        url(refresher, f"{REST}/api/v3/orders?accountId=7&limit=7") == f"{REST}/api/v3/orders?accountId=10001&limit=7"
    )


def test_an_api_key_that_was_asked_for_is_threaded(local: Refresher) -> None:
    path = "/api/v3/apiKey?accountId=7"
    local.learn_http(answered(path, {"apiKey": "old"}), answered(path, {"apiKey": "new"}))
    assert again(local, '{"op":"sub","apiKey":"old"}') == '{"op":"sub","apiKey":"new"}'
    assert again(local, '{"op":"sub","apiKey":"other"}') == f'{{"op":"sub","apiKey":"{DEMO_API_KEY}"}}'


def test_headers_have_the_key_and_nothing_else_changes(local: Refresher) -> None:
    headers = (("Host", "h"), ("x-api-key", "old"), ("X-API-SIG", "redacted-signature-1"), ("X-API-KEY", ""))
    assert local.refresh_headers(headers, **TIMES) == (headers[0], ("x-api-key", DEMO_API_KEY), *headers[2:])


# Orders


def order(**fields: Any) -> Fields:
    return {"storageId": 104, "sellToken": {"tokenId": 1, "volume": "5"}, "validUntil": START // SECOND + 60} | fields


def test_an_order_lives_as_long_as_it_did(local: Refresher) -> None:
    fresh = json.loads(again(local, json.dumps(order()), op="submitOrder"))
    assert fresh == order(validUntil=LATER // SECOND + 60)
    late = json.loads(again(local, json.dumps(order(validUntil=str(START // SECOND - 1))), op="submitOrder"))
    assert late["validUntil"] == str(LATER // SECOND - 1), "what had expired has expired again"


def test_storage_ids_count_on_from_what_this_run_was_given(local: Refresher) -> None:
    for token, was, now in ((1, 100, 4), (1, 200, 8), (0, 0, 50)):
        path = f"/api/v3/storageId?accountId=1&sellTokenId={token}"
        local.learn_http(
            answered(path, {"orderId": was, "offchainId": 1}), answered(path, {"orderId": now, "offchainId": 1})
        )

    def fresh(token: int, storage_id: object) -> object:
        body = order(storageId=storage_id, sellToken={"tokenId": token, "volume": "5"})
        return json.loads(again(local, json.dumps(body), op="submitOrder"))["storageId"]

    assert [fresh(1, each) for each in (100, 104, 200, 202, "102")] == [4, 8, 8, 10, "6"]
    assert fresh(1, 98) == 98, "of before any was given nothing is known"
    assert (fresh(0, 2), fresh(3, 2)) == (52, 2)


def test_order_hashes_are_those_of_this_replay(local: Refresher) -> None:
    local.learn(Envelope(order_id="0xold"), Envelope(order_id="0xnew"))
    local.learn(Envelope(order_id="0xother"), Envelope())
    cancel = f"{REST}/api/v3/order?accountId=1&orderHash=0xold&clientOrderId=a%20b"
    assert url(local, cancel) == cancel.replace("0xold", "0xnew")
    assert url(local, cancel.replace("0xold", "0xother")) == cancel.replace("0xold", "0xother")
    assert again(local, '{"orderHash":"0xold"}', op="cancelOrder") == '{"orderHash":"0xnew"}'


def test_times_of_a_question_move_with_it_unless_they_are_dates(local: Refresher) -> None:
    start, end = START // 10**6 - 60_000, START // 10**6
    moved = (LATER - START) // 10**6
    asked = f"{REST}/api/v3/orders?accountId=1&start={start}&end={end}"
    assert url(local, asked) == f"{REST}/api/v3/orders?accountId=1&start={start + moved}&end={end + moved}"
    dated = f"{REST}/api/v3/orders?accountId=1&start=1567053142000&end=0"
    assert url(local, dated) == dated


def test_a_signature_is_not_made_and_where_that_matters_it_is_said(local: Refresher) -> None:
    text = json.dumps(order(eddsaSignature="redacted-signature-1"))
    assert local.refresh(text, **TIMES, op="submitOrder").unsigned is None, "a simulator looks at none"
    elsewhere = LoopringDialect().at("uat2.loopring.io").refresher(None, secrets={"apiKey": "mine"})
    refreshed = elsewhere.refresh(text, **TIMES, op="submitOrder")
    assert "redacted-signature-1" in refreshed.text
    assert "Poseidon" in (refreshed.unsigned or "")
    assert elsewhere.refresh(examples.SUB, **TIMES).unsigned is None


def test_numbers_keep_their_digits_and_members_their_order(local: Refresher) -> None:
    text = '{"b": 12345678901234567890123, "validUntil": 1, "a": 0.10, "sellToken": {"volume":  "1"}}'
    later = LATER // SECOND - START // SECOND
    assert again(local, text, op="submitOrder") == text.replace('"validUntil": 1', f'"validUntil": {1 + later}')


@given(st.text(), st.sampled_from([None, "submitOrder", "cancelOrder"]))
def test_nothing_raises(text: str, op: str | None) -> None:
    refresher = LoopringDialect().at("127.0.0.1").refresher(None, accounts={1: 2})
    again(refresher, text, op=op)
    again(refresher, json.dumps({"topics": text, "apiKey": text, "sellToken": text, "accountId": text}), op=op)
    url(refresher, text)
    url(refresher, "ws://h/?" + text)
    refresher.learn_http(HttpMessage(method="GET", url=text), HttpMessage(method="GET", url=text))


# All of it together: a session that was recorded elsewhere is accepted by the simulator


def test_a_recorded_session_is_accepted_again(local: Refresher) -> None:
    there = Venue(quiet(seed=5, api_keys={"theirs": (77,)}, accounts=(Account(account_id=77, balances={0: 10**20}),)))
    here = Venue(quiet().serving([77]), now_ns=LATER)
    here.told("GET", "/v3/ws/key")

    def rest(method: str, path: str, body: str = "") -> tuple[HttpMessage, HttpMessage]:
        """Asked there, and asked again here as the refresher has it."""
        said = []
        for venue, key, target, sent in (
            (there, "theirs", path, body),
            (
                here,
                DEMO_API_KEY,
                url(local, REST + path).removeprefix(REST),
                again(local, body, op="x") if body else "",
            ),
        ):
            status, answer = venue.ask(method, target, sent.encode() or None, api_key=key)
            assert status == 200, answer
            said.append(answered(path, answer, method=method))
        recorded, live = said
        local.learn_http(recorded, live)
        dialect = LoopringDialect()
        request = HttpMessage(method=method, url=REST + path, body=body.encode())
        local.learn(dialect.decode_http(recorded, request), dialect.decode_http(live, request))
        return recorded, live

    recorded, _ = rest("GET", "/v3/ws/key")
    key = json.loads(recorded.body)["key"]
    assert there.knock(key) is None
    assert here.knock(url(local, SOCKET + key).removeprefix(SOCKET)) is None
    lines = [venue.open(Knock(), venue.now_ns)[0] for venue in (there, here)]
    text = json.dumps(
        {"op": "sub", "sequence": 1, "apiKey": "theirs", "topics": [{"topic": "account", "accountId": 77}]}
    )
    assert there.reply(lines[0], text) == here.reply(lines[1], again(local, text))
    rest("GET", "/api/v3/storageId?accountId=77&sellTokenId=0")
    body = there.order(accountId=77, storageId=0, validUntil=START // SECOND + 60)
    recorded, live = rest("POST", "/api/v3/order", json.dumps(body))
    hashes = [json.loads(message.body)["hash"] for message in (recorded, live)]
    assert hashes[0] != hashes[1], "its deadline is another"
    rest("DELETE", f"/api/v3/order?accountId=77&orderHash={hashes[0]}")
    assert [order["status"] for order in json.loads(rest("GET", "/api/v3/orders?accountId=77")[1].body)["orders"]]


def test_the_simulator_is_made_to_fit_a_recording() -> None:
    made = LoopringDialect().simulator(
        accounts=["77", "not one"], symbols=["LRC-ETH", "WBTC-USDC", "0x" + "ab" * 20, "?"], speed=float("inf")
    )
    setup = made.setup
    assert {account.account_id for account in setup.accounts} == {DEMO_ACCOUNT, 77}
    assert [listing.pair.market for listing in setup.listings] == ["LRC-ETH", "LRC-USDT", "ETH-USDT", "WBTC-USDC"]
    assert setup.pools[-1].address == "0x" + "ab" * 20
    assert setup.api_keys[DEMO_API_KEY] == (77, DEMO_ACCOUNT)
    assert setup.limits.calls_per_second > 10**6
    venue = Venue(setup)
    topics = [{"topic": "ticker", "market": "WBTC-USDC"}, {"topic": "ammpool", "poolAddress": "0x" + "AB" * 20}]
    assert venue.sub(venue.connect(), *topics)["result"] == {"status": "ok"}
