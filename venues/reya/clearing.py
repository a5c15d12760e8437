"""Money: what an order must be covered by, what a fill moves, and what a bust moves back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsreplay.venues.matching import EXACT, ZERO
from wsreplay.venues.reya.errors import Code, Refused
from wsreplay.venues.reya.ledger import Ledger, ShortageError

if TYPE_CHECKING:
    from decimal import Decimal

    from wsreplay.venues.matching import Fill, Side
    from wsreplay.venues.reya.markets import Market
    from wsreplay.venues.reya.setup import ReyaSetup


class Clearing:
    """The accounts' money, and the prices that margin is reckoned at."""

    def __init__(self, setup: ReyaSetup, house: tuple[int, ...]) -> None:
        self.markets = {market.symbol: market for market in setup.markets}
        self.marks: dict[str, Decimal | None] = {market.symbol: market.price for market in setup.markets}
        """The oracle's price by symbol."""
        self.ledger = Ledger(house)
        for account in setup.accounts:
            for asset, amount in account.balances.items():
                self.ledger.deposit(account.account_id, asset, amount)

    def cover(self, account: int, market: Market, side: Side, price: Decimal, qty: Decimal) -> None:
        """Hold what a spot order could cost, or see that a perp order has its margin; refuse it otherwise."""
        if market.spot:
            try:
                self.ledger.hold(account, *_cost(market, side, price, qty))
            except ShortageError:
                raise Refused(Code.CREATE_OTHER, "Insufficient balance") from None
        elif self._lacks_margin(account, market, side, qty):
            raise Refused(Code.CREATE_OTHER, "Insufficient balance: initial margin")

    def uncover(self, account: int, market: Market, side: Side, price: Decimal, qty: Decimal) -> None:
        """Let go what was held for a part of an order that is filled or given up."""
        if market.spot and qty:
            self.ledger.release(account, *_cost(market, side, price, qty))

    def pay(self, fill: Fill, market: Market, *, back: bool = False) -> None:
        """Exchange what was traded; ``back`` undoes it."""
        buyer, seller = (fill.taker, fill.maker) if fill.taker_side == "buy" else (fill.maker, fill.taker)
        if back:
            buyer, seller = seller, buyer
        cost = EXACT.multiply(fill.price, fill.qty)
        if market.spot:
            self.ledger.move(buyer, seller, market.quote, cost)
            self.ledger.move(seller, buyer, market.base, fill.qty)
        else:
            self.ledger.trade_perp(buyer, seller, market.symbol, fill.qty, cost, market.quote)

    def reducible(self, account: int, symbol: str, side: Side) -> Decimal:
        """How much of a position an order of ``side`` would close."""
        size = self.ledger.position(account, symbol)
        return max(size if side == "sell" else size.copy_negate(), ZERO)

    def _lacks_margin(self, account: int, market: Market, side: Side, qty: Decimal) -> bool:
        """Whether a perp trade would leave an account with less than its initial margin, unless it lessens risk."""
        positions = dict(self.ledger.positions(account))
        before = positions.get(market.symbol, ZERO)
        after = EXACT.add(before, qty if side == "buy" else qty.copy_negate())
        if after.copy_abs() <= before.copy_abs():
            return False
        paid = self.ledger.owned(account, f"{market.quote}:PERP")
        equity = EXACT.add(self.ledger.free(account, market.quote), paid)
        needed = ZERO
        for symbol, size in (positions | {market.symbol: after}).items():
            mark = self.marks[symbol] or ZERO
            equity = EXACT.add(equity, EXACT.multiply(positions.get(symbol, ZERO), mark))
            notional = EXACT.multiply(size.copy_abs(), mark)
            needed = EXACT.add(needed, EXACT.multiply(notional, self.markets[symbol].initial_margin))
        return equity < needed


def _cost(market: Market, side: Side, price: Decimal, qty: Decimal) -> tuple[str, Decimal]:
    """What a spot order must own: the asset, and how much of it."""
    return (market.quote, EXACT.multiply(price, qty)) if side == "buy" else (market.base, qty)
