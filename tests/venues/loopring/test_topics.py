"""Requests on topics: every rule that the venue states, and a client that breaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from venues.loopring.trader import MARKET, Fields, Venue, quiet

from venues.loopring import examples
from wsreplay.venues.loopring.errors import Code
from wsreplay.venues.loopring.setup import DEMO_ACCOUNT, DEMO_API_KEY, POOL, Account
from wsreplay.venues.loopring.topics import INTERVALS

BOOK: Fields = {"topic": "orderbook", "market": MARKET, "level": 0}
TRADE: Fields = {"topic": "trade", "market": MARKET}
TICKER: Fields = {"topic": "ticker", "market": MARKET}
ORDER: Fields = {"topic": "order", "market": MARKET}
ACCOUNT: Fields = {"topic": "account"}
CANDLES: list[Fields] = [
    {"topic": "candlestick", "market": market, "interval": interval}
    for market in (MARKET, "LRC-USDT", "ETH-USDT")
    for interval in INTERVALS
]


def test_the_pages_own_requests_are_granted() -> None:
    venue = Venue()
    conn = venue.connect()
    sub = json.loads(examples.SUB) | {"apiKey": DEMO_API_KEY}
    reply = venue.reply(conn, sub)
    assert reply == {"op": "sub", "sequence": 10000, "topics": sub["topics"], "result": {"status": "ok"}}
    assert len(venue.topics(conn)) == 6
    assert venue.reply(conn, examples.SUB_BLOCKS)["sequence"] == 30006
    unsub = json.loads(examples.UNSUB) | {"apiKey": DEMO_API_KEY}
    assert venue.reply(conn, unsub) == {
        "op": "unSub",
        "sequence": 10000,
        "topics": unsub["topics"],
        "result": {"status": "ok"},
    }
    assert venue.topics(conn) == {f"ammpool:{POOL.lower()}", "blockgen"}


def test_replies_have_the_shape_of_the_pages() -> None:
    venue = Venue()
    conn = venue.connect()
    request = {"op": "sub", "sequence": 10000, "topics": [BOOK]}
    assert venue.reply(conn, request) == json.loads(examples.SUBSCRIBED)
    request = {"op": "sub", "sequence": 10000, "topics": [{"topic": "candlestick", "market": MARKET, "count": 10}]}
    assert venue.reply(conn, request) == json.loads(examples.FAILED)
    assert venue.reply(conn, "xxx") == json.loads(examples.UNREADABLE)


def test_without_a_sequence_the_reply_has_none() -> None:
    venue = Venue()
    conn = venue.connect()
    assert venue.reply(conn, {"op": "sub", "topics": [BOOK]}).keys() == {"op", "topics", "result"}
    assert venue.reply(conn, {"op": "sub", "sequence": 0, "topics": [TRADE]})["sequence"] == 0
    assert venue.reply(conn, {"op": "unSub", "sequence": 1 << 60, "topics": [BOOK]})["sequence"] == 1 << 60


@pytest.mark.parametrize(
    "message", ["xxx", "", "[]", "7", '"sub"', "PONG", "ping", "[" * 100_000, b"\xff\xfe", b"pong"]
)
def test_what_is_no_json_object_is_unexpected(message: str | bytes) -> None:
    venue = Venue()
    conn = venue.connect()
    reply = venue.reply(conn, message)
    assert (reply["op"], reply["topics"]) == ("sub", [])
    assert reply["result"]["error"]["code"] == Code.INVALID_CONFIG
    assert reply["result"]["error"]["message"].startswith("unexpected msg:")
    assert conn not in venue.ended


@pytest.mark.parametrize(
    "fields",
    [
        {"topics": "orderbook"},
        {"topics": ["orderbook"]},
        {"topics": {"topic": "orderbook"}},
        {"topics": [BOOK], "sequence": "ten"},
        {"topics": [BOOK], "sequence": True},
        {"topics": [BOOK], "sequence": 1.5},
    ],
)
def test_members_of_other_types_are_unexpected_too(fields: Fields) -> None:
    venue = Venue()
    conn = venue.connect()
    reply = venue.reply(conn, {"op": "sub"} | fields)
    assert reply["result"]["error"]["code"] == Code.INVALID_CONFIG
    assert "sequence" not in reply
    assert venue.topics(conn) == set()


@pytest.mark.parametrize("topics", [{}, {"topics": None}, {"topics": []}])
@pytest.mark.parametrize("op", ["sub", "unSub"])
def test_a_request_needs_topics(op: str, topics: Fields) -> None:
    venue = Venue()
    reply = venue.reply(venue.connect(), {"op": op, **topics})
    assert (reply["op"], reply["result"]["error"]["code"]) == (op, Code.TOPIC_MISSING)


@pytest.mark.parametrize("op", ["subscribe", "SUB", "unsub", "", None, 7])
def test_other_operations_there_are_none(op: object) -> None:
    venue = Venue()
    reply = venue.reply(venue.connect(), {"op": op, "sequence": 7, "topics": [BOOK]})
    assert (reply["sequence"], reply["topics"], reply["result"]["error"]["code"]) == (7, [BOOK], Code.INVALID_OP)
    assert reply["op"] == (op if isinstance(op, str) else "sub")


@pytest.mark.parametrize("name", ["books", "Order", "", None, 7, ["order"]])
@pytest.mark.parametrize("op", ["sub", "unSub"])
def test_other_topics_there_are_none(op: str, name: object) -> None:
    venue = Venue()
    assert venue.refused(venue.connect(), {"topic": name, "market": MARKET}, op=op) == Code.INVALID_TOPIC


@pytest.mark.parametrize(
    ("topic", "code"),
    [
        ({"topic": "order"}, Code.ORDER_ARGS),
        ({"topic": "order", "market": "LRC-DAI"}, Code.ORDER_ARGS),
        ({"topic": "order", "market": 7}, Code.ORDER_ARGS),
        ({"topic": "trade"}, Code.TRADE_ARGS),
        ({"topic": "trade", "market": "lrc-eth"}, Code.TRADE_ARGS),
        ({"topic": "ticker"}, Code.TICKER_ARGS),
        ({"topic": "ticker", "market": ["LRC-ETH"]}, Code.TICKER_ARGS),
        ({"topic": "orderbook", "market": MARKET}, Code.ORDERBOOK_ARGS),
        ({"topic": "orderbook", "level": 0}, Code.ORDERBOOK_ARGS),
        (BOOK | {"level": -1}, Code.ORDERBOOK_ARGS),
        (BOOK | {"level": 4}, Code.ORDERBOOK_ARGS),
        (BOOK | {"level": "0"}, Code.ORDERBOOK_ARGS),
        (BOOK | {"level": True}, Code.ORDERBOOK_ARGS),
        (BOOK | {"count": 0}, Code.ORDERBOOK_ARGS),
        (BOOK | {"count": 51, "snapshot": True}, Code.ORDERBOOK_ARGS),
        (BOOK | {"snapshot": "yes"}, Code.ORDERBOOK_ARGS),
        ({"topic": "candlestick", "market": MARKET}, Code.CANDLESTICK_ARGS),
        ({"topic": "candlestick", "interval": "1min"}, Code.CANDLESTICK_ARGS),
        ({"topic": "candlestick", "market": MARKET, "interval": "3min"}, Code.CANDLESTICK_ARGS),
        ({"topic": "ammpool"}, Code.AMMPOOL_ARGS),
        ({"topic": "ammpool", "poolAddress": "0x00"}, Code.AMMPOOL_ARGS),
        ({"topic": "ammpool", "poolAddress": POOL, "snapshot": False}, Code.AMMPOOL_ARGS),
        ({"topic": "account", "accountId": "mine"}, Code.INVALID_CONFIG),
        ({"topic": "account", "v3": 3}, Code.INVALID_CONFIG),
        ({"topic": "blockgen", "verbose": "very"}, Code.INVALID_CONFIG),
    ],
)
@pytest.mark.parametrize("op", ["sub", "unSub"])
def test_each_topic_has_its_parameters(op: str, topic: Fields, code: Code) -> None:
    venue = Venue()
    conn = venue.connect()
    assert venue.refused(conn, topic, op=op) == code
    assert venue.topics(conn) == set()


def test_one_bad_topic_refuses_the_whole_request() -> None:
    venue = Venue()
    conn = venue.subscribed(TICKER)
    for bad in ({"topic": "trade"}, {"topic": "?"}, BOOK, BOOK | {"count": 5}):
        venue.refused(conn, BOOK, bad, TRADE, unsubscribeAll=True)
        assert venue.topics(conn) == {"ticker:LRC-ETH"}, "nor is anything ended"
    venue.refused(conn, TICKER, TRADE, op="unSub")
    assert venue.topics(conn) == {"ticker:LRC-ETH"}


@pytest.mark.parametrize("again", [BOOK, BOOK | {"count": 5, "snapshot": True}])
def test_the_same_topic_may_occur_once_in_a_request(again: Fields) -> None:
    venue = Venue()
    conn = venue.connect()
    assert venue.refused(conn, BOOK, TRADE, again) == Code.DUPLICATE_TOPICS
    assert venue.sub(conn, BOOK, BOOK | {"level": 1}, BOOK | {"market": "LRC-USDT"})["result"] == {"status": "ok"}
    assert venue.refused(conn, BOOK, BOOK, op="unSub") == Code.DUPLICATE_TOPICS
    whole = {"topic": "orderbook", "unsubscribeAll": True}
    assert venue.refused(conn, whole, whole, op="unSub") == Code.DUPLICATE_TOPICS


def test_subscribed_again_the_latest_configuration_counts() -> None:
    venue = Venue()
    conn = venue.subscribed(BOOK)
    assert venue.sub(conn, BOOK | {"count": 1, "snapshot": True})["result"] == {"status": "ok"}
    assert venue.topics(conn) == {"orderbook:LRC-ETH:0"}
    venue.submit("buy", 500 * 10**18, 5 * 10**16)
    (push,) = venue.pushes(conn, "orderbook")
    assert (len(push["data"]["bids"]), len(push["data"]["asks"])) == (1, 1)


# ApiKeys


@pytest.mark.parametrize("topic", [ACCOUNT, ORDER])
@pytest.mark.parametrize("op", ["sub", "unSub"])
def test_private_topics_need_an_api_key(op: str, topic: Fields) -> None:
    setup = quiet(api_keys={DEMO_API_KEY: (DEMO_ACCOUNT,), "of somebody who left": ()})
    venue = Venue(setup)
    conn = venue.subscribed(ACCOUNT, ORDER)
    both = (TRADE, topic)
    assert venue.refused(conn, *both, op=op, apiKey=None) == Code.MISSING_API_KEY
    assert venue.refused(conn, *both, op=op, apiKey="") == Code.MISSING_API_KEY
    assert venue.refused(conn, *both, op=op, apiKey=7) == Code.MISSING_API_KEY
    assert venue.refused(conn, *both, op=op, apiKey="unheard of") == Code.INVALID_API_KEY
    assert venue.refused(conn, *both, op=op, apiKey="of somebody who left") == Code.UNKNOWN_USER
    assert venue.topics(conn) == {"account", "order:LRC-ETH"}


def test_all_of_a_private_topic_needs_one_as_well() -> None:
    venue = Venue()
    conn = venue.subscribed(ORDER)
    whole = {"topic": "order", "unsubscribeAll": True}
    assert venue.refused(conn, whole, op="unSub", apiKey=None) == Code.MISSING_API_KEY


def test_public_topics_need_none_and_look_at_none() -> None:
    venue = Venue()
    conn = venue.connect()
    assert venue.sub(conn, BOOK, apiKey="unheard of")["result"] == {"status": "ok"}


def test_a_key_is_good_for_its_account_only() -> None:
    setup = quiet(
        accounts=(Account(account_id=DEMO_ACCOUNT), Account(account_id=7)),
        api_keys={DEMO_API_KEY: (DEMO_ACCOUNT,), "another's": (7,)},
    )
    venue = Venue(setup)
    conn = venue.connect()
    assert venue.refused(conn, ACCOUNT | {"accountId": 7}) == Code.API_KEY_MISMATCH
    assert venue.sub(conn, ACCOUNT | {"accountId": DEMO_ACCOUNT})["result"] == {"status": "ok"}
    assert venue.refused(conn, ORDER, apiKey="another's") == Code.API_KEY_MISMATCH
    assert venue.sub(conn, ORDER, apiKey="another's", unsubscribeAll=True)["result"] == {"status": "ok"}


# What is there already


def test_what_is_not_subscribed_can_not_be_ended() -> None:
    venue = Venue()
    conn = venue.subscribed(BOOK)
    assert venue.refused(conn, TRADE, op="unSub") == Code.NOT_SUBSCRIBED
    assert venue.refused(conn, BOOK | {"level": 1}, op="unSub") == Code.NOT_SUBSCRIBED
    assert venue.sub(conn, BOOK, op="unSub")["result"] == {"status": "ok"}
    assert venue.refused(conn, BOOK, op="unSub") == Code.NOT_SUBSCRIBED


def test_twenty_topics_and_no_more() -> None:
    venue = Venue()
    conn = venue.connect()
    assert venue.refused(conn, *CANDLES[:21]) == Code.TOO_MANY
    assert venue.topics(conn) == set()
    assert venue.sub(conn, *CANDLES[:20])["result"] == {"status": "ok"}
    assert venue.refused(conn, CANDLES[20]) == Code.TOO_MANY
    assert venue.sub(conn, CANDLES[0])["result"] == {"status": "ok"}, "it is one of the twenty"
    assert venue.sub(conn, CANDLES[20], unsubscribeAll=True)["result"] == {"status": "ok"}
    assert len(venue.topics(conn)) == 1
    assert venue.sub(venue.connect(), *CANDLES[:20])["result"] == {"status": "ok"}, "each connection has its own"


@pytest.mark.parametrize("flag", [True, "true"])
def test_unsubscribe_all_of_a_subscription_ends_what_was_before(flag: object) -> None:
    venue = Venue()
    conn = venue.subscribed(BOOK, TRADE, ORDER)
    assert venue.sub(conn, TICKER, unsubscribeAll=flag)["result"] == {"status": "ok"}
    assert venue.topics(conn) == {"ticker:LRC-ETH"}
    assert venue.sub(conn, BOOK, unsubscribeAll=False)["result"] == {"status": "ok"}
    assert venue.topics(conn) == {"ticker:LRC-ETH", "orderbook:LRC-ETH:0"}


@pytest.mark.parametrize("topics", [{}, {"topics": []}, {"topics": [TICKER]}, {"topics": [BOOK]}])
def test_unsubscribe_all_of_an_unsubscription_ends_everything(topics: Fields) -> None:
    venue = Venue()
    conn = venue.subscribed(BOOK, TRADE, ORDER)
    reply = venue.reply(conn, {"op": "unSub", "unsubscribeAll": True, **topics})
    assert reply["result"] == {"status": "ok"}
    assert venue.topics(conn) == set()


def test_unsubscribe_all_of_one_topic_ends_all_of_it() -> None:
    venue = Venue()
    conn = venue.subscribed(BOOK, BOOK | {"level": 2}, BOOK | {"market": "LRC-USDT"}, TRADE)
    whole = {"topic": "orderbook", "unsubscribeAll": True}
    assert venue.sub(conn, whole, op="unSub")["result"] == {"status": "ok"}
    assert venue.topics(conn) == {"trade:LRC-ETH"}
    assert venue.sub(conn, whole, op="unSub")["result"] == {"status": "ok"}, "there was none"


def test_subscriptions_die_with_their_connection() -> None:
    venue = Venue()
    conn = venue.subscribed(BOOK)
    venue.leave(conn)
    other = venue.connect()
    assert venue.topics(other) == set()
    venue.submit()
    assert venue.said.get(conn, []) == venue.said.get(other, []) == []


def test_every_code_is_given_for_a_reason() -> None:
    """Each code that the simulator knows is expected by some test in this file."""
    text = Path(__file__).read_text()
    assert [code.name for code in Code if f"Code.{code.name}" not in text] == []


LIKELY_TOPICS = st.fixed_dictionaries(
    {"topic": st.sampled_from(["account", "order", "orderbook", "trade", "candlestick", "ammpool", "blockgen", "?"])},
    optional={
        "market": st.sampled_from([MARKET, "LRC-USDT", 7]),
        "level": st.sampled_from([0, 1, 9, "0", {}]),
        "interval": st.sampled_from(["1min", "1w", ""]),
        "poolAddress": st.sampled_from([POOL, POOL.lower(), [], ""]),
        "unsubscribeAll": st.sampled_from([True, "true", False, 1]),
        "accountId": st.sampled_from([DEMO_ACCOUNT, 7, -1]),
    },
)
REQUESTS = st.fixed_dictionaries(
    {"op": st.sampled_from(["sub", "unSub"]), "topics": st.lists(LIKELY_TOPICS, max_size=4)},
    optional={"unsubscribeAll": st.booleans(), "apiKey": st.just(DEMO_API_KEY), "sequence": st.integers()},
)
ERRORS = {int(code) for code in Code}


@given(st.lists(REQUESTS, max_size=6))
def test_every_request_is_answered_once_and_done_whole_or_not_at_all(requests: list[dict[str, Any]]) -> None:
    venue = Venue()
    conn = venue.connect()
    for request in requests:
        before = venue.topics(conn)
        reply = venue.reply(conn, request)
        assert (reply["op"], reply["topics"]) == (request["op"], request["topics"])
        assert reply.get("sequence") == request.get("sequence")
        if reply["result"]["status"] == "ok":
            assert "error" not in reply["result"]
        else:
            assert reply["result"]["error"]["code"] in ERRORS
            assert venue.topics(conn) == before
        assert len(venue.topics(conn)) <= 20
