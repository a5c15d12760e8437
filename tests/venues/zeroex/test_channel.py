"""The orders channel by the standard: who is told of what, and that nobody is told anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from venues.zeroex.documents import UPDATE
from venues.zeroex.venue import MAKER, OTHER, OTHER_KEY, Venue, quiet

from wsreplay.venues.zeroex.assets import erc20, erc721, token_of
from wsreplay.venues.zeroex.setup import CATS, DAI, DEMO_KEY, E18, KOVAN, WETH, ZRX, Maker

CAT = erc721(CATS, 7)
FULL = str(2 * E18)


def shape(value: Any) -> Any:
    """Members and types, without what they hold."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])]
    return type(value).__name__


def test_an_update_has_the_documented_shape() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, "123e4567-e89b-12d3-a456-426655440000")
    venue.post()
    [said] = venue.heard(conn)
    documented = json.loads(UPDATE)
    assert shape(said) == shape(documented)
    assert list(said) == list(documented)
    assert list(said["payload"][0]["order"]) == list(documented["payload"][0]["order"]), "and in the documented order"


def test_version_2_moves_the_remaining_amount_into_the_metadata() -> None:
    venue = Venue(quiet(version=2))
    conn = venue.connect()
    venue.subscribe(conn, "a")
    venue.post()
    [said] = venue.heard(conn)
    [item] = said["payload"]
    assert item["metaData"] == {"remainingTakerAssetAmount": FULL}
    assert item["order"]["timestamp"] == venue.now_ns // 1_000_000
    assert set(item) == {"order", "metaData"}


# Whom


def test_a_subscription_is_not_acknowledged_and_hears_nothing_of_what_was_there_before() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.post()
    venue.subscribe(conn, "a")
    assert venue.heard(conn) == []


def test_each_subscription_that_matches_gets_an_update_of_its_own() -> None:
    venue = Venue()
    one, two = venue.connect(), venue.connect()
    venue.subscribe(one, "all")
    venue.subscribe(one, "zrx", makerAssetData=ZRX)
    venue.subscribe(one, "dai", makerAssetData=DAI)
    venue.subscribe(two, "all")
    order = venue.post()
    assert venue.told(one) == [("all", [(order.order_hash, FULL)]), ("zrx", [(order.order_hash, FULL)])]
    assert venue.told(two) == [("all", [(order.order_hash, FULL)])], "a request id is its connection's own"


def test_a_request_id_again_replaces_the_filter_on_its_connection() -> None:
    venue = Venue()
    one, two = venue.connect(), venue.connect()
    venue.subscribe(one, "a", makerAssetData=ZRX)
    venue.subscribe(two, "a", makerAssetData=ZRX)
    venue.subscribe(one, "a", makerAssetData=DAI)
    venue.post()
    assert venue.told(one) == []
    assert len(venue.told(two)) == 1


def test_whoever_is_gone_is_told_nothing_and_others_still_are() -> None:
    venue = Venue()
    one, two = venue.connect(), venue.connect()
    venue.subscribe(one, "a")
    venue.subscribe(two, "a")
    venue.leave(one)
    venue.post()
    assert venue.told(one) == []
    assert len(venue.told(two)) == 1


ZRX_AT, WETH_AT, CATS_AT = (found.address for each in (ZRX, WETH, CAT) if (found := token_of(each)))


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ({"makerAssetType": "ERC20"}, {"zrx", "weth"}),
        ({"makerAssetType": "ERC721"}, {"cat"}),
        ({"takerAssetType": "ERC20"}, {"zrx", "weth", "cat"}),
        ({"takerAssetType": "ERC721"}, set()),
        ({"makerAssetType": "ERC1155"}, set()),
        ({"makerAssetType": "Gold"}, set()),
        ({"makerAssetProxyId": "0xf47261b0"}, {"zrx", "weth"}),
        ({"takerAssetProxyId": "0x02571792"}, set()),
        ({"makerAssetAddress": ZRX_AT}, {"zrx"}),
        ({"makerAssetAddress": CATS_AT}, {"cat"}),
        ({"takerAssetAddress": WETH_AT}, {"zrx", "cat"}),
        ({"makerAssetAddress": ZRX_AT, "takerAssetAddress": ZRX_AT}, set()),
        ({"makerAssetData": ZRX}, {"zrx"}),
        ({"takerAssetData": ZRX}, {"weth"}),
        ({"makerAssetData": ZRX, "takerAssetData": WETH}, {"zrx"}),
        ({"makerAssetData": WETH, "takerAssetData": WETH}, set()),
        ({"traderAssetData": WETH}, {"zrx", "weth", "cat"}),
        ({"traderAssetData": ZRX}, {"zrx", "weth"}),
        ({"traderAssetData": CAT}, {"cat"}),
        ({"makerAssetData": ZRX, "traderAssetData": WETH, "makerAssetType": "ERC20"}, {"zrx"}),
        ({"networkId": 1}, {"zrx", "weth", "cat"}),
        ({"networkId": 42}, {"kovan"}),
        ({"networkId": 3}, set()),
        ({"networkId": 42, "makerAssetData": WETH}, set()),
        ({"nothing": "known"}, {"zrx", "weth", "cat"}),
    ],
)
def test_all_that_a_filter_names_must_fit(filters: dict[str, Any], fits: set[str]) -> None:
    makers = (Maker(key=DEMO_KEY, address=MAKER, balances=dict.fromkeys((ZRX, WETH, CAT), 1000 * E18)),)
    venue = Venue(quiet(makers=makers))
    conn = venue.connect()
    venue.subscribe(conn, "a", **filters)
    hashes = {
        venue.post().order_hash: "zrx",
        venue.post(makerAssetData=WETH, takerAssetData=ZRX).order_hash: "weth",
        venue.post(makerAssetData=CAT, makerAssetAmount="1").order_hash: "cat",
        venue.post(exchangeAddress=KOVAN.exchange).order_hash: "kovan",
    }
    assert {hashes[order] for _, orders in venue.told(conn) for order, _ in orders} == fits


def test_an_empty_payload_asks_for_everything() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.send(conn, '{"type":"subscribe","channel":"orders","requestId":"a","payload":{}}')
    venue.post()
    assert len(venue.told(conn)) == 1


# Of what


def test_a_fill_leaves_the_rest_and_a_cancellation_nothing() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, "a")
    order = venue.post()
    assert venue.fill(order, E18 // 2) == E18 // 2
    assert venue.fill(order, 1) == 1
    venue.cancel(order)
    left = [amount for _, [(_, amount)] in venue.told(conn)]
    assert left == [FULL, str(2 * E18 - E18 // 2), str(2 * E18 - E18 // 2 - 1), "0"]
    assert venue.fill(order, 1) == 0


def test_a_full_fill_takes_no_more_than_there_is() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, "a")
    order = venue.post()
    assert venue.fill(order, 10**30) == 2 * E18
    assert [amount for _, [(_, amount)] in venue.told(conn)] == [FULL, "0"]
    assert venue.gateway.relayer.balance(MAKER, ZRX) == 990 * E18
    assert venue.gateway.relayer.balance(MAKER, WETH) == 1002 * E18


def test_what_a_maker_lacks_can_not_be_filled_until_it_is_back() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, "a")
    venue.post()
    venue.set_balance(MAKER, ZRX, 5 * E18)
    venue.set_allowance(MAKER, ZRX, E18)
    venue.set_balance(MAKER, ZRX, 0)
    venue.set_balance(MAKER, WETH, 0)
    venue.set_allowance(MAKER, ZRX, 2**256 - 1)
    venue.set_balance(MAKER, ZRX, 1000 * E18)
    assert [amount for _, [(_, amount)] in venue.told(conn)] == [FULL, str(E18), str(E18 // 5), "0", FULL]


def test_what_changes_nothing_is_not_told() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, "a")
    order = venue.post()
    venue.heard(conn)
    venue.set_balance(MAKER, ZRX, 500 * E18)
    venue.set_balance(OTHER, ZRX, 0)
    venue.fill(order, 0)
    assert venue.post().order_hash == order.order_hash
    assert venue.heard(conn) == []


def test_one_thing_that_changes_many_orders_is_told_in_bulk() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, "all")
    venue.subscribe(conn, "dai", takerAssetData=DAI)
    first, second = venue.post(), venue.post(salt="2", takerAssetData=DAI)
    others = venue.post(key=OTHER_KEY)
    venue.heard(conn)
    venue.set_balance(MAKER, ZRX, 0)
    assert venue.told(conn) == [
        ("all", [(first.order_hash, "0"), (second.order_hash, "0")]),
        ("dai", [(second.order_hash, "0")]),
    ]
    assert others.remaining > 0


def test_a_fill_moves_what_other_orders_of_the_maker_stand_on() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.set_balance(MAKER, ZRX, 10 * E18)
    first, second = venue.post(), venue.post(salt="2")
    venue.subscribe(conn, "a")
    venue.fill(first, E18)
    assert venue.told(conn) == [("a", [(first.order_hash, str(E18)), (second.order_hash, str(E18))])]


def test_an_amount_keeps_every_digit() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, "a")
    order = venue.post(takerAssetAmount="123456789012345678901234567")
    venue.fill(order, 1)
    assert [amount for _, [(_, amount)] in venue.told(conn)] == [
        "123456789012345678901234567",
        "123456789012345678901234566",
    ]


def test_an_order_that_expires_is_gone_without_a_word() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.subscribe(conn, "a")
    order = venue.post()
    venue.heard(conn)
    venue.wait(3600)
    venue.set_balance(MAKER, ZRX, 0)
    assert venue.heard(conn) == []
    assert order.order_hash not in venue.gateway.relayer.orders


# What is not said


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        b"\xff",
        '{"type":"subscribe","channel":"orders"}',
        '{"type":"subscribe","channel":"orders","requestId":7}',
        '{"type":"subscribe","channel":"orderbook","requestId":"a"}',
        '{"type":"unsubscribe","channel":"orders","requestId":"a"}',
        '{"type":"subscribe","channel":"orders","requestId":"a","payload":[]}',
        '{"type":"subscribe","channel":"orders","requestId":"a","payload":{"networkId":"1"}}',
        '{"type":"subscribe","channel":"orders","requestId":"a","payload":{"makerAssetAddress":"0x12"}}',
        '{"type":"subscribe","channel":"orders","requestId":"a","payload":{"traderAssetData":"0xABCD"}}',
    ],
)
def test_nonsense_is_not_answered_and_subscribes_to_nothing(nonsense: str | bytes) -> None:
    venue = Venue()
    conn = venue.connect()
    venue.send(conn, nonsense)
    venue.post()
    assert (venue.heard(conn), venue.ended) == ([], {})


def test_nobody_is_pinged_and_nobody_is_cut() -> None:
    venue = Venue()
    venue.connect()
    venue.wait(86_400)
    assert (venue.pinged, venue.ended) == ([], {})


def test_on_a_deploy_everybody_is_told() -> None:
    venue = Venue()
    conn = venue.connect()
    venue.take(venue.gateway.drain(venue.now_ns))
    assert venue.ended == {conn: "1001"}


def test_assets_that_are_no_token_have_no_address() -> None:
    assert token_of("0xf47261b04c32345ced77393b3530b1eed0f346429d") is None
    assert token_of(erc20("0x" + "AB" * 20)) is not None
