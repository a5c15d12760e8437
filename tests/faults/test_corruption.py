"""Damage: always some, the same for the same draw, and of the kind that was asked for."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.faults.corruption import corrupt
from wsreplay.faults.firing import chance

LOTS = st.text(max_size=8)


@given(st.sampled_from(["byte", "cut", "utf8"]), st.binary(min_size=1), LOTS)
def test_what_is_corrupted_is_another_message_and_the_same_each_time(how: str, payload: bytes, lot: str) -> None:
    damaged, told = corrupt(how, payload, partial(chance, lot))
    assert damaged != payload
    assert told
    assert corrupt(how, payload, partial(chance, lot)) == (damaged, told)


@given(st.text(min_size=1), LOTS)
def test_text_with_another_character_or_an_early_end_is_still_text(text: str, lot: str) -> None:
    for how in ("byte", "cut"):
        corrupt(how, text.encode(), partial(chance, lot))[0].decode()


@given(st.text(), LOTS)
def test_a_byte_that_is_no_utf8_makes_it_no_text(text: str, lot: str) -> None:
    with pytest.raises(UnicodeDecodeError):
        corrupt("utf8", text.encode(), partial(chance, lot))[0].decode()


@given(st.binary(min_size=1), LOTS)
def test_a_cut_leaves_the_beginning(payload: bytes, lot: str) -> None:
    damaged, _ = corrupt("cut", payload, partial(chance, lot))
    assert payload.startswith(damaged)


@given(st.text("abc{}", min_size=1), LOTS)
def test_another_byte_is_one_other_byte(text: str, lot: str) -> None:
    payload = text.encode()
    damaged, _ = corrupt("byte", payload, partial(chance, lot))
    assert [one != other for one, other in zip(payload, damaged, strict=True)].count(True) == 1
