"""``wsreplay demo``: the promise of the tool, kept from end to end."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import wsreplay


def test_the_demo_tells_its_story_in_under_a_minute(tmp_path: Path) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "wsreplay", "demo", "--keep", tmp_path / "kept"],
        capture_output=True,
        text=True,
        timeout=100,
    )
    took = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    told = done.stdout
    for words in (
        "naive bot: I wanted 1 order, the venue shows 2",
        "the bot never saw it",
        "duplicate-order (proven)",
        "reproduced",
        "careful bot: I wanted 1 order, the venue shows 1",
        "no duplicate order",
        "wsreplay show",
    ):
        assert words in told, words
    assert took < 60, f"it took {took:.0f} s"
    with wsreplay.open(tmp_path / "kept" / "naive.parquet") as naive:
        creates = naive.sql("SELECT intent FROM events WHERE op = 'createOrder' AND role = 'request'").to_pylist()
        assert [c["intent"] for c in creates][1:] == [creates[1]["intent"]] * 2
    with wsreplay.open(tmp_path / "kept" / "careful.parquet") as careful:
        assert careful.metadata.fault_plan["faults"] == ["drop rst before reply createOrder #2"]
