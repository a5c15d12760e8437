"""All chance comes from the seed while a run lasts, and is the system's own again afterwards."""

from __future__ import annotations

import os
import random
import secrets
import time
import uuid

from wsreplay.replay.chance import seeded, told_by
from wsreplay.replay.clock import Clock


def drawn() -> list[object]:
    return [
        os.urandom(8),
        secrets.token_bytes(4),
        secrets.token_hex(8),
        uuid.uuid4(),
        random.random(),
        random.getrandbits(32),
        random.SystemRandom().random(),
    ]


def test_every_source_follows_the_seed() -> None:
    found = []
    for seed in (1, 1, 2):
        with seeded(seed):
            found.append(drawn())
    assert found[0] == found[1]
    assert all(one != other for one, other in zip(found[0], found[2], strict=True))


def test_afterwards_chance_is_chance_again() -> None:
    random.seed(5)
    expected = random.random()
    random.seed(5)
    own = os.urandom
    with seeded(1):
        drawn()
    assert random.random() == expected, "the shared generator goes on where it was"
    assert os.urandom is own
    with seeded(1):
        foreseen = drawn()
    assert all(one != other for one, other in zip(drawn(), foreseen, strict=True))


def test_the_time_module_tells_the_given_clocks_for_as_long_as_it_is_asked_to() -> None:
    own = time.time, time.time_ns, time.monotonic, time.perf_counter_ns
    with told_by(Clock(lambda: 1_500_000_000, lambda: 250_000_000)):
        assert (time.time(), time.time_ns()) == (1.5, 1_500_000_000)
        assert (time.monotonic(), time.monotonic_ns()) == (0.25, 250_000_000)
        assert (time.perf_counter(), time.perf_counter_ns()) == (0.25, 250_000_000)
    assert (time.time, time.time_ns, time.monotonic, time.perf_counter_ns) == own
