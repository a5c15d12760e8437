"""The socket's rules, each with a client that breaks it; every error code comes of a real situation."""

from __future__ import annotations

from typing import Any

import pytest
from venues.cantondex.trader import ACCOUNT, OFFICER, START, Fields, Venue

from wsreplay.venues.cantondex.channels import CHANNELS
from wsreplay.venues.cantondex.setup import Limits
from wsreplay.venues.cantondex.times import SECOND, nanoseconds
from wsreplay.venues.cantondex.tokens import minted
from wsreplay.venues.gateway import Knock


def said_of(error: Fields) -> tuple[str, Fields]:
    """Code and details of an error, whose other members are checked."""
    assert error.keys() == {"type", "code", "message", "details", "timestamp"}
    assert error["type"] == "error"
    assert error["message"]
    return error["code"], error["details"]


def refused(venue: Venue, conn: int, message: Any) -> tuple[str, Fields]:
    [error] = venue.send(conn, message)
    assert conn in venue.connections, "the connection stays open"
    return said_of(error)


# Logging in


def test_a_good_token_is_let_in() -> None:
    venue = Venue()
    conn = venue.connect()
    assert venue.send(conn, {"type": "auth", "token": venue.token()}) == [
        {
            "type": "auth_response",
            "status": "authenticated",
            "account_id": ACCOUNT,
            "message": "Successfully authenticated",
        }
    ]


INVALID = {
    "type": "auth_response",
    "status": "failed",
    "error_code": "INVALID_TOKEN",
    "error_message": "Token is invalid or expired",
}
NOW_S = START // SECOND
GOOD = {"account_id": ACCOUNT, "exp": NOW_S + 60}


@pytest.mark.parametrize(
    ("claims", "secret"),
    [
        (GOOD, b"another secret"),
        ({**GOOD, "exp": NOW_S}, None),
        ({**GOOD, "exp": None}, None),
        ({"account_id": ACCOUNT}, None),
        ({**GOOD, "account_id": "acc_nobody"}, None),
        ({**GOOD, "typ": "refresh"}, None),
    ],
    ids=["wrong signature", "expired", "no expiry", "expiry missing", "unknown account", "refresh token"],
)
def test_a_token_that_is_not_good_is_refused_and_may_be_mended(claims: Fields, secret: bytes | None) -> None:
    venue = Venue()
    conn = venue.connect()
    token = minted(claims, secret or venue.setup.secret)
    assert venue.send(conn, {"type": "auth", "token": token}) == [INVALID]
    assert venue.send(conn, {"type": "auth", "token": venue.token()})[0]["status"] == "authenticated"


@pytest.mark.parametrize("token", ["", "a.b.c", "YOUR_JWT_TOKEN", None, 7, "é.é.é"])
def test_what_is_no_token_is_refused(token: Any) -> None:
    venue = Venue()
    assert venue.send(venue.connect(), {"type": "auth", "token": token}) == [INVALID]


def test_a_token_without_a_signature_is_refused_though_it_says_so() -> None:
    venue = Venue()
    header, claims, _ = venue.token().split(".")
    none = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    for token in (f"{none}.{claims}.", f"{header}.{claims}."):
        assert venue.send(venue.connect(), {"type": "auth", "token": token}) == [INVALID]


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
def test_nothing_is_done_before_auth(kind: str) -> None:
    venue = Venue()
    conn = venue.connect()
    code, details = refused(venue, conn, {"type": kind, "channel": "orders", "account_id": ACCOUNT})
    assert (code, details) == ("AUTH_FAILED", {"channel": "orders", "reason": "not_authenticated"})
    assert refused(venue, conn, {"type": "what"}) == ("AUTH_FAILED", {"reason": "not_authenticated"})


def test_a_token_that_expires_meanwhile_must_be_renewed() -> None:
    venue = Venue()
    conn = venue.connect()
    token = minted({"account_id": ACCOUNT, "exp": venue.now_ns // SECOND + 10}, venue.setup.secret)
    assert venue.send(conn, {"type": "auth", "token": token})[0]["status"] == "authenticated"
    assert venue.subscribe(conn, "orders")["type"] == "subscription_response"
    venue.wait(10, conn)
    assert said_of(venue.subscribe(conn, "trades")) == (
        "AUTH_FAILED",
        {"channel": "trades", "reason": "token_expired"},
    )
    assert venue.send(conn, {"type": "auth", "token": venue.token()})[0]["status"] == "authenticated"
    assert venue.subscribe(conn, "trades")["type"] == "subscription_response"


def test_a_connection_belongs_to_one_account() -> None:
    venue = Venue()
    conn = venue.log_in()
    code, details = refused(venue, conn, {"type": "auth", "token": venue.token(OFFICER)})
    assert (code, details) == ("INVALID_REQUEST", {"reason": "other_account"})


def test_an_account_has_ten_connections() -> None:
    venue = Venue()
    first, *_ = (venue.log_in() for _ in range(10))
    assert venue.log_in(OFFICER), "those of another account do not count"
    late = venue.connect()
    answer, goodbye = venue.send(late, {"type": "auth", "token": venue.token()})
    assert (answer["status"], answer["error_code"]) == ("failed", "AUTH_FAILED")
    assert "Too many connections" in answer["error_message"]
    assert said_of(goodbye) == ("CONNECTION_CLOSED", {"reason": "too_many_connections"})
    assert venue.ended[late] == (1008, "too_many_connections")
    venue.take(venue.closed(first, venue.now_ns))
    assert venue.log_in()


# Subscriptions


@pytest.mark.parametrize("channel", sorted(CHANNELS - {"compliance_events"}))
def test_every_channel_can_be_had_and_left(channel: str) -> None:
    venue = Venue()
    conn = venue.log_in()
    answer = venue.subscribe(conn, channel, account_id=ACCOUNT)
    assert answer.pop("message").startswith("Now receiving ")
    assert answer == {
        "type": "subscription_response",
        "channel": channel,
        "account_id": ACCOUNT,
        "status": "subscribed",
    }
    [left] = venue.send(conn, {"type": "unsubscribe", "channel": channel})
    assert left.pop("message").startswith("No longer receiving ")
    assert left == {"type": "unsubscribe_response", "channel": channel, "status": "unsubscribed"}
    assert venue.subscribe(conn, channel)["status"] == "subscribed", "and had again"


def test_compliance_events_are_for_officers() -> None:
    venue = Venue()
    denied = ("INSUFFICIENT_PERMISSIONS", {"channel": "compliance_events", "reason": "insufficient_permissions"})
    assert said_of(venue.subscribe(venue.log_in(), "compliance_events")) == denied
    assert venue.subscribe(venue.log_in(OFFICER), "compliance_events")["status"] == "subscribed"


@pytest.mark.parametrize("channel", ["orders", "trades", "settlements", "account_notifications"])
def test_nobody_hears_of_another_account(channel: str) -> None:
    venue = Venue()
    code, details = said_of(venue.subscribe(venue.log_in(), channel, account_id=OFFICER))
    assert (code, details["channel"]) == ("INSUFFICIENT_PERMISSIONS", channel)


def test_one_subscription_a_channel() -> None:
    venue = Venue()
    conn = venue.listen("orders")
    assert said_of(venue.subscribe(conn, "orders")) == (
        "ALREADY_SUBSCRIBED",
        {"channel": "orders", "reason": "already_subscribed"},
    )
    assert refused(venue, conn, {"type": "unsubscribe", "channel": "trades"}) == (
        "NOT_SUBSCRIBED",
        {"channel": "trades", "reason": "not_subscribed"},
    )


def test_a_channel_that_does_not_exist() -> None:
    venue = Venue()
    conn = venue.log_in()
    for kind in ("subscribe", "unsubscribe"):
        code, details = refused(venue, conn, {"type": kind, "channel": "candles"})
        assert (code, details) == ("INVALID_CHANNEL", {"channel": "candles", "reason": "unknown_channel"})


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"symbols": ["AAPL/USDC", "NOPE/USDC"]}, "unknown_symbol"),
        ({"symbols": []}, "invalid_symbols"),
        ({"symbols": "AAPL/USDC"}, "invalid_symbols"),
        ({"symbols": [7]}, "invalid_symbols"),
        ({"aggregation": "often"}, "invalid_aggregation"),
        ({"aggregation": 1}, "invalid_aggregation"),
        ({"aggregation": "0s"}, "invalid_aggregation"),
    ],
)
def test_market_data_that_can_not_be_given(more: Fields, reason: str) -> None:
    venue = Venue()
    conn = venue.log_in()
    assert said_of(venue.subscribe(conn, "market_data", **more)) == (
        "SUBSCRIPTION_ERROR",
        {"channel": "market_data", "reason": reason},
    )
    assert venue.subscribe(conn, "market_data")["status"] == "subscribed", "what failed is no subscription"


@pytest.mark.parametrize(
    ("message", "details"),
    [
        ("{", {"reason": "no_json_object"}),
        ("", {"reason": "no_json_object"}),
        ("[]", {"reason": "no_json_object"}),
        (b"\xff\xfe", {"reason": "no_json_object"}),
        ("[" * 30_000, {"reason": "no_json_object"}),
        ('{"channel":"orders"}', {"reason": "type_required"}),
        ('{"type":"order","channel":"orders"}', {"reason": "unknown_type"}),
        ('{"type":7}', {"reason": "type_required"}),
        ('{"type":"order"}', {"reason": "unknown_type"}),
        ('{"type":"ping"}', {"reason": "unknown_type"}),
        ('{"type":"subscribe"}', {"reason": "channel_required"}),
        ('{"type":"subscribe","channel":["orders","trades"]}', {"reason": "channel_required"}),
        (
            '{"type":"subscribe","channel":"orders","account_id":7}',
            {"channel": "orders", "reason": "account_id_not_a_string"},
        ),
    ],
)
def test_what_can_not_be_read_is_an_invalid_request(message: str | bytes, details: Fields) -> None:
    venue = Venue()
    assert refused(venue, venue.log_in(), message) == ("INVALID_REQUEST", details)


def test_a_message_that_is_too_large() -> None:
    venue = Venue()
    conn = venue.log_in()
    most = venue.setup.limits.message_bytes
    at_most = '{"type":"subscribe","channel":"orders"' + " " * (most - 39) + "}"
    assert len(at_most) == most
    code, details = refused(venue, conn, at_most + " ")
    assert (code, details) == ("MESSAGE_SIZE_EXCEEDED", {"channel": "orders", "reason": "message_too_large"})
    assert refused(venue, conn, "x" * (most + 1)) == ("MESSAGE_SIZE_EXCEEDED", {"reason": "message_too_large"})
    assert venue.send(conn, at_most)[0]["status"] == "subscribed"


def test_a_hundred_messages_a_second_and_no_more() -> None:
    venue = Venue()
    conn = venue.log_in()
    other = venue.log_in()
    for _ in range(99):
        assert venue.send(conn, {"type": "pong", "timestamp": "t"}) == []
    subscribe = {"type": "subscribe", "channel": "orders"}
    limited = ("RATE_LIMITED", {"channel": "orders", "reason": "too_many_messages"})
    assert refused(venue, conn, subscribe) == limited
    assert venue.send(other, subscribe)[0]["status"] == "subscribed", "each connection counts for itself"
    venue.wait(0.999)
    assert refused(venue, conn, subscribe) == limited
    venue.wait(0.001)
    assert venue.send(conn, subscribe)[0]["status"] == "subscribed"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('{"type":"pong"}', "too_many_heartbeats"),
        ("{", "too_many_unreadable_messages"),
        ('{"type":"x"}', "too_many_messages"),
    ],
)
def test_what_is_one_too_many_is_told_even_if_it_was_no_request(message: str, reason: str) -> None:
    venue = Venue()
    conn = venue.log_in()
    for _ in range(99):
        venue.send(conn, '{"type":"pong"}')
    assert refused(venue, conn, message) == ("RATE_LIMITED", {"reason": reason})


# Staying alive


def test_the_venue_pings_and_a_client_that_answers_stays() -> None:
    venue = Venue()
    conn = venue.log_in()
    venue.wait(299, conn)
    pings = venue.told(conn, "ping")
    assert [nanoseconds(ping["timestamp"]) for ping in pings[:2]] == [START + 10 * SECOND, START + 20 * SECOND]
    assert len(pings) == 29
    assert conn in venue.connections


def test_a_client_that_answers_no_ping_is_dropped_after_thirty_seconds() -> None:
    venue = Venue()
    conn = venue.log_in()
    venue.wait(29.9)
    venue.subscribe(conn, "orders")  # says something, and still answers no ping
    assert conn in venue.connections
    venue.wait(0.1)
    assert said_of(venue.said[conn][-1]) == ("CONNECTION_CLOSED", {"reason": "heartbeat_timeout"})
    assert venue.ended[conn] == (1008, "heartbeat_timeout")


def test_the_thirty_seconds_begin_anew_with_each_pong() -> None:
    venue = Venue()
    conn = venue.log_in()
    venue.wait(25)
    venue.send(conn, {"type": "pong", "timestamp": "its own clock, as the document's sample class does"})
    venue.wait(29.9)
    assert conn in venue.connections
    venue.wait(0.1)
    assert conn in venue.ended


def test_five_minutes_of_nothing_but_heartbeats_end_it() -> None:
    venue = Venue()
    conn = venue.log_in()
    venue.wait(100, conn)
    venue.subscribe(conn, "orders")
    venue.wait(299.9, conn)
    assert conn in venue.connections
    venue.wait(0.1, conn)
    assert said_of(venue.said[conn][-1]) == ("CONNECTION_CLOSED", {"reason": "inactivity"})
    assert venue.ended[conn] == (1008, "inactivity")


def test_whoever_is_told_something_is_not_idle() -> None:
    venue = Venue()
    conn = venue.listen("orders")
    venue.wait(200, conn)
    venue.placed("buy", 1, 100)
    venue.wait(299, conn)
    assert conn in venue.connections


def test_draining_says_goodbye_and_lets_nobody_in() -> None:
    venue = Venue()
    conn, stranger = venue.log_in(), venue.connect()
    venue.take(venue.drain(venue.now_ns))
    for each in (conn, stranger):
        assert said_of(venue.said[each][-1]) == ("CONNECTION_CLOSED", {"reason": "server_shutdown"})
        assert venue.ended[each] == (1001, "server_shutdown")
    refusal = venue.admit(Knock(), venue.now_ns)
    assert refusal is not None
    assert refusal.status == 503


def test_limits_that_count_by_time_stretch_with_the_speed() -> None:
    fast = Limits().at_speed(10)
    assert (fast.messages_per_s, fast.orders_per_minute, fast.connections) == (1_000, 1_000, 10)
    assert Limits().at_speed(float("inf")).messages_per_s == 1_000_000_000
