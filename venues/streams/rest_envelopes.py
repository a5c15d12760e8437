"""The REST siblings under ``/api/v1``: orders, and the market data that a client asks for when it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.streams.envelopes import NOTHING
from wsreplay.venues.streams.orders import listed_order, order_intent, side_of
from wsreplay.venues.streams.wire import nanoseconds, plain, text_of, whole

if TYPE_CHECKING:
    from wsreplay.venues.envelope import HttpMessage

OPERATIONS = {
    ("POST", "order"): "createOrder",
    ("GET", "order"): "openOrder",
    ("DELETE", "order"): "cancelOrder",
    ("GET", "orders"): "openOrders",
    ("DELETE", "orders"): "cancelAllOrders",
    ("POST", "users"): "createUser",
    ("GET", "depth"): "depth",
    ("GET", "trades"): "trades",
    ("GET", "tickers"): "tickers",
    ("GET", "klines"): "klines",
    ("GET", "health"): "health",
}


def read_http(message: HttpMessage, request: HttpMessage | None) -> Envelope:
    """Read a REST request, or the response to ``request``."""
    asked = message if message.status is None else request
    if asked is None:
        return NOTHING
    op = operation_of(asked)
    if op is None:
        return NOTHING
    if message.status is None:
        return _request(op, _fields(asked))
    return _response(op, message, asked)


def operation_of(asked: HttpMessage) -> str | None:
    """What a REST request does, by its method and its path."""
    parts = [part for part in urlsplit(asked.url).path.split("/") if part]
    if len(parts) < 3 or parts[-3:-1] != ["api", "v1"]:
        return None
    return OPERATIONS.get((asked.method.upper(), parts[-1]))


def _fields(asked: HttpMessage) -> dict[str, Any]:
    """What a request names, in its query or in its body (a GET's body, too: the venue wants it there)."""
    body = plain(asked.body) if asked.body else None
    query = dict(parse_qsl(urlsplit(asked.url).query))
    return query | body if isinstance(body, dict) else query


def _market(fields: dict[str, Any]) -> str | None:
    return text_of(fields.get("market")) or text_of(fields.get("symbol"))


def _request(op: str, fields: dict[str, Any]) -> Envelope:
    account, side = text_of(fields.get("user_id")), side_of(fields.get("side"))
    symbol, price, qty = _market(fields), text_of(fields.get("price")), text_of(fields.get("quantity"))
    return Envelope(
        role="request",
        op=op,
        symbol=symbol,
        account=account,
        order_id=text_of(fields.get("order_id")),
        side=side,
        price=price,
        qty=qty,
        intent=order_intent(account, symbol, side, price, qty) if op == "createOrder" else None,
    )


def _response(op: str, message: HttpMessage, asked: HttpMessage) -> Envelope:
    status = message.status or 0
    if status >= 400:
        return Envelope(role="reply", op=op, error_code=f"HTTP_{status}")
    symbol = _market(_fields(asked))
    body = plain(message.body) if message.body else None
    if isinstance(body, list):
        rows = [row for row in body if isinstance(row, dict)]
        if op == "openOrders":
            return Envelope(role="reply", op=op, symbol=symbol, parts=tuple(listed_order(row, symbol) for row in rows))
        if op == "trades":
            return Envelope(role="reply", op=op, symbol=symbol, parts=tuple(_trade(row, symbol) for row in rows))
        return Envelope(role="reply", op=op, symbol=symbol)
    if not isinstance(body, dict):
        return Envelope(role="reply", op=op, symbol=symbol)
    said = text_of(body.get("status"))
    # A refusal comes with 200 like everything else: only its words tell.
    refusal = said if said is not None and said.startswith("Failed") else None
    if op == "openOrder" and refusal is None:
        return Envelope(role="reply", op=op, symbol=symbol, parts=(listed_order(body, symbol),))
    return Envelope(
        role="reply",
        op=op,
        symbol=symbol,
        account=text_of(body.get("user_id")),
        order_id=text_of(body.get("order_id")),
        status=None if refusal else said,
        error_code=refusal,
        venue_seq=whole(body.get("lastUpdateId")),
    )


def _trade(trade: dict[str, Any], symbol: str | None) -> Envelope:
    """One trade of a list; the order that it names is the one that had rested, and so is its owner."""
    return Envelope(
        symbol=text_of(trade.get("market")) or symbol,
        account=text_of(trade.get("other_user_id")),
        order_id=text_of(trade.get("order_id")),
        price=text_of(trade.get("price")),
        qty=text_of(trade.get("quantity")),
        venue_at_ns=nanoseconds(trade.get("timestamp")),
    )
