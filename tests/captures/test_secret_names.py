from __future__ import annotations

import re

import pytest

from wsreplay.captures.secret_names import ENDINGS, LAST_WORDS, PLAIN, SecretNames
from wsreplay.venues.dialect import Secrets

SECRETS = """
    signature sig eddsaSignature makerSignature X-API-SIG OK-ACCESS-SIGN X-BAPI-SIGN signatures api_sig authSig
    secret clientSecret client_secret apiSecret secretKey SECRET_KEY aws_secret_access_key privateKey privkey
    private-key
    mnemonic seed walletSeed seedPhrase signingKey
    apiKey apikey api_key API-Key X-API-KEY X-MBX-APIKEY wsApiKey wsapikey accessKey CB-ACCESS-KEY listenKey apiKeys
    password passphrase KC-API-PASSPHRASE pass userPass passwd pwd otp totp oldPassword
    token accessToken access_token refreshToken idToken id_token idtoken jwt X-Auth-Token sessionToken csrfToken
    authorization Proxy-Authorization bearer session sessionId session_id credential credentials
    cookie Set-Cookie cookies auth sign
"""
HARMLESS = """
    key publicKey pubkey nonce timestamp signer signerWallet hash address tokenId tokenAddress sellToken baseToken
    quote_token feeToken bidToken bidtoken sellTokenId tokens tokenSymbol signatureType SignatureMethod signatureVersion
    KC-API-KEY-VERSION idempotencyKey Sec-WebSocket-Key Sec-WebSocket-Accept userId accountId clientOrderId orderId
    bypass compass multisig multiSig seedRound passed design author authorId sessions secured keyboard side size config
    status assigned signal
"""


@pytest.mark.parametrize("name", SECRETS.split())
def test_a_name_of_a_secret(name: str) -> None:
    assert SecretNames().meaning(name) is not None


@pytest.mark.parametrize("name", HARMLESS.split())
def test_a_name_that_only_looks_like_one(name: str) -> None:
    assert SecretNames().meaning(name) is None


@pytest.mark.parametrize("name", [*SECRETS.split(), *ENDINGS, *LAST_WORDS, *PLAIN])
def test_no_secret_name_slips_past_the_gate(name: str) -> None:
    names = SecretNames()
    for spelled in (name, f'{{"{name}":1}}', f"x.{name}=1", f"my_{name}"):
        assert names.gate.search(spelled.lower())
        assert names.login_gate.search(spelled.lower())


def test_a_venue_adds_names_in_any_spelling() -> None:
    names = SecretNames(Secrets(names=frozenset({"account-id", "clientOrderId", "key"})))
    for spelled in ("accountId", "ACCOUNT_ID", "accountid", "client_order_id", "key", "KEY"):
        assert names.meaning(spelled) is not None
        assert names.gate.search(spelled.lower())
    assert names.meaning("subaccountId") is None, "an added name is meant as it is, not as an ending"


def test_under_a_name_that_a_venue_doubts_only_one_random_word_is_a_secret() -> None:
    names = SecretNames(Secrets(doubtful=frozenset({"data"})))
    assert names.gate.search('{"data":')
    meaning = names.meaning("Data")
    assert meaning is not None
    assert meaning.label == "key"
    assert meaning.plain is not None
    for plain in ("", "LRC-ETH", "no such order here", "13375450901292179417", "0x" + "1d" * 32, "a.b.c.d.e.f.g.h"):
        assert meaning.plain.fullmatch(plain), plain
    for secret in ("fx2xW5hoVFbcaanWS", "abcdefghijkl", "12345678901a", "ab-cd_ef-gh_ij"):
        assert not meaning.plain.fullmatch(secret), secret
    assert SecretNames().meaning("data") is None


def test_a_venue_takes_names_out() -> None:
    names = SecretNames(Secrets(public=frozenset({"Token", "signature"})))
    assert names.meaning("token") is None
    assert names.meaning("signature") is None
    assert names.header_meaning("Token") is None
    assert names.meaning("accessToken") is not None


def test_headers_know_no_assets() -> None:
    names = SecretNames()
    assert names.meaning("X-Base-Token") is None
    header = names.header_meaning("X-Base-Token")
    assert header is not None
    assert header.plain is None
    assert names.header_meaning("KEY") is not None
    assert names.header_meaning("Content-Type") is None


def test_a_name_written_with_escapes() -> None:
    assert SecretNames().meaning(r"\u0070assword") is not None
    assert SecretNames().meaning(r"api\\u005fkey") is not None


def test_names_of_hostile_payloads_are_not_remembered_for_ever() -> None:
    names = SecretNames()
    for number in range(10_000):
        names.meaning(f"key{number}")
    assert len(names._known) <= 4096


@pytest.mark.parametrize(
    ("name", "plain", "secret"),
    [
        ("token", ["USDC", "wstETH", "0x" + "aB" * 20, "17", ""], ["hunter2hunter2", "123456", "0x" + "ab" * 32]),
        ("seed", ["42", "20261121"], ["abandon ability able", "0x8f2a55949038a9610f50fb23b5883af3b4ecb3c3"]),
        ("sign", ["-1", "+", "buy"], ["9f86d081884c7d659a2feaa0c55ad015"]),
        ("session", ["regular", "3"], ["s-9f86d081884c"]),
        ("auth", ["required", "INVALID_TOKEN."], ["HUNTER2_HUNTER2", "s3cr3t"]),
    ],
)
def test_the_value_decides_under_a_doubtful_name(name: str, plain: list[str], secret: list[str]) -> None:
    meaning = SecretNames().meaning(name)
    assert meaning is not None
    assert meaning.plain is not None
    assert all(meaning.plain.fullmatch(value) for value in plain if value)
    assert not any(meaning.plain.fullmatch(value) for value in secret)


def test_names_are_compared_by_letters_and_digits() -> None:
    names = SecretNames()
    plain = names.meaning("apikey")
    assert plain is not None
    for spelled in ("API_KEY", "api-key", "Api.Key", "a.p-i_k e y"):
        found = names.meaning(spelled)
        assert found is not None
        assert re.sub(r"\W|_", "", found.name).lower() == plain.name
        assert found.label == plain.label
