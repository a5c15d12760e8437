"""The REST siblings without their socket: the same operations, the same limits, and the lists that settle doubts."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from wsreplay.venues.keys import is_address
from wsreplay.venues.limits import FixedWindow
from wsreplay.venues.reya.errors import Code, Refused
from wsreplay.venues.reya.orders import text
from wsreplay.venues.reya.trade_handler import OPERATIONS, InternalFailureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.venues.reya.markets import Market
    from wsreplay.venues.reya.orders import Trade
    from wsreplay.venues.reya.trade_handler import Outcome, TradeHandler

PAGE = 100
"""How many executions one answer lists at most."""

type Done = Callable[[int, Any], None]
"""Called once with the status and the JSON body."""


class Rest:
    """Routes of ``/v2``."""

    def __init__(self, handler: TradeHandler, requests_per_minute: int) -> None:
        self._handler = handler
        self._exchange = handler.exchange
        self._edge = FixedWindow(requests_per_minute)

    def respond(self, method: str, target: str, body: bytes, peer: str, now_ns: int, done: Done) -> None:
        """Answer one request; an order's answer may come later."""
        if not self._edge.take(peer, now_ns):
            done(429, {"error": "TOO_MANY_REQUESTS", "message": "Too many requests from this address"})
            return
        address = urlsplit(target)
        parts = [part for part in address.path.split("/") if part]
        if len(parts) < 2 or parts[0] != "v2":
            done(404, _error("NOT_FOUND", f"No such path: {address.path}"))
        elif len(parts) == 2 and parts[1] in OPERATIONS:
            self._operate(method, parts[1], body, now_ns, done)
        elif method != "GET":
            done(405, _error("METHOD_NOT_ALLOWED", f"{method} is not for {address.path}"))
        else:
            try:
                found = self._look_up(parts[1:], parse_qs(address.query), now_ns)
            except Refused as refused:
                done(400, _error(refused.code, refused.message))
                return
            done(*((404, _error("NOT_FOUND", f"No such path: {address.path}")) if found is None else (200, found)))

    def _operate(self, method: str, op: str, body: bytes, now_ns: int, done: Done) -> None:
        if method != "POST":
            done(405, _error("METHOD_NOT_ALLOWED", f"{op} is a POST"))
            return
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            done(400, _error(Code.INPUT_VALIDATION, "Body is not JSON"))
            return
        try:
            self._handler.handle(op, fields, now_ns, partial(_answer, done))
        except InternalFailureError:
            done(500, _error("INTERNAL_SERVER_ERROR", "Internal failure"))

    def _look_up(self, parts: list[str], query: dict[str, list[str]], now_ns: int) -> Any:
        markets = self._exchange.markets.values()
        match parts:
            case ["marketDefinitions"] | ["perpMarketDefinitions"]:
                return [_perp_definition(market) for market in markets if not market.spot]
            case ["spotMarketDefinitions"]:
                return [_spot_definition(market) for market in markets if market.spot]
            case ["market", symbol, "depth"]:
                return self._depth(self._handler.rules.market(symbol), now_ns)
            case ["wallet", wallet, resource]:
                if not is_address(wallet):
                    raise Refused(Code.INPUT_VALIDATION, "address must be 20 bytes in hexadecimal")
                return self._wallet(wallet, resource, query)
            case _:
                return None

    def _wallet(self, wallet: str, resource: str, query: dict[str, list[str]]) -> Any:
        accounts = self._handler.rules.owned_by(wallet)
        if resource == "openOrders":
            return self._exchange.orders_of(accounts)
        kinds: dict[str, Callable[[Trade], bool]] = {
            "perpExecutions": lambda trade: not trade.spot,
            "spotExecutions": lambda trade: trade.spot and not trade.busted,
            "spotExecutionBusts": lambda trade: trade.busted,
        }
        if resource not in kinds:
            return None
        since, until = _milliseconds(query, "startTime", 0), _milliseconds(query, "endTime", 1 << 63)
        listed: list[dict[str, Any]] = []
        for trade in reversed(self._exchange.trades):
            if kinds[resource](trade) and since <= trade.settled_ns // 1_000_000 <= until:
                sides = [trade.taker] if trade.spot else dict.fromkeys((trade.taker, trade.maker))
                mine = accounts & {trade.taker, trade.maker}
                listed += [trade.listed(account) for account in sides if account in mine or (trade.spot and mine)]
        page = listed[:PAGE]
        meta: dict[str, int] = {"limit": PAGE, "count": len(page)}
        if page:
            meta |= {"endTime": page[0]["timestamp"], "startTime": page[-1]["timestamp"]}
        return {"data": page, "meta": meta}

    def _depth(self, market: Market, now_ns: int) -> dict[str, Any]:
        book = self._exchange.books[market.symbol]
        return {
            "symbol": market.symbol,
            "type": "SNAPSHOT",
            "bids": [{"px": text(price), "qty": text(qty)} for price, qty in book.depth("buy")],
            "asks": [{"px": text(price), "qty": text(qty)} for price, qty in book.depth("sell")],
            "updatedAt": now_ns // 1_000_000,
        }


def _answer(done: Done, outcome: Outcome, _: int) -> None:
    if isinstance(outcome, Refused):
        done(400, _error(outcome.code, outcome.message))
    else:
        done(200, outcome)


def _error(code: str, message: str) -> dict[str, str]:
    return {"error": code, "message": message}


def _milliseconds(query: dict[str, list[str]], name: str, default: int) -> int:
    given = query.get(name, [""])[0]
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 20):
        raise Refused(Code.INPUT_VALIDATION, f"{name} must be milliseconds since 1970")
    return int(given)


def _spot_definition(market: Market) -> dict[str, Any]:
    return {
        "symbol": market.symbol,
        "marketId": market.market_id,
        "baseAsset": market.base,
        "quoteAsset": market.quote,
        "minOrderQty": text(market.min_qty),
        "qtyStepSize": text(market.step),
        "tickSize": text(market.tick),
    }


def _perp_definition(market: Market) -> dict[str, Any]:
    return {
        "symbol": market.symbol,
        "marketId": market.market_id,
        "minOrderQty": text(market.min_qty),
        "qtyStepSize": text(market.step),
        "tickSize": text(market.tick),
        "liquidationMarginParameter": text(market.initial_margin / 2),
        "initialMarginParameter": text(market.initial_margin),
        "maxLeverage": int(1 / market.initial_margin),
        "oiCap": "10000",
    }
