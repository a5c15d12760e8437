"""The REST siblings of the standard: posting an order, and the lists that resolve what the socket left open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.zeroex.envelopes import NOTHING, error_code_of, item_facts, order_facts
from wsreplay.venues.zeroex.orders import is_order_hash
from wsreplay.venues.zeroex.wire import plain, read_items, read_message, read_order

if TYPE_CHECKING:
    from wsreplay.venues.envelope import HttpMessage
    from wsreplay.venues.zeroex.orders import Order

POST = "postOrder"
"""The operation that hands in an order; the others have the names of their paths."""
# Without the underscore: these two ask about prices and fees, and not what became of an order.
_RESOURCES = {
    "orders": "orders",
    "order": "order",
    "orderbook": "orderbook",
    "order_config": "orderconfig",
    "asset_pairs": "asset_pairs",
    "token_pairs": "token_pairs",
    "fee_recipients": "fee_recipients",
}
_VERSION = re.compile(r"v[0-4]")


def read_http(message: HttpMessage, request: HttpMessage | None) -> Envelope:
    """Read a REST request, or the response to ``request``."""
    asked = message if message.status is None else request
    if asked is None:
        return NOTHING
    op, detail, query = resource_of(asked)
    if op is None:
        return NOTHING
    if message.status is not None:
        return _response(message, asked, op, detail)
    if op == POST:
        order = read_order(asked.body)
        return Envelope(role="request", op=op) if order is None else _handing_in(order, op)
    return Envelope(role="request", op=op, symbol=query, order_id=detail)


def resource_of(message: HttpMessage) -> tuple[str | None, str | None, str | None]:
    """What a REST request asks for, of which order, and with which filters."""
    address = urlsplit(message.url)
    parts = [part for part in address.path.split("/") if part]
    at = next((n for n, part in enumerate(parts) if _VERSION.fullmatch(part)), None)
    if at is None or len(parts) < at + 2 or (op := _RESOURCES.get(parts[at + 1])) is None:
        return None, None, None
    detail = parts[at + 2] if len(parts) > at + 2 else None
    if op == "order":
        if detail is None:
            return (POST, None, None) if message.method.upper() == "POST" else (None, None, None)
        return op, detail.lower() if is_order_hash(detail) else detail, None
    wanted = "&".join(f"{name}={value}" for name, value in sorted(parse_qsl(address.query)))
    return op, None, wanted or None


def _handing_in(order: Order, op: str) -> Envelope:
    facts = order_facts(order)
    return Envelope(
        role="request",
        op=op,
        symbol=facts.symbol,
        account=facts.account,
        order_id=facts.order_id,
        qty=facts.qty,
        intent=facts.intent,
    )


def _response(message: HttpMessage, asked: HttpMessage, op: str, detail: str | None) -> Envelope:
    status = message.status or 0
    if status >= 400:
        body = read_message(message.body)
        told = None if body is None or body.code is None else error_code_of(body.code, body.validation_errors)
        return Envelope(role="reply", op=op, order_id=detail, error_code=told or f"HTTP_{status}")
    if op == POST:
        # An empty answer: which order it was, the request says.
        order = read_order(asked.body)
        facts = NOTHING if order is None else order_facts(order)
        return Envelope(role="reply", op=op, account=facts.account, order_id=facts.order_id)
    if op in ("orders", "order", "orderbook"):
        return Envelope(role="reply", op=op, order_id=detail, parts=_listed(op, plain(message.body)))
    return Envelope(role="reply", op=op)


def _listed(op: str, body: Any) -> tuple[Envelope, ...]:
    if not isinstance(body, dict | list):
        return ()
    found: list[Any] = []
    if op == "order":
        found = [body]
    elif isinstance(body, list):
        found = body
    elif op == "orders":
        found = _records(body)
    else:
        found = [each for side in ("bids", "asks") for each in _records(body.get(side))]
    # Version 1 of the REST API lists bare orders.
    items = [each if isinstance(each, dict) and "order" in each else {"order": each} for each in found]
    return tuple(item_facts(item) for item in read_items(items))


def _records(page: Any) -> list[Any]:
    records = page.get("records") if isinstance(page, dict) else page
    return records if isinstance(records, list) else []
