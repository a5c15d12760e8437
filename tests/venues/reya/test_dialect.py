"""The dialect: each message of the venue's documents, as an envelope."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venues.reya.trader import VECTORS, Fields, Trader, without

from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage, Sender
from wsreplay.venues.reya.dialect import ReyaDialect

REYA = ReyaDialect()
SPOT: Fields = VECTORS["vectors"][0]["payload"]
PERP: Fields = VECTORS["vectors"][1]["payload"]


def read(frame: Fields | str | bytes, sender: Sender = "venue") -> Envelope:
    return REYA.decode(json.dumps(frame) if isinstance(frame, dict) else frame, sender)


def asked(op: str, payload: Fields, key: str = "req-7f3c1a") -> Envelope:
    return read({"type": op, "id": key, "payload": payload}, "client")


def facts(envelope: Envelope) -> Fields:
    """What an envelope says."""
    values = {name: getattr(envelope, name) for name in envelope.__struct_fields__}
    return {name: value for name, value in values.items() if value != getattr(Envelope(), name)}


def test_it_is_a_dialect() -> None:
    assert isinstance(REYA, Dialect)
    assert REYA.production_hosts < REYA.hosts
    assert {"ws-exec.reya.xyz", "ws-exec-staging.reya.xyz", "api.reya.xyz"} <= REYA.production_hosts
    assert "ws-exec-testnet.reya.xyz" not in REYA.production_hosts
    assert REYA.siblings["ws-exec-testnet.reya.xyz"] == "https://api-cronos.reya.xyz/v2"
    assert REYA.secrets.names == {"signature"}


def test_a_create_order_request() -> None:
    envelope = asked("createOrder", SPOT)
    assert facts(envelope) == {
        "role": "request",
        "op": "createOrder",
        "key": "req-7f3c1a",
        "symbol": "WETHRUSD",
        "account": "10000000002",
        "client_order_id": "1778601294274124",
        "side": "buy",
        "price": "1",
        "qty": "0.001",
        "intent": envelope.intent,
    }
    assert envelope.intent is not None


def test_a_triggered_order_has_no_quantity() -> None:
    payload = without(PERP, "qty", "timeInForce", "reduceOnly", "expiresAfter") | {"orderType": "TP", "triggerPx": "9"}
    envelope = asked("createOrder", payload)
    assert (envelope.side, envelope.price, envelope.qty) == ("sell", "1", None)
    assert envelope.intent not in (None, asked("createOrder", payload | {"triggerPx": "8"}).intent)


@pytest.mark.parametrize(
    ("op", "payload", "expected"),
    [
        (
            "cancelOrder",
            VECTORS["vectors"][2]["payload"],
            {"symbol": "WETHRUSD", "account": "10000000002", "order_id": "1864998629727535104"},
        ),
        ("cancelOrder", {"orderId": "18", "signature": "0x"}, {"order_id": "18"}),
        ("cancelOrder", {"clientOrderId": 1 << 63, "accountId": 1}, {"client_order_id": str(1 << 63), "account": "1"}),
        ("cancelAll", VECTORS["vectors"][3]["payload"], {"symbol": "WETHRUSD", "account": "10000000002"}),
        ("cancelAll", {"accountId": 5}, {"account": "5"}),
        ("cancelAllAfter", {"accountId": 5, "timeoutMs": 5000, "deadline": 9}, {"account": "5"}),
        (
            "modifyOrder",
            {"orderId": "18", "clientOrderId": "7", "isBuy": True, "limitPx": "2", "qty": "3", "deadline": 9},
            {"order_id": "18", "client_order_id": "7", "side": "buy", "price": "2", "qty": "3"},
        ),
    ],
)
def test_other_requests(op: str, payload: Fields, expected: Fields) -> None:
    assert facts(asked(op, payload)) == {"role": "request", "op": op, "key": "req-7f3c1a", **expected}


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (
            {
                "type": "createOrder",
                "id": "a",
                "ok": True,
                "payload": {"status": "OPEN", "orderId": "1864998629727535105", "clientOrderId": 1778601294274124},
            },
            {
                "role": "reply",
                "op": "createOrder",
                "key": "a",
                "status": "OPEN",
                "order_id": "1864998629727535105",
                "client_order_id": "1778601294274124",
            },
        ),
        (
            {"type": "createOrder", "id": "a", "ok": True, "payload": {"status": "FILLED", "execQty": "1"}},
            {"role": "reply", "op": "createOrder", "key": "a", "status": "FILLED"},
        ),
        (
            {"type": "cancelOrder", "id": "b", "ok": True, "payload": {"status": "CANCELLED", "orderId": "18"}},
            {"role": "reply", "op": "cancelOrder", "key": "b", "status": "CANCELLED", "order_id": "18"},
        ),
        (
            {"type": "cancelAll", "id": "c", "ok": True, "payload": {"cancelledCount": 3}},
            {"role": "reply", "op": "cancelAll", "key": "c"},
        ),
        (
            {
                "type": "createOrder",
                "id": "a",
                "ok": False,
                "error": {"error": "INVALID_NONCE_ERROR", "message": "Nonce"},
            },
            {"role": "reply", "op": "createOrder", "key": "a", "error_code": "INVALID_NONCE_ERROR"},
        ),
        (
            {"type": "createOrder", "id": "a", "ok": False},
            {"role": "reply", "op": "createOrder", "key": "a", "error_code": "UNKNOWN"},
        ),
        (
            {"type": "error", "error": {"error": "MALFORMED_JSON", "message": "x"}},
            {"role": "error", "op": "error", "error_code": "MALFORMED_JSON", "answers": "newest"},
        ),
        (
            {"type": "error", "id": "a", "error": {"error": "DUPLICATE_REQUEST_ID", "message": "x"}},
            {"role": "error", "op": "error", "key": "a", "error_code": "DUPLICATE_REQUEST_ID", "answers": "newest"},
        ),
        (
            {"type": "error", "id": "a", "error": {"error": "INTERNAL", "message": "x"}},
            {"role": "error", "op": "error", "key": "a", "error_code": "INTERNAL"},
        ),
        ({"type": "pong"}, {"role": "heartbeat", "op": "pong"}),
        ({"type": "pong", "id": "p"}, {"role": "heartbeat", "op": "pong", "key": "p"}),
        ({"type": "ping"}, {"role": "heartbeat", "op": "ping"}),
        (
            {"type": "pong", "server_time_ms": 1747927089946},
            {"role": "heartbeat", "op": "pong", "venue_at_ns": 1747927089946000000},
        ),
    ],
)
def test_what_the_venue_says(frame: Fields, expected: Fields) -> None:
    assert facts(read(frame)) == expected


def test_heartbeats_of_the_client() -> None:
    assert facts(read({"type": "ping", "id": "x"}, "client")) == {"role": "heartbeat", "op": "ping", "key": "x"}
    assert facts(read({"type": "pong"}, "client")) == {"role": "heartbeat", "op": "pong"}


def test_a_type_that_the_venue_will_refuse_is_a_request_all_the_same() -> None:
    assert facts(read({"type": "amend", "id": "x"}, "client")) == {"role": "request", "op": "amend", "key": "x"}


@pytest.mark.parametrize("junk", ["", "{", "[]", "5", "null", '"x"', "{}", b"\xff\xfe", "[" * 100_000, '{"type":5}'])
def test_what_it_cannot_read_says_nothing(junk: str | bytes) -> None:
    assert read(junk) == read(junk, "client") == Envelope()


def test_ids_beyond_a_double_and_decimal_texts_stay_exact() -> None:
    payload = SPOT | {
        "accountId": 2**128 - 1,
        "clientOrderId": 2**64 - 1,
        "limitPx": "0.100000000000000000000001",
        "qty": "1e-18",
    }
    envelope = asked("createOrder", payload)
    assert (envelope.account, envelope.client_order_id) == (str(2**128 - 1), str(2**64 - 1))
    assert (envelope.price, envelope.qty) == ("0.100000000000000000000001", "1e-18")
    number = "0.1000000000000000055511151231257827"
    raw = f'{{"type":"createOrder","id":"a","payload":{{"isBuy":true,"limitPx":{number},"qty":5}}}}'
    envelope = read(raw, "client")
    assert (envelope.price, envelope.qty) == (number, "5"), "numbers as they stand"


def test_fields_of_a_wrong_type_take_nothing_else_with_them() -> None:
    envelope = asked("createOrder", SPOT | {"isBuy": "yes", "symbol": 5, "timeInForce": None})
    assert (envelope.key, envelope.account, envelope.side, envelope.symbol) == ("req-7f3c1a", "10000000002", None, None)
    frame = {"type": "createOrder", "id": "a", "ok": False, "error": "INTERNAL"}
    assert (read(frame).role, read(frame).key) == ("reply", "a")


SAME: list[Fields] = [
    {"nonce": "1", "expiresAfter": 2, "signature": "0x00"},
    {"clientOrderId": 5},
    {"limitPx": "1.00"},
    {"limitPx": "10e-1"},
    {"qty": "0.0010"},
    {"qty": "1E-3"},
    {"reduceOnly": False},
    {"signerWallet": "0x" + "00" * 20},
]
OTHER: list[Fields] = [
    {"accountId": 10000000003},
    {"symbol": "WBTCRUSD"},
    {"isBuy": False},
    {"limitPx": "1.01"},
    {"qty": "0.002"},
    {"timeInForce": "IOC"},
    {"orderType": "TP"},
    {"triggerPx": "1"},
    {"reduceOnly": True},
]


@pytest.mark.parametrize("fields", SAME, ids=str)
def test_the_same_order_again_has_the_same_intent(fields: Fields) -> None:
    assert asked("createOrder", SPOT | fields, "other-id").intent == asked("createOrder", SPOT).intent


@pytest.mark.parametrize("fields", OTHER, ids=str)
def test_another_order_has_another_intent(fields: Fields) -> None:
    assert asked("createOrder", SPOT | fields).intent != asked("createOrder", SPOT).intent


def test_only_orders_have_an_intent() -> None:
    assert asked("modifyOrder", SPOT).intent is None
    assert asked("cancelOrder", VECTORS["vectors"][2]["payload"]).intent is None


def test_both_generations_names_of_an_order_type_mean_the_same() -> None:
    old = asked("createOrder", PERP | {"orderType": "TP", "triggerPx": "5"})
    assert asked("createOrder", PERP | {"orderType": "TAKE_PROFIT", "triggerPx": "5"}).intent == old.intent
    assert asked("createOrder", PERP | {"orderType": "STOP_LOSS", "triggerPx": "5"}).intent != old.intent


def http(method: str, path: str, body: Any = b"", status: int | None = None) -> HttpMessage:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpMessage(method=method, url=f"https://api.reya.xyz{path}", body=raw, status=status)


WALLET = VECTORS["address"]
OPEN_ORDERS = f"/v2/wallet/{WALLET}/openOrders"


def test_operations_over_rest() -> None:
    request = http("POST", "/v2/createOrder", SPOT)
    assert facts(REYA.decode_http(request, None)) == {
        **without(facts(asked("createOrder", SPOT)), "key"),
    }
    answer = {"status": "OPEN", "orderId": "1864998629727535105", "clientOrderId": 1778601294274124}
    assert facts(REYA.decode_http(http("POST", "/v2/createOrder", answer, 200), request)) == {
        "role": "reply",
        "op": "createOrder",
        "status": "OPEN",
        "order_id": "1864998629727535105",
        "client_order_id": "1778601294274124",
    }


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"error": "INVALID_NONCE_ERROR", "message": "x"}, "INVALID_NONCE_ERROR"),
        (429, b"Too Many Requests", "HTTP_429"),
        (502, b"<html>", "HTTP_502"),
        (200, b"<html>", "HTTP_200"),
    ],
)
def test_refusals_over_rest(status: int, body: Any, code: str) -> None:
    request = http("POST", "/v2/createOrder", SPOT)
    envelope = REYA.decode_http(http("POST", "/v2/createOrder", body, status), request)
    assert (envelope.role, envelope.op, envelope.error_code) == ("reply", "createOrder", code)


def test_a_list_of_open_orders_tells_of_each_and_of_what_it_came_from() -> None:
    order = {
        "exchangeId": 2,
        "symbol": "WETHRUSD",
        "accountId": 10000000002,
        "orderId": "1864998629727535104",
        "clientOrderId": 7,
        "qty": "0.001",
        "cumQty": "0",
        "side": "B",
        "limitPx": "1.0",
        "orderType": "LIMIT",
        "timeInForce": "GTC",
        "status": "OPEN",
        "createdAt": 1747927089946,
        "lastUpdateAt": 1747927099999,
    }
    request = http("GET", OPEN_ORDERS)
    asked_for = REYA.decode_http(request, None)
    assert (asked_for.role, asked_for.op, asked_for.channel) == (
        "request",
        "openOrders",
        f"/v2/wallet/{WALLET.lower()}/openOrders",
    )
    envelope = REYA.decode_http(
        http("GET", OPEN_ORDERS, [order, order | {"orderId": "2", "side": "A"}, 5], 200), request
    )
    assert (envelope.role, envelope.op, len(envelope.parts)) == ("reply", "openOrders", 2)
    assert facts(envelope.parts[0]) == {
        "symbol": "WETHRUSD",
        "account": "10000000002",
        "order_id": "1864998629727535104",
        "client_order_id": "7",
        "side": "buy",
        "status": "OPEN",
        "price": "1.0",
        "qty": "0.001",
        "intent": asked("createOrder", SPOT).intent,
        "venue_at_ns": 1747927089946000000,
    }
    assert envelope.parts[1].intent not in (None, envelope.parts[0].intent)


def test_executions_are_facts_too() -> None:
    path = f"/v2/wallet/{WALLET}/perpExecutions?startTime=1"
    old = {"symbol": "ETHRUSDPERP", "accountId": 8017, "side": "A", "qty": "0.01", "price": "3000", "timestamp": 5}
    new = {"symbol": "ETHRUSDPERP", "takerAccountId": 8017, "takerOrderId": "9", "side": "B", "qty": "1", "price": "2"}
    body = {"data": [old, new], "meta": {"limit": 100, "count": 2}}
    envelope = REYA.decode_http(http("GET", path, body, 200), http("GET", path))
    assert facts(envelope.parts[0]) == {
        "symbol": "ETHRUSDPERP",
        "account": "8017",
        "side": "sell",
        "price": "3000",
        "qty": "0.01",
        "venue_at_ns": 5_000_000,
    }
    assert (envelope.parts[1].account, envelope.parts[1].order_id) == ("8017", "9")


@pytest.mark.parametrize("url", ["https://api.reya.xyz/", "https://api.reya.xyz/other", "http://[", "", "/v2"])
def test_rest_addresses_that_say_nothing(url: str) -> None:
    message = HttpMessage(method="GET", url=url)
    assert REYA.decode_http(message, None) == Envelope()
    assert REYA.decode_http(HttpMessage(method="GET", url=url, status=200), message) == Envelope()
    assert REYA.decode_http(HttpMessage(method="GET", url=url, status=200), None) == Envelope()
    assert REYA.witness_http(message) is None


def test_the_info_socket_tells_of_orders() -> None:
    channel = f"/v2/wallet/{WALLET}/orderChanges"
    assert facts(read({"type": "subscribe", "channel": channel}, "client")) == {
        "role": "request",
        "op": "subscribe",
        "channel": channel,
    }
    assert facts(read({"type": "subscribed", "channel": channel})) == {
        "role": "reply",
        "op": "subscribe",
        "channel": channel,
    }
    order = {"orderId": "5", "clientOrderId": 6, "status": "FILLED", "side": "B"}
    envelope = read({"type": "channel_data", "timestamp": 3, "channel": channel, "data": [order]})
    assert (envelope.role, envelope.op, envelope.channel, envelope.venue_at_ns) == (
        "push",
        "orderChanges",
        channel,
        3_000_000,
    )
    assert (envelope.parts[0].order_id, envelope.parts[0].status) == ("5", "FILLED")


def test_a_rate_limit_is_known_by_its_code_or_by_its_words() -> None:
    def refusal(code: str, message: str) -> str:
        return json.dumps({"type": "createOrder", "id": "a", "ok": False, "error": {"error": code, "message": message}})

    other = "CREATE_ORDER_OTHER_ERROR"
    assert REYA.trouble(other, refusal(other, "Rate limit exceeded: 30 per 60s")) == "rate-limited"
    assert REYA.trouble("RATE_LIMITED_ERROR") == REYA.trouble("HTTP_429") == "rate-limited"
    assert REYA.trouble("UNAUTHORIZED_SIGNATURE_ERROR") == "auth-failed"
    assert REYA.trouble(other, refusal(other, "Invalid signature")) == "auth-failed"
    assert REYA.trouble(other, refusal(other, "Insufficient balance")) == REYA.trouble(other) == "rejected"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from([*SPOT, "type", "id", "ok", "payload", "error", "data", "channel", "timestamp", "deadline"])


@settings(deadline=None)
@given(st.dictionaries(names, json_values | st.dictionaries(names, json_values)), st.sampled_from(["client", "venue"]))
def test_no_message_makes_it_raise(frame: Fields, sender: Sender) -> None:
    for kind in ("createOrder", "error", "channel_data", frame.get("type")):
        text = json.dumps({**frame, "type": kind})
        REYA.decode(text, sender)
        REYA.witness(text, sender)
        REYA.trouble("X", text)
    body = json.dumps(frame).encode()
    for path in ("/v2/createOrder", OPEN_ORDERS, "/v2/marketDefinitions"):
        request, response = http("POST", path, body), http("POST", path, body, 200)
        REYA.decode_http(request, None)
        REYA.decode_http(response, request)
        REYA.witness_http(request)
        REYA.knowing(response, request)


def test_traders_frames_are_read() -> None:
    trader = Trader()
    for payload in (trader.spot(), trader.perp(), trader.perp_gtc(), trader.trigger("TP", "sell", "3100")):
        assert asked("createOrder", payload).intent


def test_it_refuses_as_the_venue_does() -> None:
    asked = json.dumps({"type": "createOrder", "id": "a", "payload": Trader().spot()})
    said = ReyaDialect().refusal(asked, "NO", "because")
    assert said is not None
    assert json.loads(said) == {
        "type": "createOrder",
        "id": "a",
        "ok": False,
        "error": {"error": "NO", "message": "because"},
    }
    assert (read(said).role, read(said).key, read(said).error_code) == ("reply", "a", "NO")
    strange = ReyaDialect().refusal('{"type":"transfer","id":"b"}', "NO", "because")
    assert strange is not None
    assert (read(strange).role, read(strange).key, read(strange).error_code) == ("error", "b", "NO")
