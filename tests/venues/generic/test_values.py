from __future__ import annotations

from typing import Any

import pytest
from venues.generic.reading import from_client, from_venue

# Sides, prices, sizes


@pytest.mark.parametrize(
    ("said", "side"),
    [
        ({"side": "BUY"}, "buy"), ({"side": "Sell"}, "sell"), ({"side": "b"}, "buy"), ({"side": "ask"}, "sell"),
        ({"S": "SELL"}, "sell"), ({"isBuy": True}, "buy"), ({"is_buy": False}, "sell"), ({"action": "buy"}, "buy"),
        ({"side": "long"}, None), ({"side": 1}, None), ({"action": "insert", "side": "sell"}, "sell"),
    ],
)  # fmt: skip
def test_sides(said: dict[str, Any], side: str | None) -> None:
    assert from_venue({"type": "x", **said}).get("side") == side


@pytest.mark.parametrize(
    "number", ["1", "-1.50", "0.00000001", "1e-8", "1E+5", "12345678901234567890.123456789", ".5", "1."]
)
def test_numbers_stay_as_they_were_written(number: str) -> None:
    assert from_venue(f'{{"price":"{number}"}}')["price"] == number


def test_json_numbers_stay_as_they_were_written() -> None:
    assert from_venue('{"price":150.50,"qty":12345678901234567890}') == {
        "role": "push", "price": "150.50", "qty": "12345678901234567890",
    }  # fmt: skip


@pytest.mark.parametrize("number", ["", "abc", "0x10", "nan", "inf", "1_000", "1,5", "\u0661", " 1", None, True, [1]])
def test_what_is_no_number_is_none(number: Any) -> None:
    assert "price" not in from_venue({"type": "x", "price": number})


# Moments

MOMENT = 1_700_000_000


@pytest.mark.parametrize(
    ("said", "nanoseconds"),
    [
        (MOMENT, MOMENT * 10**9),
        (MOMENT * 10**3 + 123, MOMENT * 10**9 + 123_000_000),
        (MOMENT * 10**6 + 123_456, MOMENT * 10**9 + 123_456_000),
        (MOMENT * 10**9 + 123_456_789, MOMENT * 10**9 + 123_456_789),
        (str(MOMENT * 10**3), MOMENT * 10**9),
        ("1700000000.123456789", MOMENT * 10**9 + 123_456_789),
        ("2023-11-14T22:13:20Z", MOMENT * 10**9),
        ("2023-11-14T22:13:20.123456789Z", MOMENT * 10**9 + 123_456_789),
        ("2023-11-14 22:13:20.5", MOMENT * 10**9 + 500_000_000),
        ("2023-11-15T00:13:20+02:00", MOMENT * 10**9),
        (5, None),
        (0, None),
        (-MOMENT, None),
        (10**30, None),
        ("9" * 50, None),
        ("soon", None),
        ("2023-13-45T99:99:99Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-01-01T00:00:00Z", None),
        (None, None),
        (True, None),
        ({}, None),
    ],
)
def test_moments_are_told_apart_by_size(said: Any, nanoseconds: int | None) -> None:
    assert from_venue({"type": "x", "ts": said}).get("venue_at_ns") == nanoseconds


def test_a_json_fraction_of_seconds_is_exact() -> None:
    assert from_venue('{"time":1700000000.123456789}')["venue_at_ns"] == 1_700_000_000_123_456_789


@pytest.mark.parametrize("name", ["E", "ts", "timestamp", "T", "serverTime", "executed_at", "createdAt", "updateTime"])
def test_times_however_they_are_called(name: str) -> None:
    assert from_venue({"type": "x", name: MOMENT})["venue_at_ns"] == MOMENT * 10**9


def test_a_clients_own_time_is_not_the_venues() -> None:
    assert "venue_at_ns" not in from_client({"op": "x", "timestamp": MOMENT})
