"""The simulated venue's books: orders rest, meet, settle on the chain, expire, and are cancelled.

Whoever calls has already been let through by :mod:`.rules`; what is refused here is refused for the state of the
market or of the account. Effects happen at once, in the order of the calls, whatever becomes of the caller.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from wsreplay.venues.matching import EXACT, ZERO, Book, Fill, Order, Side
from wsreplay.venues.reya.clearing import Clearing
from wsreplay.venues.reya.errors import Code, Refused
from wsreplay.venues.reya.open_orders import OpenOrders
from wsreplay.venues.reya.orders import OpenOrder, Trade, text
from wsreplay.venues.reya.renewals import SECOND
from wsreplay.venues.reya.rules import check_conforms
from wsreplay.venues.reya.setup import MAKER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.reya.markets import Market
    from wsreplay.venues.reya.requests import CancelOrder, CreateOrder
    from wsreplay.venues.reya.setup import ReyaSetup

_FIRST_ORDER_ID = 1864998629727535104
_FIRST_HOUSE_ID = 1 << 62
_FIRST_FILL_ID = 7205759403792794624


class Exchange:
    """Books, money and open orders of one venue."""

    def __init__(self, setup: ReyaSetup, agenda: Agenda, settled: Callable[[Trade], None]) -> None:
        self.house = {True: MAKER_ACCOUNT, False: setup.network.pool_account}
        """Who makes the markets: of spot, and of perps."""
        self.clearing = Clearing(setup, tuple(self.house.values()))
        self.markets = self.clearing.markets
        self.books = {symbol: Book() for symbol in self.markets}
        self.halted = False
        """Whether the matching engine is down."""
        self.open = OpenOrders()
        self.trades: deque[Trade] = deque(maxlen=10_000)
        """What was last settled on the chain, or busted there, in that order."""
        self._setup = setup
        self._agenda = agenda
        self._settled = settled
        self._chain = Random(f"{setup.seed} chain")  # noqa: S311 - repeatable, not secret
        self._order_ids = count(_FIRST_ORDER_ID, 1024)
        self._house_ids = count(_FIRST_HOUSE_ID)
        self._fill_ids = count(_FIRST_FILL_ID)
        self._sequences = {kind: count(1) for kind in ("spot", "perp", "bust")}

    def chain_delay_ns(self) -> int:
        """How long the chain takes this time."""
        return int(self._chain.uniform(*self._setup.delays.chain_ms) * 1_000_000)

    def check_running(self, market: Market | None) -> None:
        """Refuse while the engine is down, or a perp market has no price."""
        if market is not None and not market.spot and self.clearing.marks[market.symbol] is None:
            raise Refused(Code.NO_PRICES_FOUND, f"No prices found for {market.symbol}")
        if self.halted:
            raise Refused(Code.UNAVAILABLE_ENGINE, "Matching engine is unavailable")

    def check_conforms(self, wanted: CreateOrder, market: Market) -> None:
        """Hold an order's price and quantity against its market's steps."""
        check_conforms(market, wanted.price, wanted.qty or ZERO)

    def place(self, wanted: CreateOrder, market: Market, signer: str, now_ns: int) -> dict[str, Any]:
        """Place a spot order or a perp GTC order; what the reply says is given back."""
        qty = wanted.qty or ZERO
        self.check_conforms(wanted, market)
        rest = wanted.time_in_force == "GTC"
        if rest:
            self._check_caps(signer, EXACT.multiply(wanted.price, qty))
        self.clearing.cover(wanted.account, market, wanted.side, wanted.price, qty)
        order_id = next(self._order_ids)
        order = Order(order_id=order_id, owner=wanted.account, side=wanted.side, price=wanted.price, qty=qty)
        self._open(wanted, order_id, signer, now_ns, order)
        fills = self.books[wanted.symbol].submit(order, rest=rest)
        first_fill = self._made(fills, market, now_ns)
        status = "FILLED" if order.remaining == 0 else "OPEN" if rest else "CANCELLED"
        if status == "CANCELLED":
            self.cancel(order_id)
        elif status == "OPEN" and wanted.expires_s is not None:
            self._agenda.at(wanted.expires_s * SECOND + 1, partial(self._expire, order_id))
        return _created(wanted, status, order_id, fills, first_fill)

    def place_trigger(self, wanted: CreateOrder, market: Market, signer: str, now_ns: int) -> dict[str, Any]:
        """Place a TP or SL order, which waits outside the book."""
        if wanted.trigger is not None and EXACT.remainder(wanted.trigger, market.tick) != 0:
            raise Refused(Code.CREATE_OTHER, f"Price {wanted.trigger} does not conform to price spacing {market.tick}")
        self._check_caps(signer, ZERO)
        order_id = next(self._order_ids)
        self._open(wanted, order_id, signer, now_ns, None)
        return _created(wanted, "OPEN", order_id, [], None)

    def execute(self, wanted: CreateOrder, market: Market, now_ns: int) -> dict[str, Any]:
        """Execute a perp IOC order on the chain: all of it or nothing, and nothing rests."""
        if wanted.expires_s is not None and wanted.expires_s * SECOND < now_ns:
            raise Refused(Code.CREATE_OTHER, "Transaction reverted: OrderExpired")
        qty = wanted.qty or ZERO
        if wanted.reduce_only:
            qty = min(qty, self.clearing.reducible(wanted.account, wanted.symbol, wanted.side))
            if qty == 0:
                raise Refused(Code.CREATE_OTHER, "Transaction reverted: ReduceOnlyConditionFailed")
        book = self.books[wanted.symbol]
        if book.fillable(wanted.side, wanted.price) < qty:
            raise Refused(Code.CREATE_OTHER, "Transaction reverted: price limit breached")
        self.clearing.cover(wanted.account, market, wanted.side, wanted.price, qty)
        fills = self.take(wanted.account, market, wanted.side, wanted.price, qty, now_ns)
        return _created(wanted, "FILLED", None, fills, None)

    def take(self, account: int, market: Market, side: Side, limit: Decimal, qty: Decimal, now_ns: int) -> list[Fill]:
        """Fill what the perp book gives up to ``limit``, and settle it in the same moment."""
        order = Order(order_id=next(self._house_ids), owner=account, side=side, price=limit, qty=qty)
        fills = self.books[market.symbol].submit(order, rest=False)
        self._made(fills, market, now_ns, on_chain=True)
        return fills

    def quote(self, market: Market, side: Side, price: Decimal, qty: Decimal, now_ns: int) -> int:
        """The house quotes; what that meets is filled."""
        order_id = next(self._house_ids)
        order = Order(order_id=order_id, owner=self.house[market.spot], side=side, price=price, qty=qty)
        self._made(self.books[market.symbol].submit(order), market, now_ns)
        return order_id

    def find(self, wanted: CancelOrder) -> OpenOrder | None:
        """The open order that a cancel names; by client id the oldest one, since several may carry it."""
        if wanted.order_id is not None:
            number = int(wanted.order_id) if wanted.order_id.isascii() and wanted.order_id.isdigit() else -1
            return self.open.get(number)
        for order in self.open:
            it = order.wanted
            if (it.client_order_id, it.account, it.symbol) == (wanted.client_order_id, wanted.account, wanted.symbol):
                return order
        return None

    def cancel(self, order_id: int) -> None:
        """Take an open order off, and let go what was held for it."""
        order = self.open.remove(order_id)
        if order.resting is not None:
            it, market = order.wanted, self.markets[order.wanted.symbol]
            self.books[market.symbol].cancel(order_id)
            self.clearing.uncover(it.account, market, it.side, it.price, order.resting.remaining)

    def cancel_all(self, account: int, market: Market | None) -> int:
        """Take an account's spot orders off, in one market or in all, and count them."""
        hit = [
            order.order_id
            for order in self.open
            if order.wanted.account == account
            and (self.markets[order.wanted.symbol].spot if market is None else order.wanted.symbol == market.symbol)
        ]
        for order_id in hit:
            self.cancel(order_id)
        return len(hit)

    def orders_of(self, accounts: Iterable[int]) -> list[dict[str, Any]]:
        """The open orders of some accounts, oldest first."""
        wanted = set(accounts)
        return [order.listed() for order in self.open if order.wanted.account in wanted]

    def _open(self, wanted: CreateOrder, order_id: int, signer: str, now_ns: int, resting: Order | None) -> None:
        self.open.add(
            OpenOrder(
                wanted=wanted,
                order_id=order_id,
                signer=signer,
                created_ns=now_ns,
                updated_ns=now_ns,
                resting=resting,
            )
        )

    def _check_caps(self, signer: str, notional: Decimal) -> None:
        limits = self._setup.limits
        if self.open.count(signer) >= limits.open_orders:
            raise Refused(Code.CREATE_OTHER, f"Open order limit exceeded: {limits.open_orders} orders for {signer}")
        if EXACT.add(self.open.notional(signer), notional) > limits.open_notional:
            raise Refused(
                Code.CREATE_OTHER, f"Open order limit exceeded: {limits.open_notional} RUSD notional for {signer}"
            )

    def _made(self, fills: list[Fill], market: Market, now_ns: int, *, on_chain: bool = False) -> int | None:
        """Book what was matched; it settles on the chain at once, or later. The first fill's number is given back."""
        first = None
        for fill in fills:
            number = next(self._fill_ids)
            first = number if first is None else first
            self.clearing.pay(fill, market)
            for order_id in (fill.maker_id, fill.taker_id):
                if (order := self.open.get(order_id)) is not None:
                    it = order.wanted
                    order.updated_ns = now_ns
                    self.open.filled(order, fill.qty)
                    self.clearing.uncover(it.account, market, it.side, it.price, fill.qty)
            settle = partial(self._settle, fill, market)
            if on_chain:
                settle(now_ns)
            else:
                self._agenda.at(now_ns + self.chain_delay_ns(), settle)
        for order_id in {order_id for fill in fills for order_id in (fill.maker_id, fill.taker_id)}:
            order = self.open.get(order_id)
            if order is not None and order.resting is not None and order.resting.remaining == 0:
                self.open.remove(order_id)
        return first

    def _settle(self, fill: Fill, market: Market, at_ns: int) -> None:
        busted = market.spot and self._chain.random() < self._setup.bust_rate
        if busted:
            self.clearing.pay(fill, market, back=True)
        kind = "bust" if busted else "spot" if market.spot else "perp"
        trade = Trade(
            symbol=market.symbol,
            spot=market.spot,
            taker=fill.taker,
            maker=fill.maker,
            taker_order=fill.taker_id,
            maker_order=fill.maker_id,
            taker_side=fill.taker_side,
            price=fill.price,
            qty=fill.qty,
            settled_ns=at_ns,
            sequence=next(self._sequences[kind]),
            busted=busted,
        )
        self.trades.append(trade)
        self._settled(trade)

    def _expire(self, order_id: int, _: int) -> None:
        if order_id in self.open:
            self.cancel(order_id)


def _created(
    wanted: CreateOrder, status: str, order_id: int | None, fills: list[Fill], first_fill: int | None
) -> dict[str, Any]:
    payload: dict[str, Any] = {"status": status}
    done = ZERO
    for fill in fills:
        done = EXACT.add(done, fill.qty)
    if fills:
        payload |= {"execQty": text(done), "cumQty": text(done)}
    if order_id is not None:
        payload["orderId"] = str(order_id)
    if wanted.client_order_id is not None:
        payload["clientOrderId"] = wanted.client_order_id
    if first_fill is not None:
        payload |= {"firstFillId": str(first_fill), "fillCount": len(fills)}
    return payload
