"""What is pushed, and when: every topic, to all who subscribed to it."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from wsreplay.venues.loopring.books import BookView
from wsreplay.venues.loopring.candles import Candles
from wsreplay.venues.loopring.exchange import amounts, number, shown_in_push
from wsreplay.venues.loopring.orders import MS
from wsreplay.venues.loopring.requests import BOOK_COUNT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.loopring.exchange import Exchange, LiveOrder
    from wsreplay.venues.loopring.requests import Subscription
    from wsreplay.venues.loopring.setup import Listing, LoopringSetup, Pool
    from wsreplay.venues.market import Change, Trade
    from wsreplay.venues.matching import Side


class Audience(Protocol):
    """Who listens."""

    def of(self, topic: str) -> Iterable[tuple[int, Subscription]]:
        """All subscriptions to a topic, each with its connection."""
        ...


class _Tape:
    """What happened in one market and was not pushed yet."""

    def __init__(self, listing: Listing, version: int) -> None:
        self.candles = Candles(listing.pair, listing.price)
        self.version = version
        """Of the book as it was last pushed."""
        self.touched: dict[tuple[Side, Decimal], None] = {}
        self.trades: list[Trade] = []
        self.book_due = self.ticker_due = self.traded = False


class Feeds:
    """Turns what happens into pushes."""

    def __init__(
        self,
        setup: LoopringSetup,
        exchange: Exchange,
        agenda: Agenda,
        audience: Audience,
        say: Callable[[int, Any], None],
    ) -> None:
        self._setup = setup
        self._exchange = exchange
        self._agenda = agenda
        self._audience = audience
        self._say = say
        self._chance = Random(f"{setup.seed} pools and blocks")  # noqa: S311 - repeatable, not secret
        markets = exchange.floor.markets
        self._tapes = {name: _Tape(each, markets[name].version) for name, each in exchange.listings.items()}
        self._pools = {pool.address.lower(): [pool.base, pool.quote, pool.shares] for pool in setup.pools}
        self._block = 1 + self._chance.randrange(10_000)
        exchange.floor.listen(self._heard)
        exchange.when_order = self._order
        exchange.when_balance = self._balance
        for pool in setup.pools:
            self._wait(setup.delays.pool_ms, partial(self._swap, pool))
        self._wait(setup.delays.block_ms, self._make_block)

    def pool(self, address: str) -> list[int] | None:
        """What is in a pool: base, quote, and shares of it."""
        return self._pools.get(address.lower())

    # Books, trades, tickers, candlesticks

    def _heard(self, change: Change) -> None:
        tape = self._tapes[change.symbol]
        for level in change.levels:
            tape.touched[level.side, level.price] = None
        for trade in change.trades:
            tape.candles.add(trade)
            tape.trades.append(trade)
            tape.traded = True
        if not tape.book_due:
            tape.book_due = True
            self._agenda.at(change.at_ns + self._setup.delays.book_ms * MS, partial(self._push_book, change.symbol))
        if not tape.ticker_due:
            tape.ticker_due = True
            self._agenda.at(change.at_ns + self._setup.delays.ticker_ms * MS, partial(self._push_ticker, change.symbol))

    def _push_book(self, name: str, now_ns: int) -> None:
        tape, market = self._tapes[name], self._exchange.floor.markets[name]
        listing = self._exchange.listings[name]
        touched, trades, start = tape.touched, tape.trades, tape.version
        tape.touched, tape.trades, tape.version, tape.book_due = {}, [], market.version, False
        views: dict[int, BookView] = {}
        for conn, each in self._of_market("orderbook", name) if touched else ():
            level = each.topic["level"]
            view = views.setdefault(level, BookView(market, listing, level))
            whole = each.topic.get("snapshot", False)
            slots = view.best(each.topic.get("count", BOOK_COUNT)) if whole else view.changed(touched)
            # In the venue's example one version is a number and the other text.
            self._push(conn, each, slots, now_ns, startVersion=start, endVersion=str(market.version))
        if trades:
            made = [self._trade(listing, trade) for trade in trades]
            for conn, each in self._of_market("trade", name):
                self._push(conn, each, made, now_ns)

    def _push_ticker(self, name: str, now_ns: int) -> None:
        tape, market = self._tapes[name], self._exchange.floor.markets[name]
        traded, tape.traded, tape.ticker_due = tape.traded, False, False
        for conn, each in self._of_market("ticker", name):
            self._push(conn, each, tape.candles.ticker(market, now_ns), now_ns)
        for conn, each in self._of_market("candlestick", name) if traded else ():
            self._push(conn, each, tape.candles.candlestick(each.topic["interval"], now_ns), now_ns)

    @staticmethod
    def _trade(listing: Listing, trade: Trade) -> list[str]:
        size, _ = amounts(listing.pair, trade.price, trade.qty)
        return [str(trade.at_ns // MS), str(trade.number), trade.taker_side, str(size), number(trade.price), "0"]

    # Orders and accounts

    def _order(self, order: LiveOrder, now_ns: int) -> None:
        for conn, each in self._of_market("order", order.form.listing.pair.market):
            if order.form.account in each.accounts:
                self._push(conn, each, shown_in_push(order), now_ns)

    def _balance(self, account: int, token: int, now_ns: int) -> None:
        ledger = self._exchange.ledger
        total, locked = str(ledger.total(account, token)), str(ledger.locked(account, token))
        for conn, each in self._audience.of("account"):
            if account not in each.accounts:
                continue
            data: dict[str, Any]
            if each.topic.get("v3", False):
                data = {"accountId": account, "tokenId": token, "total": total, "locked": locked}
            else:
                data = {"accountId": account, "totalAmount": total, "tokenId": token, "amountLocked": locked}
            self._push(conn, each, data, now_ns)

    # Pools and blocks

    def _swap(self, pool: Pool, now_ns: int) -> None:
        """Somebody swaps: base times quote stays as it is, but for what is rounded to the pool's good."""
        held = self._pools[pool.address.lower()]
        product = held[0] * held[1]
        held[0] += round(held[0] * self._chance.uniform(-0.001, 0.001))
        held[1] = -(-product // held[0])
        for conn, each in self._audience.of("ammpool"):
            if each.topic["poolAddress"].lower() == pool.address.lower():
                self._push(conn, each, [[str(held[0]), str(held[1])], str(held[2])], now_ns)
        self._wait(self._setup.delays.pool_ms, partial(self._swap, pool))

    def _make_block(self, now_ns: int) -> None:
        self._block += 1
        for conn, each in self._audience.of("blockgen"):
            data = self._full_block(now_ns) if each.topic.get("verbose", False) else {"blockid": self._block}
            self._push(conn, each, [data], now_ns)
        self._wait(self._setup.delays.block_ms, self._make_block)

    def _full_block(self, now_ns: int) -> dict[str, Any]:
        return {
            "blockId": self._block,
            "blockSize": 64,
            "exchange": self._setup.exchange,
            "txHash": f"0x{Random(self._block).getrandbits(256):064x}",  # noqa: S311 - made up, and the same each time
            "status": "pending",
            "createdAt": now_ns // MS,
            "transactions": [],
        }

    # Private parts

    def _of_market(self, topic: str, market: str) -> list[tuple[int, Subscription]]:
        return [(conn, each) for conn, each in self._audience.of(topic) if each.topic["market"] == market]

    def _push(self, conn: int, to: Subscription, data: Any, now_ns: int, **more: Any) -> None:
        self._say(conn, {"topic": to.topic, "ts": now_ns // MS, **more, "data": data})

    def _wait(self, about_ms: int | None, action: Callable[[int], None]) -> None:
        if about_ms is not None:
            self._agenda.at(self._agenda.now_ns + round(about_ms * MS * self._chance.uniform(0.5, 1.5)), action)
