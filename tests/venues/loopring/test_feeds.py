"""Pushes: every topic in the shape of its page, and books whose versions chain."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from venues.loopring.trader import MARKET, WEI, Fields, Venue, quiet

from venues.loopring import examples
from wsreplay.venues.loopring.dialect import LoopringDialect
from wsreplay.venues.loopring.setup import DEMO_ACCOUNT, POOL, Delays, Limits, LoopringSetup
from wsreplay.venues.market import Life

BOOK: Fields = {"topic": "orderbook", "market": MARKET, "level": 0}
TOPICS: dict[str, Fields] = {
    "account": {"topic": "account"},
    "order": {"topic": "order", "market": MARKET},
    "orderbook": BOOK,
    "trade": {"topic": "trade", "market": MARKET},
    "ticker": {"topic": "ticker", "market": MARKET},
    "candlestick": {"topic": "candlestick", "market": MARKET, "interval": "2hr"},
    "ammpool": {"topic": "ammpool", "poolAddress": POOL, "snapshot": True},
    "blockgen": {"topic": "blockgen"},
}
LIVELY = LoopringSetup(limits=Limits(calls_per_second=1_000), life=Life(worth=Decimal(500), step_ms=200))
DIALECT = LoopringDialect()
D = Decimal


def sketch(value: Any) -> Any:
    """Members and types of a JSON value; of a list those of its first item."""
    if isinstance(value, dict):
        return {name: sketch(each) for name, each in value.items()}
    if isinstance(value, list):
        return [sketch(value[0])] if value else []
    return type(value).__name__


@pytest.mark.parametrize("name", TOPICS)
def test_each_topic_is_pushed_in_the_shape_of_its_page(name: str) -> None:
    venue = Venue(LIVELY)
    conn = venue.subscribed(TOPICS[name])
    venue.submit("sell", 20 * WEI, 3 * 10**15)
    venue.until(lambda: bool(venue.pushes(conn, name)))
    venue.wait(3)
    shown = json.loads(examples.PUSHES[name])
    # Its examples misspell the topic's name, and leave out the market of candlesticks and when an order was updated.
    shown["topic"] = TOPICS[name]
    if name == "order":
        shown["data"]["updateAt"] = "0"
    for push in venue.pushes(conn, name):
        data = push["data"]
        assert sketch({**push, "data": None}) == sketch({**shown, "data": None})
        assert push["topic"] == TOPICS[name]
        assert push["ts"] == pytest.approx(venue.now_ns // 10**6, abs=10_000)
        if name != "orderbook":
            assert sketch(data) == sketch(shown["data"])
            continue
        assert data.keys() == shown["data"].keys()
        for slot in data["bids"] + data["asks"]:
            assert [type(each) for each in slot] == [str] * 4
    last = venue.pushes(conn, name)[-1]
    if name in ("ticker", "candlestick"):
        assert len(last["data"]) == len(shown["data"])
    envelope = DIALECT.decode(json.dumps(last), "venue")
    request = DIALECT.decode(json.dumps({"op": "sub", "topics": [TOPICS[name]]}), "client")
    assert (envelope.role, envelope.channel) == ("push", request.parts[0].channel)


@pytest.mark.parametrize("name", TOPICS)
def test_who_did_not_subscribe_hears_nothing_and_who_did_only_that(name: str) -> None:
    venue = Venue(LIVELY)
    nobody, somebody = venue.connect(), venue.subscribed(TOPICS[name])
    venue.submit("sell", 20 * WEI, 3 * 10**15)
    venue.wait(20)
    assert venue.said.get(nobody, []) == []
    assert {push["topic"]["topic"] for push in venue.said[somebody]} == {name}
    assert venue.sub(somebody, TOPICS[name], op="unSub")["result"]["status"] == "ok"
    heard = len(venue.said[somebody])
    venue.submit("sell", 20 * WEI, 3 * 10**15)
    venue.wait(20)
    assert len(venue.said[somebody]) == heard


def test_markets_are_kept_apart() -> None:
    venue = Venue(LIVELY)
    conn = venue.subscribed(*(TOPICS[name] | {"market": "LRC-USDT"} for name in ("orderbook", "trade", "ticker")))
    venue.wait(20)
    assert {push["topic"]["market"] for push in venue.said[conn]} == {"LRC-USDT"}


# Books


def depth(venue: Venue, level: int = 0) -> Fields:
    found: Fields = venue.told("GET", f"/api/v3/depth?market={MARKET}&level={level}")
    return found


class Follower:
    """Keeps a book as a client does: from a snapshot on, each push applied to it."""

    def __init__(self, snapshot: Fields) -> None:
        self.version = snapshot["version"]
        self.sides = {side: {slot[0]: slot[1:] for slot in snapshot[side]} for side in ("bids", "asks")}

    def apply(self, push: Fields) -> None:
        if int(push["endVersion"]) <= self.version:
            return
        assert push["startVersion"] <= self.version, "a version was not pushed"
        self.version = int(push["endVersion"])
        for side, slots in self.sides.items():
            for price, *rest in push["data"][side]:
                slots[price] = rest
                if rest[0] == "0":
                    del slots[price]

    def shown(self) -> Fields:
        def best_first(side: str) -> list[list[str]]:
            prices = sorted(self.sides[side], key=D, reverse=side == "bids")
            return [[price, *self.sides[side][price]] for price in prices]

        return {side: best_first(side) for side in ("bids", "asks")}


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_versions_chain_and_who_follows_them_knows_the_book(level: int) -> None:
    venue = Venue(LIVELY)
    conn = venue.subscribed(BOOK | {"level": level})
    follower = Follower(depth(venue, level))
    for n in range(6):
        side = ("buy", "sell")[n % 2]
        venue.submit(side, (20 + n) * WEI, (20 + n) * 10**14 * (4 if side == "buy" else 1))
        venue.wait(5)
    venue.wait(1)
    pushes = venue.pushes(conn, "orderbook")
    assert len(pushes) > 20
    for before, after in pairwise(pushes):
        assert after["startVersion"] == int(before["endVersion"]) < int(after["endVersion"])
    snapshot = {"version": -1}
    for _ in range(100):
        for push in venue.pushes(conn, "orderbook"):
            follower.apply(push)
        if follower.version == snapshot["version"]:
            break
        _, snapshot = venue.ask("GET", f"/api/v3/depth?market={MARKET}&level={level}")
        venue.wait(0.1)
    assert follower.shown() == {side: snapshot[side] for side in ("bids", "asks")}


def test_a_quiet_book_can_be_followed_to_the_end() -> None:
    venue = Venue()
    conn = venue.subscribed(BOOK)
    follower = Follower(depth(venue))
    resting = venue.submit("buy", 500 * WEI, 5 * 10**16)
    venue.submit("sell", 500 * WEI, 9 * 10**16)
    venue.told("DELETE", f"/api/v3/order?accountId={DEMO_ACCOUNT}&orderHash={resting['hash']}")
    venue.wait(1)
    for push in venue.pushes(conn, "orderbook"):
        follower.apply(push)
    assert follower.version == depth(venue)["version"]
    assert follower.shown() == {side: depth(venue)[side] for side in ("bids", "asks")}
    gone = [slot for push in venue.pushes(conn, "orderbook") for slot in push["data"]["bids"] if slot[1] == "0"]
    assert gone == [["0.0001", "0", "0", "0"]], "what is gone is pushed as nothing"


def test_what_happens_together_is_pushed_together() -> None:
    venue = Venue(quiet(delays=Delays(pool_ms=None, block_ms=None, book_ms=500)))
    conn = venue.subscribed(BOOK, TOPICS["trade"])
    for n in range(2):
        venue.ask("POST", "/api/v3/order", venue.order("sell", (20 + n) * WEI, 3 * 10**15))
    venue.wait(2)
    (push,) = venue.pushes(conn, "orderbook")
    assert int(push["endVersion"]) == push["startVersion"] + 2
    (trades,) = venue.pushes(conn, "trade")
    assert [trade[3] for trade in trades["data"]] == [str(20 * WEI), str(21 * WEI)]


def test_a_slot_shows_what_stands_there_now() -> None:
    venue = Venue()
    conn = venue.subscribed(BOOK)
    venue.submit("buy", 500 * WEI, 5 * 10**16)
    venue.submit("buy", 250 * WEI, 25 * 10**15)
    last = venue.pushes(conn, "orderbook")[-1]
    assert last["data"] == {"bids": [["0.0001", str(750 * WEI), str(75 * 10**15), "2"]], "asks": []}


def test_snapshots_are_whole_and_no_longer_than_wanted() -> None:
    venue = Venue()
    conn = venue.subscribed(BOOK | {"count": 3, "snapshot": True}, BOOK | {"level": 1, "count": 1})
    venue.submit("buy", 500 * WEI, 5 * 10**16)
    whole, part = venue.pushes(conn, "orderbook")
    assert whole["topic"] == BOOK | {"count": 3, "snapshot": True}
    assert (len(whole["data"]["bids"]), len(whole["data"]["asks"])) == (3, 3)
    best = depth(venue)
    assert whole["data"] == {side: best[side][:3] for side in ("bids", "asks")}
    assert part["data"]["asks"] == [], "count only counts for snapshots"
    assert DIALECT.decode(json.dumps(whole), "venue").status == "snapshot"


def test_coarser_levels_put_prices_together_to_nobodys_gain() -> None:
    venue = Venue()
    venue.submit("buy", 500 * WEI, 50_055 * 10**12)
    fine, coarse = depth(venue, 0), depth(venue, 3)
    assert ["0.0001001", str(500 * WEI), str(50_050 * 10**12), "1"] in fine["bids"]
    assert coarse["bids"] == [["0.0001", *coarse["bids"][0][1:]]]
    assert coarse["asks"][0][0] == "0.0003"
    for side in ("bids", "asks"):
        assert sum(int(slot[1]) for slot in fine[side]) == sum(int(slot[1]) for slot in coarse[side])
        assert sum(int(slot[3]) for slot in coarse[side]) == 5 + (side == "bids")


# Trades, tickers, candlesticks


def test_trades_tickers_and_candlesticks_tell_the_same() -> None:
    venue = Venue()
    conn = venue.subscribed(TOPICS["trade"], TOPICS["ticker"], TOPICS["candlestick"])
    venue.submit("sell", 20 * WEI, 3 * 10**15)
    venue.submit("buy", 30 * WEI, 9 * 10**15)
    venue.wait(2)
    trades = [trade for push in venue.pushes(conn, "trade") for trade in push["data"]]
    assert [(side, size, price, fee) for _, _, side, size, price, fee in trades] == [
        ("sell", str(20 * WEI), "0.0001999", "0"),
        ("buy", str(30 * WEI), "0.0002001", "0"),
    ]
    volume = str(20 * 1999 * 10**11 + 30 * 2001 * 10**11)
    ticker = venue.pushes(conn, "ticker")[-1]["data"]
    assert ticker[0] == MARKET
    assert ticker[2:] == [
        str(50 * WEI), volume, "0.0001999", "0.0002001", "0.0001999", "0.0002001", "2", "0.0001999", "0.0002001",
    ]  # fmt: skip
    candle = venue.pushes(conn, "candlestick")[-1]["data"]
    assert int(candle[0]) % 7_200_000 == 0
    assert candle[1:] == ["2", "0.0001999", "0.0002001", "0.0002001", "0.0001999", str(50 * WEI), volume]
    listed = venue.told("GET", f"/api/v3/trade?market={MARKET}&limit=1")
    assert (listed["totalNum"], [trade[1] for trade in listed["trades"]]) == (2, [trades[1][1]])
    assert sketch(listed) == sketch(json.loads(examples.TRADES))


def test_a_new_interval_begins_a_new_candlestick() -> None:
    venue = Venue()
    conn = venue.subscribed({"topic": "candlestick", "market": MARKET, "interval": "1min"})
    for _ in range(2):
        venue.submit("sell", 20 * WEI, 10**15)
    venue.wait(60)
    venue.submit("buy", 30 * WEI, 9 * 10**15)
    venue.wait(2)
    first, second = (push["data"] for push in venue.pushes(conn, "candlestick"))
    assert int(second[0]) - int(first[0]) == 60_000
    assert (first[1], first[6], second[1], second[6]) == ("2", str(40 * WEI), "1", str(30 * WEI))
    assert second[2:6] == ["0.0002001"] * 4, "it opens with its first trade"


# Pools and blocks


def test_swaps_keep_what_a_pool_is_worth() -> None:
    venue = Venue(LIVELY)
    conn = venue.subscribed(TOPICS["ammpool"] | {"poolAddress": POOL.lower()})
    venue.wait(60)
    pushes = venue.pushes(conn, "ammpool")
    assert len(pushes) > 10
    products = [int(base) * int(quote) for (base, quote), _ in (push["data"] for push in pushes)]
    assert products == sorted(products)
    assert {shares for _, shares in (push["data"] for push in pushes)} == {"41277091829000"}


def test_blocks_count_on_and_tell_more_if_asked() -> None:
    venue = Venue(LIVELY)
    plain, verbose = venue.subscribed(TOPICS["blockgen"]), venue.subscribed(TOPICS["blockgen"] | {"verbose": True})
    venue.wait(60)
    numbers = [block["blockid"] for push in venue.pushes(plain, "blockgen") for block in push["data"]]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    blocks = [block for push in venue.pushes(verbose, "blockgen") for block in push["data"]]
    assert [block["blockId"] for block in blocks] == numbers[-len(blocks) :]
    assert blocks[0].keys() == {"blockId", "blockSize", "exchange", "txHash", "status", "createdAt", "transactions"}


# Accounts


def test_balances_of_the_third_version_have_other_names() -> None:
    venue = Venue()
    old, new = venue.subscribed(TOPICS["account"]), venue.subscribed(TOPICS["account"] | {"v3": True})
    venue.submit("buy", 500 * WEI, 5 * 10**16)
    (before,), (after,) = venue.pushes(old, "account"), venue.pushes(new, "account")
    assert before["data"] == {
        "accountId": DEMO_ACCOUNT,
        "totalAmount": str(20 * WEI),
        "tokenId": 0,
        "amountLocked": str(5 * 10**16),
    }
    assert after["data"] == {
        "accountId": DEMO_ACCOUNT,
        "tokenId": 0,
        "total": str(20 * WEI),
        "locked": str(5 * 10**16),
    }
