"""A replay that goes faster than its recording does not meet limits that the recording kept."""

from __future__ import annotations

from math import inf

import pytest

from wsreplay.venues.reya.dialect import ReyaDialect
from wsreplay.venues.reya.setup import Limits


@pytest.mark.parametrize(("speed", "orders"), [(0.5, 30), (1.0, 30), (10.0, 300), (inf, 1_000_000_000)])
def test_limits_that_count_by_time_stretch_with_the_speed(speed: float, orders: int) -> None:
    limits = Limits().at_speed(speed)
    assert limits.orders_per_minute == orders
    assert limits.open_orders == Limits().open_orders, "what does not count by time stays"
    assert ReyaDialect().simulator(speed=speed).setup.limits == limits
