"""The sample captures of this venue: they decode to the same rows again, and tell what their page says."""

from __future__ import annotations

from pathlib import Path

import pytest

import wsreplay
from wsreplay.captures.decoder import Decoder
from wsreplay.venues.cantondex.dialect import CantonDexDialect

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
KINDS: dict[str, set[str]] = {
    "happy": set(),
    "careless": {"auth-failed", "duplicate-subscription", "rejected", "sent-before-auth"},
    "lost-login": {"auth-failed", "disconnect", "lost-response", "sent-before-auth"},
    "duplicate-order": {"blind-retry", "duplicate-order", "lost-response"},
}


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_is_small_and_shows_what_it_should(name: str) -> None:
    path = SAMPLES / f"cantondex-{name}.parquet"
    assert path.stat().st_size < 60_000
    with wsreplay.open(path) as capture:
        assert (capture.metadata.venue, capture.metadata.redaction) == ("cantondex", "redacted")
        found = {event.op for event in capture.events() if event.kind == "incident" and event.op is not None}
    assert found == KINDS[name]


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_decodes_to_the_same_rows_again(name: str) -> None:
    with wsreplay.open(SAMPLES / f"cantondex-{name}.parquet") as capture:
        rows = [event for event in capture.events() if event.kind != "incident"]
        again = list(Decoder(CantonDexDialect()).decode_again(capture.events()))
    assert again == rows


def test_every_sample_of_this_venue_is_told_of_here() -> None:
    assert {path.stem.removeprefix("cantondex-") for path in SAMPLES.glob("cantondex-*")} == KINDS.keys()
