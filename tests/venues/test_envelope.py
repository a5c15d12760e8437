"""Numbers as they are compared: equal ones alike, no others, and none that breaks it."""

from __future__ import annotations

import pytest

from wsreplay.venues.envelope import exact_decimal


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.50", "15e-1"), ("-0.0", "0"), ("1e999999999", "10e999999998"), ("1e-999999999", "10e-1000000000")],
)
def test_equal_numbers_have_one_text(one: str, other: str) -> None:
    assert exact_decimal(one) == exact_decimal(other) is not None


def test_others_have_others_however_long_they_are() -> None:
    assert exact_decimal("9" * 5_000) != exact_decimal("9" * 4_999 + "8")
    assert exact_decimal("1e-999999999") != exact_decimal("1e-999999998")


@pytest.mark.parametrize("text", ["", "one", "NaN", "Infinity", "1e99999999999999999999999"])
def test_what_is_no_number_has_none(text: str) -> None:
    assert exact_decimal(text) is None
