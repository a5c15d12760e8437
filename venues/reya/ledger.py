"""Who owns what: balances with holds for resting spot orders, and perp positions. Exact, and nothing is ever made."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from wsreplay.venues.matching import EXACT, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal


class ShortageError(Exception):
    """An account does not own enough."""


class Ledger:
    """Balances and positions by account. Accounts of the house may owe: they stand for the rest of the world."""

    def __init__(self, house: Iterable[int]) -> None:
        self._house = frozenset(house)
        self._owned: defaultdict[tuple[int, str], Decimal] = defaultdict(lambda: ZERO)
        self._held: defaultdict[tuple[int, str], Decimal] = defaultdict(lambda: ZERO)
        self._positions: defaultdict[tuple[int, str], Decimal] = defaultdict(lambda: ZERO)

    def deposit(self, account: int, asset: str, amount: Decimal) -> None:
        """Put money in from outside."""
        self._owned[account, asset] = EXACT.add(self._owned[account, asset], amount)

    def owned(self, account: int, asset: str) -> Decimal:
        """What an account owns, held or free."""
        return self._owned[account, asset]

    def held(self, account: int, asset: str) -> Decimal:
        """What is promised to resting orders."""
        return self._held[account, asset]

    def free(self, account: int, asset: str) -> Decimal:
        """What may still be promised."""
        return EXACT.subtract(self._owned[account, asset], self._held[account, asset])

    def hold(self, account: int, asset: str, amount: Decimal) -> None:
        """Promise an amount, or raise :class:`ShortageError`."""
        if account in self._house:
            return
        if self.free(account, asset) < amount:
            raise ShortageError(f"{asset} of account {account}")
        self._held[account, asset] = EXACT.add(self._held[account, asset], amount)

    def release(self, account: int, asset: str, amount: Decimal) -> None:
        """Take a promise back."""
        if account in self._house:
            return
        left = EXACT.subtract(self._held[account, asset], amount)
        if left < 0:
            raise ValueError(f"account {account} holds less {asset} than is released")
        self._held[account, asset] = left

    def move(self, source: int, target: int, asset: str, amount: Decimal) -> None:
        """Pay. A payment that is taken back may leave its source owing."""
        self._owned[source, asset] = EXACT.subtract(self._owned[source, asset], amount)
        self._owned[target, asset] = EXACT.add(self._owned[target, asset], amount)

    def position(self, account: int, symbol: str) -> Decimal:
        """A perp position: negative is short."""
        return self._positions[account, symbol]

    def positions(self, account: int) -> list[tuple[str, Decimal]]:
        """All positions of an account that are not flat."""
        return [(symbol, size) for (owner, symbol), size in self._positions.items() if owner == account and size]

    def trade_perp(self, buyer: int, seller: int, symbol: str, qty: Decimal, cost: Decimal, quote: str) -> None:
        """Change positions, and settle the cost in the quote asset: what is owned then includes what was paid."""
        self._positions[buyer, symbol] = EXACT.add(self._positions[buyer, symbol], qty)
        self._positions[seller, symbol] = EXACT.subtract(self._positions[seller, symbol], qty)
        self.move(buyer, seller, f"{quote}:PERP", cost)

    def total(self, asset: str) -> Decimal:
        """Everything of an asset that exists: changes by deposits alone."""
        total = ZERO
        for (_, name), amount in self._owned.items():
            if name == asset:
                total = EXACT.add(total, amount)
        return total

    def open_interest(self, symbol: str) -> Decimal:
        """The sum of all positions in a market, which is nothing: every long has its short."""
        total = ZERO
        for (_, name), size in self._positions.items():
            if name == symbol:
                total = EXACT.add(total, size)
        return total
