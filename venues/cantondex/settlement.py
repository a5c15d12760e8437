"""Trades of clients, and their settlement: delivery against payment, some time later, which may fail."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.cantondex.said import number
from wsreplay.venues.cantondex.times import MS, midnight_after, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.cantondex.accounts import Accounts, Purse, Tell
    from wsreplay.venues.cantondex.orders import LiveOrder
    from wsreplay.venues.matching import Side

_DAYS = 2


class ClientTrade(msgspec.Struct, kw_only=True):
    """One client's side of a trade, with its settlement."""

    trade_id: str
    settlement_id: str
    order_id: str
    account_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    gross: Decimal
    commission: Decimal
    executed_ns: int
    status: str = "pending"
    settled_ns: int = 0
    dvp: str | None = None

    def executed(self) -> dict[str, Any]:
        """What all lists and events say of it."""
        return {
            "trade_id": self.trade_id,
            "order_id": self.order_id,
            "account_id": self.account_id,
            "symbol": self.symbol,
            "side": self.side,
            "quantity": number(self.qty),
            "price": number(self.price),
            "commission": number(self.commission),
            "gross_amount": number(self.gross),
            "net_amount": number(self.gross - self.commission),
            "executed_at": written(self.executed_ns),
        }

    def listed(self) -> dict[str, Any]:
        """As the REST API shows it."""
        return self.executed() | {"settlement_status": self.status, "settlement_date": self.date}

    @property
    def date(self) -> str:
        """When it is to be settled for good."""
        return midnight_after(self.executed_ns, _DAYS)

    def settlement(self) -> dict[str, Any]:
        """Its settlement, as the REST API shows it."""
        return {
            "settlement_id": self.settlement_id,
            "trade_id": self.trade_id,
            "symbol": self.symbol,
            "quantity": number(self.qty),
            "amount": number(self.gross),
            "status": self.status,
            "dvp_atomic_transaction": self.dvp,
            "settlement_date": self.date,
            "created_at": written(self.executed_ns),
            "confirmed_at": written(self.settled_ns) if self.status == "confirmed" else None,
        }


class Settlements:
    """Settles trades, or fails to and takes them back."""

    def __init__(
        self,
        accounts: Accounts,
        agenda: Agenda,
        chance: Random,
        tell: Tell,
        name: Callable[[str], str],
        *,
        delay_ms: tuple[float, float],
        failing: float,
    ) -> None:
        self._accounts, self._agenda, self._chance, self._tell, self._name = accounts, agenda, chance, tell, name
        self._delay_ms, self._failing = delay_ms, failing
        self.trades: dict[str, ClientTrade] = {}
        self.by_settlement: dict[str, ClientTrade] = {}

    def execute(
        self, purse: Purse, order: LiveOrder, qty: Decimal, price: Decimal, commission: Decimal, now_ns: int
    ) -> ClientTrade:
        """A fill of a client's order: the trade is told, and its settlement begins."""
        trade = ClientTrade(
            trade_id=self._name("trd"),
            settlement_id=self._name("set"),
            order_id=order.order_id,
            account_id=purse.account_id,
            symbol=order.symbol,
            side=order.side,
            qty=qty,
            price=price,
            gross=qty * price,
            commission=commission,
            executed_ns=now_ns,
        )
        self.trades[trade.trade_id] = self.by_settlement[trade.settlement_id] = trade
        _move(purse, trade, 1)
        return trade

    def begin(self, purse: Purse, trade: ClientTrade, now_ns: int) -> None:
        """Tell of the trade, and of the settlement that begins."""
        told = trade.executed()
        account = {"type": "trade_executed", "account_id": told.pop("account_id")}
        self._tell(purse.account_id, account | told)
        self._tell(
            purse.account_id,
            {
                "type": "settlement_created",
                "settlement_id": trade.settlement_id,
                "trade_id": trade.trade_id,
                "symbol": trade.symbol,
                "quantity": number(trade.qty),
                "amount": number(trade.gross),
                "settlement_date": trade.date,
                "timestamp": written(now_ns),
            },
        )
        due_ns = now_ns + round(self._chance.uniform(*self._delay_ms) * MS)
        self._agenda.at(due_ns, lambda at_ns: self._settle(purse, trade, at_ns))

    def _settle(self, purse: Purse, trade: ClientTrade, now_ns: int) -> None:
        trade.settled_ns, stamp = now_ns, written(now_ns)
        if self._chance.random() >= self._failing:
            trade.status, trade.dvp = "confirmed", self._name("dvp_tx")
            self._tell(
                purse.account_id,
                {
                    "type": "settlement_confirmed",
                    "settlement_id": trade.settlement_id,
                    "dvp_transaction_id": trade.dvp,
                    "timestamp": stamp,
                },
            )
            return
        trade.status = "failed"
        _move(purse, trade, -1)
        self._tell(
            purse.account_id,
            {
                "type": "settlement_failed",
                "settlement_id": trade.settlement_id,
                "reason": "insufficient_funds",
                "error_message": "Insufficient cash balance for settlement",
                "timestamp": stamp,
            },
        )
        self._tell(
            purse.account_id,
            {"type": "trade_cancelled", "trade_id": trade.trade_id, "reason": "settlement_failed", "timestamp": stamp},
        )
        self._accounts.balance(purse, now_ns)


def _move(purse: Purse, trade: ClientTrade, sign: int) -> None:
    """Money and goods change hands, or are given back."""
    asset, direction = trade.symbol.partition("/")[0], sign if trade.side == "buy" else -sign
    purse.cash -= direction * trade.gross + sign * trade.commission
    purse.holdings[asset] = purse.holdings.get(asset, Decimal(0)) + direction * trade.qty
