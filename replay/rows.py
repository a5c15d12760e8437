"""What a replay reads out of a capture's rows. A capture may have been altered: nothing here trusts it."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import msgspec

from wsreplay.captures.event import Event
from wsreplay.venues.envelope import Envelope

_FACTS = (
    "op",
    "channel",
    "order_id",
    "client_order_id",
    "symbol",
    "side",
    "account",
    "status",
    "price",
    "qty",
    "intent",
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OF_THE_LINE = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "keep-alive",
        "sec-websocket-extensions",
        "transfer-encoding",
        "upgrade",
    }
)


def envelope_of(event: Event, parts: tuple[Envelope, ...] = ()) -> Envelope:
    """What the row's decoded columns say, as the envelope that they came from. ``parts``: those of its facts."""
    facts = {name: getattr(event, name) for name in _FACTS}
    return Envelope(role=event.role, key=event.key, error_code=event.error_code, parts=parts, **facts)


def headers_of(said: object) -> tuple[tuple[str, str], ...]:
    """Headers that can be sent: a capture may have been altered, and nothing in it may become a line of its own."""
    pairs = [each for each in said if isinstance(each, list | tuple)] if isinstance(said, list) else []
    return tuple(
        (str(pair[0]), str(pair[1]))
        for pair in pairs
        if len(pair) == 2 and all(str(part).isprintable() for part in pair)
    )


def sendable_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Those headers of a venue's answer that can be sent again: neither of the connection nor of how it was packed."""
    return tuple(
        (name, value)
        for name, value in headers
        if name.lower() not in _OF_THE_LINE and _TOKEN.fullmatch(name) and value.isascii() and value.isprintable()
    )


def json_of(text: str | None) -> dict[str, Any]:
    """The JSON object in a row's text; an empty one where there is none."""
    with contextlib.suppress(msgspec.MsgspecError, RecursionError):
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    return {}
