from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest
from captures.secrets_in_events import JWT, KEY, PEM, SIGNATURE, event, handshake, http_request, http_response
from captures.traffic import frame
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.captures.event import Event
from wsreplay.captures.leaks import Leak, leaks
from wsreplay.captures.redaction import Redactor
from wsreplay.venues.dialect import Secrets

SECRET = "kX9vQ2mLr7TzB4wN8cHs"
PRIVATE_KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"


def rows() -> list[tuple[str, str, Event]]:
    """Each shape in each place: the shape it is reported as, the column, the row."""
    return [
        ("JSON Web Token", "text", event(json.dumps({"harmless": JWT}))),
        ("JSON Web Token", "text", event(f"said {JWT}.")),
        ("private key (PEM)", "text", event(json.dumps({"note": PEM}))),
        ("signature of 65 bytes", "text", event(json.dumps({"harmless": SIGNATURE}))),
        ("signature of 65 bytes", "text", event(json.dumps({"signature": SIGNATURE}))),
        ("Authorization", "text", handshake(request=[["Authorization", f"Bearer {SECRET}"]])),
        ("Authorization", "text", event(f"sent authorization: Basic {SECRET}")),
        ("32 bytes under walletKey", "text", event(json.dumps({"walletKey": PRIVATE_KEY}))),
        ("random text under myKey", "text", event(json.dumps({"myKey": SECRET}))),
        ("random text under X-Venue-Token", "text", handshake(request=[["X-Venue-Token", SECRET]])),
        ("random text under apiKey", "text", http_request(f"https://venue.example/o?apiKey={SECRET}")),
        ("random text under listenKey", "text", http_response(json.dumps({"listenKey": SECRET}))),
        ("value of passphrase", "text", event('{"passphrase":"hunter2"}')),
        ("value of URL", "text", handshake("wss://bot:hunter2@venue.example/")),
        ("value of login", "text", event(json.dumps({"op": "auth", "args": [SECRET]}))),
        ("value of password", "data", event(kind="binary", data=b'{"password":"hunter2"}')),
        ("JSON Web Token", "data", event(kind="binary", data=b"\xff\x00" + JWT.encode() + b"\xff")),
        ("value of password", "data", event(kind="binary", data=gzip.compress(b'{"password":"hunter2"}'))),
        ("value of password", "data", event(kind="raw", data=frame(1, b'{"password":"hunter2', sender="client"))),
        ("value of token", "close_reason", event(kind="close", close_reason="token=hunter2hunter2")),
        ("JSON Web Token", "key", event(kind="fact", key=JWT)),
        ("JSON Web Token", "error_code", event(kind="fact", error_code=f"bad {JWT}")),
    ]


@pytest.mark.parametrize(("shape", "where", "row"), rows())
def test_each_shape_in_each_place(shape: str, where: str, row: Event) -> None:
    row.seq, row.part = 17, 2
    found = leaks([row])
    assert (shape, where) in {(leak.shape, leak.where) for leak in found}
    assert {(leak.seq, leak.part) for leak in found} == {(17, 2)}


@pytest.mark.parametrize(("shape", "where", "row"), rows())
def test_the_report_does_not_tell_the_secret(shape: str, where: str, row: Event) -> None:
    told = repr(leaks([row]))
    for secret in (JWT, PEM, SIGNATURE, SECRET, PRIVATE_KEY, "hunter2"):
        assert secret not in told
        assert secret[:5] not in told.replace("-----", "")


BY_LOOKS_ALONE = ["32 bytes under walletKey", "random text under myKey", "signature of 65 bytes"]
"""Of harmless names. And a column holds what its payload said, which redaction then has seen."""


@pytest.mark.parametrize(
    ("shape", "where", "row"), [case for case in rows() if case[0] not in BY_LOOKS_ALONE and case[1] != "key"]
)
def test_what_was_redacted_leaks_no_more(shape: str, where: str, row: Event) -> None:
    Redactor(KEY).redact(row)
    assert leaks([row]) == []


def test_values_that_must_not_be_there_are_found_in_any_spelling() -> None:
    secret = "pä/ss wörd"
    written = [json.dumps({"x": secret}), f"x={secret}", "?x=p%C3%A4%2Fss%20w%C3%B6rd", "p\\u00e4\\/ss w\\u00f6rd"]
    for text in written:
        assert [leak.shape for leak in leaks([event(text)], known=[secret])] == ["known value"]
    in_bytes = event(kind="binary", data=b"\xff" + secret.encode())
    assert [leak.where for leak in leaks([in_bytes], known=[secret])] == ["data"]
    column = event(kind="fact", account=secret)
    assert [leak.where for leak in leaks([column], known=[secret])] == ["account"]
    assert leaks([event("nothing here")], known=[secret, ""]) == []


def test_the_excerpt_shows_at_most_four_letters_and_of_a_short_secret_less() -> None:
    (long,) = leaks([event(f"x {SECRET} x")], known=[SECRET])
    (short,) = leaks([event("x 1234567 x")], known=["1234567"])
    assert long == Leak(seq=1, part=0, where="text", shape="known value", excerpt="kX9v… (20 characters)")
    assert short.excerpt == "1… (7 characters)"


def test_each_place_is_reported_once() -> None:
    row = handshake(request=[["Authorization", f"Bearer {JWT}"]])
    assert len(leaks([row], known=[JWT])) == 1
    assert len(leaks([event(json.dumps([{"signature": SIGNATURE}] * 3))])) == 3


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"createOrder","id":"req-7f3c1a","payload":{"signerWallet":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"}}',
        '{"hash":"0x356d52ff71263098ffed595cffddec03c16cf04a5d047fbc3242684d206011ca","tokenId":1}',
        '{"requestId":"123e4567-e89b-12d3-a456-426614174000","key":"123e4567-e89b-12d3-a456-426614174000"}',
        '{"key":"1864998629727535104","token":"USDC","nonce":"1778601294274124"}',
        '{"signature":"redacted-signature-3f9a0c12d4e5b678","apiKey":"redacted-key-3f9a0c12d4e5b678"}',
        '{"request":[["Sec-WebSocket-Key","dGhlIHNhbXBsZSBub25jZQ=="],["Cookie","sid=redacted-cookie-3f9a0c12d4e5b678"]]}',
        '{"request":[["Access-Control-Allow-Headers","Authorization, X-API-KEY, Content-Type"]]}',
        '{"channel":"orderbook.200.BTCUSDT_PERPETUAL","author":"somebody"}',
    ],
)
def test_what_is_public_is_no_leak(text: str) -> None:
    assert leaks([event(text), event(text, kind="open"), event(text, sender="venue")]) == []


def test_what_a_venue_calls_public_is_no_leak_there() -> None:
    order = event(json.dumps({"order": {"signature": SIGNATURE}}))
    assert leaks([order])
    assert leaks([order], secrets=Secrets(public=frozenset({"signature"}))) == []


@settings(max_examples=100, deadline=None)
@given(st.text(), st.sampled_from(["text", "open", "http_request"]))
def test_any_text_can_be_searched(text: str, kind: Any) -> None:
    leaks([event(text, kind=kind)])


@pytest.mark.parametrize(
    "piece", ["eyJ", "eyJaaaaaaaa.", "a=", '"key":', "-----BEGIN PRIVATE KEY-----", "0xab", "authorization:"]
)
def test_hostile_texts_are_searched_in_linear_time(piece: str) -> None:
    def seconds(times: int) -> float:
        row = event(piece * times)
        begin = time.perf_counter()
        leaks([row])
        return time.perf_counter() - begin

    assert any(seconds(16_000) < 9 * seconds(4_000) + 0.005 for _ in range(5))
