"""Loopring's REST API: connect keys, orders, and the lists that resolve what a lost answer left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from msgspec.structs import replace

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.loopring.orders import listed, requested, time_ns
from wsreplay.venues.loopring.tokens import tokens_at
from wsreplay.venues.loopring.topics import channel_of
from wsreplay.venues.loopring.wire import Topic, plain, text, whole

if TYPE_CHECKING:
    from wsreplay.venues.envelope import HttpMessage

WS_KEY = "getWsKey"
SUBMIT, CANCEL, ORDER, ORDERS = "submitOrder", "cancelOrder", "getOrderDetail", "getOrders"
DEPTH, BALANCES, STORAGE = "getDepth", "getUserBalances", "getNextStorageId"

_OPERATIONS = {
    ("GET", "ws/key"): WS_KEY,
    ("POST", "order"): SUBMIT,
    ("DELETE", "order"): CANCEL,
    ("GET", "order"): ORDER,
    ("GET", "orders"): ORDERS,
    ("GET", "depth"): DEPTH,
    ("GET", "user/balances"): BALANCES,
    ("GET", "storageId"): STORAGE,
    ("GET", "apiKey"): "getApiKey",
    ("POST", "apiKey"): "applyApiKey",
    ("GET", "timestamp"): "getTimestamp",
    ("GET", "trade"): "getMarketTrade",
    ("GET", "exchange/tokens"): "getTokens",
    ("GET", "exchange/markets"): "getMarkets",
}
"""By method and what follows the version in the path; named as the pages of the venue's documentation are."""
_ABOUT_ONE_ORDER = frozenset({SUBMIT, CANCEL})


def read_http(message: HttpMessage, request: HttpMessage | None) -> Envelope:
    """Read a REST request, or the response to ``request``."""
    asked = message if message.status is None else request
    if asked is None:
        return Envelope()
    op = operation_of(asked.method, asked.url)
    if op is None:
        return Envelope()
    wanted = parameters_of(asked)
    if message.status is None:
        return _request(op, asked, wanted)
    return _response(op, message, wanted)


def operation_of(method: str, url: str) -> str | None:
    """What is asked for; None where the address is not of this API."""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    for at, part in enumerate(parts):
        if part in ("v2", "v3"):
            resource = "/".join(parts[at + 1 :])
            return _OPERATIONS.get((method.upper(), resource), f"{method.upper()} {resource}") if resource else None
    return None


def parameters_of(request: HttpMessage) -> dict[str, Any]:
    """Parameters of a query; of a body, where it has some."""
    body = plain(request.body) if request.body else None
    return dict(parse_qsl(urlsplit(request.url).query)) | (body if isinstance(body, dict) else {})


def refusal_in(body: object, status: int) -> str | None:
    """The code of a refusal, which stands in the body or in an object of it."""
    # That it was too often says the status alone.
    if isinstance(body, dict) and status != 429:
        for said in (body.get("resultInfo"), body):
            code = text(said.get("code")) if isinstance(said, dict) else None
            if code is not None and code != "0":
                return code
    return f"HTTP_{status}" if status >= 400 else None


def _request(op: str, asked: HttpMessage, wanted: dict[str, Any]) -> Envelope:
    if op == SUBMIT:
        return replace(requested(wanted, tokens_at(asked.url)), role="request", op=op)
    return Envelope(
        role="request",
        op=op,
        channel=_book_of(wanted) if op == DEPTH else None,
        symbol=text(wanted.get("market")),
        account=text(wanted.get("accountId")),
        order_id=text(wanted.get("orderHash")),
        client_order_id=text(wanted.get("clientOrderId")),
    )


def _response(op: str, message: HttpMessage, wanted: dict[str, Any]) -> Envelope:
    body = plain(message.body)
    account = text(wanted.get("accountId"))
    code = refusal_in(body, message.status or 0)
    if code is None and op in _ABOUT_ONE_ORDER and not isinstance(body, dict):
        code = f"HTTP_{message.status}"
    if code is not None or not isinstance(body, dict):
        return Envelope(role="reply", op=op, account=account, error_code=code)
    if op in _ABOUT_ONE_ORDER:
        status = text(body.get("status"))
        return Envelope(
            role="reply",
            op=op,
            account=account,
            order_id=text(body.get("hash")),
            client_order_id=text(body.get("clientOrderId")),
            status=status,
            error_code="failed" if op == SUBMIT and status == "failed" else None,
        )
    if op == ORDER:
        return replace(listed(body, account), role="reply", op=op)
    if op == ORDERS:
        orders = body.get("orders")
        parts = (
            tuple(listed(each, account) for each in orders if isinstance(each, dict))
            if isinstance(orders, list)
            else ()
        )
        return Envelope(role="reply", op=op, account=account, parts=parts)
    if op == DEPTH:
        return Envelope(
            role="reply",
            op=op,
            channel=_book_of(wanted),
            symbol=text(body.get("market")),
            status="snapshot",
            venue_at_ns=time_ns(body.get("timestamp")),
            venue_seq=whole(body.get("version")),
        )
    return Envelope(role="reply", op=op, account=account)


def _book_of(wanted: dict[str, Any]) -> str | None:
    """The channel of the book whose depth is asked for."""
    return channel_of(Topic(topic="orderbook", market=text(wanted.get("market")), level=text(wanted.get("level"))))
