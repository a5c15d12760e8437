"""A fuzzer of our own: seeds are mutated, and what reaches a line that none before has reached becomes a seed."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType

PACKAGE = str(Path(__file__).parent.parent)
_NEAR = (0, 1, 0x7D, 0x7E, 0x7F, 0x80, 0xFF, 0x0A, 0x22, 0x5C, 0x7B, 0x5B)
_LENGTHS = (2**16, 2**31 - 1, 2**32 - 1, 2**53 + 1, 2**63, 2**64 - 1)
_WORDS = (b"null", b"-1", b"1e999", b'""', b"[]", b"{}", b"\\ud800", b"9" * 40, b"[" * 400, b'{"a":' * 400, b"\xff\xfe")


class Coverage:
    """Tells whether a run reached a line of the project that no run before has. Costs next to nothing after that."""

    def __init__(self) -> None:
        self.lines = 0
        self._monitoring = sys.monitoring
        self._tool = self._monitoring.COVERAGE_ID

    def __enter__(self) -> Coverage:
        self._monitoring.use_tool_id(self._tool, "wsreplay fuzzing")
        self._monitoring.register_callback(self._tool, self._monitoring.events.LINE, self._reached)
        self._monitoring.set_events(self._tool, self._monitoring.events.LINE)
        return self

    def __exit__(self, *_: object) -> None:
        self._monitoring.set_events(self._tool, 0)
        self._monitoring.free_tool_id(self._tool)

    def _reached(self, code: CodeType, _line: int) -> object:
        if code.co_filename.startswith(PACKAGE) and "site-packages" not in code.co_filename:
            self.lines += 1
        return self._monitoring.DISABLE


def mutated(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Something like the input, and a little wrong."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(9):
            case 0 if made:
                made[at % len(made)] ^= 1 << chance.randrange(8)
            case 1 if made:
                made[at % len(made)] = chance.choice(_NEAR)
            case 2:
                del made[at : at + chance.choice((1, 2, 8, 100))]
            case 3:
                made[at:at] = chance.randbytes(chance.choice((1, 2, 8)))
            case 4:
                made[at:at] = chance.choice(_WORDS)
            case 5:
                length = chance.choice(_LENGTHS)
                made[at : at + 8] = length.to_bytes(8, chance.choice(("big", "little")))
            case 6:
                size = chance.choice((4, 16, 64))
                made[at:at] = made[at : at + size] * chance.choice((1, 3, 50))
            case 7:
                other = chance.choice(others)
                cut = chance.randrange(len(other) + 1)
                made[at:] = other[cut : cut + 4096]
            case _:
                del made[at:]
    return bytes(made[: 1 << 20])


def fuzz(
    target: Callable[[bytes], None],
    seeds: list[bytes],
    *,
    seed: int,
    until: float,
    most: int | None = None,
    found: Callable[[bytes, Exception], None],
    coverage: Coverage,
) -> int:
    """Try mutated inputs until the moment (monotonic) or the number is reached; how many were tried."""
    chance = random.Random(seed)  # noqa: S311
    corpus = list(seeds)
    tried = 0
    while time.monotonic() < until and (most is None or tried < most):
        # Every seed as it is at first: the laws must hold of the real thing.
        data = corpus[tried] if tried < len(seeds) else mutated(chance, chance.choice(corpus), corpus)
        before = coverage.lines
        try:
            target(data)
        except Exception as error:
            found(data, error)
        tried += 1
        if coverage.lines > before and len(corpus) < 10_000:
            corpus.append(data)
    return tried
