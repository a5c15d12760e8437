"""Handing in orders: each rule, and a maker who breaks it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from venues.zeroex.venue import MAKER, OTHER_KEY, START, Fields, Venue, hash_of, quiet, signed

from wsreplay.venues.zeroex.assets import erc20, erc721
from wsreplay.venues.zeroex.dialect import ZeroExDialect
from wsreplay.venues.zeroex.orders import UINT256, Order, order_digest
from wsreplay.venues.zeroex.setup import CATS, DAI, DEMO_KEY, E18, KOVAN, MAINNET, WETH, ZRX, Asset, Limits, Maker
from wsreplay.venues.zeroex.signatures import sign_order

SECOND = 1_000_000_000


def flaws_of(venue: Venue, order: Any, target: str = "/v2/order") -> list[tuple[str, int]]:
    """What the relayer says is wrong; the refusal has the documented shape, and the order is not kept."""
    status, body = venue.rest("POST", target, order)
    assert (status, body["code"], body["reason"]) == (400, 100, "Validation Failed")
    assert list(body) == ["code", "reason", "validationErrors"]
    assert all(list(flaw) == ["field", "code", "reason"] for flaw in body["validationErrors"])
    assert venue.gateway.relayer.orders == {}
    return [(flaw["field"], flaw["code"]) for flaw in body["validationErrors"]]


def test_a_good_order_is_created_and_the_answer_is_empty() -> None:
    venue = Venue()
    order = signed()
    assert venue.rest("POST", "/v2/order", order) == (201, b"")
    assert list(venue.gateway.relayer.orders) == [hash_of(order)]
    assert Venue(quiet(profile="launch-kit")).rest("POST", "/v2/order", order) == (200, b"")


def test_the_very_same_order_again_is_the_same_order() -> None:
    venue = Venue()
    for _ in range(2):
        assert venue.rest("POST", "/v2/order", signed())[0] == 201
    assert len(venue.gateway.relayer.orders) == 1


def test_a_wallet_that_knows_no_typed_data_signs_a_message() -> None:
    order = signed()
    digest = order_digest(msgspec.convert(order, Order))
    assert digest is not None
    assert Venue().rest("POST", "/v2/order", order | {"signature": sign_order(digest, DEMO_KEY, "eth-sign")})[0] == 201


@pytest.mark.parametrize("name", sorted(signed()))
def test_every_field_is_required(name: str) -> None:
    order = signed()
    del order[name]
    assert flaws_of(Venue(), order) == [(name, 1000)]


@pytest.mark.parametrize("name", [name for name in signed() if name.endswith("Address")])
def test_an_address_is_twenty_bytes_in_small_letters(name: str) -> None:
    for wrong in ("0x12", "0x" + "AB" * 20, "maker"):
        assert flaws_of(Venue(), signed() | {name: wrong}) == [(name, 1002)]
    assert flaws_of(Venue(), signed() | {name: 7}) == [(name, 1001)]


@pytest.mark.parametrize("name", [name for name in signed() if name.endswith(("Amount", "Fee", "Seconds", "salt"))])
def test_an_amount_is_a_whole_number_as_text(name: str) -> None:
    for wrong in ("1.5", "-1", "0x10", "", "1e18", 7, None):
        assert flaws_of(Venue(), signed() | {name: wrong}) == [(name, 1001)]
    for wrong in (str(UINT256 + 1), "9" * 79):
        assert flaws_of(Venue(), signed() | {name: wrong}) == [(name, 1004)]


@pytest.mark.parametrize("name", ["makerAssetData", "takerAssetData", "signature"])
def test_bytes_are_hexadecimal(name: str) -> None:
    for wrong in ("0xf", "f4", "0xAB", 7):
        assert flaws_of(Venue(), signed() | {name: wrong}) == [(name, 1001)]


def test_all_that_is_wrong_with_the_form_is_told_at_once() -> None:
    order = signed() | {"makerAddress": "0x12", "salt": "x"}
    del order["takerFee"]
    assert set(flaws_of(Venue(), order)) == {("makerAddress", 1002), ("salt", 1001), ("takerFee", 1000)}


@pytest.mark.parametrize("body", [b"[]", b"7", b"null"])
def test_what_is_no_object_is_no_order(body: bytes) -> None:
    assert flaws_of(Venue(), body) == [("order", 1001)]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    assert Venue().rest("POST", "/v2/order", body) == (400, {"code": 101, "reason": "Malformed JSON"})


def test_an_order_is_for_the_exchange_of_its_network() -> None:
    kovan = signed(exchangeAddress=KOVAN.exchange)
    assert flaws_of(Venue(), kovan) == [("exchangeAddress", 1003)]
    assert flaws_of(Venue(), signed(), "/v2/order?networkId=42") == [("exchangeAddress", 1003)]
    assert flaws_of(Venue(), signed(exchangeAddress="0x" + "12" * 20)) == [("exchangeAddress", 1003)]
    assert flaws_of(Venue(), signed(), "/v2/order?networkId=99") == [("networkId", 1006)]
    assert Venue().rest("POST", "/v2/order?networkId=42", kovan)[0] == 201


def test_fees_go_to_the_relayer_or_to_nobody() -> None:
    assert flaws_of(Venue(), signed(feeRecipientAddress=MAKER)) == [("feeRecipientAddress", 1003)]
    [ours] = quiet().fee_recipients
    assert Venue().rest("POST", "/v2/order", signed(feeRecipientAddress=ours))[0] == 201


@pytest.mark.parametrize("name", ["makerAssetData", "takerAssetData"])
def test_only_listed_assets_are_traded(name: str) -> None:
    for data in (erc20("0x" + "12" * 20), erc721("0x" + "12" * 20, 1), "0x", "0x94cfcdd7"):
        strange: Fields = {name: data}
        assert flaws_of(Venue(), signed(**strange)) == [(name, 1006)]


def test_amounts_keep_within_what_is_told_of_the_asset() -> None:
    for name in ("makerAssetAmount", "takerAssetAmount"):
        none: Fields = {name: "0"}
        assert flaws_of(Venue(), signed(**none)) == [(name, 1004)]
    cat: Fields = {"makerAssetData": erc721(CATS, 7)}
    assert flaws_of(Venue(), signed(**cat, makerAssetAmount="2")) == [("makerAssetAmount", 1004)]
    bounded = quiet(pairs=((Asset(data=ZRX, min_amount=5, max_amount=10), Asset(data=WETH)),))
    for amount in ("4", "11"):
        assert flaws_of(Venue(bounded), signed(makerAssetAmount=amount)) == [("makerAssetAmount", 1004)]
    for amount in ("5", "10"):
        assert Venue(bounded).rest("POST", "/v2/order", signed(makerAssetAmount=amount))[0] == 201


def test_an_expired_order_is_none() -> None:
    now_s = START // SECOND
    for expires in (now_s - 1, now_s, 0):
        assert flaws_of(Venue(), signed(expirationTimeSeconds=str(expires))) == [("expirationTimeSeconds", 1004)]
    for expires in (now_s + 1, UINT256):
        assert Venue().rest("POST", "/v2/order", signed(expirationTimeSeconds=str(expires)))[0] == 201


def forged() -> list[Fields]:
    good = signed()
    return [
        signed(OTHER_KEY, makerAddress=MAKER),
        good | {"salt": "2"},
        good | {"signature": good["signature"][:-2] + "03"},
        good | {"signature": good["signature"][:-2] + "01"},
        good | {"signature": good["signature"][:-2] + "06"},
        good | {"signature": "0x"},
        good | {"signature": "0x1b" + "00" * 64 + "02"},
        good | {"signature": good["signature"][:-2]},
    ]


@pytest.mark.parametrize("order", forged())
def test_only_the_maker_signs_and_only_this_order(order: Fields) -> None:
    assert flaws_of(Venue(), order) == [("signature", 1005)]


def test_an_order_has_tokens_behind_it() -> None:
    venue = Venue()
    venue.set_balance(MAKER, ZRX, 0)
    assert flaws_of(venue, signed()) == [("makerAssetAmount", 1004)]
    venue.set_balance(MAKER, ZRX, E18)
    venue.set_allowance(MAKER, ZRX, 0)
    assert flaws_of(venue, signed()) == [("makerAssetAmount", 1004)]


def test_a_maker_whom_nobody_named_has_what_the_setup_says() -> None:
    stranger = bytes.fromhex("33" * 32)
    assert Venue().rest("POST", "/v2/order", signed(stranger))[0] == 201
    assert flaws_of(Venue(quiet(strangers_have=0)), signed(stranger)) == [("makerAssetAmount", 1004)]
    named = quiet().all_makers()[0]
    poor = quiet(makers=(msgspec.structs.replace(named, balances={}),))
    assert flaws_of(Venue(poor), signed()) == [("makerAssetAmount", 1004)]


def test_a_cancelled_or_filled_order_does_not_come_back() -> None:
    for end in ("cancel", "fill"):
        venue = Venue()
        order = venue.post()
        venue.cancel(order) if end == "cancel" else venue.fill(order, 2 * E18)
        status, body = venue.rest("POST", "/v2/order", signed())
        assert (status, body["validationErrors"][0]["field"]) == (400, "makerAssetAmount")


def test_a_relayer_may_take_no_orders() -> None:
    refusal = {"code": 102, "reason": "Order submission disabled"}
    assert Venue(quiet(takes_orders=False)).rest("POST", "/v2/order", signed()) == (400, refusal)


def test_who_asks_too_often_is_throttled_until_the_minute_is_over() -> None:
    venue = Venue(quiet(limits=Limits(requests_per_minute=3)))
    answers = [venue.rest("GET", "/v2/orders")[0] for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert venue.rest("POST", "/v2/order", signed()) == (429, {"code": 103, "reason": "Throttled"})
    assert venue.rest("GET", "/v2/orders", peer="127.0.0.2")[0] == 200
    venue.wait(60)
    assert venue.rest("GET", "/v2/orders")[0] == 200


def test_every_refusal_is_read_by_the_dialect_as_what_it_is() -> None:
    from wsreplay.venues.envelope import HttpMessage

    venue = Venue(quiet(limits=Limits(requests_per_minute=5)))
    found = []
    for order in (signed(feeRecipientAddress=MAKER), signed() | {"salt": "2"}, b"{", signed() | {"salt": 1}):
        status, body = venue.rest("POST", "/v2/order", order)
        asked = HttpMessage(method="POST", url="http://r.test/v2/order", body=json.dumps(signed()).encode())
        answer = HttpMessage(method="POST", url=asked.url, body=json.dumps(body).encode(), status=status)
        found.append(ZeroExDialect().decode_http(answer, asked).error_code)
    assert found == [
        "1003 Address not supported",
        "1005 Invalid signature or hash",
        "101 Malformed JSON",
        "1001 Incorrect format",
    ]


def test_a_setup_for_a_replay_takes_the_recordings_orders_for_whatever_exchange() -> None:
    strange = erc20("0x" + "34" * 20)
    setup = quiet().serving(["0x" + "56" * 20, "nobody"], MAKER, [f"0x{'34' * 20}/{'0x' + WETH[34:]}", "orders"])
    venue = Venue(setup)
    order = signed(exchangeAddress="0x" + "78" * 20, makerAssetData=strange, feeRecipientAddress="0x" + "9a" * 20)
    assert venue.rest("POST", "/v2/order", order) == (201, b"")
    assert Maker in {type(maker) for maker in setup.all_makers()}
    assert {"0x" + "56" * 20, MAKER} <= {maker.address for maker in setup.all_makers()}
    assert DAI in {asset.data for pair in setup.pairs for asset in pair}
    assert MAINNET in setup.networks
