"""A request said once more: a new id and a higher nonce, and nothing else is another."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.venues.dialect import RepeatingDialect
from wsreplay.venues.registry import dialect
from wsreplay.venues.reya.repeated import repeated


def order(key: Any = "7", **payload: Any) -> str:
    return json.dumps({"type": "createOrder", "id": key, "payload": {"qty": "1.50", "limitPx": "2500.00"} | payload})


def test_the_dialect_says_so() -> None:
    assert isinstance(dialect("reya"), RepeatingDialect)


def test_it_has_an_id_and_a_nonce_of_its_own_and_keeps_its_spelling() -> None:
    assert repeated(order(nonce="1000"), frozenset()) == order("7-again", nonce="1001")
    assert repeated(order(7, nonce=1000), frozenset()) == order(8, nonce=1001)
    compact = order(nonce="1000").replace(" ", "")
    assert repeated(compact, frozenset()) == order("7-again", nonce="1001").replace(" ", "")


@pytest.mark.parametrize(
    ("keeps", "again"), [({"id"}, ("7", "1001")), ({"nonce"}, ("7-again", "1000")), ({"id", "nonce"}, ("7", "1000"))]
)
def test_what_it_keeps_stays(keeps: set[str], again: tuple[str, str]) -> None:
    said = json.loads(repeated(order(nonce="1000"), frozenset(keeps)))
    assert (said["id"], said["payload"]["nonce"]) == again


def test_a_perp_nonce_keeps_its_account_and_market() -> None:
    account, at_ms, market = 77, 1_795_242_445_000, 3
    nonce = (account << 98) | (at_ms << 32) | market
    again = int(json.loads(repeated(order(nonce=str(nonce)), frozenset()))["payload"]["nonce"])
    assert again == (account << 98) | ((at_ms + 1) << 32) | market


@given(st.text() | st.sampled_from([order(nonce=None), order(None), '{"type":"ping"}', '{"payload":[]}', order(True)]))
def test_it_never_raises_and_leaves_alone_what_is_no_operation(text: str) -> None:
    said = repeated(text, frozenset())
    if "createOrder" not in text:
        assert said == text
