"""Accounts as the simulated venue keeps them: money, what is reserved of it, holdings, and what is watched."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.cantondex.said import number
from wsreplay.venues.cantondex.times import SECOND, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.venues.cantondex.setup import Account, Limits

type Tell = Callable[[str | None, dict[str, Any]], None]
"""Tells an event to those who may hear of this account; None: to all who subscribed."""
_BUSY_NS = 120 * SECOND


class Purse(msgspec.Struct, kw_only=True):
    """What an account has."""

    about: Account
    owner: int
    """Its number in the markets."""
    cash: Decimal
    reserved: Decimal = Decimal(0)
    holdings: dict[str, Decimal] = {}
    promised: dict[str, Decimal] = {}
    """Holdings that open orders will sell."""
    kyc_status: str
    warned: bool = False
    orders_ns: deque[int] = msgspec.field(default_factory=deque)

    @property
    def account_id(self) -> str:
        """Its name."""
        return self.about.account_id

    @property
    def available(self) -> Decimal:
        """Money that no order holds."""
        return self.cash - self.reserved

    def free(self, asset: str) -> Decimal:
        """Holdings that no order will sell."""
        return self.holdings.get(asset, Decimal(0)) - self.promised.get(asset, Decimal(0))


class Accounts:
    """All accounts, and what is said of them."""

    def __init__(self, accounts: tuple[Account, ...], limits: Limits, tell: Tell, name: Callable[[str], str]) -> None:
        """``name`` makes ids: it is given their first letters."""
        self._limits, self._tell, self._name = limits, tell, name
        self.purses = {
            account.account_id: Purse(
                about=account,
                owner=owner,
                cash=account.cash,
                holdings=dict(account.holdings),
                kyc_status=account.kyc_status,
            )
            for owner, account in enumerate(accounts, start=1)
        }
        self.by_owner = {purse.owner: purse for purse in self.purses.values()}

    def balance(self, purse: Purse, now_ns: int) -> None:
        """Tell what an account has now, and warn if little of it is free."""
        self._tell(
            purse.account_id,
            {
                "type": "balance_updated",
                "account_id": purse.account_id,
                "total_balance": number(purse.cash),
                "available_balance": number(purse.available),
                "reserved_balance": number(purse.reserved),
                "timestamp": written(now_ns),
            },
        )
        warning = self._limits.margin_warning
        level = purse.available / purse.cash if purse.cash > 0 else Decimal(0)
        if level >= warning:
            purse.warned = False
        elif not purse.warned:
            purse.warned = True
            percent = number(warning * 100)
            self._tell(
                purse.account_id,
                {
                    "type": "margin_call",
                    "account_id": purse.account_id,
                    "current_margin_level": number(round(level, 4)),
                    "warning_level": number(warning),
                    "liquidation_level": number(self._limits.margin_liquidation),
                    "message": f"Your margin level is below {percent}%. Please add funds or reduce positions.",
                    "timestamp": written(now_ns),
                },
            )

    def large(self, purse: Purse, kind: str, amount: Decimal, now_ns: int) -> None:
        """Report a transaction, if it is large."""
        if amount < self._limits.large:
            return
        self._tell(
            None,
            {
                "type": "large_transaction_alert",
                "alert_id": self._name("alr"),
                "account_id": purse.account_id,
                "transaction_type": kind,
                "amount": number(amount),
                "threshold": number(self._limits.large),
                "timestamp": written(now_ns),
            },
        )

    def busy(self, purse: Purse, now_ns: int) -> None:
        """Count an order, and report an account that sends many."""
        recent, most = purse.orders_ns, self._limits.busy_orders
        recent.append(now_ns)
        while recent[0] <= now_ns - _BUSY_NS:
            recent.popleft()
        if len(recent) < most:
            return
        recent.clear()
        self._tell(
            None,
            {
                "type": "suspicious_activity_detected",
                "event_id": self._name("evt"),
                "account_id": purse.account_id,
                "activity_type": "unusual_trading_pattern",
                "severity": "medium",
                "description": f"Trader executed {most} orders in 2 minutes (unusual for this account)",
                "timestamp": written(now_ns),
                "action_required": True,
            },
        )

    def known_as(self, purse: Purse, status: str, now_ns: int) -> None:
        """Whether the venue knows its customer, has changed."""
        before, purse.kyc_status = purse.kyc_status, status
        if before != status:
            self._tell(
                None,
                {
                    "type": "kyc_status_changed",
                    "account_id": purse.account_id,
                    "new_status": status,
                    "previous_status": before,
                    "kyc_tier": purse.about.kyc_tier,
                    "timestamp": written(now_ns),
                },
            )
