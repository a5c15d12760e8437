"""Secrets of this run take the places of the recording's, written as each place demands."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from wsreplay.captures.secret_found import TOKEN as TOKENS
from wsreplay.replay.living_secrets import LivingSecrets
from wsreplay.replay.redacted import Number

TOKEN = "redacted-token-0123456789abcdef"
OTHER = "redacted-key-fedcba9876543210"
VALUES = st.text(min_size=1, max_size=30).filter(lambda text: TOKENS.search(text) is None)


def knowing(value: str, token: str = TOKEN) -> LivingSecrets:
    return LivingSecrets({token: value})


@given(VALUES, st.integers(0, 3))
def test_in_json_the_value_is_what_is_read_again_however_deep_it_is_wrapped(value: str, depth: int) -> None:
    message: object = {"op": "login", "args": ["a", f"Bearer {TOKEN}"]}
    for _ in range(depth):
        message = {"body": json.dumps(message)}
    said = json.loads(knowing(value).in_text(json.dumps(message)))
    for _ in range(depth):
        said = json.loads(said["body"])
    assert said == {"op": "login", "args": ["a", f"Bearer {value}"]}


@given(VALUES)
def test_in_an_address_the_value_is_what_is_read_again(value: str) -> None:
    url = knowing(value).in_url(f"wss://venue.example/ws?a=1&listenKey={TOKEN}&b=2")
    assert parse_qs(urlsplit(url).query, keep_blank_values=True) == {"a": ["1"], "listenKey": [value], "b": ["2"]}


def test_a_number_is_a_number_again() -> None:
    assert knowing(Number("12.50")).in_text(f'{{"pin":"{TOKEN}","n":1}}') == '{"pin":12.50,"n":1}'
    assert knowing(Number("12.50")).in_text(f'{{"auth":"Pin {TOKEN}"}}') == '{"auth":"Pin 12.50"}'


def test_a_secret_is_the_same_under_whatever_word_it_was_redacted() -> None:
    assert knowing("live", "redacted-secret-0123456789abcdef").in_text(f'"{TOKEN}"') == '"live"'


def test_what_is_not_known_stays_and_nothing_else_changes() -> None:
    text = f'{{"a": "{OTHER}",  "b" :"{TOKEN}"}}'
    assert knowing("live").in_text(text) == f'{{"a": "{OTHER}",  "b" :"live"}}'
    assert LivingSecrets().in_text(text) == text
    assert knowing("live").in_text("no secret") == "no secret"


def test_what_is_no_text_is_not_learnt() -> None:
    assert knowing("\ud800").in_text(f'"{TOKEN}"') == f'"{TOKEN}"'


def test_what_is_learnt_last_counts() -> None:
    secrets = knowing("old")
    secrets.learn([(TOKEN, "new")])
    assert secrets.in_text(TOKEN) == "new"


def test_nothing_becomes_a_header_of_its_own() -> None:
    headers = (("Authorization", f"Bearer {TOKEN}"), ("Accept", "*/*"))
    assert knowing("a b").in_headers(headers) == (("Authorization", "Bearer a b"), ("Accept", "*/*"))
    for hostile in ("x\r\nHost: evil", "x\x00", "\u2028"):
        assert knowing(hostile).in_headers(headers) == headers


def test_a_body_is_json_or_a_form() -> None:
    secrets = knowing('a"&b')
    assert json.loads(secrets.in_body(f'{{"k":"{TOKEN}"}}'.encode())) == {"k": 'a"&b'}
    assert secrets.in_body(f"k={TOKEN}&n=1".encode()) == b"k=a%22%26b&n=1"
    assert secrets.in_body(b"\xff" + TOKEN.encode()) == b"\xff" + TOKEN.encode(), "no text"
