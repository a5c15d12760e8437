"""Twenty seconds of fifty connections that come and go; ``soak.py`` is the hour of it."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from soak.soak import soak


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
@pytest.mark.timeout(240)
def test_memory_is_flat_nothing_is_lost_and_descriptors_stay(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    found = asyncio.run(soak(tmp_path, seconds=20, rate=2000, connections=50, seed=seed))
    assert not found.wrong, f"seed {seed}"
    assert found.said > 2000, "the machine was too busy for any traffic to speak of"
    assert found.lives > 50, "no connection was ever replaced"
