"""Money that comes and goes, and reviews of customers: asked for over REST, done some time later."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.cantondex.orders import decimal_in
from wsreplay.venues.cantondex.said import Refused, number
from wsreplay.venues.cantondex.times import MS, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.cantondex.accounts import Accounts, Purse, Tell
    from wsreplay.venues.cantondex.setup import Delays

_CURRENCY = "USDC"
_FEE = Decimal(5)
_LEAST = Decimal(100)
_MOST = 20_000


class Transfer(msgspec.Struct, kw_only=True):
    """A deposit or a withdrawal."""

    transfer_id: str
    purse: Purse
    address: str
    amount: Decimal
    created_ns: int
    status: str = "pending"
    done_ns: int = 0
    transaction: str | None = None


class Transfers:
    """Deposits, withdrawals, and reviews of customers."""

    def __init__(
        self, accounts: Accounts, agenda: Agenda, chance: Random, tell: Tell, name: Callable[[str], str], delays: Delays
    ) -> None:
        self._accounts, self._agenda, self._chance = accounts, agenda, chance
        self._tell, self._name, self._delays = tell, name, delays
        self.deposits: dict[str, Transfer] = {}
        self.withdrawals: dict[str, Transfer] = {}

    def deposit(self, purse: Purse, fields: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """An address to pay to; some time later, somebody pays."""
        _currency(fields)
        address = f"0x{self._chance.getrandbits(160):040x}"
        amount = Decimal(self._chance.randint(int(_LEAST), _MOST))
        made = Transfer(transfer_id=self._name("dep"), purse=purse, address=address, amount=amount, created_ns=now_ns)
        self.deposits[made.transfer_id] = made
        self._later(self._delays.transfer_ms, lambda at_ns: self._arrive(made, at_ns))
        return {
            "deposit_id": made.transfer_id,
            "account_id": purse.account_id,
            "currency": _CURRENCY,
            "blockchain": _word(fields, "blockchain", "ethereum"),
            "address": address,
            "tag": None,
            "min_deposit": _LEAST,
            "created_at": written(now_ns),
        }

    def withdraw(self, purse: Purse, fields: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """Money is to go; it is taken at once, and on its way some time later."""
        _currency(fields)
        amount = decimal_in(fields, "amount")
        if amount is None or amount <= _FEE:
            raise Refused(400, "INVALID_REQUEST", f"amount must be more than the fee of {_FEE}", field="amount")
        if amount > purse.available:
            free = number(purse.available)
            raise Refused(403, "INSUFFICIENT_MARGIN", "Insufficient funds to withdraw", available_balance=free)
        address = _word(fields, "address", "")
        made = Transfer(transfer_id=self._name("wth"), purse=purse, address=address, amount=amount, created_ns=now_ns)
        self.withdrawals[made.transfer_id] = made
        purse.cash -= amount
        self._accounts.balance(purse, now_ns)
        self._accounts.large(purse, "withdrawal", amount, now_ns)
        self._later(self._delays.transfer_ms, lambda at_ns: self._leave(made, at_ns))
        return self.withdrawal(made)

    def deposited(self, made: Transfer) -> dict[str, Any]:
        """A deposit, as it is now."""
        return self._shown(made, "deposit_id")

    def withdrawal(self, made: Transfer) -> dict[str, Any]:
        """A withdrawal, as it is now."""
        fee = {"fee": _FEE, "net_amount": number(made.amount - _FEE), "address": made.address}
        return self._shown(made, "withdrawal_id") | fee

    def review(self, purse: Purse, now_ns: int) -> dict[str, Any]:
        """A customer said who they are: it is looked at, and approved."""
        self._accounts.known_as(purse, "pending_review", now_ns)
        self._later(self._delays.review_ms, lambda at_ns: self._accounts.known_as(purse, "approved", at_ns))
        return {
            "account_id": purse.account_id,
            "kyc_status": purse.kyc_status,
            "submission_id": self._name("sub"),
            "submitted_at": written(now_ns),
            "estimated_review_time": "24 hours",
        }

    # Private parts

    def _later(self, bounds_ms: tuple[float, float], action: Callable[[int], None]) -> None:
        self._agenda.at(self._agenda.now_ns + round(self._chance.uniform(*bounds_ms) * MS), action)

    def _arrive(self, made: Transfer, now_ns: int) -> None:
        made.purse.cash += made.amount
        self._done(made, "deposit_received", "deposit_id", now_ns)
        self._accounts.balance(made.purse, now_ns)
        self._accounts.large(made.purse, "deposit", made.amount, now_ns)

    def _leave(self, made: Transfer, now_ns: int) -> None:
        self._done(made, "withdrawal_processed", "withdrawal_id", now_ns)

    def _done(self, made: Transfer, kind: str, named: str, now_ns: int) -> None:
        made.status, made.done_ns = "confirmed", now_ns
        made.transaction = f"0x{self._chance.getrandbits(256):064x}"
        self._tell(
            made.purse.account_id,
            {
                "type": kind,
                "account_id": made.purse.account_id,
                named: made.transfer_id,
                "currency": _CURRENCY,
                "amount": number(made.amount),
                "transaction_hash": made.transaction,
                "timestamp": written(now_ns),
            },
        )

    def _shown(self, made: Transfer, named: str) -> dict[str, Any]:
        return {
            named: made.transfer_id,
            "account_id": made.purse.account_id,
            "currency": _CURRENCY,
            "blockchain": "ethereum",
            "amount": number(made.amount),
            "status": made.status,
            "transaction_hash": made.transaction,
            "created_at": written(made.created_ns),
            "confirmed_at": written(made.done_ns) if made.done_ns else None,
        }


def _currency(fields: Mapping[str, Any]) -> None:
    if fields.get("currency") != _CURRENCY:
        raise Refused(400, "INVALID_REQUEST", f"currency must be {_CURRENCY}", field="currency")


def _word(fields: Mapping[str, Any], name: str, default: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else default
