"""A dozen kills at random moments; ``kills.py`` does two hundred and prints a table."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from crash.kills import Trial, run, trials


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into the hand-over through /proc")
@pytest.mark.timeout(300)
def test_whatever_dies_and_when_the_capture_opens_and_lacks_no_more_than_it_may(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    done: list[Trial] = asyncio.run(run(trials(12, seed), tmp_path, at_once=3))
    assert not [trial for trial in done if trial.wrong], f"seed {seed}"
    assert sum(trial.kept for trial in done) > 1000, "there was no traffic to speak of"
