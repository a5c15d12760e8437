"""Orders of accounts on the books: placed, filled, cancelled, expired, and who is told of it.

Effects happen at once, in the order of the calls, whatever becomes of the caller's answer.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.loopring.errors import Refused, RestCode
from wsreplay.venues.loopring.ledger import Ledger
from wsreplay.venues.loopring.orders import MS, SECOND
from wsreplay.venues.market import Floor
from wsreplay.venues.matching import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.loopring.order_forms import OrderForm
    from wsreplay.venues.loopring.setup import LoopringSetup
    from wsreplay.venues.loopring.tokens import Pair
    from wsreplay.venues.market import Change, Market, Trade

SLOTS = 16_384
"""Of storage for each account and token; an order's is its storage id modulo this."""
_WIDE = Context(prec=200)
_OVER = frozenset({"processed", "cancelled", "expired"})


class LiveOrder(msgspec.Struct, kw_only=True):
    """An order and what became of it."""

    form: OrderForm
    created_ns: int
    updated_ns: int
    status: str = "processing"
    filled_size: int = 0
    filled_volume: int = 0
    held: int = 0
    """How much of the token that it sells is locked for it."""
    book_id: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.status in _OVER


class Exchange:
    """The books of a venue, and the accounts that trade on them."""

    def __init__(self, setup: LoopringSetup, agenda: Agenda) -> None:
        self.listings = {listing.pair.market: listing for listing in setup.listings}
        self.floor = Floor((each.spec for each in setup.listings), agenda, seed=setup.seed, life=setup.life)
        self.ledger = Ledger(setup.accounts, self._moved)
        self.orders: dict[str, LiveOrder] = {}
        """All orders that there ever were, by hash, oldest first."""
        self.when_order: Callable[[LiveOrder, int], None] = lambda *_: None
        self.when_balance: Callable[[int, int, int], None] = lambda *_: None
        self._agenda = agenda
        self._cancel_ns = setup.delays.cancel_ms * MS
        self._by_book: dict[int, LiveOrder] = {}
        self._slots: dict[tuple[int, int, int], LiveOrder] = {}
        self._last_storage: dict[tuple[int, int], int] = {}
        self._coming: LiveOrder | None = None
        """The order that is being placed: its fills come before its number on the book."""
        self._now_ns = agenda.now_ns
        self.floor.listen(self._heard)

    def submit(self, form: OrderForm, now_ns: int) -> LiveOrder:
        """Place an order."""
        self._now_ns = now_ns
        slot = self._check_slot(form)
        if self.ledger.free(form.account, form.sell_token) < form.sell_volume:
            raise Refused(RestCode.NO_FUNDS, "insufficient user balance")
        market = self.floor.markets[form.listing.pair.market]
        if form.order_type == "MAKER_ONLY" and market.book.would_fill(_probe(form)):
            raise Refused(RestCode.NOT_VALID, "a MAKER_ONLY order would take")
        order = LiveOrder(form=form, created_ns=now_ns, updated_ns=now_ns, held=form.sell_volume)
        self.orders[form.hash] = self._slots[slot] = order
        token = (form.account, form.sell_token)
        self._last_storage[token] = max(form.storage_id, self._last_storage.get(token, -1))
        self.ledger.lock(form.account, form.sell_token, form.sell_volume)
        self.when_order(order, now_ns)
        self._coming = order
        rest = form.order_type != "TAKER_ONLY"
        market.place(form.account, form.side, form.qty, form.price, now_ns, rest=rest)
        self._coming = None
        if not order.over:
            if not rest:
                self._end(order, "cancelled", now_ns)
            else:
                self._agenda.at(form.valid_until_s * SECOND, partial(self._expire, order))
        return order

    def cancel(self, order: LiveOrder, now_ns: int) -> None:
        """Take an order off; it is cancelled a little later."""
        self._now_ns = now_ns
        self._market(order).cancel(order.book_id, now_ns)
        order.status, order.updated_ns = "cancelling", now_ns
        self.when_order(order, now_ns)
        self._agenda.at(now_ns + self._cancel_ns, partial(self._end, order, "cancelled"))

    def next_storage_id(self, account: int, token: int) -> int:
        """The next one for an order: even, and beyond all that were used."""
        return (self._last_storage.get((account, token), -2) // 2 + 1) * 2

    def orders_of(self, account: int) -> list[LiveOrder]:
        """All orders of an account, newest first."""
        return [order for order in reversed(self.orders.values()) if order.form.account == account]

    # Private parts

    def _check_slot(self, form: OrderForm) -> tuple[int, int, int]:
        if form.hash in self.orders:
            raise Refused(RestCode.ORDER_EXISTS, "order already exists")
        slot = (form.account, form.sell_token, form.storage_id % SLOTS)
        last = self._slots.get(slot)
        if last is not None and (form.storage_id <= last.form.storage_id or not last.over):
            raise Refused(RestCode.INVALID_ORDER_ID, f"storageId {form.storage_id} is used")
        return slot

    def _market(self, order: LiveOrder) -> Market:
        return self.floor.markets[order.form.listing.pair.market]

    def _moved(self, account: int, token: int) -> None:
        self.when_balance(account, token, self._now_ns)

    def _heard(self, change: Change) -> None:
        """Something happened on a book; it may concern an account."""
        self._now_ns = change.at_ns
        coming = self._coming
        if coming is not None and not change.cancelled:
            coming.book_id = change.order.order_id
            self._by_book[coming.book_id] = coming
        for trade in change.trades:
            for book_id in (trade.maker_id, trade.taker_id):
                if (order := self._by_book.get(book_id)) is not None:
                    self._fill(order, trade)

    def _fill(self, order: LiveOrder, trade: Trade) -> None:
        form = order.form
        pair = form.listing.pair
        size, volume = amounts(pair, trade.price, trade.qty)
        paid, got = (size, volume) if form.side == "sell" else (volume, size)
        got_token = pair.quote.token_id if form.side == "sell" else pair.base.token_id
        order.filled_size += size
        order.filled_volume += volume
        order.held -= paid
        order.updated_ns = trade.at_ns
        self.ledger.move(form.account, form.sell_token, -paid, from_lock=True)
        self.ledger.move(form.account, got_token, got)
        if order.filled_size == form.size:
            self._end(order, "processed", trade.at_ns)
        else:
            self.when_order(order, trade.at_ns)

    def _expire(self, order: LiveOrder, at_ns: int) -> None:
        if order.status == "processing":
            self._market(order).cancel(order.book_id, at_ns)
            self._end(order, "expired", at_ns)

    def _end(self, order: LiveOrder, status: str, now_ns: int) -> None:
        self._now_ns = now_ns
        order.status, order.updated_ns = status, now_ns
        self._by_book.pop(order.book_id, None)
        self.ledger.lock(order.form.account, order.form.sell_token, -order.held)
        order.held = 0
        self.when_order(order, now_ns)


def amounts(pair: Pair, price: Decimal, qty: Decimal) -> tuple[int, int]:
    """Base and quote of a quantity at a price, in the tokens' smallest units; what is smaller than one falls away."""
    size = qty.scaleb(pair.base.decimals, _WIDE)
    volume = _WIDE.multiply(price, qty).scaleb(pair.quote.decimals, _WIDE)
    return int(size.to_integral_value(ROUND_FLOOR, _WIDE)), int(volume.to_integral_value(ROUND_FLOOR, _WIDE))


def number(value: Decimal) -> str:
    """A price as the venue writes it."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown_in_push(order: LiveOrder) -> dict[str, Any]:
    """The ``data`` of an order push."""
    form = order.form
    return {
        "hash": form.hash,
        "clientOrderId": form.client_order_id,
        "size": str(form.size),
        "volume": str(form.volume),
        "price": number(form.price),
        "filledSize": str(order.filled_size),
        "filledVolume": str(order.filled_volume),
        "filledFee": "0",
        "status": order.status,
        "createdAt": str(order.created_ns // SECOND),
        "updateAt": str(order.updated_ns // SECOND),
        "validSince": str(order.created_ns // SECOND),
        "validUntil": str(form.valid_until_s),
        "side": form.side,
        "market": form.listing.pair.market,
    }


def shown_in_list(order: LiveOrder) -> dict[str, Any]:
    """An order of ``GET /api/v3/orders``."""
    form = order.form
    return {
        "hash": form.hash,
        "clientOrderId": form.client_order_id,
        "side": form.side.upper(),
        "market": form.listing.pair.market,
        "price": number(form.price),
        "volumes": {
            "baseAmount": str(form.size),
            "quoteAmount": str(form.volume),
            "baseFilled": str(order.filled_size),
            "quoteFilled": str(order.filled_volume),
            "fee": "0",
        },
        "validity": {"start": order.created_ns // SECOND, "end": form.valid_until_s},
        "orderType": form.order_type,
        "tradeChannel": form.trade_channel,
        "status": order.status,
        "storageInfo": {"accountId": form.account, "tokenId": form.sell_token, "storageId": form.storage_id},
    }


def _probe(form: OrderForm) -> Order:
    return Order(order_id=-1, owner=form.account, side=form.side, price=form.price, qty=form.qty)
