"""One test for each place in which a secret may stand."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from typing import Any

import pytest
from captures.secrets_in_events import (
    JWT,
    KEY,
    PEM,
    SIGNATURE,
    event,
    handshake,
    http_request,
    http_response,
    redacted,
)

from wsreplay.captures.redaction import Redactor
from wsreplay.venues.dialect import Secrets

TOKEN = r"redacted-[a-z]+-[0-9a-f]{16}"


def only_token(text: str) -> str:
    (token,) = re.findall(TOKEN, text)
    return str(token)


def test_a_signature_makes_way_for_a_token_and_nothing_else_changes() -> None:
    before = '{ "type":"createOrder", "payload":{"limitPx":1.50,"signature" : "%s","nonce":"17"}}'
    after = redacted(before % SIGNATURE)
    token = only_token(after)
    assert after == before % token
    assert token.startswith("redacted-signature-")


def test_equal_secrets_have_equal_tokens_and_different_ones_have_not() -> None:
    first, again, other = (redacted(f'{{"signature":"{value}"}}') for value in ("0xaa", "0xaa", "0xab"))
    assert first == again != other


def test_tokens_depend_on_the_key() -> None:
    other = Redactor(b"another key, just as long as that")
    assert redacted('{"signature":"0xaa"}') != redacted('{"signature":"0xaa"}', other)


def test_keep_leaves_everything_as_it_is() -> None:
    row = handshake("wss://user:pass@venue.example/ws?apiKey=abc", request=[["Authorization", "Bearer abc"]])
    before = row.text
    Redactor(KEY, keep=True).redact(row)
    assert row.text == before


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("null", "null"),
        ("true", "true"),
        ("false", "false"),
        ('""', '""'),
        ("[]", "[]"),
        ("{}", "{}"),
        ("123456", '"T"'),
        ("-1.5e7", '"T"'),
        ('"a\\"b\\\\"', '"T"'),
        ('"a\\u0022"', '"T"'),
        ('["k", "s", 5000, null, ""]', '["T", "T", "T", null, ""]'),
        ('{"r": "0x1", "v": 27, "deep": [{"s": "x"}]}', '{"r": "T", "v": "T", "deep": [{"s": "T"}]}'),
        ("[[[[1]]], true]", '[[[["T"]]], true]'),
    ],
)
def test_every_kind_of_json_value(value: str, left: str) -> None:
    after = redacted(f'{{"a":1,"signature": {value} ,"b":"x"}}')
    assert re.sub(TOKEN, "T", after) == f'{{"a":1,"signature": {left} ,"b":"x"}}'
    json.loads(after)


def test_a_secret_is_the_same_however_it_is_escaped() -> None:
    tokens = {
        only_token(redacted(text))
        for text in (
            r'{"apiKey":"a/b+c"}',
            r'{"apiKey":"a\/b+c"}',
            r'{"apiKey":"a\u002fb+c"}',
            "wss://venue.example/ws?apiKey=a%2Fb+c",
            "wss://venue.example/ws?apiKey=a%2fb%2Bc&x=1",
            "apiKey=a/b+c",
            r'{"body":"{\"apiKey\":\"a\\\/b+c\"}"}',
        )
    }
    assert len(tokens) == 1


def test_a_name_in_escapes_does_not_hide_a_secret() -> None:
    assert "hunter2" not in redacted(r'{"\u0070ass\u0077ord":"hunter2"}')


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_json_within_json_strings(times: int) -> None:
    text = json.dumps({"apiKey": 'k"\\1', "signature": ["a", 12, None], "keep": 'x"y'})
    for _ in range(times):
        text = json.dumps({"body": text})
    inner: Any = redacted(text)
    for _ in range(times):
        inner = json.loads(inner)["body"]
    values = json.loads(inner)
    assert re.fullmatch(TOKEN, values["apiKey"])
    assert [bool(re.fullmatch(TOKEN, value)) for value in values["signature"][:2]] == [True, True]
    assert values["signature"][2] is None
    assert values["keep"] == 'x"y'


def test_assets_under_the_name_token_stay() -> None:
    market = (
        '{"token":"USDC","sellToken":{"tokenId":1,"volume":"250"},"tokenAddress":"0x","x":{"token":{"symbol":"a-b"}}}'
    )
    assert redacted(market, sender="venue") == market


def test_a_login_whose_values_have_no_names() -> None:
    login = json.dumps({"op": "auth", "args": ["aPiKey12345678901234", 1662350400000, SIGNATURE]})
    after = json.loads(redacted(login))
    assert after["op"] == "auth"
    assert after["args"][1] == 1662350400000
    assert re.fullmatch(TOKEN, after["args"][0])
    assert re.fullmatch(TOKEN, after["args"][2])
    assert "hunter-key" not in redacted('{"op":"login","args":{"key":"hunter-key","time":1}}')


def test_a_subscription_is_no_login() -> None:
    subscription = '{"op":"subscribe","args":["orderbook.200.BTCUSDT_PERPETUAL","key"]}'
    assert redacted(subscription) == subscription


# The handshake


LISTEN_KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"


@pytest.mark.parametrize(
    "text",
    [
        '{"method":"SUBSCRIBE","params":["%s"],"id":1}',
        '{"method":"SUBSCRIBE","params":["btcusdt@trade", "%s@account"],"id":1}',
        '{"op":"subscribe","stream":"%s"}',
        '{"body":"{\\"params\\":[\\"%s\\"]}"}',
    ],
)
def test_a_key_among_the_streams_that_a_client_asks_for(text: str) -> None:
    redactor = Redactor(KEY)
    said = event(text % LISTEN_KEY, sender="client")
    redactor.redact(said)
    assert LISTEN_KEY not in (said.text or "")
    assert (said.text or "").count("redacted-key-") == 1
    # From then on it is known, in pushes as well.
    push = event(f'{{"stream":"{LISTEN_KEY}","data":{{}}}}')
    redactor.redact(push)
    assert LISTEN_KEY not in (push.text or "")


@pytest.mark.parametrize(
    "word",
    [
        "0x" + "ab12" * 16,
        "ab12" * 16,
        "1" * 64,
        "SubscribeToEverythingThatIsThereToSeeInTheWholeWideWorldAndMoreOfIt",
        "orders.1b0e7d2c-0a8f-4d55-9a6e-1f2e3d4c5b6a.1b0e7d2c-0a8f-4d55-9a6e-1f2e3d4c5b6a",
    ],
)
def test_long_names_of_streams_hashes_and_accounts_are_no_keys(word: str) -> None:
    text = f'{{"method":"SUBSCRIBE","params":["{word}"]}}'
    said = event(text, sender="client")
    Redactor(KEY).redact(said)
    assert said.text == text


def test_url_parameters_and_userinfo_of_a_handshake() -> None:
    row = handshake("wss://bot:hunter2@venue.example:9443/ws?wsApiKey=abc123&depth=5&token=hunter22#x")
    Redactor(KEY).redact(row)
    assert row.text is not None
    url = json.loads(row.text)["url"]
    assert re.fullmatch(rf"wss://{TOKEN}:{TOKEN}@venue\.example:9443/ws\?wsApiKey={TOKEN}&depth=5&token={TOKEN}", url)


def test_a_key_in_the_path_of_a_handshake() -> None:
    key = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
    row = handshake(f"wss://venue.example/ws/{key}")
    Redactor(KEY).redact(row)
    assert row.text is not None
    assert key not in row.text


@pytest.mark.parametrize(
    "path",
    [
        "/ws",
        "/sra/v2/",
        "/v2/wallet/0x869d3b1f5a7c9e0b2d4f6a8c0e1b3d5f7a9c1e3b/x",
        "/123e4567-e89b-12d3-a456-426614174000",
    ],
)
def test_what_is_public_in_a_path_stays(path: str) -> None:
    row = handshake("wss://venue.example" + path)
    before = row.text
    Redactor(KEY).redact(row)
    assert row.text == before


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("Authorization", "Bearer hunter2", "Bearer T"),
        ("authorization", "Basic aHVudGVyMg==", "Basic T"),
        ("Authorization", "AWS4-HMAC-SHA256 Credential=hunter2, Signature=hunter2", "T"),
        ("X-API-KEY", "hunter2", "T"),
        ("X-MBX-APIKEY", "hunter2", "T"),
        ("X-API-SIG", "hunter2", "T"),
        ("KEY", "hunter2", "T"),
        ("SIGN", "hunter2", "T"),
        ("X-Auth-Token", "hunter2", "T"),
        ("Cookie", "sid=hunter2; theme=hunter2", "sid=T; theme=T"),
        ("Set-Cookie", "sid=hunter2; Path=/; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("Sec-WebSocket-Protocol", "access_token, hunter2", "access_token, T"),
        ("Sec-WebSocket-Protocol", "v1.venue.example, bearer.hunter2", "v1.venue.example, bearer.T"),
        ("Sec-WebSocket-Protocol", "venue.v2, hunter2hunter2hunter2", "venue.v2, T"),
        ("Sec-WebSocket-Protocol", JWT, "T"),
        ("Location", "wss://venue.example/?token=hunter2", "wss://venue.example/?token=T"),
    ],
)
@pytest.mark.parametrize("side", ["request", "response"])
def test_headers(name: str, value: str, left: str | None, side: str) -> None:
    headers: Any = {side: [["Host", "venue.example"], [name, value], ["Upgrade", "websocket"]]}
    row = handshake(**headers)
    Redactor(KEY).redact(row)
    assert row.text is not None
    after = json.loads(row.text)[side]
    assert after[0] == ["Host", "venue.example"]
    assert after[2] == ["Upgrade", "websocket"]
    assert "hunter2" not in row.text
    shown = re.sub(TOKEN, "T", after[1][1])
    assert shown == (left or value.replace("hunter2", "T"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("Sec-WebSocket-Protocol", "graphql-transport-ws, json.reliable.webpubsub.azure.v1"),
        ("Access-Control-Allow-Headers", "Authorization, X-API-KEY"),
        ("KC-API-KEY-VERSION", "2"),
        ("Idempotency-Key", "order-17"),
    ],
)
def test_headers_that_hold_no_secret(name: str, value: str) -> None:
    row = handshake(request=[[name, value]])
    before = row.text
    Redactor(KEY).redact(row)
    assert row.text == before


def test_the_body_of_a_refusal() -> None:
    row = handshake(status=401, body='{"error":"bad token","token":"hunter2hunter2"}')
    Redactor(KEY).redact(row)
    assert row.text is not None
    assert "hunter2" not in row.text
    assert "bad token" in row.text


# REST


def test_forms_and_urls_of_requests() -> None:
    row = http_request("https://venue.example/o?apiKey=hunter2&x=1", body="symbol=A&signature=hun%2Bter2&password=it's")
    Redactor(KEY).redact(row)
    assert row.text is not None
    shown = json.loads(re.sub(TOKEN, "T", row.text))
    assert shown["url"] == "https://venue.example/o?apiKey=T&x=1"
    assert shown["body"] == "symbol=A&signature=T&password=T"


def test_json_bodies_of_requests_and_responses() -> None:
    for row in (http_request(body='{"apiKey":"hunter2","n":1}'), http_response('{"data":[{"listenKey":"hunter2"}]}')):
        Redactor(KEY).redact(row)
        assert row.text is not None
        assert "hunter2" not in row.text
        assert re.search(TOKEN, json.loads(row.text)["body"])


def test_a_venues_own_names_and_its_public_ones() -> None:
    venue = Secrets(names=frozenset({"key", "accountId"}), public=frozenset({"signature"}))
    after = redacted('{"key":"hunter2","accountId":10000000002,"signature":"0xaa"}', Redactor(KEY, venue))
    assert re.sub(TOKEN, "T", after) == '{"key":"T","accountId":"T","signature":"0xaa"}'


def test_a_body_that_is_no_text() -> None:
    row = http_response("")
    row.data = b'\xff\xfe{"apiKey":"hunter2"}'
    Redactor(KEY).redact(row)
    assert row.data.startswith(b'\xff\xfe{"apiKey":"redacted-key-')


# Bytes


def test_json_in_a_binary_frame() -> None:
    row = event(kind="binary", data='{"née":"é","password":"hünter2"}'.encode())
    Redactor(KEY).redact(row)
    assert row.data is not None
    assert re.sub(TOKEN, "T", row.data.decode()) == '{"née":"é","password":"T"}'
    assert only_token(row.data.decode()) == only_token(redacted('{"password":"hünter2"}'))


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_packed_json_in_a_binary_frame(pack: Any) -> None:
    harmless, telling = pack(b'{"ping":1}'), pack(b'{"password":"hunter2"}')
    for payload in (harmless, telling):
        row = event(kind="binary", data=payload)
        Redactor(KEY).redact(row)
        assert row.data is not None
        plain = zlib.decompress(row.data, 32 + zlib.MAX_WBITS)
        assert b"hunter2" not in plain
        assert (row.data == harmless) is (payload == harmless)


def test_what_can_not_be_unpacked_within_bounds_is_not_written() -> None:
    bomb = gzip.compress(bytes(65 << 20), compresslevel=1)
    row = event(kind="binary", data=bomb)
    Redactor(KEY).redact(row)
    assert row.data is not None
    assert re.fullmatch(TOKEN.encode(), row.data)


# Words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("login failed: password=hunter2, user=joe", "login failed: password=T, user=joe"),
        ("Authorization: Bearer hunter2 was refused", "Authorization: Bearer T was refused"),
        ("bad header Bearer hunter2hunter2", "bad header Bearer T"),
        ("{'apiKey': 'hunter2', 'x': 1}", "{'apiKey': 'T', 'x': 1}"),
        ('{apiKey:"hunter2", x: 1}', '{apiKey:"T", x: 1}'),
        ("password: secret: hunter2", "password: secret: T"),
        (f"got {JWT}!", "got T!"),
        (PEM, "T"),
        (PEM.replace("\n", "\\n"), "T"),
        (
            "payload=%7B%22apiKey%22%3A%22hunter2%22%2C%22n%22%3A1%7D",
            "payload=%7B%22apiKey%22%3A%22T%22%2C%22n%22%3A1%7D",
        ),
        ("to=https%3A%2F%2Fh%2F%3Ftoken%3Dhunter2x%26a%3D1", "to=https%3A%2F%2Fh%2F%3Ftoken%3DT%26a%3D1"),
        ("password\\u003dhunter2\\u0026x=1", "password\\u003dT\\u0026x=1"),
        ("see\\ntoken=hunter2x", "see\\ntoken=T"),
        ("https://u:hunter2@venue.example/", "https://T:T@venue.example/"),
    ],
)
def test_secrets_in_words(text: str, left: str) -> None:
    assert re.sub(TOKEN, "T", redacted(text, sender="venue")) == left
    row = event(kind="close", close_reason=text, close_code=4001)
    Redactor(KEY).redact(row)
    assert re.sub(TOKEN, "T", row.close_reason or "") == left


@pytest.mark.parametrize(
    "text",
    [
        "invalid token: expected a number",
        "Bearer authentication failed",
        "session expired, please login",
        "see https://venue.example/docs/api-key",
        '{"channel":"auth:orders","ping":"10:30"}',
        '{"url":"wss://venue.example/?token=","x":"y"}',
        "MSG_RATE_EXCEEDED retry_after_ms=250",
        "btcusdt@depth",
    ],
)
def test_words_without_secrets_stay(text: str) -> None:
    assert redacted(text, sender="venue") == text


def test_a_message_that_was_cut_within_a_secret() -> None:
    for cut in ('{"apiKey":"hunt', '{"signature":["hunt', '{"body":"{\\"apiKey\\":\\"hunt', '{"signature":{"r":"hunt'):
        assert "hunt" not in redacted(cut)


@pytest.mark.parametrize("kind", ["fault", "gap"])
def test_what_the_proxy_says(kind: Any) -> None:
    text = '{"seed": 20261121, "error": "no route to wss://venue.example/?apiKey=hunter2"}'
    after = redacted(text, kind=kind, sender="proxy")
    assert re.sub(TOKEN, "T", after) == text.replace("hunter2", "T")


# Columns


def test_columns_that_were_read_from_a_payload() -> None:
    row = event('{"token":"hunter2hunter2","id":"7"}', key="hunter2hunter2", op="auth", channel="7")
    Redactor(KEY).redact(row)
    assert row.text is not None
    assert row.key == only_token(row.text)
    assert (row.op, row.channel) == ("auth", "7")


def test_fact_rows_that_carry_what_an_earlier_payload_said() -> None:
    redactor = Redactor(KEY, Secrets(names=frozenset({"clientOrderId"})))
    request = event('{"clientOrderId":"1778601294274124"}', client_order_id="1778601294274124")
    fact = event(kind="fact", client_order_id="1778601294274124", seq=9, part=1)
    redactor.redact(request)
    redactor.redact(fact)
    assert fact.client_order_id == request.client_order_id == only_token(request.text or "")
