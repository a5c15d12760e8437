"""Five venues that other people run: each has, or gets, a dialect of its own, and the generic one reads them too."""

from __future__ import annotations

from typing import Any

import pytest
from venues.generic.reading import from_client, from_venue


class TestReya:
    def test_an_order(self) -> None:
        payload = {
            "exchangeId": 2, "symbol": "WETHRUSD", "accountId": 10000000002, "isBuy": True, "limitPx": "1",
            "qty": "0.001", "orderType": "LIMIT", "timeInForce": "GTC", "signature": "0x…", "nonce": "1778601294274124",
            "signerWallet": "0x869d…", "expiresAfter": 1747927089, "clientOrderId": 1778601294274124,
        }  # fmt: skip
        assert from_client({"type": "createOrder", "id": "req-7f3c1a", "payload": payload}) == {
            "role": "request",
            "op": "createOrder",
            "key": "req-7f3c1a",
            "symbol": "WETHRUSD",
            "account": "10000000002",
            "client_order_id": "1778601294274124",
            "side": "buy",
            "price": "1",
            "qty": "0.001",
        }

    def test_an_acceptance(self) -> None:
        reply = {
            "type": "createOrder",
            "id": "a",
            "ok": True,
            "payload": {"status": "OPEN", "orderId": "1864998629727535104"},
        }
        assert from_venue(reply) == {
            "role": "reply", "op": "createOrder", "key": "a", "order_id": "1864998629727535104", "status": "OPEN",
        }  # fmt: skip

    def test_a_refusal(self) -> None:
        error = {"error": "INVALID_NONCE_ERROR", "message": "nonce too low"}
        assert from_venue({"type": "createOrder", "id": "a", "ok": False, "error": error}) == {
            "role": "reply", "op": "createOrder", "key": "a", "error_code": "INVALID_NONCE_ERROR",
        }  # fmt: skip

    def test_an_order_that_is_rejected_though_all_is_ok(self) -> None:
        reply = {"type": "createOrder", "id": "a", "ok": True, "payload": {"status": "REJECTED"}}
        assert from_venue(reply)["error_code"] == "REJECTED"

    def test_a_repeated_id_is_refused_to_the_newest(self) -> None:
        error = {"error": "DUPLICATE_REQUEST_ID", "message": "in flight"}
        assert from_venue({"type": "error", "id": "a", "error": error}) == {
            "role": "error", "op": "error", "key": "a", "answers": "newest", "error_code": "DUPLICATE_REQUEST_ID",
        }  # fmt: skip

    def test_a_repeated_client_order_id_is_not_a_repeated_id(self) -> None:
        error = {"error": "DUPLICATE_CLIENT_ORDER_ID_ERROR"}
        assert "answers" not in from_venue({"type": "createOrder", "id": "a", "ok": False, "error": error})

    def test_an_error_without_an_id_is_about_the_newest(self) -> None:
        assert from_venue({"type": "error", "error": {"error": "MALFORMED_JSON", "message": "bad"}}) == {
            "role": "error", "op": "error", "answers": "newest", "error_code": "MALFORMED_JSON",
        }  # fmt: skip

    def test_heartbeats(self) -> None:
        assert from_client({"type": "ping", "id": "1"}) == {"role": "heartbeat", "op": "ping", "key": "1"}
        assert from_venue({"type": "pong"}) == {"role": "heartbeat", "op": "pong"}


class TestStreams:
    def test_a_subscription(self) -> None:
        assert from_client({"method": "SUBSCRIBE", "params": ["depth.SOL_USDC"], "id": 1}) == {
            "role": "request", "op": "SUBSCRIBE", "key": "1", "channel": "depth.SOL_USDC",
        }  # fmt: skip

    def test_a_trade(self) -> None:
        data = '{"e":"trade","t":12,"m":true,"p":"145.20","q":"1","s":"SOL_USDC","T":1700000000123}'
        expected = {
            "role": "push", "op": "trade", "channel": "trade.SOL_USDC", "symbol": "SOL_USDC", "price": "145.20",
            "qty": "1", "venue_at_ns": 1_700_000_000_123_000_000,
        }  # fmt: skip
        assert from_venue(f'{{"stream":"trade.SOL_USDC","data":{data}}}') == expected
        assert from_venue(f'{{"data":{data},"stream":"trade.SOL_USDC"}}') == expected

    def test_a_book(self) -> None:
        data = {"e": "depth", "s": "SOL_USDC", "b": [["1", "2"]], "a": []}
        assert from_venue({"stream": "depth.SOL_USDC", "data": data}) == {
            "role": "push", "op": "depth", "channel": "depth.SOL_USDC", "symbol": "SOL_USDC",
        }  # fmt: skip

    def test_the_acknowledgement_that_other_such_venues_send(self) -> None:
        assert from_venue({"result": None, "id": 1}) == {"role": "reply", "key": "1"}
        assert from_venue({"error": {"code": -1121, "msg": "Invalid symbol."}, "id": 1}) == {
            "role": "reply", "key": "1", "error_code": "-1121",
        }  # fmt: skip
        assert from_venue({"code": 2, "msg": "Invalid request", "id": 3})["error_code"] == "2"


class TestCantonDex:
    def test_a_login_and_its_answers(self) -> None:
        assert from_client({"type": "auth", "token": "eyJ"}) == {"role": "request", "op": "auth"}
        accepted = {"type": "auth_response", "status": "authenticated", "account_id": "acc_1", "message": "Welcome"}
        assert from_venue(accepted) == {
            "role": "reply", "op": "auth_response", "account": "acc_1", "status": "authenticated",
        }  # fmt: skip
        refused = {"type": "auth_response", "status": "failed", "error_code": "INVALID_TOKEN", "error_message": "no"}
        assert from_venue(refused) == {
            "role": "reply", "op": "auth_response", "status": "failed", "error_code": "INVALID_TOKEN",
        }  # fmt: skip

    def test_a_subscription_and_its_answer(self) -> None:
        assert from_client({"type": "subscribe", "channel": "orders", "account_id": "a"}) == {
            "role": "request", "op": "subscribe", "channel": "orders", "account": "a",
        }  # fmt: skip
        answer = {"type": "subscription_response", "channel": "orders", "status": "subscribed", "message": "Now"}
        assert from_venue(answer) == {
            "role": "reply", "op": "subscription_response", "channel": "orders", "status": "subscribed",
        }  # fmt: skip

    def test_an_order_with_json_numbers_is_exact(self) -> None:
        message = (
            '{"type":"order_created","account_id":"acc_1","order_id":"ord_1","symbol":"AAPL/USDC","side":"buy",'
            '"order_type":"limit","quantity":100,"price":150.50,"status":"pending","timestamp":"2024-11-17T16:30:00Z"}'
        )
        assert from_venue(message) == {
            "role": "push", "op": "order_created", "account": "acc_1", "order_id": "ord_1", "symbol": "AAPL/USDC",
            "side": "buy", "qty": "100", "price": "150.50", "status": "pending",
            "venue_at_ns": 1_731_861_000_000_000_000,
        }  # fmt: skip

    def test_an_error_names_its_channel(self) -> None:
        details = {"channel": "orders", "reason": "insufficient_permissions"}
        assert from_venue({"type": "error", "code": "SUBSCRIPTION_ERROR", "message": "Failed", "details": details}) == {
            "role": "error", "op": "error", "answers": "newest", "channel": "orders",
            "error_code": "SUBSCRIPTION_ERROR",
        }  # fmt: skip

    @pytest.mark.parametrize("message", [
        {"type": "settlement_failed", "settlement_id": "s", "reason": "insufficient_funds", "error_message": "No"},
        {"type": "system_status", "status": "operational"},
        {"type": "order_cancelled", "order_id": "o", "reason": "user_requested"},
    ])  # fmt: skip
    def test_bad_news_is_no_refusal(self, message: dict[str, Any]) -> None:
        assert from_venue(message)["role"] == "push"
        assert "error_code" not in from_venue(message)


TOPIC = {"topic": "orderbook", "market": "LRC-ETH", "level": 0}


class TestLoopring:
    def test_a_subscription_with_a_sequence(self) -> None:
        assert from_client({"op": "sub", "sequence": 10000, "apiKey": "k", "topics": [TOPIC]}) == {
            "role": "request", "op": "sub", "key": "10000", "channel": "orderbook", "symbol": "LRC-ETH",
        }  # fmt: skip

    def test_a_subscription_of_several_topics(self) -> None:
        topics = [{"topic": "account"}, {"topic": "order", "market": "LRC-ETH"}, TOPIC]
        assert from_client({"op": "sub", "topics": topics})["channel"] == "account,order,orderbook"

    def test_an_answer(self) -> None:
        answer = {"op": "sub", "sequence": 10000, "topics": [TOPIC], "result": {"status": "ok"}}
        assert from_venue(answer) == {
            "role": "reply", "op": "sub", "key": "10000", "channel": "orderbook", "symbol": "LRC-ETH", "status": "ok",
        }  # fmt: skip

    def test_a_refusal_deep_inside(self) -> None:
        result = {"status": "failed", "error": {"code": 104115, "message": "unexpected msg:xxx"}}
        assert from_venue({"op": "sub", "topics": [], "result": result}) == {
            "role": "reply", "op": "sub", "status": "failed", "error_code": "104115",
        }  # fmt: skip

    def test_an_order(self) -> None:
        data = {
            "hash": "h1", "clientOrderId": "c1", "size": "500", "price": "0.01", "status": "processing",
            "createdAt": 1584717000000, "side": "buy", "market": "LRC-ETH",
        }  # fmt: skip
        message = {"topic": {"topic": "order", "market": "LRC-ETH"}, "ts": 1584717910000, "data": data}
        assert from_venue(message) == {
            "role": "push", "channel": "order", "symbol": "LRC-ETH", "order_id": "h1", "client_order_id": "c1",
            "side": "buy", "status": "processing", "price": "0.01", "qty": "500",
            "venue_at_ns": 1_584_717_910_000_000_000,
        }  # fmt: skip

    def test_the_misspelt_key_of_its_documentation(self) -> None:
        assert from_venue({"topic:": TOPIC, "data": {"bids": []}})["channel"] == "orderbook"

    def test_heartbeats_that_are_no_json(self) -> None:
        assert from_venue("ping") == {"role": "heartbeat", "op": "ping"}
        assert from_client("pong") == {"role": "heartbeat", "op": "pong"}


class TestZeroEx:
    def test_a_subscription_and_its_updates(self) -> None:
        assert from_client({"type": "subscribe", "channel": "orders", "requestId": "123e", "payload": {}}) == {
            "role": "request", "op": "subscribe", "key": "123e", "channel": "orders",
        }  # fmt: skip
        item = {"order": {"makerAddress": "0x1", "salt": "1"}, "remainingFillableAmount": "5"}
        assert from_venue({"type": "update", "channel": "orders", "requestId": "123e", "payload": [item]}) == {
            "role": "push", "op": "update", "key": "123e", "channel": "orders", "account": "0x1",
        }  # fmt: skip
