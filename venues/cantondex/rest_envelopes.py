"""CantonDEX's REST API, where orders are placed: requests, answers and lists as envelopes."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from wsreplay.venues.cantondex.envelopes import NOTHING, order_facts, trade_facts
from wsreplay.venues.cantondex.wire import number_in, plain, read_fields
from wsreplay.venues.envelope import Envelope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsreplay.venues.envelope import HttpMessage

_PREFIXES = frozenset({"v1", "api"})
_NAMED = {
    "orders": "order_id",
    "trades": "trade_id",
    "settlements": "settlement_id",
    "accounts": "account_id",
    "deposits": "deposit_id",
    "withdrawals": "withdrawal_id",
}
"""What a resource's elements are named by."""


class Resource(NamedTuple):
    """What a REST request asks for."""

    op: str
    """Method and path as the venue's documents have them: ``DELETE /orders/{order_id}``."""
    name: str | None = None
    """What stands in the place of the braces."""
    query: Mapping[str, str] = MappingProxyType({})


def resource_of(method: str, url: str) -> Resource:
    """What this method wants of this address. Raises ``ValueError`` where the address is none."""
    address = urlsplit(url)
    parts = [unquote(part) for part in address.path.split("/") if part]
    while parts and parts[0] in _PREFIXES:
        parts = parts[1:]
    query = {name: values[-1] for name, values in parse_qs(address.query).items()}
    method, name = method.upper(), None
    if len(parts) > 1 and parts[0] in _NAMED:
        name, parts[1] = parts[1], "{" + _NAMED[parts[0]] + "}"
    elif len(parts) > 2 and parts[0] == "markets":
        # A symbol may have its own slash, escaped or not.
        name, parts = "/".join(parts[1:-1]), ["markets", "{symbol}", parts[-1]]
    elif len(parts) > 2 and parts[0] == "compliance":
        name, parts[2] = parts[2], "{account_id}"
    return Resource(f"{method} /{'/'.join(parts)}", name, query)


def read_http(message: HttpMessage, request: HttpMessage | None) -> Envelope:
    """Read a REST request, or the response to ``request``. Raises ``ValueError`` where the address is none."""
    asked = message if message.status is None else request
    if asked is None or not asked.method:
        return NOTHING
    resource = resource_of(asked.method, asked.url)
    return _request(message, resource) if message.status is None else _response(message, resource)


def _request(message: HttpMessage, resource: Resource) -> Envelope:
    op, name, query = resource
    body = read_fields(plain(message.body)) if message.body else None
    if op == "POST /orders" and body is not None:
        return order_facts(body, role="request", op=op)
    about_order = "{order_id}" in op
    account = name if "{account_id}" in op else query.get("account_id")
    if body is None:
        return Envelope(
            role="request",
            op=op,
            account=account,
            symbol=name if "{symbol}" in op else query.get("symbol"),
            order_id=name if about_order else None,
        )
    return Envelope(
        role="request",
        op=op,
        account=body.account_id or account,
        order_id=name if about_order else None,
        price=number_in(body.price) if about_order else None,
        qty=number_in(body.quantity) if about_order else None,
    )


def _response(message: HttpMessage, resource: Resource) -> Envelope:
    op, status = resource.op, message.status or 0
    body = plain(message.body)
    if status >= 400:
        error = body.get("error") if isinstance(body, dict) else None
        code = error.get("code") if isinstance(error, dict) else error
        return Envelope(role="reply", op=op, error_code=code if type(code) is str and code else f"HTTP_{status}")
    if not isinstance(body, dict):
        return Envelope(role="reply", op=op)
    for listed, read in (("orders", order_facts), ("trades", trade_facts)):
        items = body.get(listed)
        if op == f"GET /{listed}" and isinstance(items, list):
            facts = (read(read_fields(item), role=None) for item in items if isinstance(item, dict))
            return Envelope(role="reply", op=op, parts=tuple(facts))
    if "orders" in op:
        return order_facts(read_fields(body), role="reply", op=op)
    if op == "GET /trades/{trade_id}":
        return trade_facts(read_fields(body), role="reply", op=op)
    about = read_fields(body)
    return Envelope(role="reply", op=op, account=about.account_id, symbol=about.symbol, status=about.status)
