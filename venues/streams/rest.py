"""The REST siblings without their socket: orders, and the market data to begin with."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from wsreplay.venues.streams.candles import klines, ticker
from wsreplay.venues.streams.exchange import RefusedError
from wsreplay.venues.streams.numbers import decimal_text, level_texts, read_decimal
from wsreplay.venues.streams.rest_envelopes import OPERATIONS
from wsreplay.venues.streams.strict_json import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.gateway import Ask
    from wsreplay.venues.market import Trade
    from wsreplay.venues.streams.exchange import Exchange, Placed
    from wsreplay.venues.streams.feeds import Feeds

PAGE = 100
"""How many trades one answer lists at most."""
_MS = 1_000_000
_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
_SIDES: dict[object, Literal["buy", "sell"]] = {"BUY": "buy", "SELL": "sell"}
_BODIES = {
    "createOrder": ("market", "price", "quantity", "side", "user_id"),
    "cancelOrder": ("order_id", "user_id", "price", "side", "market"),
    "openOrder": ("user_id", "order_id", "market"),
    "openOrders": ("user_id", "market"),
    "cancelAllOrders": ("user_id", "market"),
}
"""What each body must have; a GET's too."""
_QUERIES = {"depth": ("symbol",), "trades": ("symbol",), "klines": ("symbol", "interval", "startTime")}

type Done = Callable[[int, Any, tuple[tuple[str, str], ...]], None]
"""Called once with the status, the body and its headers."""


class _BadRequestError(Exception):
    """What can't be read, with the words in which the venue's framework says so."""


class Rest:
    """Routes of ``/api/v1``."""

    def __init__(self, exchange: Exchange, feeds: Feeds, agenda: Agenda) -> None:
        self._exchange, self._feeds, self._agenda = exchange, feeds, agenda
        self._setup = exchange.setup
        self._chance = Random(f"{self._setup.seed} rest")  # noqa: S311 - repeatable

    def respond(self, ask: Ask, now_ns: int, done: Done) -> None:
        """Answer one request, a moment later; what it does is done at once."""
        status, body = self._answer(ask, now_ns)
        headers = _TEXT if isinstance(body, bytes) else ()
        wait_ns = round(self._chance.uniform(*self._setup.engine_ms) * _MS)
        self._agenda.at(now_ns + wait_ns, lambda _: done(status, body, headers))

    def _answer(self, ask: Ask, now_ns: int) -> tuple[int, Any]:
        try:
            address = urlsplit(ask.target)
        except ValueError:
            return 404, b""
        parts = [part for part in address.path.split("/") if part]
        op = OPERATIONS.get((ask.method, parts[2])) if len(parts) == 3 and parts[:2] == ["api", "v1"] else None
        if op is None:
            return 404, b""
        try:
            if op in _BODIES:
                return self._order(op, _body(ask, _BODIES[op]), now_ns)
            return self._look_up(op, _query(address.query, _QUERIES.get(op, ())), now_ns)
        except _BadRequestError as wrong:
            return 400, str(wrong).encode()

    # Orders

    def _order(self, op: str, body: dict[str, Any], now_ns: int) -> tuple[int, Any]:
        exchange = self._exchange
        symbol, user_id = _text(body, "market"), _text(body, "user_id")
        match op:
            case "createOrder":
                side, price, qty = _side(body), _number(body, "price"), _number(body, "quantity")
                try:
                    order_id = exchange.create(user_id, symbol, side, price, qty, now_ns)
                except RefusedError:
                    return 200, {"status": "Failed to Create Order"}
                if self._chance.random() < self._setup.lost_rate:
                    return 500, b""
                return 200, {"status": "Created Order", "order_id": order_id}
            case "cancelOrder":
                order_id, side, price = _text(body, "order_id"), _side(body), _number(body, "price")
                try:
                    exchange.cancel(symbol, order_id, side, price, now_ns)
                except RefusedError:
                    return 200, {"status": "Failed to Cancel Order"}
                return 200, {"status": "Cancelled Order", "order_id": order_id}
            case "cancelAllOrders":
                try:
                    exchange.cancel_all(user_id, symbol, now_ns)
                except RefusedError:
                    return 200, {"status": "Failed to Cancel All Orders"}
                return 200, {"status": "Cancelled All Orders", "user_id": user_id}
            case "openOrder":
                placed = exchange.open.get(_text(body, "order_id"))
                if placed is None or (placed.user_id, placed.market) != (user_id, symbol):
                    return 200, {"status": "Failed to Retrieve Open Order"}
                return 200, _listed(placed)
            case _:
                return 200, [_listed(placed) for placed in exchange.orders_of(user_id, symbol)]

    # Market data, users

    def _look_up(self, op: str, query: dict[str, str], now_ns: int) -> tuple[int, Any]:
        exchange = self._exchange
        if op == "createUser":
            return 200, {"status": "Created User", "user_id": exchange.add_user()}
        if op == "health":
            return 200, b""
        if op == "tickers":
            told = (ticker(name, list(m.trades), now_ns) for name, m in sorted(exchange.floor.markets.items()))
            return 200, [each for each in told if each is not None]
        symbol = query["symbol"]
        market = exchange.market(symbol)
        if op == "depth":
            return 200, self._depth(symbol)
        trades = [] if market is None else list(market.trades)
        if op == "trades":
            return 200, [self._trade(symbol, trade) for trade in reversed(trades[-PAGE:])]
        since = query["startTime"]
        if not (since.isascii() and since.isdigit() and len(since) < 20):
            return 500, b""  # the venue does not expect it, and falls over
        return 200, klines(trades, query["interval"], int(since))

    def _depth(self, symbol: str) -> dict[str, Any]:
        market = self._exchange.market(symbol)
        bids, asks = ([], []) if market is None else (market.depth("buy"), market.depth("sell"))
        book: dict[str, Any] = {"bids": level_texts(bids), "asks": level_texts(asks)}
        if self._setup.numbered_depth:
            book["lastUpdateId"] = str(self._feeds.version(symbol))
        return book

    def _trade(self, symbol: str, trade: Trade) -> dict[str, Any]:
        return {
            "trade_id": self._feeds.trade_number(trade),
            "market": symbol,
            "price": decimal_text(trade.price),
            "quantity": decimal_text(trade.qty),
            "user_id": self._exchange.user_of(trade.taker),
            "other_user_id": self._exchange.user_of(trade.maker),
            "order_id": self._exchange.name_of(trade.maker_id),
            "timestamp": trade.at_ns // _MS,
        }


def _listed(placed: Placed) -> dict[str, Any]:
    order = placed.order
    return {
        "price": decimal_text(order.price),
        "quantity": decimal_text(order.qty),
        "filled_quantity": decimal_text(order.filled),
        "order_id": placed.order_id,
        "user_id": placed.user_id,
        "side": order.side.upper(),
        "order_type": "LIMIT",
        "order_status": "PartiallyFilled" if order.filled else "Pending",
        "timestamp": placed.at_ns // _MS,
    }


# Reading requests


def _body(ask: Ask, wanted: tuple[str, ...]) -> dict[str, Any]:
    kind = (ask.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise _BadRequestError("Content type error")
    try:
        fields = loads(ask.body, exact=True)
    except ValueError as wrong:
        raise _BadRequestError("Json deserialize error: expected value at line 1 column 1") from wrong
    if not isinstance(fields, dict):
        raise _BadRequestError("Json deserialize error: invalid type, expected a map")
    for name in wanted:
        if name not in fields:
            raise _BadRequestError(f"Json deserialize error: missing field `{name}`")
    return fields


def _query(query: str, wanted: tuple[str, ...]) -> dict[str, str]:
    fields = dict(parse_qsl(query, keep_blank_values=True))
    for name in wanted:
        if name not in fields:
            raise _BadRequestError(f"Query deserialize error: missing field `{name}`")
    return fields


def _text(body: dict[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str):
        raise _BadRequestError(f"Json deserialize error: invalid type for `{name}`, expected a string")
    return value


def _number(body: dict[str, Any], name: str) -> Decimal:
    number = read_decimal(body[name])
    if number is None:
        raise _BadRequestError(f"Json deserialize error: invalid value for `{name}`, expected a Decimal")
    return number


def _side(body: dict[str, Any]) -> Literal["buy", "sell"]:
    side = _SIDES.get(body["side"]) if isinstance(body["side"], str) else None
    if side is None:
        raise _BadRequestError(f"Json deserialize error: unknown variant `{body['side']}`, expected `BUY` or `SELL`")
    return side
