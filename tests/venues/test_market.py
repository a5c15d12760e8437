"""Markets with a house and a crowd: repeatable, conserving, and every listener can rebuild the book."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.venues.agenda import Agenda
from wsreplay.venues.market import CROWD, HOUSE, Change, Floor, Life, Market, Spec
from wsreplay.venues.matching import Side

D = Decimal
SECOND = 1_000_000_000
SPEC = Spec(symbol="ETH-USD", price=D(2600), tick=D("0.01"), step=D("0.001"), min_qty=D("0.001"))
OTHER = Spec(symbol="LRC-ETH", price=D("0.0002"), tick=D("0.0000001"), step=D(1), min_qty=D(10))


class Watcher:
    """Rebuilds each book from the changes alone."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.levels: dict[tuple[str, Side], dict[Decimal, Decimal]] = {}

    def __call__(self, change: Change) -> None:
        self.changes.append(change)
        for level in change.levels:
            side = self.levels.setdefault((change.symbol, level.side), {})
            side[level.price] = level.qty
            if not level.qty:
                del side[level.price]

    def depth(self, symbol: str, side: Side) -> list[tuple[Decimal, Decimal]]:
        return sorted(self.levels.get((symbol, side), {}).items(), reverse=side == "buy")


def lived(seed: int, seconds: int) -> tuple[Floor, Watcher]:
    agenda, watcher = Agenda(0), Watcher()
    floor = Floor((SPEC, OTHER), agenda, seed=seed, life=Life(levels=3))
    for market in floor.markets.values():  # what stood before anybody listened
        for side in ("buy", "sell"):
            watcher.levels[market.spec.symbol, side] = dict(market.depth(side))
    floor.listen(watcher)
    agenda.run(seconds * SECOND)
    return floor, watcher


def test_two_floors_of_one_seed_are_the_same_and_others_are_not() -> None:
    def told(seed: int) -> list[str]:
        return [repr(change) for change in lived(seed, 30)[1].changes]

    assert told(1) == told(1)
    assert told(1) != told(2)


def test_who_listens_knows_the_book() -> None:
    floor, watcher = lived(7, 120)
    for symbol, market in floor.markets.items():
        for side in ("buy", "sell"):
            assert watcher.depth(symbol, side) == market.depth(side)


def test_versions_count_the_changes_of_the_book_and_trades_the_trades() -> None:
    _, watcher = lived(3, 120)
    for symbol in ("ETH-USD", "LRC-ETH"):
        mine = [change for change in watcher.changes if change.symbol == symbol]
        versions = [change.version for change in mine if change.levels]
        assert versions == list(range(versions[0], versions[0] + len(versions)))
        numbers = [trade.number for change in mine for trade in change.trades]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert len(numbers) > 10, "the crowd trades"


def test_the_house_quotes_each_level_once_and_never_meets_itself() -> None:
    floor, watcher = lived(5, 300)
    assert not [trade for change in watcher.changes for trade in change.trades if trade.maker == trade.taker]
    for market in floor.markets.values():
        assert len({(order.side, order.price) for order in market.book}) == len(market.book) == 6


def test_an_order_of_a_client_rests_is_filled_by_the_house_and_can_be_taken_off() -> None:
    floor, watcher = lived(1, 0)
    market = floor.markets["ETH-USD"]
    placed = market.place(1, "buy", D("0.5"), D("2500"), 0)
    assert (placed.trades, placed.order.remaining) == ((), D("0.5"))
    assert [(found.spec.symbol, order.order_id) for found, order in floor.orders_of(1)] == [
        ("ETH-USD", placed.order.order_id)
    ]
    assert floor.find(placed.order.order_id) == (market, placed.order)
    taken_off = market.cancel(placed.order.order_id, 1)
    assert taken_off is not None
    assert (taken_off.cancelled, taken_off.levels[0].qty) == (True, D(0))
    assert market.cancel(placed.order.order_id, 2) is None
    filled = market.place(1, "buy", D("0.002"), None, 3)
    assert [trade.maker for trade in filled.trades] == [HOUSE]
    assert filled.makers[0].order_id == filled.trades[0].maker_id
    assert market.last == filled.trades[0].price
    assert watcher.changes[-1] is filled


def test_an_order_without_a_price_rests_nowhere_even_in_an_empty_book() -> None:
    market = Market(SPEC, count(1))
    assert market.place(1, "sell", D(1), None, 0).levels == ()
    assert len(market.book) == 0
    assert market.version == 0


@pytest.mark.parametrize(
    ("price", "qty", "fits"),
    [("2600", "1", True), (None, "1", True), ("2600.001", "1", False), ("2600", "0.0005", False), ("0", "1", False)],
)
def test_what_keeps_to_the_steps_conforms(price: str | None, qty: str, fits: bool) -> None:
    market = Market(SPEC, count(1))
    assert market.conforms(None if price is None else D(price), D(qty)) is fits


orders = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 40),
        st.one_of(st.none(), st.integers(2590, 2610)),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=50)
@given(orders=orders)
def test_whatever_comes_nothing_is_lost_and_listeners_know_the_book(
    orders: list[tuple[Side, int, int | None, bool]],
) -> None:
    market, watcher = Market(SPEC, count(1)), Watcher()
    market.listeners.append(watcher)
    wanted = {}
    for side, qty, price, rest in orders:
        placed = market.place(CROWD, side, D(qty), None if price is None else D(price), 0, rest=rest)
        wanted[placed.order.order_id] = D(qty)
        assert len(placed.makers) == len(placed.trades)
    filled = {order_id: D(0) for order_id in wanted}
    for trade in market.trades:
        filled[trade.maker_id] += trade.qty
        filled[trade.taker_id] += trade.qty
    for order in market.book:
        assert order.filled == filled[order.order_id]
    assert all(filled[order_id] <= qty for order_id, qty in wanted.items())
    for side in ("buy", "sell"):
        assert watcher.depth("ETH-USD", side) == market.depth(side)
