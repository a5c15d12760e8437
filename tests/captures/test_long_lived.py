from __future__ import annotations

import json

import pytest
from captures.secrets_in_events import KEY, event, handshake, http_request, http_response, redacted

from wsreplay.captures.event import Event
from wsreplay.captures.long_lived import LongLived, is_telling
from wsreplay.captures.redaction import Redactor
from wsreplay.venues.dialect import Secrets

SECRET = "hunter2-HUNTER/3"


@pytest.mark.parametrize(
    "seen",
    [
        handshake("wss://venue.example/ws?wsApiKey=hunter2-HUNTER%2F3"),
        handshake(request=[["X-API-KEY", SECRET]]),
        handshake(request=[["Cookie", f"sid={SECRET}"]]),
        http_request(headers=[["Authorization", f"Bearer {SECRET}"]]),
        http_response(json.dumps({"listenKey": SECRET})),
        event(json.dumps({"op": "login", "args": [{"passphrase": SECRET}]})),
        event(json.dumps({"op": "auth", "args": [SECRET, 1662350400000]})),
    ],
)
def test_what_was_a_secret_once_is_one_everywhere(seen: Event) -> None:
    redactor = Redactor(KEY)
    redactor.redact(seen)
    assert seen.text is not None
    assert "HUNTER" not in seen.text
    harmless = json.dumps({"stream": SECRET, "message": f"unknown user {SECRET}!"})
    for text in (harmless, harmless.replace("/", "\\/"), "?x=hunter2-HUNTER%2F3", json.dumps({"body": harmless})):
        after = redacted(text, redactor, sender="venue")
        assert "HUNTER" not in after
        assert "redacted-" in after
    assert json.loads(redacted(harmless, redactor, sender="venue"))["stream"] in seen.text, "its token is the same"

    row = event(kind="close", close_reason=f"bye {SECRET}", key=SECRET, error_code=f"no {SECRET}", data=SECRET.encode())
    redactor.redact(row)
    assert "HUNTER" not in repr(row)


def test_the_same_secret_under_another_name_keeps_its_token() -> None:
    redactor = Redactor(KEY, Secrets(names=frozenset({"key"})))
    reply = http_response('{"key":"abcDEF1234567890"}')
    redactor.redact(reply)
    url = handshake("wss://venue.example/ws?password=abcDEF1234567890")
    redactor.redact(url)
    assert reply.text is not None
    token = json.loads(json.loads(reply.text)["body"])["key"]
    assert f"password={token}" in (url.text or "")


def test_signatures_of_one_message_are_not_kept() -> None:
    redactor = Redactor(KEY)
    for number in range(200):
        redacted(f'{{"signature":"0x{number:0130x}"}}', redactor)
    assert not redactor._long_lived


def test_a_word_that_happens_to_be_a_password_does_not_spoil_the_traffic() -> None:
    redactor = Redactor(KEY)
    redacted('{"op":"login","password":"subscribe","token":"ETHRUSDPERP"}', redactor)
    traffic = '{"op":"subscribe","symbol":"ETHRUSDPERP"}'
    assert redacted(traffic, redactor) == traffic


@pytest.mark.parametrize(
    ("value", "telling"),
    [
        ("hunter2-", True),
        ("correcthorsebatterystaple", True),
        ("hunter2", False),
        ("password", False),
        ("1778601294274124", False),
        ("-1000000.5e7", False),
        ("edacted-signature", False),
        ("x1" * 10_000, False),
    ],
)
def test_which_values_can_be_looked_for(value: str, telling: bool) -> None:
    assert is_telling(value) is telling


def test_only_the_last_seen_are_kept_and_use_keeps_alive() -> None:
    known = LongLived()
    known.learn("first-secret-1", "redacted-key-ffffffffffffffff")
    for number in range(1000):
        known.learn(f"secret-number-{number}", f"redacted-key-{number:016x}")
        assert known.token("first-secret-1")
    assert known.replace("first-secret-1 secret-number-999") == (
        "redacted-key-ffffffffffffffff redacted-key-00000000000003e7"
    )
    assert known.replace("secret-number-0") == "secret-number-0"
    assert len(known._tokens) == 64


def test_a_secret_that_is_part_of_another_and_one_that_is_part_of_a_token() -> None:
    known = LongLived()
    known.learn("abc-1234", "redacted-key-00000000000000aa")
    known.learn("abc-1234-xyz", "redacted-key-00000000000000bb")
    known.learn("000000aa", "redacted-key-00000000000000cc")
    assert known.replace("abc-1234-xyz abc-1234") == "redacted-key-00000000000000bb redacted-key-00000000000000aa"
