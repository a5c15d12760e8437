"""Times, durations and sizes read as people say them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.cli import units


@pytest.fixture
def in_kolkata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Half past the hour from UTC."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (0, "0 ns"),
        (840, "840 ns"),
        (1_000, "1.00 µs"),
        (12_400, "12.4 µs"),
        (999_499, "999 µs"),
        (999_500, "1.00 ms"),
        (12_345_678, "12.3 ms"),
        (999_600_000, "1.00 s"),
        (3_214_000_000, "3.21 s"),
        (59_949_000_000, "59.9 s"),
        (59_990_000_000, "1 m 00 s"),
        (125_000_000_000, "2 m 05 s"),
        (3_600_000_000_000, "1 h 00 m"),
        (11_520_000_000_000, "3 h 12 m"),
        (183_600_000_000_000, "2 d 03 h"),
        (-1_500_000, "-1.50 ms"),
    ],
)
def test_a_duration_has_three_digits_and_the_unit_that_suits(ns: int, said: str) -> None:
    assert units.duration(ns) == said


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_longer_durations_never_read_shorter(one: int, other: int) -> None:
    factors = {"ns": 1, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}

    def read(ns: int) -> float:
        words = units.duration(ns).split()
        return sum(float(n) * factors[unit] for n, unit in zip(words[::2], words[1::2], strict=True))

    shorter, longer = sorted((one, other))
    assert read(shorter) <= read(longer)
    assert read(longer) == pytest.approx(longer, rel=0.06, abs=1)


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (328, "328 B"), (999, "999 B"), (1_210, "1.21 kB"), (34_540_000, "34.5 MB"), (999_900_000, "1.00 GB")],
)
def test_a_size_has_three_digits(count: int, said: str) -> None:
    assert units.size(count) == said


@pytest.mark.usefixtures("in_kolkata")
def test_times_are_local_for_people_and_utc_for_programs() -> None:
    ns = 1_795_242_445_123_456_789
    assert units.moment(ns) == "2026-11-21 11:57:25"
    assert units.TimeOfDay(dated=False)(ns) == "11:57:25.123456"
    assert units.TimeOfDay(dated=True)(ns) == "2026-11-21 11:57:25.123456"
    assert units.iso(ns) == "2026-11-21T06:27:25.123456Z"


def test_a_time_beyond_any_calendar_is_still_told() -> None:
    beyond = 2**63 * 10**9
    assert str(beyond) in units.moment(beyond)
    assert str(beyond) in units.iso(beyond)
    assert str(beyond) in units.TimeOfDay(dated=False)(beyond)
