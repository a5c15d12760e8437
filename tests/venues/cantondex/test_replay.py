"""Recordings driven again against the simulator: the same logins, the same refusals, whatever time it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.story import run
from venues.cantondex.recording import recorded, venue

import wsreplay
from wsreplay.venues.cantondex.setup import CantonDexSetup, Limits

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"


def driven(capture: Path, out: Path, *arguments: str) -> str:
    """What is told of a replay that reproduced its recording."""
    result = run("run", str(capture), "--speed", "max", "--out", str(out), *arguments)
    assert result.exit_code == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("name", ["happy", "careless", "lost-login", "duplicate-order"])
def test_what_was_said_on_the_line_is_accepted_and_refused_again(name: str, tmp_path: Path) -> None:
    told = driven(SAMPLES / f"cantondex-{name}.parquet", tmp_path, "--where", "kind = 'text'")
    assert "accepted (authenticated)" in told
    assert ("refused (INVALID_TOKEN)" in told) == (name == "careless")


def test_a_token_that_had_expired_has_expired_again(tmp_path: Path) -> None:
    with (
        venue(CantonDexSetup(limits=Limits(token_s=1))) as where,
        recorded(tmp_path, "stale", *where) as capture,
    ):
        seen = [event for event in capture.events() if event.op == "auth" and event.role == "request"]
        assert [event.signature_ok for event in seen] == [True, True]
        path = capture.path
    told = driven(path, tmp_path / "again", "--where", "kind = 'text'")
    assert "refused (INVALID_TOKEN)" in told
    assert "accepted (authenticated)" in told
