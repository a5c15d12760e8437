"""The venue as it is documented: what it reads, what it ignores, and what it pushes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from venues.streams.venue import START, Venue

from wsreplay.venues.market import Life
from wsreplay.venues.streams.dialect import StreamsDialect
from wsreplay.venues.streams.gateway import PlainGateway

DEPTH, TRADE = "depth.SOL_USDC", "trade.SOL_USDC"


def heard_something(venue: Venue, conn: int) -> bool:
    """Whether the next trade reaches a connection."""
    venue.heard(conn)
    venue.created("SELL", "10")
    venue.created("BUY", "10")
    return bool(venue.heard(conn))


def test_nothing_is_confirmed_and_nothing_is_refused() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, DEPTH, TRADE, "ticker.SOL_USDC")
    venue.subscribe(conn, TRADE, method="UNSUBSCRIBE")
    venue.send(conn, "nonsense")
    venue.wait(100_000)
    assert venue.heard(conn) == []
    assert venue.ended == {}
    assert venue.pinged == [], "it never pings, and knows no limits"


@pytest.mark.parametrize("path", ["/", "/ws", "/stream?streams=depth.SOL_USDC", "/anything/at/all"])
def test_the_path_does_not_matter(path: str) -> None:
    venue = Venue()
    assert venue.knock(path) is None
    conn = venue.connect(path)
    assert not heard_something(venue, conn), "and says nothing"
    venue.subscribe(conn, TRADE)
    assert heard_something(venue, conn)


@pytest.mark.parametrize("number", [0, 1, 4_294_967_295])
def test_an_id_of_32_bits_without_a_sign_is_read(number: int) -> None:
    venue = Venue()
    conn = venue.connect()
    venue.send(conn, {"method": "SUBSCRIBE", "params": [TRADE], "id": number})
    assert heard_something(venue, conn)


IGNORED: dict[str, Any] = {
    "no id": {"method": "SUBSCRIBE", "params": [TRADE]},
    "no params": {"method": "SUBSCRIBE", "id": 1},
    "no method": {"params": [TRADE], "id": 1},
    "an id that is a text": {"method": "SUBSCRIBE", "params": [TRADE], "id": "1"},
    "an id that is null": {"method": "SUBSCRIBE", "params": [TRADE], "id": None},
    "an id that is true": {"method": "SUBSCRIBE", "params": [TRADE], "id": True},
    "a fraction": {"method": "SUBSCRIBE", "params": [TRADE], "id": 1.5},
    "a float": '{"method":"SUBSCRIBE","params":["trade.SOL_USDC"],"id":1.0}',
    "a negative id": {"method": "SUBSCRIBE", "params": [TRADE], "id": -1},
    "an id of 33 bits": {"method": "SUBSCRIBE", "params": [TRADE], "id": 1 << 32},
    "milliseconds for an id": {"method": "SUBSCRIBE", "params": [TRADE], "id": 1_727_866_324_088},
    "a param that is no text": {"method": "SUBSCRIBE", "params": [TRADE, 7], "id": 1},
    "params that are a text": {"method": "SUBSCRIBE", "params": TRADE, "id": 1},
    "params that are empty": {"method": "SUBSCRIBE", "params": [], "id": 1},
    "lower case": {"method": "subscribe", "params": [TRADE], "id": 1},
    "another method": {"method": "LIST_SUBSCRIPTIONS", "params": [TRADE], "id": 1},
    "a member twice": '{"method":"SUBSCRIBE","params":["trade.SOL_USDC"],"id":1,"id":1}',
    "a market that is none": {"method": "SUBSCRIBE", "params": ["trade.DOGE_USDC"], "id": 1},
    "a topic that is none": {"method": "SUBSCRIBE", "params": ["trades.SOL_USDC"], "id": 1},
    "too many dots": {"method": "SUBSCRIBE", "params": ["trade.SOL_USDC."], "id": 1},
    "Binance's name": {"method": "SUBSCRIBE", "params": ["solusdc@trade"], "id": 1},
    "a topic in capitals": {"method": "SUBSCRIBE", "params": ["TRADE.SOL_USDC"], "id": 1},
    "no JSON": '{"method":"SUBSCRIBE","params":["trade.SOL_USDC"],"id":1',
    "an array": '["SUBSCRIBE"]',
    "not a number": '{"method":"SUBSCRIBE","params":["trade.SOL_USDC"],"id":NaN}',
    "too deep": "[" * 100_000,
    "a binary frame": b'{"method":"SUBSCRIBE","params":["trade.SOL_USDC"],"id":1}',
}


@pytest.mark.parametrize("frame", IGNORED.values(), ids=IGNORED)
def test_what_is_not_exactly_a_command_is_ignored(frame: Any) -> None:
    venue = Venue()
    conn = venue.connect()
    venue.send(conn, frame)
    assert venue.said == {}
    assert not heard_something(venue, conn)
    assert conn not in venue.ended, "and the connection lives on"


def test_members_that_it_does_not_know_are_passed_over() -> None:
    venue = Venue()
    conn = venue.connect()
    signed = ["key", "signature", "1727866324088", "5000"]
    venue.send(conn, {"signature": signed, "method": "SUBSCRIBE", "params": [TRADE], "id": 1})
    assert heard_something(venue, conn)


def test_only_the_first_stream_of_a_frame_counts() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.send(conn, {"method": "SUBSCRIBE", "params": [TRADE, DEPTH], "id": 1})
    venue.created("SELL", "10")
    venue.created("BUY", "10")
    assert {frame["stream"] for frame in venue.heard(conn)} == {TRADE}
    venue.subscribe(conn, DEPTH)
    venue.send(conn, {"method": "UNSUBSCRIBE", "params": [DEPTH, TRADE], "id": 2})
    venue.created("SELL", "10")
    venue.created("BUY", "10")
    assert {frame["stream"] for frame in venue.heard(conn)} == {TRADE}


def test_a_second_subscription_doubles_each_push_and_one_unsubscribe_ends_both() -> None:
    venue = Venue()
    once, twice = venue.connect(), venue.connect()
    venue.subscribe(once, TRADE)
    venue.subscribe(twice, TRADE)
    venue.subscribe(twice, TRADE)
    venue.created("SELL", "10")
    venue.created("BUY", "10")
    (push,) = venue.heard(once)
    assert venue.heard(twice) == [push, push]
    venue.subscribe(twice, TRADE, method="UNSUBSCRIBE")
    assert not heard_something(venue, twice)
    assert heard_something(venue, once), "the others are none of its business"


def test_ticker_and_markets_that_do_not_run_can_be_subscribed_to_and_bring_nothing() -> None:
    venue = Venue(life=Life(step_ms=100, crowd=1.0))
    conn = venue.connect()
    venue.subscribe(conn, "ticker.SOL_USDC", "depth.BTC_USDT", "trade.ETH_USDT", "trade.SOL_USDT")
    venue.wait(30)
    assert venue.heard(conn) == []


def test_who_is_gone_is_told_nothing_and_comes_back_with_nothing() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, TRADE, DEPTH)
    venue.leave(conn)
    assert not heard_something(venue, conn)
    again = venue.connect()
    assert not heard_something(venue, again)
    gateway = venue.gateway
    assert isinstance(gateway, PlainGateway)
    assert gateway.subscribers.streams_of(conn) == []


# Pushes, in the shapes of the documents


def test_a_fill_is_pushed_as_documented() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, TRADE)
    venue.created("SELL", "150.50", "4.5")
    venue.created("BUY", "150.60", "10.0")
    (push,) = venue.heard(conn)
    assert push == {
        "stream": "trade.SOL_USDC",
        "data": {
            "T": push["data"]["T"],
            "e": "trade",
            "m": False,
            "p": "150.50",
            "q": "4.5",
            "s": "SOL_USDC",
            "t": 1,
        },
    }
    assert START // 1_000_000 <= push["data"]["T"] <= venue.now_ns // 1_000_000, "in milliseconds"


def test_one_push_for_each_fill_numbered_on_and_then_one_for_the_book() -> None:
    venue = Venue(first_trade=(1 << 53) + 1)
    conn = venue.connect()
    venue.subscribe(conn, DEPTH, TRADE)
    venue.created("SELL", "150.50", "1")
    venue.created("SELL", "150.60", "2")
    venue.heard(conn)
    venue.created("BUY", "150.60", "2.5")
    frames = venue.heard(conn)
    assert [frame["stream"] for frame in frames] == [TRADE, TRADE, DEPTH]
    assert [frame["data"]["t"] for frame in frames[:2]] == [(1 << 53) + 1, (1 << 53) + 2]
    assert [frame["data"]["m"] for frame in frames[:2]] == [False, False]
    assert frames[2]["data"]["a"] == [["150.50", "0"], ["150.60", "0.5"]], "only the levels that it touched"
    assert frames[2]["data"]["b"] == []


def test_a_seller_who_takes_makes_the_buyer_the_maker() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, TRADE)
    venue.created("BUY", "10", "1")
    venue.created("SELL", "10", "1")
    assert venue.heard(conn)[0]["data"]["m"] is True


def test_depth_is_numbered_one_by_one_and_timed_in_microseconds_as_documented() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, DEPTH)
    for price in ("10", "10.5", "11"):
        venue.created("BUY", price, "1.50")
    frames = venue.heard(conn)
    assert [(frame["data"]["U"], frame["data"]["u"]) for frame in frames] == [(1, 1), (2, 2), (3, 3)]
    first = frames[0]["data"]
    assert first == {
        "E": START // 1000,
        "T": START // 1000,
        "U": 1,
        "a": [],
        "b": [["10", "1.50"]],
        "e": "depth",
        "s": "SOL_USDC",
        "u": 1,
    }
    assert venue.rest("GET", "/depth?symbol=SOL_USDC")["lastUpdateId"] == "3"


def test_depth_as_the_venues_code_sends_it_has_no_number() -> None:
    venue = Venue(numbered_depth=False)
    conn = venue.connect()
    venue.subscribe(conn, DEPTH)
    venue.created("BUY", "10", "1.5")
    (push,) = venue.heard(conn)
    assert push["data"] == {"a": [], "b": [["10", "1.5"]], "e": "depth", "s": "SOL_USDC"}
    assert "lastUpdateId" not in venue.rest("GET", "/depth?symbol=SOL_USDC")


def test_a_cancellation_is_pushed_to_nobody_and_leaves_no_gap() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, DEPTH)
    order_id = venue.created("BUY", "10", "1")
    body = {"order_id": order_id, "user_id": "test_user", "price": "10", "side": "BUY", "market": "SOL_USDC"}
    assert venue.rest("DELETE", "/order", body)["status"] == "Cancelled Order"
    venue.created("BUY", "10", "2")
    assert [frame["data"]["u"] for frame in venue.heard(conn)] == [1, 2]


def test_the_house_and_the_crowd_are_heard_in_order() -> None:
    venue = Venue(life=Life(step_ms=100, crowd=1.0))
    conn = venue.connect()
    venue.subscribe(conn, TRADE, DEPTH)
    venue.wait(20)
    frames = venue.heard(conn)
    trades = [frame["data"]["t"] for frame in frames if frame["stream"] == TRADE]
    depths = [frame["data"]["u"] for frame in frames if frame["stream"] == DEPTH]
    assert len(trades) > 100
    assert trades == list(range(trades[0], trades[0] + len(trades)))
    assert depths == list(range(depths[0], depths[0] + len(depths)))
    dialect = StreamsDialect()
    seen = [dialect.decode(text, "venue") for text in venue.texts]
    assert {envelope.channel for envelope in seen} == {TRADE, DEPTH}
    assert all(envelope.venue_seq is not None and envelope.venue_at_ns is not None for envelope in seen)


def test_the_same_seed_and_the_same_requests_give_the_same_venue() -> None:
    def story(seed: int) -> str:
        venue = Venue(seed=seed, life=Life(step_ms=100))
        conn = venue.connect()
        venue.subscribe(conn, TRADE, DEPTH)
        ids = [venue.created("BUY", "160"), venue.created("SELL", "140"), venue.rest("POST", "/users")["user_id"]]
        venue.wait(5)
        return json.dumps([venue.heard(conn), ids, venue.rest("GET", "/trades?symbol=SOL_USDC")])

    assert story(3) == story(3)
    assert story(3) != story(4)


def test_a_shutdown_says_goodbye() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.drain()
    assert venue.ended == {conn: (1001, "")}
