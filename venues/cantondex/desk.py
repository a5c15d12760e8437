"""The desk that takes orders: it places, cancels and replaces them in the markets, and tells what becomes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from wsreplay.venues.cantondex.orders import LiveOrder, check_steps, decimal_in, wish_in
from wsreplay.venues.cantondex.said import Refused, cents, number
from wsreplay.venues.cantondex.times import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wsreplay.venues.cantondex.accounts import Accounts, Purse, Tell
    from wsreplay.venues.cantondex.orders import Wish
    from wsreplay.venues.cantondex.settlement import Settlements
    from wsreplay.venues.cantondex.setup import Limits
    from wsreplay.venues.market import Change, Floor, Market
    from wsreplay.venues.matching import Side


class Desk:
    """All orders of all clients."""

    def __init__(
        self,
        floor: Floor,
        accounts: Accounts,
        settlements: Settlements,
        limits: Limits,
        tell: Tell,
        name: Callable[[str], str],
    ) -> None:
        self._floor, self._accounts, self._settlements = floor, accounts, settlements
        self._limits, self._tell, self._name = limits, tell, name
        self.orders: dict[str, LiveOrder] = {}
        self._resting: dict[int, LiveOrder] = {}
        """By their numbers in the markets."""
        floor.listen(self._heard)

    def place(self, purse: Purse, fields: Mapping[str, Any], now_ns: int) -> LiveOrder:
        """An order comes. Raises :class:`Refused`; otherwise it is an order, whatever becomes of it."""
        wish = wish_in(fields, self._floor.markets)
        worth = self._worth(wish.market, wish.side, wish.qty, wish.price)
        if worth > self._limits.order_worth:
            limit = number(self._limits.order_worth)
            raise Refused(422, "RISK_LIMIT_EXCEEDED", "Risk limits exceeded", order_value=number(worth), limit=limit)
        order = LiveOrder(
            order_id=self._name("ord"),
            account_id=purse.account_id,
            symbol=wish.market.spec.symbol,
            side=wish.side,
            order_type=wish.order_type,
            qty=wish.qty,
            price=wish.price,
            created_ns=now_ns,
            updated_ns=now_ns,
        )
        self._reserve(purse, order, self._needed(order.side, wish.qty, worth))
        self.orders[order.order_id] = order
        self._tell(purse.account_id, self._created(order))
        self._accounts.busy(purse, now_ns)
        self._accounts.balance(purse, now_ns)
        self._work(purse, order, wish.market, wish, now_ns)
        return order

    def cancel(self, purse: Purse, order_id: str, now_ns: int) -> LiveOrder:
        """A client takes an order off. Raises :class:`Refused`."""
        order = self._open(purse, order_id)
        self._floor.markets[order.symbol].cancel(order.number, now_ns)
        self._close(purse, order, "user_requested", now_ns)
        return order

    def replace(self, purse: Purse, order_id: str, fields: Mapping[str, Any], now_ns: int) -> LiveOrder:
        """A client wants another price or quantity: the order keeps its id and loses its place. Raises ``Refused``."""
        order = self._open(purse, order_id)
        market = self._floor.markets[order.symbol]
        qty = decimal_in(fields, "quantity") or order.qty
        price = decimal_in(fields, "price") or order.price
        if qty <= order.filled:
            raise Refused(400, "INVALID_REQUEST", "quantity must be more than is filled", field="quantity")
        check_steps(market, price, qty)
        rest = qty - order.filled
        needed = self._needed(order.side, rest, self._worth(market, order.side, rest, price))
        held = order.reserved
        self._release(purse, order, held)
        try:
            self._reserve(purse, order, needed)
        except Refused:
            self._reserve(purse, order, held)
            raise
        market.cancel(order.number, now_ns)
        self._resting.pop(order.number, None)
        order.qty, order.price, order.updated_ns = qty, price, now_ns
        self._tell(purse.account_id, self._updated(order))
        self._accounts.balance(purse, now_ns)
        self._work(purse, order, market, None, now_ns)
        return order

    def find(self, purse: Purse, order_id: str) -> LiveOrder:
        """An order of this account. Raises :class:`Refused`."""
        order = self.orders.get(order_id)
        if order is None:
            raise Refused(404, "NOT_FOUND", f"No order {order_id}")
        if order.account_id != purse.account_id:
            raise Refused(403, "FORBIDDEN", "The order is of another account")
        return order

    # In the market

    def _work(self, purse: Purse, order: LiveOrder, market: Market, wish: Wish | None, now_ns: int) -> None:
        """Send what is left of an order to the market; ``wish`` None: it rests."""
        qty = order.qty - order.filled
        force = wish.time_in_force if wish is not None else "gtc"
        if force == "fok" and self._fillable(market, order.side, order.price) < qty:
            self._close(purse, order, "fill_or_kill", now_ns)
            return
        change = market.place(purse.owner, order.side, qty, order.price, now_ns, rest=force == "gtc")
        order.number = change.order.order_id
        for trade in change.trades:
            self._fill(purse, order, trade.qty, trade.price, now_ns)
        if change.trades:
            amount = sum((trade.qty * trade.price for trade in change.trades), Decimal(0))
            self._accounts.large(purse, "trade", amount, now_ns)
        if not order.is_open:
            return
        if order.number in market.book:
            self._resting[order.number] = order
        else:
            reason = "no_liquidity" if order.order_type == "market" else "immediate_or_cancel"
            self._close(purse, order, reason, now_ns)

    def _heard(self, change: Change) -> None:
        """Somebody traded: resting orders of clients may have been filled."""
        for trade, maker in zip(change.trades, change.makers, strict=True):
            order = self._resting.get(maker.order_id)
            if order is not None:
                purse = self._accounts.by_owner[maker.owner]
                self._fill(purse, order, trade.qty, trade.price, change.at_ns)
                self._accounts.large(purse, "trade", trade.qty * trade.price, change.at_ns)

    def _fill(self, purse: Purse, order: LiveOrder, qty: Decimal, price: Decimal, now_ns: int) -> None:
        left = order.qty - order.filled
        order.filled += qty
        order.spent += qty * price
        order.updated_ns = now_ns
        # What was reserved for this part goes, whatever it cost in the end.
        part = qty if order.side == "sell" else cents(order.reserved * qty / left)
        self._release(purse, order, order.reserved if qty == left else part)
        commission = cents(qty * price * self._limits.commission)
        trade = self._settlements.execute(purse, order, qty, price, commission, now_ns)
        if order.filled < order.qty:
            order.status = "partially_filled"
            self._tell(purse.account_id, self._updated(order))
        else:
            order.status = "filled"
            self._resting.pop(order.number, None)
            self._tell(
                purse.account_id,
                {
                    "type": "order_filled",
                    "account_id": order.account_id,
                    "order_id": order.order_id,
                    "quantity": number(order.qty),
                    "price": order.average,
                    "fill_time": written(now_ns),
                    "trade_id": trade.trade_id,
                },
            )
        self._settlements.begin(purse, trade, now_ns)
        self._accounts.balance(purse, now_ns)

    def _close(self, purse: Purse, order: LiveOrder, reason: str, now_ns: int) -> None:
        self._resting.pop(order.number, None)
        order.status, order.updated_ns = "cancelled", now_ns
        self._release(purse, order, order.reserved)
        self._tell(
            purse.account_id,
            {
                "type": "order_cancelled",
                "account_id": order.account_id,
                "order_id": order.order_id,
                "reason": reason,
                "timestamp": written(now_ns),
            },
        )
        self._accounts.balance(purse, now_ns)

    def _open(self, purse: Purse, order_id: str) -> LiveOrder:
        order = self.find(purse, order_id)
        if not order.is_open:
            raise Refused(409, "CONFLICT", f"The order is {order.status}", order_status=order.status)
        return order

    # Money

    def _needed(self, side: Side, qty: Decimal, worth: Decimal) -> Decimal:
        return qty if side == "sell" else cents(worth * (1 + self._limits.commission)) + Decimal("0.01")

    def _worth(self, market: Market, side: Side, qty: Decimal, price: Decimal | None) -> Decimal:
        """What an order is worth at its limit; without one, at the prices that it would meet."""
        if price is not None:
            return qty * price
        worth, left, last = Decimal(0), qty, market.spec.price
        for level, there in market.depth("sell" if side == "buy" else "buy"):
            taken, last = min(left, there), level
            worth, left = worth + taken * level, left - taken
        return worth + left * last

    def _fillable(self, market: Market, side: Side, price: Decimal | None) -> Decimal:
        limit = price if price is not None else Decimal("Infinity") if side == "buy" else Decimal(0)
        return market.book.fillable(side, limit)

    def _reserve(self, purse: Purse, order: LiveOrder, needed: Decimal) -> None:
        asset = order.symbol.partition("/")[0]
        free = purse.available if order.side == "buy" else purse.free(asset)
        if needed > free:
            raise Refused(
                403,
                "INSUFFICIENT_MARGIN",
                "Insufficient margin to place order",
                required_margin=number(needed),
                available_margin=number(free),
                shortfall=number(needed - free),
            )
        order.reserved = needed
        if order.side == "buy":
            purse.reserved += needed
        else:
            purse.promised[asset] = purse.promised.get(asset, Decimal(0)) + needed

    def _release(self, purse: Purse, order: LiveOrder, part: Decimal) -> None:
        order.reserved -= part
        if order.side == "buy":
            purse.reserved -= part
        else:
            purse.promised[order.symbol.partition("/")[0]] -= part

    # What is said

    def _created(self, order: LiveOrder) -> dict[str, Any]:
        shown = order.listed()
        told = ("account_id", "order_id", "symbol", "side", "order_type", "quantity", "price", "status")
        stamp = {"timestamp": written(order.created_ns)}
        return {"type": "order_created"} | {name: shown[name] for name in told} | stamp

    def _updated(self, order: LiveOrder) -> dict[str, Any]:
        return {
            "type": "order_updated",
            "account_id": order.account_id,
            "order_id": order.order_id,
            "status": order.status,
            "filled": number(order.filled),
            "average_fill_price": order.average,
            "timestamp": written(order.updated_ns),
        }
