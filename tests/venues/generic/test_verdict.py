from __future__ import annotations

from typing import Any

import pytest
from venues.generic.reading import from_venue

# Errors


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"error": "BAD"}, "BAD"), ({"error": {"code": 5, "message": "m"}}, "5"), ({"error": {"type": "T"}}, "T"),
        ({"error": {"error": {"code": "deep"}}}, "deep"), ({"errors": [{"code": 7}]}, "7"), ({"err": "E"}, "E"),
        ({"error": True, "message": "no money"}, "no money"), ({"ok": False}, "error"),
        ({"ok": False, "code": 9}, "9"), ({"success": False, "message": "nope"}, "nope"),
        ({"retCode": 10001, "retMsg": "params error"}, "10001"), ({"code": "50001", "msg": "busy"}, "50001"),
        ({"event": "error", "msg": "bad channel"}, "bad channel"), ({"type": "reject", "reason": "late"}, "late"),
        ({"status": "error", "message": "wrong"}, "wrong"), ({"status": "FAILED"}, "FAILED"),
        ({"data": [{"sCode": "51008", "sMsg": "Order failed"}], "code": "1", "msg": ""}, "51008"),
    ],
)  # fmt: skip
def test_refusals_however_they_are_said(message: dict[str, Any], code: str) -> None:
    said = from_venue({"id": 1, **message})
    assert said["error_code"] == code
    assert said["role"] in ("reply", "error")


@pytest.mark.parametrize(
    "message",
    [
        {"error": None}, {"error": ""}, {"error": False}, {"error": []}, {"error": {}}, {"error": 0}, {"error": "0"},
        {"code": 0, "msg": "success"}, {"code": "00000", "msg": ""}, {"code": 200, "message": "OK"},
        {"retCode": 0, "retMsg": "OK"}, {"ok": True}, {"success": True}, {"code": "AAPL"}, {"message": "hello"},
        {"status": "ok"}, {"data": [{"sCode": "0"}], "code": "0"}, {"code": 1, "msg": "success"},
    ],
)  # fmt: skip
def test_what_refuses_nothing(message: dict[str, Any]) -> None:
    assert "error_code" not in from_venue({"id": 1, **message})


@pytest.mark.parametrize(
    "text",
    [
        "invalid key 8c1d7f0a9b3e4c5d",
        "no such user 123e4567-e89b-12d3-a456-426655440000",
        "bad token eyJhbGciOiJIUzI1NiIsInR5cCI6",
    ],
)
def test_an_error_text_with_what_may_be_a_secret_is_no_code(text: str) -> None:
    assert from_venue({"id": 1, "error": text})["error_code"] == "error"


def test_a_long_error_text_is_cut_at_a_word() -> None:
    assert from_venue({"id": 1, "error": "no order now " * 10})["error_code"] == "no order now " * 5 + "no order now"


def test_an_order_reported_as_rejected_is_news_that_says_so() -> None:
    assert from_venue({"channel": "orders", "data": {"orderId": "7", "status": "REJECTED", "code": "X"}}) == {
        "role": "push", "channel": "orders", "order_id": "7", "status": "REJECTED", "error_code": "REJECTED",
    }  # fmt: skip
