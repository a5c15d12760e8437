"""The lists of the REST API, in the standard's shapes."""

from __future__ import annotations

from typing import Any

import pytest
from venues.zeroex.venue import MAKER, OTHER, OTHER_KEY, Venue, hash_of, quiet, signed

from wsreplay.venues.zeroex.assets import erc721
from wsreplay.venues.zeroex.orders import NULL_ADDRESS
from wsreplay.venues.zeroex.setup import CATS, DAI, E18, KOVAN, WETH, ZRX, Limits


def hashes(page: Any) -> list[str]:
    return [hash_of(record["order"]) for record in page["records"]]


def flaw(venue: Venue, path: str) -> tuple[str, int]:
    status, body = venue.rest("GET", path)
    assert (status, body["code"]) == (400, 100)
    [found] = body["validationErrors"]
    return found["field"], found["code"]


def test_an_order_is_found_by_its_hash_with_what_is_left_of_it() -> None:
    venue = Venue()
    order = venue.post()
    venue.fill(order, 1)
    expected = {"order": signed(), "metaData": {"remainingTakerAssetAmount": str(2 * E18 - 1)}}
    assert venue.get(f"/v2/order/{order.order_hash}") == expected
    assert venue.get(f"/sra/v2/order/{order.order_hash.upper().replace('0X', '0x')}") == expected
    assert venue.rest("GET", "/v2/order/0x12") == (404, {"reason": "Not Found"})


def test_lists_are_cut_into_pages_from_one() -> None:
    venue = Venue()
    orders = [venue.post(salt=str(n)).order_hash for n in range(5)]
    assert venue.get("/v2/orders") | {"records": []} == {"total": 5, "page": 1, "perPage": 100, "records": []}
    assert hashes(venue.get("/v2/orders?page=2&perPage=2")) == orders[2:4]
    assert hashes(venue.get("/v2/orders?page=3&perPage=2")) == orders[4:]
    assert venue.get("/v2/orders?page=9&perPage=2") == {"total": 5, "page": 9, "perPage": 2, "records": []}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("page=0", ("page", 1001)),
        ("page=x", ("page", 1001)),
        ("perPage=-1", ("perPage", 1001)),
        ("perPage=1001", ("perPage", 1004)),
        ("networkId=4", ("networkId", 1006)),
        ("networkId=Kovan", ("networkId", 1006)),
        ("makerAddress=0x12", ("makerAddress", 1002)),
        ("traderAddress=", ("traderAddress", 1002)),
        ("makerAssetData=ZRX", ("makerAssetData", 1001)),
    ],
)
def test_a_wrong_parameter_is_told_by_its_name(query: str, expected: tuple[str, int]) -> None:
    assert flaw(Venue(), f"/v2/orders?{query}") == expected


def test_orders_are_filtered_by_all_that_is_named() -> None:
    venue = Venue()
    [recipient] = quiet().fee_recipients
    known = {
        "zrx": venue.post().order_hash,
        "weth": venue.post(makerAssetData=WETH, takerAssetData=ZRX).order_hash,
        "other": venue.post(key=OTHER_KEY, feeRecipientAddress=recipient, takerAddress=MAKER).order_hash,
        "kovan": venue.post(exchangeAddress=KOVAN.exchange).order_hash,
    }
    named = {found: name for name, found in known.items()}
    for query, expected in {
        "": ["zrx", "weth", "other"],
        "networkId=42": ["kovan"],
        f"makerAssetData={ZRX}": ["zrx", "other"],
        f"traderAssetData={ZRX}&takerAssetData={WETH}": ["zrx", "other"],
        f"makerAssetAddress=0x{WETH[34:]}": ["weth"],
        "makerAssetProxyId=0xf47261b0": ["zrx", "weth", "other"],
        f"makerAddress={OTHER}": ["other"],
        f"traderAddress={MAKER}": ["zrx", "weth", "other"],
        f"takerAddress={MAKER}": ["other"],
        f"feeRecipientAddress={recipient}": ["other"],
        f"senderAddress={NULL_ADDRESS}": ["zrx", "weth", "other"],
        f"exchangeAddress={KOVAN.exchange}": [],
    }.items():
        assert [named[each] for each in hashes(venue.get(f"/v2/orders?{query}"))] == expected, query


def test_orders_of_which_nothing_is_left_are_in_no_list_but_have_their_address() -> None:
    venue = Venue()
    order = venue.post()
    venue.cancel(order)
    assert venue.get("/v2/orders")["total"] == 0
    assert venue.get(f"/v2/order/{order.order_hash}")["metaData"] == {"remainingTakerAssetAmount": "0"}


def test_of_one_pair_the_best_price_comes_first() -> None:
    venue = Venue()
    prices = [venue.post(takerAssetAmount=str(n * E18), salt=str(n)).order_hash for n in (3, 1, 2)]
    found = hashes(venue.get(f"/v2/orders?makerAssetData={ZRX}&takerAssetData={WETH}"))
    assert found == [prices[1], prices[2], prices[0]]


def test_the_book_has_bids_falling_and_asks_rising() -> None:
    venue = Venue()
    asks = {n: venue.post(takerAssetAmount=str(n * E18)).order_hash for n in (3, 1, 2)}
    flipped = {"makerAssetData": WETH, "takerAssetData": ZRX}
    bids = {n: venue.post(makerAssetAmount=str(n * E18), **flipped).order_hash for n in (3, 1, 2)}
    dear = venue.post(takerAssetAmount=str(E18), takerFee="5").order_hash
    book = venue.get(f"/v2/orderbook?baseAssetData={ZRX}&quoteAssetData={WETH}")
    assert hashes(book["asks"]) == [asks[1], dear, asks[2], asks[3]], "equal prices by the taker's fee"
    assert hashes(book["bids"]) == [bids[3], bids[2], bids[1]]
    page = venue.get(f"/v2/orderbook?baseAssetData={ZRX}&quoteAssetData={WETH}&page=2&perPage=3")
    assert (hashes(page["asks"]), hashes(page["bids"])) == ([asks[3]], [])
    assert flaw(venue, f"/v2/orderbook?baseAssetData={ZRX}") == ("quoteAssetData", 1000)


def test_pairs_are_told_with_their_bounds() -> None:
    venue = Venue()
    page = venue.get("/v2/asset_pairs")
    assert page["total"] == 3
    assert page["records"][2]["assetDataA"] == {
        "minAmount": "0",
        "maxAmount": "1",
        "precision": 0,
        "assetData": erc721(CATS, 99),
    }
    assert venue.get(f"/v2/asset_pairs?assetDataA={WETH}")["total"] == 3
    assert venue.get(f"/v2/asset_pairs?assetDataA={WETH}&assetDataB={DAI}")["total"] == 1
    assert venue.get(f"/v2/asset_pairs?assetDataB={DAI}&assetDataA={ZRX}")["total"] == 0


def test_fee_recipients_are_listed() -> None:
    venue = Venue()
    assert venue.get("/v2/fee_recipients")["records"] == list(quiet().fee_recipients)


def test_an_unfinished_order_is_told_what_it_lacks() -> None:
    venue = Venue(quiet(maker_fee=1, taker_fee=2))
    lacking = ("senderAddress", "feeRecipientAddress", "makerFee", "takerFee", "salt", "signature")
    unfinished = {name: value for name, value in signed().items() if name not in lacking}
    answer = {
        "senderAddress": NULL_ADDRESS,
        "feeRecipientAddress": quiet().fee_recipients[0],
        "makerFee": "1",
        "takerFee": "2",
    }
    query = "&".join(f"{name}={value}" for name, value in unfinished.items())
    assert venue.rest("POST", "/v2/order_config", unfinished) == (201, answer)
    assert venue.rest("GET", "/v2/order_config", unfinished) == (201, answer)
    assert venue.rest("GET", f"/v2/order_config?{query}") == (201, answer)
    del unfinished["makerAddress"]
    status, body = venue.rest("POST", "/v2/order_config", unfinished)
    assert (status, body["validationErrors"][0]["field"], body["validationErrors"][0]["code"]) == (
        400,
        "makerAddress",
        1000,
    )


def test_other_paths_and_methods_are_not_found() -> None:
    venue = Venue()
    for method, path in (("GET", "/"), ("GET", "/orders"), ("GET", "/v2/trades"), ("DELETE", "/v2/orders")):
        assert venue.rest(method, path) == (404, {"reason": "Not Found"})
    assert venue.rest("POST", "/v2/orders", {}) == (404, {"reason": "Not Found"})


def test_what_a_relayer_does_without_is_not_implemented() -> None:
    venue = Venue(quiet(not_implemented=frozenset({"order_config"})))
    assert venue.rest("GET", "/v2/order_config") == (501, {"reason": "Not Implemented"})
    assert venue.get("/v2/orders")["total"] == 0


def test_an_internal_failure_does_nothing() -> None:
    venue = Venue(quiet(internal_rate=1.0))
    assert venue.rest("POST", "/v2/order", signed()) == (500, {"reason": "Internal Server Error"})
    assert venue.gateway.relayer.orders == {}


def test_a_lost_answer_leaves_the_order_where_it_is() -> None:
    venue = Venue(quiet(lost_answers=1))
    assert venue.rest("POST", "/v2/order", {})[0] == 400, "a refusal is no order"
    assert venue.rest("POST", "/v2/order", signed()) == (502, {"reason": "Bad Gateway"})
    assert hash_of(signed()) in venue.gateway.relayer.orders
    assert venue.rest("POST", "/v2/order", signed(salt="2")) == (201, b"")


def test_a_setup_stretches_its_limit_with_the_speed_of_a_replay() -> None:
    setup = quiet(limits=Limits(requests_per_minute=10))
    assert setup.at_speed(3).limits.requests_per_minute == 30
    assert setup.at_speed(0.1).limits.requests_per_minute == 10
    assert setup.at_speed(float("inf")).limits.requests_per_minute == 1_000_000_000
