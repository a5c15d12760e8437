"""Refreshing: tokens for now, of the same holder and with the same faults; ids that orders have now; no more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from venues.cantondex.document import CLIENT
from venues.cantondex.trader import ACCOUNT, OFFICER, START, Venue

from wsreplay.venues.cantondex.dialect import CantonDexDialect
from wsreplay.venues.cantondex.refresh import Refresher
from wsreplay.venues.cantondex.setup import DEMO_PASSWORD, DEMO_SECRET
from wsreplay.venues.cantondex.times import SECOND
from wsreplay.venues.cantondex.tokens import claims_in, is_signed_with, minted
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.refreshing import LineRefresher

DEX = CantonDexDialect()
THEN, NOW = START, START + 1_000_000 * SECOND
REDACTED = "redacted-token-0123456789abcdef"


def refresher(**more: Any) -> Refresher:
    return DEX.at("127.0.0.1").refresher(None, **more)


def fresh(made: Refresher, token: str, **more: Any) -> str:
    text = json.dumps({"type": "auth", "token": token})
    refreshed = made.refresh(text, recorded_at_ns=THEN, now_ns=NOW, **more)
    assert refreshed.unsigned is None
    said = json.loads(refreshed.text)
    assert said.keys() == {"type", "token"}
    new: str = said["token"]
    return new


def answer_to(token: str) -> dict[str, Any]:
    """What the simulator says to a token now."""
    venue = Venue(now_ns=NOW)
    [answer] = venue.send(venue.connect(), {"type": "auth", "token": token})
    return answer


def test_it_refreshes_lines_too() -> None:
    assert isinstance(refresher(), LineRefresher)


def test_a_token_that_was_redacted_is_minted_for_its_holder() -> None:
    token = fresh(refresher(), REDACTED, signer=OFFICER, signature_ok=True, token_expires=THEN // SECOND + 60)
    assert answer_to(token)["account_id"] == OFFICER
    assert (claims_in(token) or {})["exp"] == NOW // SECOND + 60, "what was left of it is left now"


def test_without_a_witness_it_is_the_demo_accounts() -> None:
    assert answer_to(fresh(refresher(), REDACTED))["account_id"] == ACCOUNT


def test_a_token_that_had_expired_has_expired_again() -> None:
    token = fresh(refresher(), REDACTED, signer=ACCOUNT, signature_ok=True, token_expires=THEN // SECOND - 5)
    assert answer_to(token)["error_code"] == "INVALID_TOKEN"
    claims = claims_in(token) or {}
    assert (claims["exp"], claims["exp"] - claims["iat"]) == (NOW // SECOND - 5, 3_600)
    assert is_signed_with(token, DEMO_SECRET)


def test_a_token_that_was_signed_wrongly_is_signed_wrongly_again() -> None:
    token = fresh(refresher(), REDACTED, signer=ACCOUNT, signature_ok=False, token_expires=THEN // SECOND + 60)
    assert not is_signed_with(token, DEMO_SECRET)
    assert answer_to(token)["error_code"] == "INVALID_TOKEN"


def test_claims_that_can_be_read_are_kept() -> None:
    recorded = minted({"sub": "s", "account_id": OFFICER, "role": "x", "exp": THEN // SECOND + 9}, b"their secret")
    claims = claims_in(fresh(refresher(), recorded)) or {}
    assert (claims["role"], claims["account_id"], claims["exp"]) == ("x", OFFICER, NOW // SECOND + 9)


def test_a_key_of_ones_own_signs_and_a_token_of_ones_own_is_taken_as_it_is() -> None:
    assert is_signed_with(fresh(DEX.refresher(b"k" * 32), REDACTED), b"k" * 32)
    assert fresh(refresher(secrets={"token": "mine"}), REDACTED) == "mine"
    expired = fresh(refresher(secrets={"token": "mine"}), REDACTED, token_expires=THEN // SECOND)
    assert expired != "mine", "it is not what was said then"


def test_without_a_key_it_says_so() -> None:
    text = json.dumps({"type": "auth", "token": REDACTED})
    refreshed = Refresher(None).refresh(text, recorded_at_ns=THEN, now_ns=NOW)
    assert (refreshed.text, refreshed.unsigned) == (text, "there is no secret to sign a token with")


@pytest.mark.parametrize("text", [*list(CLIENT.values())[1:], "no json", "[]", "{}", '{"type": "auth"}', ""])
def test_all_else_stays_as_the_bot_wrote_it(text: str) -> None:
    refreshed = refresher().refresh(text, recorded_at_ns=THEN, now_ns=NOW)
    assert (refreshed.text, refreshed.unsigned) == (text, None)


def test_what_is_refreshed_keeps_its_spaces_and_its_order() -> None:
    for text in ('{"token":"t","type":"auth","n":1.50}', '{"type": "auth", "n": 1.50, "token": "t"}'):
        new = refresher().refresh(text, recorded_at_ns=THEN, now_ns=NOW).text
        assert new.replace(json.loads(new)["token"], "t") == text


# REST


def login(made: Refresher, text: str, op: str = "POST /auth/login") -> dict[str, Any]:
    said: dict[str, Any] = json.loads(made.refresh(text, recorded_at_ns=THEN, now_ns=NOW, op=op).text)
    return said


def test_a_password_that_was_redacted_is_the_simulators() -> None:
    body = '{"email":"trader@cantondex.io","password":"redacted-password-1"}'
    assert login(refresher(), body) == {"email": "trader@cantondex.io", "password": DEMO_PASSWORD}
    assert login(refresher(secrets={"password": "mine"}), body)["password"] == "mine"
    assert login(refresher(secrets={}), body)["password"] == "redacted-password-1"


def test_the_tokens_of_a_login_are_those_that_this_replay_was_given() -> None:
    made = refresher()
    then = HttpMessage(method="POST", url="u", status=200, body=b'{"access_token":"old","refresh_token":"older"}')
    now = HttpMessage(method="POST", url="u", status=200, body=b'{"access_token":"new","refresh_token":"newer"}')
    made.learn_http(then, now)
    assert fresh(made, "old", signer=ACCOUNT) == "new"
    assert login(made, '{"refresh_token":"older"}', "POST /auth/refresh") == {"refresh_token": "newer"}
    assert made.refresh_headers((("Authorization", "Bearer old"),), recorded_at_ns=THEN, now_ns=NOW) == (
        ("Authorization", "Bearer new"),
    )
    made.learn_http(HttpMessage(method="", url="", body=b"<html>"), now)  # nothing to learn


def test_a_header_gets_a_token_for_its_holder() -> None:
    made = refresher()
    fresh(made, REDACTED, signer=OFFICER)
    fresh(made, "another", signer=ACCOUNT)
    headers = (("accept", "*/*"), ("authorization", f"Bearer {REDACTED}"), ("authorization", "Basic x"))
    accept, bearer, basic = made.refresh_headers(headers, recorded_at_ns=THEN, now_ns=NOW)
    assert (accept, basic) == (headers[0], headers[2])
    assert (claims_in(bearer[1].removeprefix("Bearer ")) or {})["account_id"] == OFFICER


def test_a_refresh_token_that_was_redacted_is_minted() -> None:
    body = login(refresher(), '{"refresh_token":"redacted-token-1"}', "POST /auth/refresh")
    venue = Venue(now_ns=NOW)
    assert venue.rest("POST", "/auth/refresh", body, account=None)[0] == 200


def test_orders_go_by_the_ids_that_they_have_now() -> None:
    made = refresher()
    made.learn(Envelope(order_id="ord_1"), Envelope(order_id="ord_9"))
    made.learn(Envelope(order_id="ord_2"), Envelope())
    urls = {
        "http://h:1/v1/orders/ord_1?x=ord_1": "http://h:1/v1/orders/ord_9?x=ord_1",
        "http://h/v1/orders/ord_2": "http://h/v1/orders/ord_2",
        "/v1/orders/ord_1": "/v1/orders/ord_9",
        "http://[": "http://[",
        "http://h/markets/AAPL%2FUSDC/price": "http://h/markets/AAPL%2FUSDC/price",
    }
    assert {url: made.refresh_url(url, recorded_at_ns=THEN, now_ns=NOW) for url in urls} == urls


def test_an_order_stays_as_it_was_wanted() -> None:
    body = '{"account_id":"acc_1","quantity":100,"price":150.50}'
    assert refresher().refresh(body, recorded_at_ns=THEN, now_ns=NOW, op="POST /orders").text == body
