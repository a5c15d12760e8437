"""The framing layer: envelopes, ids in flight, order of replies, liveness, drain."""

from __future__ import annotations

import json
from typing import Any

import pytest
from venues.reya.trader import START, Trader, Venue, quiet

from wsreplay.venues.reya.setup import Delays

SLOW = Delays(engine_ms=(100, 100), chain_ms=(900, 900))


@pytest.mark.parametrize(
    ("frame", "code", "key"),
    [
        ("{", "MALFORMED_JSON", None),
        ("", "MALFORMED_JSON", None),
        ("[]", "MALFORMED_JSON", None),
        ("[" * 100_000, "MALFORMED_JSON", None),
        ('"createOrder"', "MALFORMED_JSON", None),
        ('{"id":"a","payload":{}}', "MALFORMED_JSON", "a"),
        ('{"type":7,"id":"a"}', "MALFORMED_JSON", "a"),
        ('{"type":"createOrder","payload":{}}', "MALFORMED_JSON", None),
        ('{"type":"createOrder","id":7,"payload":{}}', "MALFORMED_JSON", None),
        ('{"type":"amendOrder","id":"a","payload":{}}', "UNKNOWN_TYPE", "a"),
        ('{"type":"pong"}', "UNKNOWN_TYPE", None),
        ('{"type":"modifyOrder","id":"a","payload":{}}', "UNKNOWN_TYPE", "a"),
    ],
)
def test_a_frame_that_is_no_request_gets_a_top_level_error(frame: str, code: str, key: str | None) -> None:
    venue = Venue()
    conn = venue.connect()
    venue.send(conn, frame)
    said = venue.heard_last(conn)
    assert (said["type"], said["error"]["error"], said.get("id")) == ("error", code, key)
    assert said["error"]["message"]
    assert conn not in venue.ended, "the connection stays open"


def test_bytes_that_are_no_text_are_malformed() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.take(venue.receive(conn, b"\xff\xfe{", venue.now_ns))
    assert venue.heard_last(conn)["error"]["error"] == "MALFORMED_JSON"


def test_a_ping_is_answered_at_once_with_its_id_or_without() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.send(conn, {"type": "ping", "id": "p"})
    venue.send(conn, {"type": "ping"})
    assert venue.said[conn] == [{"type": "pong", "id": "p"}, {"type": "pong"}]


def test_an_id_in_flight_is_refused_and_its_owner_still_answered() -> None:
    venue, trader = Venue(quiet(delays=SLOW)), Trader()
    conn = venue.connect()
    venue.send(conn, {"type": "createOrder", "id": "a", "payload": trader.spot()})
    venue.send(conn, {"type": "createOrder", "id": "a", "payload": trader.spot()})
    (refusal,) = venue.said.pop(conn)
    assert (refusal["type"], refusal["id"], refusal["error"]["error"]) == ("error", "a", "DUPLICATE_REQUEST_ID")
    venue.wait(1)
    reply = venue.heard_last(conn)
    assert (reply["id"], reply["ok"]) == ("a", True)
    assert len(venue.open_orders(trader.wallet)) == 1, "the second one was never an order"


def test_a_ping_takes_no_id_and_an_answered_id_is_free_again() -> None:
    venue, trader = Venue(quiet(delays=SLOW)), Trader()
    conn = venue.connect()
    venue.send(conn, {"type": "createOrder", "id": "a", "payload": trader.spot()})
    venue.send(conn, {"type": "ping", "id": "a"})
    assert venue.heard_last(conn) == {"type": "pong", "id": "a"}
    venue.wait(1)
    assert venue.heard_last(conn)["ok"]
    venue.send(conn, {"type": "createOrder", "id": "a", "payload": trader.spot()})
    venue.wait(1)
    assert venue.heard_last(conn)["ok"]


def test_ids_are_a_connections_own() -> None:
    venue, trader = Venue(quiet(delays=SLOW)), Trader()
    one, two = venue.connect(), venue.connect()
    for conn in (one, two):
        venue.send(conn, {"type": "createOrder", "id": "a", "payload": trader.spot()})
    venue.wait(1)
    assert venue.heard_last(one)["ok"]
    assert venue.heard_last(two)["ok"]


def test_replies_overtake_one_another() -> None:
    venue, trader = Venue(quiet(delays=Delays(engine_ms=(1, 50)))), Trader()
    conn = venue.connect()
    sent = [f"r{n}" for n in range(20)]
    for key in sent:
        venue.send(conn, {"type": "createOrder", "id": key, "payload": trader.spot()})
    venue.wait(1)
    answered = [frame["id"] for frame in venue.said[conn]]
    assert sorted(answered) == sorted(sent)
    assert answered != sent


def test_a_perp_ioc_waits_for_the_chain_while_others_are_answered() -> None:
    venue, trader = Venue(quiet(delays=SLOW)), Trader()
    conn = venue.connect()
    venue.send(conn, {"type": "createOrder", "id": "perp", "payload": trader.perp()})
    venue.send(conn, {"type": "createOrder", "id": "spot", "payload": trader.spot()})
    venue.wait(0.5)
    assert [frame["id"] for frame in venue.said[conn]] == ["spot"]
    venue.wait(0.5)
    assert [frame["id"] for frame in venue.said[conn]] == ["spot", "perp"]


def test_an_internal_failure_ends_its_request_and_does_nothing() -> None:
    venue, trader = Venue(quiet(internal_rate=1.0)), Trader()
    conn = venue.connect()
    venue.send(conn, {"type": "createOrder", "id": "a", "payload": trader.spot()})
    said = venue.heard_last(conn)
    assert (said["type"], said["id"], said["error"]["error"]) == ("error", "a", "INTERNAL")
    venue.wait(5)
    assert conn not in venue.said
    assert venue.open_orders(trader.wallet) == []


def test_an_order_lives_on_when_its_connection_dies() -> None:
    venue, trader = Venue(quiet(delays=SLOW)), Trader()
    conn = venue.connect()
    venue.send(conn, {"type": "createOrder", "id": "a", "payload": trader.spot()})
    venue.send(conn, {"type": "createOrder", "id": "b", "payload": trader.perp()})
    venue.leave(conn)
    venue.wait(2)
    assert conn not in venue.said, "nobody is there to be told"
    assert len(venue.open_orders(trader.wallet)) == 1
    _, executions = venue.rest("GET", f"/v2/wallet/{trader.wallet}/perpExecutions")
    assert executions["meta"]["count"] == 1, "the chain executed what was asked"


def test_an_idle_connection_is_pinged_and_then_cut() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.wait(119.9)
    assert venue.pinged == [(START + 104 * 10**9, conn)]
    assert conn not in venue.ended
    venue.wait(0.2)
    assert venue.ended[conn] == (1006, ""), "without a close frame"
    venue.send(conn, {"type": "ping"})
    assert conn not in venue.said


def test_a_pong_keeps_a_connection_and_so_does_any_frame() -> None:
    venue = Venue()
    quiet_one, chatty = venue.connect(), venue.connect()
    for _ in range(6):
        venue.wait(110)
        venue.take(venue.heard(quiet_one, "pong", venue.now_ns))
        venue.send(chatty, {"type": "ping"})
    assert venue.ended == {}
    assert {conn for _, conn in venue.pinged} == {quiet_one, chatty}


def test_drain_closes_the_idle_first_and_the_busy_when_answered() -> None:
    venue, trader = Venue(quiet(delays=SLOW)), Trader()
    idle, busy = venue.connect(), venue.connect()
    venue.send(busy, {"type": "createOrder", "id": "a", "payload": trader.spot()})
    venue.take(venue.drain(venue.now_ns))
    assert venue.ended == {idle: (1001, "SERVER_SHUTTING_DOWN")}
    venue.wait(0.2)
    assert venue.heard_last(busy)["ok"], "its answer comes first"
    assert venue.ended[busy] == (1001, "SERVER_SHUTTING_DOWN")


def test_drain_forces_what_is_still_busy_after_ten_seconds() -> None:
    venue, trader = Venue(quiet(delays=Delays(chain_ms=(20_000, 20_000)))), Trader()
    conn = venue.connect()
    payload = trader.perp(expiresAfter=trader.now_ns // 10**9 + 40)
    venue.send(conn, {"type": "createOrder", "id": "a", "payload": payload})
    venue.take(venue.drain(venue.now_ns))
    venue.wait(9.9)
    assert conn not in venue.ended
    venue.wait(0.2)
    assert venue.ended[conn] == (1001, "SERVER_SHUTTING_DOWN")
    venue.wait(20)
    assert len(venue.settled) > 0, "the order executes all the same"


def test_the_same_seed_and_the_same_requests_give_the_same_venue() -> None:
    def story(seed: int) -> list[dict[str, Any]]:
        venue, trader = Venue(quiet(seed=seed)), Trader()
        conn = venue.connect()
        for n in range(10):
            payload = trader.spot("buy", "3010", "0.2") if n % 2 else trader.perp()
            venue.send(conn, {"type": "createOrder", "id": str(n), "payload": payload})
        venue.wait(5)
        _, executions = venue.rest("GET", f"/v2/wallet/{trader.wallet}/spotExecutions")
        return [*venue.said[conn], executions]

    assert json.dumps(story(3)) == json.dumps(story(3))
    assert json.dumps(story(3)) != json.dumps(story(4))
