"""The matching engine: conservation, priority, and never a crossed book."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal, Inexact

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.venues.matching import EXACT, Book, Fill, Order, Side

D = Decimal
cents = st.integers(1, 20).map(lambda n: D(n) / 100)
sizes = st.integers(1, 50).map(lambda n: D(n) / 1000)


def order(order_id: int, side: Side, price: str | Decimal, qty: str | Decimal, owner: int = 1) -> Order:
    return Order(order_id=order_id, owner=owner, side=side, price=D(price), qty=D(qty))


def traded(fills: list[Fill]) -> list[tuple[int, Decimal, Decimal]]:
    return [(f.maker_id, f.price, f.qty) for f in fills]


def test_the_best_price_is_taken_first_and_at_its_own_price() -> None:
    book = Book()
    book.submit(order(1, "sell", "101", "1"))
    book.submit(order(2, "sell", "100", "1"))
    fills = book.submit(order(3, "buy", "105", "1.5"))
    assert traded(fills) == [(2, D(100), D(1)), (1, D(101), D("0.5"))]
    assert book.best("sell") == D(101)
    assert 3 not in book


def test_at_one_price_the_oldest_is_taken_first() -> None:
    book = Book()
    for order_id in (7, 3, 5):
        book.submit(order(order_id, "buy", "10", "1"))
    assert [f.maker_id for f in book.submit(order(9, "sell", "10", "3"))] == [7, 3, 5]


def test_a_partly_filled_order_keeps_its_place() -> None:
    book = Book()
    book.submit(order(1, "buy", "10", "2"))
    book.submit(order(2, "buy", "10", "2"))
    book.submit(order(3, "sell", "10", "1"))
    assert traded(book.submit(order(4, "sell", "10", "2"))) == [(1, D(10), D(1)), (2, D(10), D(1))]


def test_the_remainder_rests_or_is_dropped() -> None:
    book = Book()
    book.submit(order(1, "sell", "10", "1"))
    immediate = order(2, "buy", "10", "3")
    book.submit(immediate, rest=False)
    assert immediate.remaining == D(2)
    assert len(book) == 0
    book.submit(order(3, "buy", "10", "3"))
    assert book.depth("buy") == [(D(10), D(3))]


def test_a_cancelled_order_trades_no_more() -> None:
    book = Book()
    resting = order(1, "sell", "10", "1")
    book.submit(resting)
    assert book.cancel(1) is resting
    assert book.cancel(1) is None
    assert book.submit(order(2, "buy", "10", "1")) == []


def test_fillable_counts_what_the_limit_reaches() -> None:
    book = Book()
    book.submit(order(1, "sell", "10", "1"))
    book.submit(order(2, "sell", "11", "2"))
    assert book.fillable("buy", D("9.99")) == 0
    assert book.fillable("buy", D(10)) == D(1)
    assert book.fillable("buy", D(12)) == D(3)


def test_wrong_use_is_refused() -> None:
    book = Book()
    book.submit(order(1, "buy", "10", "1"))
    with pytest.raises(ValueError, match="rests already"):
        book.submit(order(1, "buy", "10", "1"))
    with pytest.raises(ValueError, match="nothing to fill"):
        book.submit(order(2, "buy", "10", "0"))


def test_quantities_beyond_a_doubles_precision_stay_exact() -> None:
    book = Book()
    huge = "123456789012345678901234567890.000000000000000001"
    book.submit(order(1, "sell", "1", huge))
    book.submit(order(2, "buy", "1", "0.000000000000000001"))
    assert book.depth("sell") == [(D(1), D("123456789012345678901234567890"))]


def test_arithmetic_that_would_round_raises() -> None:
    with pytest.raises(Inexact):
        EXACT.divide(D(1), D(3))


class NaiveBook:
    """Price-time priority in the plainest words: sort everything, every time."""

    def __init__(self) -> None:
        self.resting: list[tuple[int, Order]] = []
        self.arrivals = 0

    def submit(self, taker: Order, *, rest: bool) -> list[tuple[int, Decimal, Decimal]]:
        self.arrivals += 1
        buying = taker.side == "buy"
        queue = sorted(
            (o.price if buying else -o.price, arrived, o) for arrived, o in self.resting if o.side != taker.side
        )
        done = []
        for _, _, maker in queue:
            if taker.remaining == 0 or (maker.price > taker.price if buying else maker.price < taker.price):
                break
            qty = min(taker.remaining, maker.remaining)
            taker.filled += qty
            maker.filled += qty
            done.append((maker.order_id, maker.price, qty))
        self.resting = [(a, o) for a, o in self.resting if o.remaining > 0]
        if rest and taker.remaining > 0:
            self.resting.append((self.arrivals, taker))
        return done

    def cancel(self, order_id: int) -> bool:
        before = len(self.resting)
        self.resting = [(a, o) for a, o in self.resting if o.order_id != order_id]
        return len(self.resting) < before


orders = st.tuples(st.sampled_from(["buy", "sell"]), cents, sizes, st.booleans())
cancels = st.integers(1, 60)


@settings(deadline=None)
@given(st.lists(st.one_of(orders, orders, orders, cancels), max_size=60))
def test_any_sequence_keeps_the_laws(steps: list[tuple[Side, Decimal, Decimal, bool] | int]) -> None:
    book, naive = Book(), NaiveBook()
    submitted: dict[int, Order] = {}
    filled: dict[int, Decimal] = defaultdict(Decimal)
    for order_id, step in enumerate(steps, start=1):
        if isinstance(step, int):
            assert (book.cancel(step) is not None) == naive.cancel(step)
            continue
        side, price, qty, rest = step
        submitted[order_id] = order(order_id, side, price, qty, owner=order_id % 3)
        fills = book.submit(submitted[order_id], rest=rest)

        assert traded(fills) == naive.submit(order(order_id, side, price, qty), rest=rest), "price-time priority"
        for fill in fills:
            assert fill.qty > 0
            assert price >= fill.price if side == "buy" else price <= fill.price, "no worse than the limit"
            filled[fill.maker_id] += fill.qty
            filled[fill.taker_id] += fill.qty

        bid, ask = book.best("buy"), book.best("sell")
        assert bid is None or ask is None or bid < ask, "never crossed"
        for each in submitted.values():
            assert each.filled == filled[each.order_id] <= each.qty, "what is filled was traded"
        assert {o.order_id for o in book} == {o.order_id for _, o in naive.resting}
        assert all(o.remaining > 0 for o in book)
    for side in ("buy", "sell"):
        prices = [p for p, _ in book.depth(side)]
        assert prices == sorted(set(prices), reverse=side == "buy")
