from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from venues.generic.reading import GENERIC, from_client, from_venue

from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, Sender


def test_it_is_a_dialect() -> None:
    assert isinstance(GENERIC, Dialect)
    assert GENERIC.name == "generic"
    assert GENERIC.hosts == set()
    assert GENERIC.production_hosts == {"*"}
    assert GENERIC.witness("{}", "client") is None


# Ids, however they are called


@pytest.mark.parametrize("name", ["id", "reqId", "req_id", "requestId", "request_id", "msgId", "rid", "correlation-id"])
@pytest.mark.parametrize("key", [9007199254740993, "9007199254740993", 123456789012345678901234567890])
def test_ids_are_exact_text(name: str, key: int | str) -> None:
    assert from_client({name: key, "op": "x"})["key"] == str(key)
    assert from_venue({name: key, "op": "x"}) == {"role": "reply", "op": "x", "key": str(key)}


@pytest.mark.parametrize("name", ["sequence", "cid"])
def test_a_number_that_feeds_count_too_is_an_id_only_in_an_answer(name: str) -> None:
    assert from_client({name: 5, "op": "x"})["key"] == "5"
    assert from_venue({name: 5, "op": "x", "result": {}})["key"] == "5"
    assert from_venue({name: 5, "op": "x", "error": "no"})["key"] == "5"
    assert from_venue({name: 5, "type": "match", "price": "1"}) == {"role": "push", "op": "match", "price": "1"}


@pytest.mark.parametrize("key", [None, True, "", [], {}])
def test_what_is_no_id_is_none(key: Any) -> None:
    assert "key" not in from_client({"id": key, "op": "x"})


def test_json_rpc() -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 5,
        "method": "private/buy",
        "params": {"instrument_name": "ETH", "amount": 40, "type": "market"},
    }
    assert from_client(call) == {
        "role": "request", "op": "private/buy", "key": "5", "symbol": "ETH", "side": "buy", "qty": "40",
    }  # fmt: skip
    assert from_venue({"jsonrpc": "2.0", "id": 5, "error": {"code": 11044, "message": "not_open_order"}}) == {
        "role": "reply", "key": "5", "error_code": "11044",
    }  # fmt: skip
    news = {
        "jsonrpc": "2.0",
        "method": "subscription",
        "params": {"channel": "book.ETH", "data": {"instrument_name": "ETH"}},
    }
    assert from_venue(news) == {"role": "push", "op": "subscription", "channel": "book.ETH", "symbol": "ETH"}


# Roles


@pytest.mark.parametrize(
    ("message", "role"),
    [
        ({"id": 1, "type": "order"}, "reply"), ({"id": 1, "type": "update"}, "push"),
        ({"id": 1, "type": "snapshot"}, "push"), ({"error": "x"}, "error"), ({"code": 5, "msg": "x"}, "error"),
        ({"type": "subscribed"}, "reply"), ({"type": "x_response"}, "reply"), ({"event": "subscribe"}, "reply"),
        ({"success": True, "op": "auth"}, "reply"), ({"type": "trade"}, "push"), ({"method": "depth.update"}, "push"),
        ({"result": {}}, "reply"), ({"type": "error"}, "error"),
        ({"op": "PING"}, "heartbeat"), ({"ping": 1492420473027}, "heartbeat"), ({"e": "hb"}, "heartbeat"),
        ({"hello": 1}, "push"),
    ],
)  # fmt: skip
def test_what_a_venues_message_is(message: dict[str, Any], role: str) -> None:
    assert from_venue(message)["role"] == role


@pytest.mark.parametrize("message", [{"op": "pong"}, {"pong": 1}, "pong", '"ping"', "heartbeat"])
def test_heartbeats_of_a_client_are_no_requests(message: Any) -> None:
    assert from_client(message)["role"] == "heartbeat"


# What can't be read


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "hello",
        "{",
        "NaN",
        "7",
        "null",
        "true",
        "[]",
        "{}",
        "1" * 5000,
        "[" * 200_000,
        b"\xff\x00",
        b"",
        b"\x1f\x8bno gzip",
    ],
)
@pytest.mark.parametrize("sender", ["client", "venue"])
def test_what_can_not_be_read_says_nothing(payload: str | bytes, sender: Sender) -> None:
    assert GENERIC.decode(payload, sender) == Envelope()


def test_binary_json_and_gzip_are_read() -> None:
    message = b'{"ch":"market.btc","ts":1489474082831}'
    expected = {"role": "push", "channel": "market.btc", "venue_at_ns": 1_489_474_082_831_000_000}
    assert from_venue(message) == from_venue(gzip.compress(message)) == expected


def test_a_bomb_is_not_unpacked() -> None:
    assert GENERIC.decode(gzip.compress(b'{"op":"' + b"x" * (20 << 20) + b'"}', 1), "venue") == Envelope()


names = st.text(max_size=4) | st.sampled_from([
    "", "id", "op", "type", "event", "e", "s", "S", "X", "i", "c", "p", "q", "T", "E", "data", "payload", "params",
    "args", "arg", "result", "error", "code", "msg", "status", "topic", "topics", "channel", "sub", "ping", "orders",
    "orderId", "side", "price", "qty", "timestamp", "symbols", "isBuy", "request", "topic:",
])  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    max_leaves=20,
)


@given(json_values, st.sampled_from(["client", "venue", "proxy"]))
@example({"T": 9223372037}, "venue")  # a second too late for nanoseconds in 63 bits
def test_no_message_is_too_strange(message: Any, sender: Sender) -> None:
    envelope = GENERIC.decode(json.dumps(message), sender)
    for name in ("op", "key", "channel", "symbol", "account", "order_id", "client_order_id", "status", "error_code"):
        value = getattr(envelope, name)
        assert value is None or (isinstance(value, str) and value)
    assert envelope.venue_at_ns is None or 0 <= envelope.venue_at_ns < 1 << 63
    assert envelope.price is None or float(envelope.price) is not None


@given(st.binary(max_size=60) | st.text(max_size=60), st.sampled_from(["client", "venue"]))
def test_no_payload_is_too_strange(payload: bytes | str, sender: Sender) -> None:
    assert isinstance(GENERIC.decode(payload, sender), Envelope)


@pytest.mark.parametrize(
    ("asked", "echoed"),
    [
        ('{"op":"place","id":7}', {"id": 7}),
        ('{"req_id":"a","method":"buy"}', {"req_id": "a"}),
        (f'{{"id":{2**80},"op":"x"}}', {"id": 2**80}),
        ('["place",{"id":7}]', {}),
        ("no JSON", {}),
    ],
)
def test_a_refusal_carries_the_requests_id_where_the_request_did(asked: str, echoed: dict[str, Any]) -> None:
    said = GENERIC.refusal(asked, "NO", "because")
    assert said is not None
    assert json.loads(said) == {**echoed, "error": {"code": "NO", "message": "because"}}
    assert GENERIC.decode(said, "venue").error_code == "NO"
    assert GENERIC.decode(said, "venue").key == GENERIC.decode(asked, "client").key or not echoed


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_no_payload_is_too_strange_to_be_refused(payload: bytes | str) -> None:
    assert GENERIC.refusal(payload, "NO", "because") is not None


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ({"op": "subscribe", "args": ["a", "b"]}, [("subscribe", "a", None), ("subscribe", "b", None)]),
        ({"method": "UNSUBSCRIBE", "params": ["a"], "id": 1}, [("unsubscribe", "a", None)]),
        ({"sub": "market.btcusdt.kline"}, [("subscribe", "market.btcusdt.kline", None)]),
        (
            {"op": "subscribe", "args": [{"channel": "books", "instId": "X"}, {"channel": "books", "instId": "Y"}]},
            [("subscribe", "books", "X"), ("subscribe", "books", "Y")],
        ),
        ({"type": "subscribe", "channel": "trades", "symbol": "X"}, [("subscribe", "trades", "X")]),
        ({"op": "unSub"}, [("unsubscribe", None, None)]),
        ({"op": "subscribe"}, []),
        ({"op": "submitOrder", "channel": "trades"}, []),
        ({"op": "subaccounts", "channel": "trades"}, []),
    ],
)
def test_subscriptions_are_listed_one_a_channel(message: dict[str, Any], parts: list[tuple[str, ...]]) -> None:
    envelope = GENERIC.decode(json.dumps(message), "client")
    assert [(part.op, part.channel, part.symbol) for part in envelope.parts] == parts
    assert GENERIC.decode(json.dumps(message), "venue").parts == ()
