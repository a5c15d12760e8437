"""Secrets of this venue: the same token wherever one stands, and nothing taken that is none."""

from __future__ import annotations

import json
import re

import pytest
from captures.secrets_in_events import KEY, handshake, http_request, http_response, redacted

from venues.loopring import examples
from wsreplay.captures.event import Event
from wsreplay.captures.redaction import Redactor
from wsreplay.venues.loopring.dialect import LoopringDialect

WS_KEY = "fx2xW5hoVFbcaanWS"
TOKEN = re.compile(r"redacted-key-[0-9a-f]{16}")


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(KEY, LoopringDialect.secrets)


def text(event: Event, redactor: Redactor) -> str:
    redactor.redact(event)
    assert event.text is not None
    return event.text


OLD = json.dumps({"resultInfo": {"code": 0, "message": "SUCCESS"}, "data": WS_KEY})


@pytest.mark.parametrize("answer", [examples.WS_KEY, OLD], ids=["v3", "v2"])
def test_a_connect_key_is_one_token_in_the_answer_and_in_the_handshake(answer: str, redactor: Redactor) -> None:
    given = text(http_response(answer), redactor)
    used = text(handshake(f"wss://ws.api3.loopring.io/v3/ws?wsApiKey={WS_KEY}"), redactor)
    assert WS_KEY not in given + used
    assert len({*TOKEN.findall(given), *TOKEN.findall(used)}) == 1
    assert len(TOKEN.findall(given)) == len(TOKEN.findall(used)) == 1


@pytest.mark.parametrize("key", ["abcdefghijklmnopq", "12345678901a", "a-b_c-d_e-f_g"])
def test_whatever_letters_it_has(key: str, redactor: Redactor) -> None:
    given = text(http_response(json.dumps({"data": key})), redactor)
    used = text(handshake(f"wss://h/v3/ws?wsApiKey={key}"), redactor)
    assert TOKEN.findall(given) == TOKEN.findall(used) != []


@pytest.mark.parametrize("push", examples.PUSHES.values(), ids=examples.PUSHES)
def test_pushes_keep_all_their_data(push: str, redactor: Redactor) -> None:
    assert redacted(push, redactor, sender="venue") == push


@pytest.mark.parametrize("data", ["0x" + "1d" * 32, "13375450901292179417", "LRC", "no such order", "", None, [], 7])
def test_what_is_no_key_under_data_stays(data: object, redactor: Redactor) -> None:
    body = json.dumps({"resultInfo": {"code": 0}, "data": data})
    assert json.loads(json.loads(text(http_response(body), redactor))["body"]) == json.loads(body)


def test_an_api_key_is_one_token_in_requests_headers_and_answers(redactor: Redactor) -> None:
    key = json.loads(examples.API_KEY)["apiKey"]
    sent = redacted(examples.SUB.replace(".....", key), redactor)
    asked = text(http_request("https://api3.loopring.io/api/v3/orders?accountId=1", [("X-API-KEY", key)]), redactor)
    told = text(http_response(examples.API_KEY), redactor)
    assert key not in sent + asked + told
    assert len({*TOKEN.findall(sent), *TOKEN.findall(asked), *TOKEN.findall(told)}) == 1


def test_signatures_are_taken_and_what_orders_are_stays(redactor: Redactor) -> None:
    row = text(
        http_request("https://api3.loopring.io/api/v3/order", [("X-API-SIG", "0x" + "5a" * 96)], examples.SUBMIT),
        redactor,
    )
    body = json.loads(json.loads(row)["body"])
    expected = json.loads(examples.SUBMIT)
    assert body.pop("eddsaSignature").startswith("redacted-signature-")
    del expected["eddsaSignature"]
    assert body == expected
    assert "5a5a" not in row


def test_hashes_and_accounts_are_personal_but_stay(redactor: Redactor) -> None:
    assert {"accountId", "hash", "clientOrderId"} <= LoopringDialect.secrets.personal
    assert text(http_response(examples.ORDERS), redactor) == http_response(examples.ORDERS).text
