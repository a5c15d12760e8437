"""Tokens, and what is worked out of them before they are redacted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.venues.cantondex.dialect import CantonDexDialect
from wsreplay.venues.cantondex.setup import DEMO_SECRET
from wsreplay.venues.cantondex.tokens import bearer_in, claims_in, expiry_in, holder_in, is_signed_with, minted
from wsreplay.venues.envelope import HttpMessage, Witness

HERE, FAR = CantonDexDialect().at("127.0.0.1"), CantonDexDialect().at("api.cantondex.io")
CLAIMS = {"sub": "trader@cantondex.io", "account_id": "acc_1", "exp": 1_731_864_600}


def auth(token: str) -> str:
    return json.dumps({"type": "auth", "token": token})


# The example of RFC 7515, appendix A.1: the key and the token are the standard's own.
RFC_KEY = base64.urlsafe_b64decode(
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="
)
RFC_TOKEN = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)


def test_the_standards_own_token_is_read_and_found_good() -> None:
    assert is_signed_with(RFC_TOKEN, RFC_KEY)
    claims = claims_in(RFC_TOKEN) or {}
    assert (claims["iss"], expiry_in(claims)) == ("joe", 1_300_819_380)


def test_what_is_minted_is_signed_as_the_standard_wants_it() -> None:
    said, _, signature = minted(CLAIMS, b"secret").rpartition(".")
    expected = hmac.new(b"secret", said.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=") == expected


@given(st.dictionaries(st.text(), st.integers(min_value=-(2**63), max_value=2**63 - 1)), st.binary(min_size=1))
def test_minted_tokens_are_good_and_say_what_they_should(claims: dict[str, int], secret: bytes) -> None:
    token = minted(claims, secret)
    assert claims_in(token) == claims
    assert is_signed_with(token, secret)
    assert not is_signed_with(token, secret + b"x")
    assert not is_signed_with(token[:-4] + "AAA", secret)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_nothing_that_calls_itself_a_token_makes_it_fail(token: str) -> None:
    claims_in(token)
    assert not is_signed_with(token, b"secret")


@pytest.mark.parametrize("exp", [None, True, "soon", -1, 1e300, 2**63])
def test_an_expiry_that_is_none(exp: object) -> None:
    assert expiry_in({"exp": exp}) is None


def test_who_holds_it() -> None:
    assert holder_in(CLAIMS) == "acc_1"
    assert holder_in({"sub": "user"}) == "user"
    assert holder_in({"sub": 7, "account_id": ""}) is None
    assert bearer_in("Bearer abc") == bearer_in("bearer  abc") == "abc"
    assert bearer_in("Basic abc") is bearer_in("Bearer ") is None


def test_a_login_shows_who_until_when_and_on_loopback_whether_it_is_good() -> None:
    good = auth(minted(CLAIMS, DEMO_SECRET))
    assert HERE.witness(good, "client") == Witness(signer="acc_1", signature_ok=True, token_expires=1_731_864_600)
    assert FAR.witness(good, "client") == Witness(signer="acc_1", token_expires=1_731_864_600)
    assert CantonDexDialect().witness(good, "client") == FAR.witness(good, "client")
    forged = auth(minted(CLAIMS, b"another"))
    assert HERE.witness(forged, "client") == Witness(signer="acc_1", signature_ok=False, token_expires=1_731_864_600)
    assert HERE.witness(auth("YOUR_JWT_TOKEN"), "client") == Witness(signature_ok=False)
    assert HERE.witness(good, "venue") is None
    assert HERE.witness('{"type":"subscribe","token":"x"}', "client") is None


def test_a_rest_request_shows_it_too() -> None:
    headers = (("Accept", "*/*"), ("authorization", "Bearer " + minted(CLAIMS, DEMO_SECRET)))
    asked = HttpMessage(method="GET", url="http://127.0.0.1/v1/orders", headers=headers)
    assert HERE.witness_http(asked) == Witness(signer="acc_1", signature_ok=True, token_expires=1_731_864_600)
    assert HERE.witness_http(HttpMessage(method="GET", url="http://h/", status=200, headers=headers)) is None
    assert HERE.witness_http(HttpMessage(method="GET", url="http://h/")) is None
    assert HERE.knowing(asked, None) is HERE
