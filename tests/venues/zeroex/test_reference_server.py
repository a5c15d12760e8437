"""The reference server's own rules: pings, errors that end the line, and request ids that are everybody's."""

from __future__ import annotations

from typing import Any

import pytest
from venues.zeroex.venue import MAKER, START, Venue, quiet

from wsreplay.venues.zeroex.setup import DAI, E18, ZRX

SECOND = 1_000_000_000


def reference(**fields: Any) -> Venue:
    return Venue(quiet(profile="launch-kit", **fields))


def test_everybody_is_pinged_at_the_same_time_and_cut_at_the_next_without_a_pong() -> None:
    venue = reference()
    awake, asleep = venue.connect(), venue.connect()
    venue.wait(5)
    assert venue.pinged == [(START + 5 * SECOND, awake), (START + 5 * SECOND, asleep)]
    venue.wait(3)
    venue.pong(awake)
    venue.wait(2)
    assert venue.ended == {asleep: "cut"}
    assert venue.pinged[2:] == [(START + 10 * SECOND, awake)]


def test_nothing_but_a_pong_proves_that_a_client_lives() -> None:
    venue = reference()
    conn = venue.connect()
    venue.wait(5)
    venue.subscribe(conn, "a")
    venue.take(venue.gateway.heard(conn, "ping", venue.now_ns))
    venue.wait(5)
    assert venue.ended == {conn: "cut"}


def test_a_client_that_comes_between_two_pings_has_its_time() -> None:
    venue = reference()
    venue.wait(4.9)
    conn = venue.connect()
    venue.wait(5)
    assert venue.ended == {}
    venue.wait(0.1)
    assert venue.ended == {conn: "cut"}


@pytest.mark.parametrize("nonsense", ["", "{", "[" * 100_000, b"\xff"])
def test_bad_json_gets_an_error_body_and_the_line_is_cut(nonsense: str | bytes) -> None:
    venue = reference()
    conn = venue.connect()
    venue.send(conn, nonsense)
    assert venue.heard(conn) == [{"code": 101, "reason": "Malformed JSON"}]
    assert venue.ended == {conn: "cut"}


@pytest.mark.parametrize(
    ("message", "flaws"),
    [
        ([], [("message", 1001)]),
        ({}, [("type", 1000), ("channel", 1000), ("requestId", 1000)]),
        ({"type": "subscribe", "channel": "orders"}, [("requestId", 1000)]),
        ({"type": "subscribe", "channel": "orders", "requestId": 7}, [("requestId", 1001)]),
        ({"type": "unsubscribe", "channel": "orders", "requestId": "a"}, [("type", 1004)]),
        ({"type": "subscribe", "channel": "orderbook", "requestId": "a"}, [("channel", 1004)]),
        ({"type": "subscribe", "channel": "orders", "requestId": "a", "payload": 5}, [("payload", 1001)]),
    ],
)
def test_a_message_that_breaks_the_schema_is_told_which_field(message: Any, flaws: list[tuple[str, int]]) -> None:
    venue = reference()
    conn = venue.connect()
    venue.send(conn, message or str(message).replace("'", '"'))
    [said] = venue.heard(conn)
    assert (said["code"], said["reason"]) == (100, "Validation Failed")
    assert [(flaw["field"], flaw["code"]) for flaw in said["validationErrors"]] == flaws
    assert all(flaw["reason"] for flaw in said["validationErrors"])
    assert venue.ended == {conn: "cut"}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("makerAssetAddress", "0x12", 1002),
        ("takerAssetAddress", "0x" + "AB" * 20, 1002),
        ("makerAssetAddress", 7, 1001),
        ("makerAssetData", "0xf", 1001),
        ("traderAssetData", None, 1001),
        ("makerAssetProxyId", "ERC20", 1001),
        ("takerAssetType", 5, 1001),
        ("networkId", "42", 1001),
        ("networkId", True, 1001),
    ],
)
def test_a_filter_that_breaks_the_schema_is_refused(name: str, value: Any, code: int) -> None:
    venue = reference()
    conn = venue.connect()
    venue.subscribe(conn, "a", **{name: value})
    [said] = venue.heard(conn)
    assert [(flaw["field"], flaw["code"]) for flaw in said["validationErrors"]] == [(name, code)]
    assert venue.ended == {conn: "cut"}


def test_a_second_client_with_the_same_request_id_takes_the_subscription() -> None:
    venue = reference()
    one, two = venue.connect(), venue.connect()
    venue.subscribe(one, "a")
    venue.subscribe(one, "mine")
    venue.subscribe(two, "a", makerAssetData=DAI)
    zrx, dai = venue.post(), venue.post(makerAssetData=DAI)
    assert venue.told(one) == [("mine", [(zrx.order_hash, str(2 * E18))]), ("mine", [(dai.order_hash, str(2 * E18))])]
    assert venue.told(two) == [("a", [(dai.order_hash, str(2 * E18))])], "with the second one's filter"


def test_the_end_of_whoever_used_a_request_id_before_ends_the_subscription_of_whoever_took_it() -> None:
    venue = reference()
    one, two = venue.connect(), venue.connect()
    venue.subscribe(one, "a")
    venue.subscribe(two, "a")
    venue.leave(one)
    venue.post()
    assert venue.told(two) == []


def test_a_new_subscription_with_the_same_id_replaces_the_filter() -> None:
    venue = reference()
    conn = venue.connect()
    venue.subscribe(conn, "a", makerAssetData=ZRX)
    venue.subscribe(conn, "a", makerAssetData=DAI)
    venue.post()
    assert venue.told(conn) == []


def test_each_order_is_a_message_of_its_own() -> None:
    venue = reference()
    conn = venue.connect()
    first, second = venue.post(), venue.post(salt="2")
    venue.subscribe(conn, "a")
    venue.subscribe(conn, "b")
    venue.set_balance(MAKER, ZRX, 0)
    assert venue.told(conn) == [
        (request_id, [(order.order_hash, "0")]) for order in (first, second) for request_id in ("a", "b")
    ]


def test_what_a_refused_client_had_subscribed_to_is_dropped() -> None:
    venue = reference()
    conn = venue.connect()
    venue.subscribe(conn, "a")
    venue.send(conn, "{")
    venue.heard(conn)
    venue.post()
    assert venue.heard(conn) == []


def test_it_ends_without_a_word() -> None:
    venue = reference()
    conn = venue.connect()
    venue.take(venue.gateway.drain(venue.now_ns))
    assert venue.ended == {conn: "cut"}
