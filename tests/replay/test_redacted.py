"""Where tokens stand in an answer, what stands there this time, and under which names the client sent them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.captures.secret_found import TOKEN as TOKENS
from wsreplay.replay.redacted import (
    Number,
    blanks_in,
    blanks_in_headers,
    filled,
    filled_in_headers,
    names_in,
    names_in_headers,
)

TOKEN = "redacted-token-0123456789abcdef"
OTHER = "redacted-key-fedcba9876543210"


def learnt(recorded: str, live: str) -> dict[str, str]:
    return dict(filled(blanks_in(recorded), live))


def test_what_stands_in_the_same_place_is_the_secret_of_this_run() -> None:
    recorded = json.dumps({"data": [{"n": 1}, {"listenKey": TOKEN, "id": 7}]})
    live = json.dumps({"data": [{"n": 2}, {"id": 8, "listenKey": "live"}], "more": OTHER})
    assert learnt(recorded, live) == {TOKEN: "live"}


@pytest.mark.parametrize(
    "live", ["[]", "{}", "no JSON", "", json.dumps({"data": "x"}), json.dumps({"data": [{}, {"listenKey": None}]})]
)
def test_an_answer_without_that_place_teaches_nothing(live: str) -> None:
    assert learnt(json.dumps({"data": [{}, {"listenKey": TOKEN}]}), live) == {}


def test_a_secret_within_a_string_is_found_between_what_surrounds_it() -> None:
    recorded = json.dumps({"url": f"wss://x/ws?listenKey={TOKEN}&v=1", "auth": f"Bearer {OTHER}"})
    live = json.dumps({"url": "wss://x/ws?listenKey=live&v=1", "auth": "Bearer other"})
    assert learnt(recorded, live) == {TOKEN: "live", OTHER: "other"}
    assert learnt(recorded, json.dumps({"url": "wss://y/ws?listenKey=live", "auth": "Basic other"})) == {}


def test_two_secrets_in_one_string_are_told_apart() -> None:
    assert learnt(f"a={TOKEN}; b={OTHER}", "a=x; b=y") == {TOKEN: "x", OTHER: "y"}


def test_digits_are_kept() -> None:
    found = learnt(json.dumps({"pin": TOKEN}), '{"pin": 9007199254740993.10}')
    assert found == {TOKEN: "9007199254740993.10"}
    assert isinstance(found[TOKEN], Number)


def test_a_token_is_no_secret_of_this_run() -> None:
    assert learnt(json.dumps({"k": TOKEN}), json.dumps({"k": OTHER})) == {}


def test_headers_are_read_part_by_part() -> None:
    recorded = [("Set-Cookie", f"session={TOKEN}; Path=/; Expires=Wed"), ("X-Token", OTHER)]
    live = [("x-token", "tok"), ("set-cookie", "other=1; Path=/"), ("set-cookie", "session=live; Path=/; Expires=Thu")]
    assert dict(filled_in_headers(blanks_in_headers(recorded), live)) == {TOKEN: "live", OTHER: "tok"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
        max_leaves=10,
    ),
    st.text(min_size=1).filter(lambda text: TOKENS.search(text) is None),
)
def test_whatever_the_answer_looks_like_the_same_place_is_found(around: object, live: str) -> None:
    assert learnt(json.dumps([around, {"k": TOKEN}]), json.dumps([around, {"k": live}])) == {TOKEN: live}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f'{{"apiKey":"{TOKEN}"}}', "apiKey"),
        (f'{{"apiKey" : "{TOKEN}"}}', "apiKey"),
        (f'{{"body":"{{\\"api_key\\":\\"{TOKEN}\\"}}"}}', "api_key"),
        (f"wss://x/ws?v=1&listenKey={TOKEN}&b=1", "listenKey"),
        (f'{{"signature":["{TOKEN}","x"]}}', "signature"),
        (f'{{"Authorization":"Bearer {TOKEN}"}}', "Authorization"),
        (f"passphrase: {TOKEN}", "passphrase"),
        (f"wss://x/ws/{TOKEN}", "token"),
        (TOKEN, "token"),
    ],
)
def test_a_secret_is_called_as_the_field_that_holds_it(text: str, name: str) -> None:
    assert list(names_in(text)) == [(TOKEN, name)]


def test_a_secret_in_a_header_is_called_as_the_header_or_the_cookie() -> None:
    headers = [("X-API-KEY", TOKEN), ("Authorization", f"Bearer {TOKEN}"), ("Cookie", f"a=1; sid={OTHER}"), ("A", "b")]
    assert list(names_in_headers(headers)) == [(TOKEN, "X-API-KEY"), (TOKEN, "Authorization"), (OTHER, "sid")]
