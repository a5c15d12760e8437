"""The door and the heartbeat: keys that open one connection, pings that want one pong each."""

from __future__ import annotations

from itertools import pairwise

import pytest
from venues.loopring.trader import CUT, Venue, quiet

from wsreplay.venues.gateway import Ask, Knock
from wsreplay.venues.loopring.setup import DEMO_WS_KEY, Limits

# Connect keys


def test_a_key_is_given_in_both_forms() -> None:
    venue = Venue()
    assert venue.told("GET", "/v3/ws/key").keys() == {"key"}
    old = venue.told("GET", "/v2/ws/key")
    assert old == {"resultInfo": {"code": 0, "message": "SUCCESS"}, "data": old["data"]}
    assert len({venue.key(), venue.key("v2"), old["data"]}) == 3
    assert venue.key().isalnum()
    assert len(venue.key()) == len("fx2xW5hoVFbcaanWS")


def test_a_key_needs_no_other_key() -> None:
    venue = Venue()
    status, _ = venue.ask("GET", "/v3/ws/key", api_key=None, api_sig=None)
    assert status == 200


@pytest.mark.parametrize("version", ["v3", "v2"])
def test_a_key_opens_one_connection(version: str) -> None:
    venue = Venue()
    key = venue.key(version)
    assert venue.knock(key) is None
    refusal = venue.knock(key)
    assert refusal is not None
    assert refusal.status == 401


@pytest.mark.parametrize("key", [None, "", "fx2xW5hoVFbcaanWS"])
def test_without_a_key_that_was_given_the_connection_is_refused(key: str | None) -> None:
    refusal = Venue().knock(key)
    assert refusal is not None
    assert (refusal.status, refusal.body) == (401, "invalid wsApiKey")


def test_a_key_runs_out() -> None:
    venue = Venue(quiet(limits=Limits(key_life_s=60, calls_per_second=100)))
    key, other = venue.key(), venue.key()
    venue.wait(59)
    assert venue.knock(key) is None
    venue.wait(2)
    assert venue.knock(other) is not None


def test_the_demo_key_opens_as_many_as_are_wanted() -> None:
    venue = Venue()
    assert [venue.knock(DEMO_WS_KEY) for _ in range(3)] == [None] * 3


def test_other_addresses_are_not_there() -> None:
    venue = Venue()
    assert venue.knock(DEMO_WS_KEY, "/v2/ws") is None
    for path in ("/", "/v3", "/v4/ws", "/v3/ws/key"):
        refusal = venue.knock(DEMO_WS_KEY, path)
        assert refusal is not None
        assert refusal.status == 404


def test_who_comes_while_the_venue_shuts_down_is_sent_away() -> None:
    venue = Venue()
    conn, key = venue.connect(), venue.key()
    venue.take(venue.drain(venue.now_ns))
    assert venue.ended == {conn: 1001}
    refusal = venue.knock(key)
    assert refusal is not None
    assert refusal.status == 503


# Heartbeats


def test_the_venue_pings_every_thirty_seconds() -> None:
    venue = Venue()
    conn = venue.connect()
    for _ in range(20):
        venue.wait(30)
        venue.send(conn, "pong")
    times = [at for at, who in venue.pinged if who == conn]
    assert len(times) == 20
    assert {round(after - before, 6) for before, after in pairwise(times)} == {30.0}
    assert venue.ended == {}


def test_who_never_answers_is_cut_off_two_minutes_after_the_first_ping() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.wait(30 + 119)
    assert venue.ended == {}
    assert len(venue.pinged) == 4
    venue.wait(2)
    assert venue.ended == {conn: CUT}
    pinged = len(venue.pinged)
    venue.wait(600)
    assert len(venue.pinged) == pinged, "and is not pinged any more"


def test_requests_are_no_answer_to_a_ping() -> None:
    venue = Venue()
    conn = venue.connect()
    for _ in range(15):
        venue.wait(10)
        if conn not in venue.ended:
            venue.sub(conn, {"topic": "ticker", "market": "LRC-ETH"})
    venue.wait(2)
    assert venue.ended == {conn: CUT}


def test_one_pong_now_and_then_is_enough_but_they_count() -> None:
    venue = Venue()
    conn = venue.connect()
    for _ in range(5):
        venue.wait(119)
        venue.send(conn, "pong")
    assert venue.ended == {}


def test_a_pong_that_nobody_asked_for_ends_the_line() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.send(conn, "pong")
    assert venue.ended == {conn: CUT}


def test_so_does_the_second_answer_to_one_ping() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.wait(31)
    venue.send(conn, "pong")
    assert venue.ended == {}
    venue.send(conn, "pong")
    assert venue.ended == {conn: CUT}


def test_pongs_that_were_not_sent_in_time_may_come_later() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.wait(95)
    for _ in range(3):
        venue.send(conn, "pong")
    assert venue.ended == {}, "three pings, three pongs"


def test_each_connection_has_its_own_heartbeat() -> None:
    venue = Venue()
    careful, deaf = venue.connect(), venue.connect()
    for _ in range(6):
        venue.wait(30)
        venue.send(careful, "pong")
    assert venue.ended == {deaf: CUT}


# Two venues of one seed


def test_two_venues_of_one_seed_do_the_same() -> None:
    def told() -> list[object]:
        venue = Venue(quiet())
        conn = venue.subscribed({"topic": "account"}, {"topic": "orderbook", "market": "LRC-ETH", "level": 0})
        answer = venue.submit()
        venue.wait(90)
        return [venue.said[conn], venue.pinged, answer, venue.key()]

    assert told() == told()


def test_a_connection_that_left_hears_nothing_more() -> None:
    venue = Venue()
    conn, out = venue.open(Knock(), venue.now_ns)
    venue.leave(conn)
    venue.wait(300)
    assert out == []
    assert venue.pinged == []
    _, answered = venue.request(Ask(target="/v3/ws/key"), venue.now_ns)
    assert answered == [], "an answer takes its time"
