"""What the dialect reads: the documents' own shapes, and whatever else a line may carry."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from venues.zeroex.documents import (
    FILTERED_REQUEST,
    MINIMUM_REQUEST,
    ORDER,
    ORDER_HASH,
    REQUEST_ID,
    UPDATE,
    V2_ITEM,
    V3_ITEM,
    VALIDATION_ERROR,
    update,
)

from wsreplay.analysis.incidents.refusals import trouble
from wsreplay.captures.event import Event
from wsreplay.captures.redaction import Redactor
from wsreplay.venues.dialect import Dialect, PlacedDialect, RecognisingDialect, RuledDialect
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.keys import address_of
from wsreplay.venues.refreshing import LineRefresher, Refreshing, Rehearsing
from wsreplay.venues.registry import dialect
from wsreplay.venues.rules import SECOND, Heartbeat
from wsreplay.venues.zeroex.dialect import LaunchKitDialect, ZeroExDialect
from wsreplay.venues.zeroex.orders import Order, intent, order_digest
from wsreplay.venues.zeroex.setup import DEMO_KEY
from wsreplay.venues.zeroex.signatures import sign_order

ZEROEX = ZeroExDialect()
PAIR = "0xf47261b04c32345ced77393b3530b1eed0f346429d/0x0257179264389b814a946f3e92105513705ca6b990"


def said(text: str | bytes) -> Envelope:
    return ZEROEX.decode(text, "client")


def heard(text: str | bytes) -> Envelope:
    return ZEROEX.decode(text, "venue")


def post(order: Any, status: int | None = None, answer: Any = b"", url: str = "http://r.test/v2/order") -> Envelope:
    body = order if isinstance(order, bytes) else json.dumps(order).encode()
    asked = HttpMessage(method="POST", url=url, body=body)
    return ZEROEX.decode_http(asked, None) if status is None else answered(asked, status, answer)


def answered(asked: HttpMessage, status: int, body: Any) -> Envelope:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ZEROEX.decode_http(HttpMessage(method=asked.method, url=asked.url, body=text, status=status), asked)


def get(path: str, status: int = 200, body: Any = b"") -> tuple[Envelope, Envelope]:
    asked = HttpMessage(method="GET", url=f"http://r.test{path}")
    return ZEROEX.decode_http(asked, None), answered(asked, status, body)


def test_it_fulfils_every_protocol_and_has_its_place_in_the_registry() -> None:
    for protocol in (Dialect, RuledDialect, RecognisingDialect, PlacedDialect, Refreshing, Rehearsing):
        assert isinstance(ZEROEX, protocol)
    assert isinstance(ZEROEX.refresher(None), LineRefresher)
    assert dialect("zeroex").name == "zeroex"


# The channel


def test_the_minimum_request_subscribes_to_everything_and_is_never_answered() -> None:
    assert said(MINIMUM_REQUEST) == Envelope(
        role="request",
        op="subscribe",
        key=REQUEST_ID,
        channel="orders",
        replies=False,
        parts=(Envelope(op="subscribe", channel="orders"),),
    )


def test_a_filtered_request_says_what_it_asks_for() -> None:
    wanted = (
        "makerAssetData=0xf47261b04c32345ced77393b3530b1eed0f346429d"
        "&takerAssetData=0x0257179264389b814a946f3e92105513705ca6b990&networkId=42"
    )
    read = said(FILTERED_REQUEST)
    assert (read.key, read.channel, read.symbol, read.replies) == (REQUEST_ID, "orders", PAIR, False)
    assert read.parts == (Envelope(op="subscribe", channel=f"orders?{wanted}", symbol=PAIR),)


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        ({}, None),
        ({"networkId": 1}, None),
        ({"makerAssetType": "ERC721"}, "makerAssetType=ERC721"),
        ({"takerAssetProxyId": "0xF47261B0"}, "takerAssetProxyId=0xf47261b0"),
        ({"takerAssetAddress": "0xAB", "makerAssetAddress": "0xcd"}, "makerAssetAddress=0xcd&takerAssetAddress=0xab"),
        ({"traderAssetData": "0x00", "unknown": 1}, "traderAssetData=0x00"),
        ({"traderAssetData": 5, "networkId": 3}, "networkId=3"),
    ],
)
def test_the_same_wish_is_the_same_channel(payload: dict[str, Any], wanted: str | None) -> None:
    [part] = said(json.dumps({**json.loads(MINIMUM_REQUEST), "payload": payload})).parts
    assert part.channel == ("orders" if wanted is None else f"orders?{wanted}")


def test_an_update_brings_one_part_an_order() -> None:
    assert heard(UPDATE) == Envelope(
        role="push",
        op="update",
        key=REQUEST_ID,
        channel="orders",
        parts=(
            Envelope(
                symbol=PAIR,
                account="0x9e56625509c2f60af937f23b7b532600390e8c8b",
                order_id=ORDER_HASH,
                status="fillable",
                qty="5000000000000000",
                intent=intent(msgspec.convert(ORDER, Order)),
            ),
        ),
    )


def test_a_bulk_update_tells_its_orders_in_their_order() -> None:
    items = [{"order": {**ORDER, "salt": str(n)}, "remainingFillableAmount": str(n)} for n in range(3)]
    read = heard(update(*items))
    assert [part.qty for part in read.parts] == ["0", "1", "2"]
    assert [part.status for part in read.parts] == ["unfillable", "fillable", "fillable"]
    assert len({part.order_id for part in read.parts}) == 3
    assert len({part.intent for part in read.parts}) == 1


def test_items_of_version_2_carry_what_is_left_in_their_metadata() -> None:
    [part] = heard(update(V2_ITEM)).parts
    assert (part.order_id, part.qty) == (ORDER_HASH, "500000000")


def test_items_of_version_3_hash_by_its_rules() -> None:
    [part] = heard(update(V3_ITEM)).parts
    assert part.order_id not in (None, ORDER_HASH)
    assert (part.qty, part.symbol) == (
        "500000000",
        "0xe41d2489571d322189246dafa5ebde1f4699f498/" + V3_ITEM["order"]["takerAssetData"],
    )


def test_a_told_hash_serves_where_none_can_be_computed() -> None:
    lacking = {name: value for name, value in V3_ITEM["order"].items() if name != "domainHash"}
    told = {"orderHash": ORDER_HASH, "remainingFillableTakerAssetAmount": "7"}
    [part] = heard(update({"order": lacking, "metaData": told})).parts
    assert (part.order_id, part.qty) == (ORDER_HASH, "7")
    [part] = heard(update({"order": {**ORDER, "salt": "1"}, "metaData": told})).parts
    assert part.order_id != ORDER_HASH, "what can be computed is believed first"


def test_an_item_without_a_word_of_its_state_shows_the_whole_order() -> None:
    [part] = heard(update({"order": ORDER, "metaData": {}})).parts
    assert (part.qty, part.status) == (ORDER["takerAssetAmount"], None)


def test_the_reference_servers_refusal_names_no_request() -> None:
    read = heard(json.dumps(VALIDATION_ERROR))
    assert read == Envelope(role="error", op="error", error_code="1002 Invalid address", answers="none")
    assert heard('{"code":101,"reason":"Malformed JSON"}').error_code == "101 Malformed JSON"


@pytest.mark.parametrize(
    ("text", "op", "key"),
    [
        ('{"type":"unsubscribe","channel":"orders","requestId":"a"}', "unsubscribe", "a"),
        ('{"type":"subscribe","requestId":"a"}', "subscribe", "a"),
        ('{"type":"subscribe","channel":"orders","requestId":9007199254740993}', "subscribe", "9007199254740993"),
        ('{"type":"subscribe","channel":"orders"}', "subscribe", None),
    ],
)
def test_requests_that_no_document_knows_are_requests_still(text: str, op: str, key: str | None) -> None:
    read = said(text)
    assert (read.role, read.op, read.key, read.replies) == ("request", op, key, False)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '"subscribe"', "null", "{}", '{"type":5}', "[" * 100_000, b"\xff"]
)
def test_what_is_none_of_it_says_nothing(text: str | bytes) -> None:
    assert said(text) == heard(text) == Envelope()


# REST


def test_handing_in_an_order_knows_its_hash_before_any_answer() -> None:
    asked = post(ORDER)
    assert asked == Envelope(
        role="request",
        op="postOrder",
        symbol=PAIR,
        account=ORDER["makerAddress"],
        order_id=ORDER_HASH,
        qty=ORDER["takerAssetAmount"],
        intent=intent(msgspec.convert(ORDER, Order)),
    )
    assert post(ORDER, 201) == Envelope(
        role="reply", op="postOrder", account=ORDER["makerAddress"], order_id=ORDER_HASH
    )


def test_a_refused_order_says_what_is_wrong_first() -> None:
    assert post(ORDER, 400, VALIDATION_ERROR).error_code == "1002 Invalid address"
    assert post(ORDER, 400, {"code": 102, "reason": "closed"}).error_code == "102 Order submission disabled"
    assert post(ORDER, 404, {"reason": "Not Found"}).error_code == "HTTP_404"
    assert post(ORDER, 502, b"<html>").error_code == "HTTP_502"
    assert post(b"{", 400, {"code": 101, "reason": "?"}).error_code == "101 Malformed JSON"


def test_lists_show_their_orders() -> None:
    page = {"total": 1, "page": 1, "perPage": 100, "records": [{"order": ORDER, "metaData": {}}]}
    asked, reply = get("/sra/v2/orders?makerAddress=0x1&page=2", body=page)
    assert (asked.op, asked.symbol) == ("orders", "makerAddress=0x1&page=2")
    assert [part.order_id for part in reply.parts] == [ORDER_HASH]
    _, reply = get("/v2/orderbook?baseAssetData=0x&quoteAssetData=0x", body={"bids": page, "asks": page})
    assert [part.order_id for part in reply.parts] == [ORDER_HASH, ORDER_HASH]
    asked, reply = get(f"/v2/order/{ORDER_HASH}", body={"order": ORDER, "metaData": {}})
    assert (asked.op, asked.order_id) == ("order", ORDER_HASH)
    assert [part.order_id for part in reply.parts] == [ORDER_HASH]
    assert [part.order_id for part in get("/v1/orders", body=[ORDER])[1].parts] == [ORDER_HASH]


def test_what_asks_for_prices_and_fees_is_no_question_about_orders() -> None:
    for path, op in (
        ("asset_pairs", "asset_pairs"),
        ("fee_recipients", "fee_recipients"),
        ("order_config", "orderconfig"),
    ):
        asked, reply = get(f"/v2/{path}", body={"records": []})
        assert (asked.op, reply.op, reply.parts) == (op, op, ())


@pytest.mark.parametrize(
    "url", ["http://r.test/", "http://r.test/orders", "http://[", "/v2/nothing", "http://r.test/v2/order"]
)
def test_other_addresses_are_none_of_it(url: str) -> None:
    assert ZEROEX.decode_http(HttpMessage(method="GET", url=url), None) == Envelope()


# What else a dialect knows


def test_who_signed_an_order_is_proven_by_the_order_alone() -> None:
    order = msgspec.convert({**ORDER, "makerAddress": address_of(DEMO_KEY).lower()}, Order)
    digest = order_digest(order)
    assert digest is not None
    order.signature = sign_order(digest, DEMO_KEY)
    message = HttpMessage(method="POST", url="http://r.test/v2/order", body=msgspec.json.encode(order))
    seen = ZEROEX.witness_http(message)
    assert seen is not None
    assert (seen.signer, seen.signature_ok) == (order.maker_address, True)
    order.salt = "8"
    seen = ZEROEX.witness_http(msgspec.structs.replace(message, body=msgspec.json.encode(order)))
    assert seen is not None
    assert seen.signature_ok is False
    order.signature = "0x04"
    assert ZEROEX.witness_http(msgspec.structs.replace(message, body=msgspec.json.encode(order))) is None
    assert ZEROEX.witness(UPDATE, "venue") is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("100 Validation Failed", "rejected"),
        ("101 Malformed JSON", "malformed"),
        ("102 Order submission disabled", "rejected"),
        ("103 Throttled", "rate-limited"),
        ("1002 Invalid address", "rejected"),
        ("1005 Invalid signature or hash", "auth-failed"),
        ("HTTP_429", "rate-limited"),
        ("HTTP_404", "rejected"),
    ],
)
def test_every_code_is_one_kind_of_trouble(code: str, kind: str) -> None:
    assert trouble("zeroex", code) == kind


def test_it_knows_its_own_messages_and_no_others() -> None:
    assert ZEROEX.recognises(FILTERED_REQUEST, "client")
    assert ZEROEX.recognises(UPDATE, "venue")
    for text in (MINIMUM_REQUEST, '{"type":"subscribe","channel":"orders"}', "{", update(), update({"order": {}})):
        assert not ZEROEX.recognises(text, "client")
        assert not ZEROEX.recognises(text, "venue")


def test_signatures_are_redacted_and_orders_keep_their_hash() -> None:
    event = Event(seq=1, at_ns=0, mono_ns=0, first_mono_ns=0, sender="venue", kind="text", text=UPDATE)
    Redactor(b"k" * 32, ZEROEX.secrets).redact(event)
    assert event.text is not None
    assert ORDER["signature"] not in event.text
    for name in ("makerAddress", "salt", "makerAssetData", "exchangeAddress"):
        assert ORDER[name] in event.text
    assert heard(event.text) == heard(UPDATE)


def test_its_rules_have_advice_for_what_can_go_wrong() -> None:
    assert not ZEROEX.rules.confirms_subscriptions
    assert all(advice.endswith(".") for advice in ZEROEX.rules.advice.values())


def test_the_reference_server_is_the_same_venue_with_a_heartbeat() -> None:
    reference = dialect("zeroex-launch-kit")
    assert isinstance(reference, LaunchKitDialect)
    assert ZEROEX.rules.heartbeat is None, "the standard has none"
    assert reference.rules.heartbeat == Heartbeat(frame="protocol", every_ns=5 * SECOND, within_ns=5 * SECOND)
    assert reference.decode(UPDATE, "venue") == heard(UPDATE)
    assert not reference.recognises(UPDATE, "venue"), "by its messages it is any relayer"
    assert reference.simulator().setup.profile == "launch-kit"
    assert ZEROEX.simulator().setup.profile == "spec"


# Laws

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))
NAMES = ["type", "channel", "requestId", "payload", "code", "reason", "validationErrors"]
items = st.dictionaries(
    st.sampled_from(["order", "remainingFillableAmount", "metaData"]),
    values | st.dictionaries(st.sampled_from([*ORDER, "chainId", "makerFeeAssetData"]), values),
)
messages = st.dictionaries(st.sampled_from(NAMES), values | st.lists(items, max_size=3))


@given(st.text() | st.binary() | messages.map(json.dumps) | values.map(json.dumps))
def test_reading_never_raises(payload: str | bytes) -> None:
    for sender in ("client", "venue"):
        ZEROEX.decode(payload, sender)
        ZEROEX.recognises(payload, sender)
        ZEROEX.witness(payload, sender)


@given(st.text(max_size=30), st.binary() | messages.map(lambda each: json.dumps(each).encode()), st.integers(200, 599))
def test_reading_rest_never_raises(path: str, body: bytes, status: int) -> None:
    for url in (f"http://r.test/{path}", path, "http://r.test/v2/order", "http://r.test/v2/orders"):
        for method in ("GET", "POST"):
            asked = HttpMessage(method=method, url=url, body=body)
            ZEROEX.decode_http(asked, None)
            ZEROEX.witness_http(asked)
            ZEROEX.decode_http(HttpMessage(method=method, url=url, body=body, status=status), asked)


@given(st.integers(0, 2**256 - 1), st.booleans())
def test_no_amount_loses_a_digit_whether_text_or_number(amount: int, as_text: bool) -> None:
    item = {"order": ORDER, "remainingFillableAmount": str(amount) if as_text else amount}
    [part] = heard(update(item)).parts
    assert part.qty == str(amount)


@given(st.integers(2**53, 2**256 - 1))
def test_neither_does_a_salt(salt: int) -> None:
    as_text, as_number = (
        heard(update({"order": {**ORDER, "salt": each}, "remainingFillableAmount": "1"})).parts[0].order_id
        for each in (str(salt), salt)
    )
    assert as_text == as_number is not None
