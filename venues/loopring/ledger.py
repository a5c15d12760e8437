"""What accounts own, in the tokens' smallest units, and how much of it is locked by orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wsreplay.venues.loopring.setup import Account

type Moved = Callable[[int, int], None]
"""Told of an account and a token of which something changed."""


class Ledger:
    """Balances of all accounts."""

    def __init__(self, accounts: Iterable[Account], moved: Moved) -> None:
        self._total = {account.account_id: dict(account.balances) for account in accounts}
        self._locked: dict[tuple[int, int], int] = {}
        self._moved = moved

    def __contains__(self, account: object) -> bool:
        return account in self._total

    def tokens(self, account: int) -> list[int]:
        """The tokens that an account has or had."""
        return sorted(self._total[account])

    def total(self, account: int, token: int) -> int:
        """All that it owns."""
        return self._total[account].get(token, 0)

    def locked(self, account: int, token: int) -> int:
        """What its orders hold."""
        return self._locked.get((account, token), 0)

    def free(self, account: int, token: int) -> int:
        """What it may use."""
        return self.total(account, token) - self.locked(account, token)

    def lock(self, account: int, token: int, amount: int) -> None:
        """Hold an amount for an order; a negative one lets go."""
        if amount:
            self._locked[account, token] = self.locked(account, token) + amount
            self._moved(account, token)

    def move(self, account: int, token: int, amount: int, *, from_lock: bool = False) -> None:
        """Give an amount, or take a negative one, which its orders may have held."""
        if from_lock:
            self._locked[account, token] = self.locked(account, token) + amount
        self._total[account][token] = self.total(account, token) + amount
        self._moved(account, token)
