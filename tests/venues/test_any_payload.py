"""The law of every dialect: whatever stands on the wire, it is read, and nothing is raised."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.venues import registry
from wsreplay.venues.dialect import AnsweringDialect, RecognisingDialect
from wsreplay.venues.envelope import Sender

VENUES = ["cantondex", "generic", "loopring", "reya", "streams", "zeroex"]
HALF_A_PAIR = "\ud800"
SENDERS: tuple[Sender, ...] = ("client", "venue")
ANY_TEXT = st.text(st.characters())  # With halves of surrogate pairs, which a file that is imported can hold.


def assert_is_read(venue: str, payload: str | bytes) -> None:
    dialect = registry.dialect(venue)
    for sender in SENDERS:
        assert dialect.decode(payload, sender) is not None
        dialect.witness(payload, sender)
        if isinstance(dialect, RecognisingDialect):
            dialect.recognises(payload, sender)
    if isinstance(dialect, AnsweringDialect):
        dialect.pong(payload, 0)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("text", [HALF_A_PAIR, f'{{"op":"{HALF_A_PAIR}"}}', f'["{HALF_A_PAIR}"]', '{"id":"\\ud800"}'])
def test_half_a_surrogate_pair_is_read(venue: str, text: str) -> None:
    assert_is_read(venue, text)


@pytest.mark.parametrize("venue", VENUES)
@given(payload=ANY_TEXT | st.binary())
def test_any_payload_is_read(venue: str, payload: str | bytes) -> None:
    assert_is_read(venue, payload)


@pytest.mark.parametrize("venue", VENUES)
@given(
    fields=st.dictionaries(
        st.sampled_from(["type", "op", "channel", "topic", "id", "method", "params", "payload", "error", "data", "e"]),
        ANY_TEXT | st.none() | st.integers() | st.lists(ANY_TEXT, max_size=2),
        max_size=4,
    )
)
def test_any_object_is_read(venue: str, fields: dict[str, object]) -> None:
    assert_is_read(venue, json.dumps(fields, ensure_ascii=False))
