"""The dialect: each message of the venue's document as an envelope, to the digit, and nothing that makes it fail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venues.cantondex.document import CLIENT, VENUE

from wsreplay.venues.cantondex.channels import CHANNEL_OF, CHANNELS
from wsreplay.venues.cantondex.dialect import CantonDexDialect
from wsreplay.venues.dialect import AnsweringDialect, PlacedDialect, RecognisingDialect, RuledDialect
from wsreplay.venues.envelope import Envelope, HttpMessage, Sender
from wsreplay.venues.refreshing import Refreshing, Rehearsing

DEX = CantonDexDialect()
ACCOUNT, ORDER = "acc_1234567890abcdef", "ord_1234567890abcdef"
SENDERS: tuple[Sender, ...] = ("client", "venue", "proxy")


def read(message: dict[str, Any] | str | bytes, sender: Sender = "venue") -> Envelope:
    return DEX.decode(json.dumps(message) if isinstance(message, dict) else message, sender)


def facts(envelope: Envelope) -> dict[str, Any]:
    """What an envelope says, without its intent."""
    values = {name: getattr(envelope, name) for name in envelope.__struct_fields__ if name != "intent"}
    return {name: value for name, value in values.items() if value != getattr(Envelope(), name)}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def test_it_is_a_dialect_of_every_kind() -> None:
    for protocol in (RuledDialect, RecognisingDialect, AnsweringDialect, PlacedDialect, Refreshing, Rehearsing):
        assert isinstance(DEX, protocol)
    assert {"api.cantondex.io"} == DEX.production_hosts <= DEX.hosts
    assert {"token", "password"} <= DEX.secrets.names
    assert {"account_id", "transaction_hash"} <= DEX.secrets.personal


def test_the_rules_are_those_of_the_document() -> None:
    rules = DEX.rules
    assert rules.heartbeat is not None
    assert (rules.heartbeat.frame, rules.heartbeat.within_ns) == ("message", 30 * 10**9)
    assert (rules.login, rules.idle_ns, rules.confirms_subscriptions) == ("auth", 300 * 10**9, True)
    assert (rules.max_connections, rules.messages_per_s) == (10, 100)


SUBSCRIBED = {"role": "request", "op": "subscribe"}
ASKED: dict[str, dict[str, Any]] = {
    "auth": {"role": "request", "op": "auth"},
    **{
        f"subscribe {channel}": {
            **SUBSCRIBED,
            "channel": channel,
            "account": ACCOUNT,
            "parts": (Envelope(op="subscribe", channel=channel, account=ACCOUNT),),
        }
        for channel in ("orders", "trades", "settlements", "account_notifications")
    },
    **{
        f"subscribe {channel}": {
            **SUBSCRIBED,
            "channel": channel,
            "parts": (Envelope(op="subscribe", channel=channel),),
        }
        for channel in ("market_data", "compliance_events", "system_health")
    },
    "unsubscribe": {
        "role": "request",
        "op": "unsubscribe",
        "channel": "orders",
        "account": ACCOUNT,
        "parts": (Envelope(op="unsubscribe", channel="orders", account=ACCOUNT),),
    },
    "pong": {"role": "heartbeat", "op": "pong"},
}


@pytest.mark.parametrize("name", CLIENT)
def test_what_a_client_says(name: str) -> None:
    assert facts(read(CLIENT[name], "client")) == ASKED[name]


FILL = {"account": ACCOUNT, "order_id": ORDER}
TOLD: dict[str, dict[str, Any]] = {
    "auth_response authenticated": {"role": "reply", "op": "auth", "account": ACCOUNT, "status": "authenticated"},
    "auth_response failed": {"role": "reply", "op": "auth", "status": "failed", "error_code": "INVALID_TOKEN"},
    "subscription_response": {
        "role": "reply",
        "op": "subscribe",
        "channel": "orders",
        "account": ACCOUNT,
        "status": "subscribed",
    },
    "unsubscribe_response": {"role": "reply", "op": "unsubscribe", "channel": "orders", "status": "unsubscribed"},
    "order_created": {
        **FILL,
        "symbol": "AAPL/USDC",
        "side": "buy",
        "price": "150.50",
        "qty": "100",
        "status": "pending",
        "venue_at_ns": at("2024-11-17T16:30:00"),
    },
    "order_updated": {
        **FILL,
        "price": "150.48",
        "qty": "50",
        "status": "partially_filled",
        "venue_at_ns": at("2024-11-17T16:30:15"),
    },
    "order_filled": {
        **FILL,
        "price": "150.48",
        "qty": "100",
        "status": "filled",
        "venue_at_ns": at("2024-11-17T16:30:30"),
    },
    "order_cancelled": {**FILL, "status": "cancelled", "venue_at_ns": at("2024-11-17T16:31:00")},
    "trade_executed": {
        **FILL,
        "symbol": "AAPL/USDC",
        "side": "buy",
        "price": "150.48",
        "qty": "50",
        "venue_at_ns": at("2024-11-17T16:30:30"),
    },
    "trade_cancelled": {"venue_at_ns": at("2024-11-17T16:35:00")},
    "price_update": {"symbol": "AAPL/USDC", "venue_at_ns": at("2024-11-17T16:30:45")},
    "orderbook_update": {"symbol": "AAPL/USDC", "venue_at_ns": at("2024-11-17T16:30:45")},
    "settlement_created": {
        "symbol": "AAPL/USDC",
        "qty": "50",
        "status": "created",
        "venue_at_ns": at("2024-11-17T16:30:30"),
    },
    "settlement_confirmed": {"status": "confirmed", "venue_at_ns": at("2024-11-17T16:30:45")},
    "settlement_failed": {"status": "failed", "venue_at_ns": at("2024-11-17T16:35:00")},
    "balance_updated": {"account": ACCOUNT, "venue_at_ns": at("2024-11-17T16:30:30")},
    "margin_call": {"account": ACCOUNT, "venue_at_ns": at("2024-11-17T16:35:00")},
    "deposit_received": {"account": ACCOUNT, "venue_at_ns": at("2024-11-17T16:20:00")},
    "withdrawal_processed": {"account": ACCOUNT, "venue_at_ns": at("2024-11-17T16:25:00")},
    "suspicious_activity_detected": {"account": ACCOUNT, "venue_at_ns": at("2024-11-17T16:35:00")},
    "kyc_status_changed": {"account": ACCOUNT, "status": "approved", "venue_at_ns": at("2024-11-17T16:40:00")},
    "large_transaction_alert": {"account": ACCOUNT, "venue_at_ns": at("2024-11-17T16:45:00")},
    "system_status": {"status": "operational", "venue_at_ns": at("2024-11-17T16:50:00")},
    "service_degraded": {"status": "degraded", "venue_at_ns": at("2024-11-17T16:55:00")},
    "maintenance_notice": {"venue_at_ns": at("2024-11-17T17:00:00")},
    "ping": {"role": "heartbeat", "op": "ping", "venue_at_ns": at("2024-11-17T17:05:00")},
    "error": {
        "role": "error",
        "op": "error",
        "channel": "orders",
        "error_code": "SUBSCRIPTION_ERROR",
        "venue_at_ns": at("2024-11-17T17:10:00"),
    },
}


@pytest.mark.parametrize("name", VENUE)
def test_what_the_venue_says(name: str) -> None:
    expected = TOLD[name]
    if name in CHANNEL_OF:
        expected = {"role": "push", "op": name, "channel": CHANNEL_OF[name], **expected}
    assert facts(read(VENUE[name])) == expected


def test_every_event_of_the_document_belongs_to_one_of_seven_channels() -> None:
    assert set(CHANNEL_OF) == {name for name in VENUE if name in CHANNEL_OF}
    assert len(CHANNEL_OF) == 21
    assert {read(text, "client").channel for name, text in CLIENT.items() if name.startswith("sub")} == CHANNELS


def test_a_subscription_to_one_symbol_names_it() -> None:
    envelope = read({"type": "subscribe", "channel": "market_data", "symbols": ["AAPL/USDC"]}, "client")
    assert envelope.parts == (Envelope(op="subscribe", channel="market_data", symbol="AAPL/USDC"),)


def test_an_error_without_a_channel_means_what_was_asked_last_and_a_goodbye_means_nothing() -> None:
    error = {"type": "error", "code": "INVALID_REQUEST", "message": "m", "details": {"reason": "unknown_type"}}
    assert (read(error).role, read(error).channel, read(error).answers) == ("error", None, "newest")
    assert read({**error, "details": None}).answers == "newest"
    assert read({**error, "details": {"channel": "orders", "reason": "x"}}).answers == "oldest"
    assert read({**error, "details": {"channel": "orders", "reason": "type_required"}}).answers == "none"
    goodbye = read({**error, "code": "CONNECTION_CLOSED"})
    assert (goodbye.role, goodbye.error_code) == ("push", "CONNECTION_CLOSED")


def test_what_a_client_says_that_the_venue_will_refuse_is_a_request_and_no_more() -> None:
    assert facts(read({"type": "ping"}, "client")) == {"role": "request", "op": "ping"}
    assert facts(read({"type": "subscribe"}, "client")) == {"role": "request", "op": "subscribe"}
    assert read("{not json", "client") == read("[1]", "client") == read({"no": "type"}, "client") == Envelope()


# The venue's first servers


def test_the_first_servers_words_are_read() -> None:
    asked = read({"type": "subscribe", "topic": "orders.acc_1"}, "client")
    assert (asked.role, asked.channel, asked.parts[0].channel) == ("request", "orders.acc_1", "orders.acc_1")
    assert facts(read({"type": "subscribed", "topic": "orders.acc_1"})) == {
        "role": "reply",
        "op": "subscribe",
        "channel": "orders.acc_1",
    }
    data = '{"order_id":"o","side":"sell","price":1.50}'
    event = f'{{"type":"event","topic":"t","data":{data},"timestamp":"2024-11-17T16:30:00"}}'
    assert facts(read(event)) == {
        "role": "push",
        "op": "event",
        "channel": "t",
        "order_id": "o",
        "side": "sell",
        "price": "1.50",
        "venue_at_ns": at("2024-11-17T16:30:00"),
    }


# Exactness


@given(
    price=st.decimals(min_value=0, allow_nan=False, allow_infinity=False, places=18),
    qty=st.integers(min_value=0, max_value=10**40),
)
def test_numbers_keep_every_digit(price: Decimal, qty: int) -> None:
    text = f'{{"type":"order_created","side":"buy","price":{price:f},"quantity":{qty}}}'
    envelope = read(text)
    assert (envelope.price, envelope.qty) == (f"{price:f}", str(qty))


@given(st.integers(min_value=2**53, max_value=10**40))
def test_an_id_that_is_a_number_keeps_every_digit(number: int) -> None:
    assert read(f'{{"type":"order_filled","order_id":{number},"price":"1.10"}}').order_id == str(number)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2024-11-17T16:30:00Z", 1_731_861_000_000_000_000),
        ("2024-11-17T16:30:00.123Z", 1_731_861_000_123_000_000),
        ("2024-11-17T16:30:00.123456789Z", 1_731_861_000_123_456_789),
        ("2024-11-17T16:30:00.1234567Z", 1_731_861_000_123_456_700),
        ("2024-11-17T17:30:00+01:00", 1_731_861_000_000_000_000),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_keep_every_digit(text: str, nanoseconds: int | None) -> None:
    assert read({"type": "system_status", "timestamp": text}).venue_at_ns == nanoseconds


# Intent


def created(**more: Any) -> str | None:
    order = {"account_id": "a", "symbol": "S", "side": "buy", "order_type": "limit", "quantity": 1, "price": 2}
    return read({"type": "order_created", **order, **more}).intent


def test_equal_orders_have_equal_intents_and_others_have_others() -> None:
    assert created(price=2.0, quantity=1.00, order_id="x", status="filled", timestamp="t") == created()
    assert created(order_type="LIMIT") == created()
    different: list[dict[str, Any]] = [
        {"account_id": "b"},
        {"symbol": "T"},
        {"side": "sell"},
        {"quantity": 2},
        {"price": 3},
    ]
    different += [{"order_type": "market"}, {"order_type": "stop"}]
    assert len({created(), *(created(**each) for each in different)}) == 1 + len(different)
    assert created(order_type="market", price=None) == created(order_type="market", price=7)
    assert created(side="hold") is None


# Trouble, recognition, pong


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("INVALID_TOKEN", "auth-failed"),
        ("AUTH_FAILED", "auth-failed"),
        ("INSUFFICIENT_PERMISSIONS", "auth-failed"),
        ("RATE_LIMITED", "rate-limited"),
        ("INVALID_CHANNEL", "rejected"),
        ("ALREADY_SUBSCRIBED", "rejected"),
        ("SUBSCRIPTION_ERROR", "rejected"),
        ("MESSAGE_SIZE_EXCEEDED", "rejected"),
        ("INSUFFICIENT_MARGIN", "rejected"),
    ],
)
def test_what_a_refusal_is_about(code: str, kind: str) -> None:
    assert DEX.trouble(code) == kind


def test_one_connection_too_many_is_a_limit() -> None:
    assert DEX.trouble("AUTH_FAILED", b'{"error_message":"Too many connections"}') == "rate-limited"


def test_its_own_traffic_is_recognised_and_no_other() -> None:
    assert all(DEX.recognises(VENUE[name], "venue") for name in ("auth_response failed", "order_created"))
    assert DEX.recognises(CLIENT["subscribe orders"], "client")
    assert DEX.recognises(CLIENT["subscribe system_health"], "client")
    for other in ('{"type":"subscribe","channel":"orders"}', '{"type":"createOrder","id":"a"}', "{}", "", "[]"):
        assert not DEX.recognises(other, "client")
    assert not DEX.recognises(VENUE["ping"], "venue"), "many venues ping so"


def test_a_pong_has_the_time_of_its_ping() -> None:
    assert DEX.pong(VENUE["ping"], 0) == '{"type":"pong","timestamp":"2024-11-17T17:05:00Z"}'
    assert DEX.pong('{"type":"ping"}', 1_731_861_000_123_456_789) == (
        '{"type":"pong","timestamp":"2024-11-17T16:30:00.123Z"}'
    )
    assert DEX.pong(VENUE["order_created"], 0) is None


# Never raising

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "type",
        "channel",
        "account_id",
        "symbols",
        "details",
        "code",
        "token",
        "timestamp",
        "price",
        "quantity",
        "data",
        "topic",
        "order_id",
        "side",
        "status",
        "order_type",
        "error_code",
        "orders",
        "error",
        "amount",
    ]
)
TYPES = st.sampled_from(["auth", "subscribe", "error", "event", "ping", *CHANNEL_OF])
MESSAGES = st.dictionaries(NAMES, JSON | st.sampled_from(["buy", "1e999999999", "9" * 30]), max_size=8)


def try_all(payload: str | bytes) -> None:
    for sender in SENDERS:
        envelope = DEX.decode(payload, sender)
        assert isinstance(envelope, Envelope)
        DEX.recognises(payload, sender)
        DEX.at("127.0.0.1").witness(payload, sender)
    DEX.pong(payload, 0)
    DEX.pong(payload, 1 << 200)
    DEX.trouble("AUTH_FAILED", payload)
    body = payload.encode("utf-8", "surrogatepass") if isinstance(payload, str) else payload
    for url in ("http://h/v1/orders", "/orders/x?account_id=%ff", "http://[bad", "/markets/a/b/price", ""):
        for method in ("POST", "GET", "DELETE", ""):
            headers = (("Authorization", "Bearer " + body.decode("latin-1")),)
            asked = HttpMessage(method=method, url=url, body=body, headers=headers)
            DEX.decode_http(asked, None)
            DEX.at("localhost").witness_http(asked)
            for status in (200, 401, 503):
                DEX.decode_http(HttpMessage(method=method, url=url, body=body, status=status), asked)


@settings(max_examples=150)
@given(st.text() | st.binary())
def test_no_text_and_no_bytes_make_it_fail(payload: str | bytes) -> None:
    try_all(payload)


@settings(max_examples=300)
@given(MESSAGES, TYPES)
def test_no_json_makes_it_fail(message: dict[str, Any], kind: str) -> None:
    try_all(json.dumps({"type": kind, **message}))


def test_nothing_that_is_too_deep_or_too_long_makes_it_fail() -> None:
    for payload in ("[" * 100_000, '{"type":' * 50_000, '{"type":"order_created","price":' + "9" * 100_000 + "}"):
        try_all(payload)
