"""Reya's REST siblings: the same operations over HTTP, and the lists that resolve what a socket left open."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.reya.envelopes import NOTHING, facts_in, request_facts
from wsreplay.venues.reya.wire import OPERATIONS, plain, read_payload

if TYPE_CHECKING:
    from wsreplay.venues.envelope import HttpMessage

_LISTS = frozenset({"openOrders", "perpExecutions", "spotExecutions", "spotExecutionBusts"})
DEFINITIONS = frozenset({"marketDefinitions", "perpMarketDefinitions", "spotMarketDefinitions"})


def read_http(message: HttpMessage, request: HttpMessage | None) -> Envelope:
    """Read a REST request, or the response to ``request``."""
    asked = message if message.status is None else request
    if asked is None:
        return NOTHING
    op, wallet = resource_of(asked.url)
    if op is None:
        return NOTHING
    channel = None if wallet is None else f"/v2/wallet/{wallet}/{op}"
    if message.status is None:
        if op in OPERATIONS:
            return request_facts(op, None, read_payload(plain(message.body)))
        return Envelope(role="request", op=op, channel=channel)
    return _response(message, op, channel)


def resource_of(url: str) -> tuple[str | None, str | None]:
    """What a REST address asks for, and whose: ``openOrders`` of a wallet, ``createOrder``, …"""
    parts = [part for part in urlsplit(url).path.split("/") if part]
    if not parts or "v2" not in parts:
        return None, None
    parts = parts[parts.index("v2") + 1 :]
    if len(parts) == 3 and parts[0] == "wallet":
        return parts[2], parts[1].lower()
    return (parts[-1], None) if parts else (None, None)


def _response(message: HttpMessage, op: str, channel: str | None) -> Envelope:
    body = plain(message.body)
    status = message.status or 0
    if status >= 400 or (op in OPERATIONS and not isinstance(body, dict)):
        code = body.get("error") if isinstance(body, dict) else None
        return Envelope(
            role="reply", op=op, channel=channel, error_code=code if isinstance(code, str) else f"HTTP_{status}"
        )
    if op in _LISTS:
        return Envelope(role="reply", op=op, channel=channel, parts=facts_in(op, body))
    if op not in OPERATIONS:
        return Envelope(role="reply", op=op, channel=channel)
    payload = read_payload(body)
    return Envelope(
        role="reply",
        op=op,
        account=None if payload.account_id is None else str(payload.account_id),
        order_id=None if payload.order_id is None else str(payload.order_id),
        client_order_id=None if payload.client_order_id is None else str(payload.client_order_id),
        status=payload.status,
    )
