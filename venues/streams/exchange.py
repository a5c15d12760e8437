"""The engine behind the streams: users and what they own, their orders, and what became of them."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from wsreplay.venues.market import CROWD, HOUSE, Floor
from wsreplay.venues.matching import EXACT, ZERO

if TYPE_CHECKING:
    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.market import Change, Market
    from wsreplay.venues.matching import Order, Side
    from wsreplay.venues.streams.setup import StreamsSetup

_STRANGERS = {HOUSE: "market-maker", CROWD: "crowd"}


class Funds(msgspec.Struct):
    """What a user has of one asset."""

    available: Decimal
    locked: Decimal = ZERO


class Placed(msgspec.Struct, kw_only=True):
    """A user's order that rests, and when it came."""

    order_id: str
    user_id: str
    market: str
    order: Order
    at_ns: int


class RefusedError(Exception):
    """The engine says no, and no more than that."""


class Exchange:
    """All markets and users of one venue."""

    def __init__(self, setup: StreamsSetup, agenda: Agenda) -> None:
        self.setup = setup
        self.floor = Floor(setup.markets, agenda, seed=setup.seed, life=setup.life)
        self.open: dict[str, Placed] = {}
        """Orders that rest, by the id that their users know."""
        self.funds: dict[str, dict[str, Funds]] = {}
        self._ids = Random(f"{setup.seed} ids")  # noqa: S311 - repeatable
        self._users: list[str] = []
        self._by_number: dict[int, Placed] = {}
        self._names: dict[int, str] = {}
        for user in setup.users:
            self.add_user(user)
        self.floor.listen(self._settle)

    def add_user(self, user_id: str | None = None) -> str:
        """A new user, with money to play with."""
        name = self._new_id() if user_id is None else user_id
        self._users.append(name)
        self.funds[name] = {asset: Funds(amount) for asset, amount in self.setup.funds}
        return name

    def market(self, symbol: str) -> Market | None:
        """The market of this name, if it runs."""
        return self.floor.markets.get(symbol)

    def create(self, user_id: str, symbol: str, side: Side, price: Decimal, qty: Decimal, now_ns: int) -> str:
        """Take an order; whatever of it finds nobody rests. Its id."""
        market, funds = self.market(symbol), self.funds.get(user_id)
        if market is None or funds is None or price <= 0 or qty <= 0:
            raise RefusedError
        asset, amount = _stake(symbol, side, price, qty)
        purse = funds.get(asset)
        if purse is None or purse.available < amount:
            raise RefusedError
        purse.available = EXACT.subtract(purse.available, amount)
        purse.locked = EXACT.add(purse.locked, amount)
        order_id = self._new_id()
        change = market.place(self._users.index(user_id) + 1, side, qty, price, now_ns)
        number = change.order.order_id
        self._names[number] = order_id
        if number in market.book:
            placed = Placed(order_id=order_id, user_id=user_id, market=symbol, order=change.order, at_ns=now_ns)
            self.open[order_id] = self._by_number[number] = placed
        return order_id

    def cancel(self, symbol: str, order_id: str, side: Side, price: Decimal, now_ns: int) -> None:
        """Take an order off; it must be named with its own market, side and price, and whose it is nobody asks."""
        market, placed = self.market(symbol), self.open.get(order_id)
        if market is None or placed is None or placed.market != symbol:
            raise RefusedError
        if placed.order.side != side or placed.order.price != price:
            raise RefusedError
        self._take_off(market, placed, now_ns)

    def cancel_all(self, user_id: str, symbol: str, now_ns: int) -> None:
        """Take all orders of a user off one market."""
        market = self.market(symbol)
        if market is None:
            raise RefusedError
        for placed in self.orders_of(user_id, symbol):
            self._take_off(market, placed, now_ns)

    def orders_of(self, user_id: str, symbol: str) -> list[Placed]:
        """A user's open orders in one market, oldest first."""
        return [each for each in self.open.values() if each.user_id == user_id and each.market == symbol]

    def user_of(self, owner: int) -> str:
        """Who an owner in the books is."""
        return _STRANGERS[owner] if owner in _STRANGERS else self._users[owner - 1]

    def name_of(self, number: int) -> str:
        """The id of an order that the books know by a number; a stranger's is made up when it is asked for."""
        name = self._names.get(number)
        if name is None:
            drawn = Random(f"{self.setup.seed} order {number}").getrandbits(128)  # noqa: S311 - repeatable
            name = str(UUID(int=drawn, version=4))
        return name

    def _new_id(self) -> str:
        return str(UUID(int=self._ids.getrandbits(128), version=4))

    def _take_off(self, market: Market, placed: Placed, now_ns: int) -> None:
        order = placed.order
        market.cancel(order.order_id, now_ns)
        self._forget(placed)
        asset, amount = _stake(placed.market, order.side, order.price, order.remaining)
        purse = self.funds[placed.user_id][asset]
        purse.available = EXACT.add(purse.available, amount)
        purse.locked = EXACT.subtract(purse.locked, amount)

    def _forget(self, placed: Placed) -> None:
        del self.open[placed.order_id]
        del self._by_number[placed.order.order_id]

    def _settle(self, change: Change) -> None:
        """Move what was traded between those who traded."""
        taker = change.order
        for trade, maker in zip(change.trades, change.makers, strict=True):
            for order in (taker, maker):
                if order.owner > 0:
                    self._pay(self.user_of(order.owner), change.symbol, order.side, order.price, trade.price, trade.qty)
            placed = self._by_number.get(maker.order_id)
            if placed is not None and maker.filled == maker.qty:
                self._forget(placed)

    def _pay(self, user_id: str, symbol: str, side: Side, limit: Decimal, price: Decimal, qty: Decimal) -> None:
        funds = self.funds[user_id]
        base, _, quote = symbol.partition("_")
        staked, amount = _stake(symbol, side, limit, qty)
        funds[staked].locked = EXACT.subtract(funds[staked].locked, amount)
        cost = EXACT.multiply(price, qty)
        if side == "buy":
            # What was locked at the limit and not spent is free again.
            saved = EXACT.subtract(amount, cost)
            funds[quote].available = EXACT.add(funds[quote].available, saved)
            gained, received = base, qty
        else:
            gained, received = quote, cost
        purse = funds.setdefault(gained, Funds(ZERO))
        purse.available = EXACT.add(purse.available, received)


def _stake(symbol: str, side: Side, price: Decimal, qty: Decimal) -> tuple[str, Decimal]:
    """What an order locks: of the quote asset to buy, of the base asset to sell."""
    base, _, quote = symbol.partition("_")
    return (quote, EXACT.multiply(price, qty)) if side == "buy" else (base, qty)
