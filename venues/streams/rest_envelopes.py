"""The REST siblings under ``/api/v1``: orders, and the market data that a client asks for when it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.streams.envelopes import NOTHING
from wsreplay.venues.streams.orders import listed_order, order_in
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


def _request(op: str, fields: dict[str, Any]) -> Envelope:
    order = order_in(fields)
    return Envelope(
        role="request",
        op=op,
        symbol=order.symbol,
        account=order.account,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        side=order.side,
        price=order.price,
        qty=order.qty,
        intent=order.intent if op == "createOrder" else None,
    )


def _response(op: str, message: HttpMessage, asked: HttpMessage) -> Envelope:
    status = message.status or 0
    body = plain(message.body) if message.body else None
    if status >= 400:
        code = body.get("code") if isinstance(body, dict) else None
        return Envelope(role="reply", op=op, error_code=text_of(code) or f"HTTP_{status}")
    symbol = order_in(_fields(asked)).symbol
    if isinstance(body, list):
        read = {"openOrders": listed_order, "cancelAllOrders": listed_order, "trades": _trade}.get(op)
        parts = () if read is None else tuple(read(row, symbol) for row in body if isinstance(row, dict))
        return Envelope(role="reply", op=op, symbol=symbol, parts=parts)
    if not isinstance(body, dict):
        return Envelope(role="reply", op=op, symbol=symbol)
    said = text_of(body.get("status"))
    # A refusal comes with 200 like everything else: only its words tell.
    refusal = said if said is not None and said.startswith("Failed") else None
    if op == "openOrder" and refusal is None:
        return Envelope(role="reply", op=op, symbol=symbol, parts=(listed_order(body, symbol),))
    order = order_in(body)
    return Envelope(
        role="reply",
        op=op,
        symbol=symbol,
        account=order.account,
        order_id=order.order_id or text_of(body.get("id")),
        client_order_id=order.client_order_id,
        status=None if refusal else said,
        error_code=refusal,
        venue_seq=whole(body.get("lastUpdateId")),
    )


def _trade(trade: dict[str, Any], symbol: str | None) -> Envelope:
    """One trade of a list; the order that it names is the one that had rested, and so is its owner."""
    told = order_in(trade, symbol)
    return Envelope(
        symbol=told.symbol,
        account=text_of(trade.get("other_user_id")),
        order_id=told.order_id,
        price=told.price,
        qty=told.qty,
        venue_at_ns=nanoseconds(trade.get("timestamp")),
    )
