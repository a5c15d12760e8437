"""The benchmark of decoding runs, and every venue keeps far from its goal even on a busy machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from wsreplay.venues.registry import names

ROOT = Path(__file__).parents[2]


def test_every_venue_is_decoded_fast_enough_on_one_core() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.decode", "--seconds", "0.1", "--rounds", "5"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    measured = {row["venue"]: row for row in json.loads(done.stdout)["decode"]}
    assert done.returncode == 0, done.stderr
    assert set(measured) == set(names()) - {"generic"}, "each venue has samples"
    assert all(row["best"] >= row["goal"] == 150_000 for row in measured.values())
