"""Each venue is known by its own traffic, and by nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event
from wsreplay.captures.recognition import Recogniser, candidates
from wsreplay.venues.envelope import Sender

SAMPLES = sorted((Path(__file__).parents[2] / "captures" / "samples").glob("*.parquet"))
ONE_TRAFFIC = {"streams-binance": {"streams", "streams-binance"}, "zeroex-launch-kit": {"zeroex", "zeroex-launch-kit"}}
"""Profiles of a venue that talk alike: which of them it is, only --venue can say."""


def messages(path: Path) -> Iterator[Event]:
    with Capture.open(path) as opened:
        yield from (event for event in opened.events() if event.kind in ("text", "binary"))


def venue_of(path: Path) -> str:
    with Capture.open(path) as opened:
        return opened.metadata.venue


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_sample_is_recognised_and_taken_for_no_other_venue(sample: Path) -> None:
    recogniser = Recogniser(candidates())
    found = next((shown.name for event in messages(sample) if (shown := recogniser.see(event))), None)
    venue = venue_of(sample)
    assert found in ONE_TRAFFIC.get(venue, {venue})
    alike = ONE_TRAFFIC.get(venue, {venue})
    for event in messages(sample):
        payload = event.text if event.text is not None else event.data or b""
        claimed = {each.name for each in candidates() if each.recognises(payload, event.sender)}
        assert claimed <= alike, payload


@given(st.binary(max_size=80) | st.text(max_size=80), st.sampled_from(["client", "venue"]))
def test_nothing_is_too_strange_to_be_looked_at(payload: bytes | str, sender: Sender) -> None:
    for candidate in candidates():
        assert candidate.recognises(payload, sender) in (False, True)
