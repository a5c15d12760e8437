"""Making recorded frames good again."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from venues.zeroex.documents import FILTERED_REQUEST, MINIMUM_REQUEST, ORDER, REQUEST_ID
from venues.zeroex.venue import MAKER, OTHER, OTHER_KEY, START, Fields, Venue, hash_of, quiet, signed

from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.zeroex.dialect import ZeroExDialect
from wsreplay.venues.zeroex.orders import Order, order_digest
from wsreplay.venues.zeroex.refresh import Refresher
from wsreplay.venues.zeroex.setup import DEMO_KEY
from wsreplay.venues.zeroex.signatures import signer_of

DAY = 86_400 * 10**9


def refreshed(
    refresher: Refresher, frame: Any, op: str | None = None, *, later_ns: int = DAY, signature_ok: bool | None = True
) -> Fields:
    text = frame if isinstance(frame, str) else json.dumps(frame)
    done = refresher.refresh(text, recorded_at_ns=START, now_ns=START + later_ns, op=op, signature_ok=signature_ok)
    assert done.unsigned is None
    fields: Fields = json.loads(done.text)
    return fields


def signer(order: Fields) -> str | None:
    digest = order_digest(msgspec.convert(order, Order))
    assert digest is not None
    return signer_of(digest, order["signature"])


# Subscriptions


def test_a_request_id_is_renewed_and_all_else_stays() -> None:
    refresher = Refresher(DEMO_KEY)
    renewed = refreshed(refresher, FILTERED_REQUEST)
    assert renewed["requestId"] != REQUEST_ID
    assert UUID(renewed["requestId"]).version == 4
    assert renewed | {"requestId": REQUEST_ID} == json.loads(FILTERED_REQUEST)


def test_one_recorded_request_id_has_one_new_one_in_a_replay_and_another_in_the_next() -> None:
    refresher = Refresher(DEMO_KEY)
    one, two = refreshed(refresher, MINIMUM_REQUEST), refreshed(refresher, FILTERED_REQUEST, later_ns=2 * DAY)
    assert one["requestId"] == two["requestId"], "whoever took a subscription over takes it over again"
    other = refreshed(refresher, MINIMUM_REQUEST.replace("123e", "223e"))
    assert other["requestId"] != one["requestId"]
    assert refreshed(Refresher(DEMO_KEY), MINIMUM_REQUEST, later_ns=DAY + 1)["requestId"] != one["requestId"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"type":"unsubscribe","requestId":"a"}',
        '{"type":"subscribe","requestId":7}',
        '{"requestId":"a"}',
    ],
)
def test_what_is_no_subscription_stays_as_it_is(text: str) -> None:
    assert Refresher(DEMO_KEY).refresh(text, recorded_at_ns=START, now_ns=START + DAY).text == text


def test_the_bots_own_spacing_stays() -> None:
    narrow = json.dumps(json.loads(MINIMUM_REQUEST), separators=(",", ":"))
    done = Refresher(DEMO_KEY).refresh(narrow, recorded_at_ns=START, now_ns=START + DAY)
    assert " " not in done.text
    assert done.changed == ("requestId",)


# Orders


def test_an_order_is_made_again_for_now_and_signed_by_the_key() -> None:
    recorded = signed(OTHER_KEY)
    renewed = refreshed(Refresher(DEMO_KEY), recorded, "postOrder")
    assert renewed["makerAddress"] == MAKER == signer(renewed)
    assert int(renewed["expirationTimeSeconds"]) == int(recorded["expirationTimeSeconds"]) + 86_400
    assert renewed["salt"] != recorded["salt"]
    same = {"makerAddress", "expirationTimeSeconds", "salt", "signature"}
    assert {name: value for name, value in renewed.items() if name not in same} == {
        name: value for name, value in recorded.items() if name not in same
    }
    assert list(renewed) == list(recorded)


def test_a_redacted_signature_is_made_anew() -> None:
    renewed = refreshed(Refresher(DEMO_KEY), signed() | {"signature": "<signature:0123>"}, "postOrder")
    assert signer(renewed) == MAKER


def test_the_relayer_takes_what_was_refreshed() -> None:
    venue = Venue()
    venue.wait(86_400)
    assert venue.rest("POST", "/v2/order", signed())[0] == 400, "it has expired"
    assert venue.rest("POST", "/v2/order", refreshed(Refresher(DEMO_KEY), signed(), "postOrder"))[0] == 201


def test_an_order_that_was_sent_twice_is_the_same_order_twice_again() -> None:
    refresher = Refresher(DEMO_KEY)
    one = refreshed(refresher, signed(), "postOrder")
    two = refreshed(refresher, signed(), "postOrder", later_ns=DAY + 7_500_000_000)
    assert one == two
    assert refreshed(refresher, signed(salt="2"), "postOrder")["salt"] != one["salt"]


def test_what_was_expired_or_badly_signed_is_so_again() -> None:
    expired = signed(expirationTimeSeconds=str(START // 10**9 - 5))
    assert int(refreshed(Refresher(DEMO_KEY), expired, "postOrder")["expirationTimeSeconds"]) < (START + DAY) // 10**9
    forged = refreshed(Refresher(DEMO_KEY), signed(), "postOrder", signature_ok=False)
    assert signer(forged) != MAKER
    venue = Venue(quiet())
    venue.wait(86_400)
    status, body = venue.rest("POST", "/v2/order", forged)
    assert (status, body["validationErrors"][0]["code"]) == (400, 1005)


def test_what_is_no_whole_order_can_not_be_signed() -> None:
    text = json.dumps({"makerAddress": OTHER, "signature": "0x"})
    done = Refresher(DEMO_KEY).refresh(text, recorded_at_ns=START, now_ns=START, op="postOrder")
    assert done.unsigned is not None
    assert json.loads(done.text) == {"makerAddress": MAKER, "signature": "0x"}


def test_other_bodies_stay_as_they_are() -> None:
    for op in ("orderconfig", "orders"):
        text = json.dumps(signed())
        assert Refresher(DEMO_KEY).refresh(text, recorded_at_ns=START, now_ns=START + DAY, op=op).text == text


def test_an_address_names_the_order_of_this_replay() -> None:
    refresher = Refresher(DEMO_KEY)
    recorded = signed()
    renewed = refreshed(refresher, recorded, "postOrder")
    url = f"http://r.test/v2/order/{hash_of(recorded)}?networkId=1"
    assert (
        refresher.refresh_url(url, recorded_at_ns=0, now_ns=0)
        == f"http://r.test/v2/order/{hash_of(renewed)}?networkId=1"
    )
    assert refresher.refresh_url("/v2/orders?page=2", recorded_at_ns=0, now_ns=0) == "/v2/orders?page=2"
    refresher.learn(Envelope(order_id="0xaa"), Envelope(order_id="0xbb"))
    assert refresher.refresh_url("/v2/order/0xaa", recorded_at_ns=0, now_ns=0) == "/v2/order/0xbb"


def test_headers_and_answers_carry_nothing_that_goes_stale() -> None:
    refresher = ZeroExDialect().refresher(None)
    headers = (("Accept", "application/json"),)
    assert refresher.refresh_headers(headers, recorded_at_ns=0, now_ns=0) == headers
    nothing = HttpMessage(method="GET", url="/")
    refresher.learn_http(nothing, nothing)


@given(
    st.text()
    | st.dictionaries(st.sampled_from([*ORDER, "type", "requestId"]), st.text() | st.integers()).map(json.dumps)
)
def test_refreshing_never_raises(text: str) -> None:
    for op in (None, "postOrder", "orders"):
        Refresher(DEMO_KEY).refresh(text, recorded_at_ns=START, now_ns=START + DAY, op=op)
