"""Laws of the engine: no money is made or lost, and nobody spends what he does not have."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from wsreplay.venues.agenda import Agenda
from wsreplay.venues.matching import Side
from wsreplay.venues.streams.exchange import Exchange, RefusedError
from wsreplay.venues.streams.setup import NO_LIFE, StreamsSetup

USERS = ("a", "b")
SIDES: dict[str, Side] = {"buy": "buy", "sell": "sell"}
prices = st.sampled_from(["9.99", "10", "10.01"]).map(Decimal)
sizes = st.sampled_from(["0.01", "1", "2.5", "40"]).map(Decimal)
steps = st.lists(
    st.tuples(st.sampled_from(USERS), st.sampled_from(["buy", "sell", "cancel", "cancel all"]), prices, sizes),
    max_size=30,
)


@given(steps)
def test_funds_are_kept_and_what_is_locked_is_what_rests(plan: list[tuple[str, str, Decimal, Decimal]]) -> None:
    funds = (("USDC", Decimal(500)), ("SOL", Decimal(50)))
    exchange = Exchange(StreamsSetup(users=USERS, funds=funds, life=NO_LIFE), Agenda(0))
    for user, what, price, qty in plan:
        try:
            if what in SIDES:
                exchange.create(user, "SOL_USDC", SIDES[what], price, qty, 0)
            elif what == "cancel all":
                exchange.cancel_all(user, "SOL_USDC", 0)
            elif mine := exchange.orders_of(user, "SOL_USDC"):
                order = mine[0].order
                exchange.cancel("SOL_USDC", mine[0].order_id, order.side, order.price, 0)
        except RefusedError:
            pass
        for asset, amount in funds:
            purses = [exchange.funds[name][asset] for name in USERS]
            assert sum(purse.available + purse.locked for purse in purses) == amount * len(USERS)
            assert all(purse.available >= 0 and purse.locked >= 0 for purse in purses)
        for name in USERS:
            resting = [placed.order for placed in exchange.orders_of(name, "SOL_USDC")]
            locked = sum((order.price * order.remaining for order in resting if order.side == "buy"), Decimal(0))
            assert exchange.funds[name]["USDC"].locked == locked
            assert exchange.funds[name]["SOL"].locked == sum(
                (order.remaining for order in resting if order.side == "sell"), Decimal(0)
            )
    book = exchange.floor.markets["SOL_USDC"].book
    assert {order.order_id for order in book} == {placed.order.order_id for placed in exchange.open.values()}
