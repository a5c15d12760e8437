"""The sample captures of this venue: they decode again to the same rows, and tell what their page says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import wsreplay
from wsreplay.captures.decoder import Decoder
from wsreplay.venues.registry import dialect

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
INCIDENTS = {
    "zeroex-orders": set[str](),
    "zeroex-reconnect": {"disconnect"},
    "zeroex-error-body": {"disconnect", "malformed"},
    "zeroex-launch-kit-orders": set(),
    "zeroex-stolen-subscription": set(),
    "zeroex-reposted": {"lost-response", "duplicate-order", "blind-retry"},
}


def test_every_sample_is_tested() -> None:
    assert {path.stem for path in SAMPLES.glob("zeroex-*.parquet")} == set(INCIDENTS)


@pytest.mark.parametrize("name", INCIDENTS)
def test_a_sample_decodes_again_to_the_same_rows(name: str) -> None:
    with wsreplay.open(SAMPLES / f"{name}.parquet") as capture:
        rows = [event for event in capture.events() if event.kind != "incident"]
        assert list(Decoder(dialect(capture.metadata.venue)).decode_again(capture.events())) == rows


@pytest.mark.parametrize("name", INCIDENTS)
def test_a_sample_tells_what_happened(name: str) -> None:
    path = SAMPLES / f"{name}.parquet"
    assert path.stat().st_size < 60_000
    with wsreplay.open(path) as capture:
        kinds = {event.op for event in capture.events() if event.kind == "incident"}
        # Kinds that are found since the sample was made are no business of it.
        assert INCIDENTS[name] <= kinds
        updates = [event for event in capture.events() if event.op == "update"]
        assert len(updates) >= 4
        assert all(event.reply_to is not None for event in updates)


@pytest.mark.parametrize("name", sorted(INCIDENTS.keys() - {"zeroex-reposted"}))  # nothing loses the answer again
def test_a_sample_is_accepted_again_by_the_simulator(name: str, tmp_path: Path) -> None:
    # An error that answers nothing is waited for by nobody: only at its own speed is the bot still there to hear it.
    speed = "original" if name == "zeroex-error-body" else "max"
    command = ["run", str(SAMPLES / f"{name}.parquet"), "--speed", speed, "--out", str(tmp_path)]
    done = subprocess.run([sys.executable, "-m", "wsreplay", *command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reproduced" in done.stdout + done.stderr
