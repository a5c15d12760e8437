"""Events as an import observes them: what it can't know is null, and said in the capture's metadata."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

import msgspec

from wsreplay.captures.event import Event
from wsreplay.captures.exchanges import rows_of_exchange
from wsreplay.captures.wire import Exchange, Handshake, Record, What, as_json

type Speaker = Literal["client", "venue"]

LATEST = (1 << 63) - 1
"""The last moment that a capture can hold, in the year 2262."""

_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def mended(text: bytes) -> bytes:
    """JSON without the halves of surrogate pairs, as programs leave them that cut a text in the middle of a letter."""
    return _ESCAPES.sub(lambda escape: rb"\ufffd" if escape["half"] else escape[0], text)


def opened(at_ns: int, conn: int, handshake: Handshake) -> Event:
    """The handshake of a connection."""
    return Event(
        seq=0,
        at_ns=at_ns,
        mono_ns=at_ns,
        first_mono_ns=handshake.asked_mono_ns or at_ns,
        conn=conn,
        sender="client",
        kind="open",
        text=as_json(handshake).decode(),
    )


def said(at_ns: int, conn: int, sender: Speaker, payload: str | bytes) -> Event:
    """A message."""
    text = payload if isinstance(payload, str) else None
    return Event(
        seq=0,
        at_ns=at_ns,
        mono_ns=at_ns,
        first_mono_ns=at_ns,
        # Null would say that it was never handed on: whoever logged it had it.
        relay_ns=0,
        conn=conn,
        sender=sender,
        kind="binary" if text is None else "text",
        text=text,
        data=payload if isinstance(payload, bytes) else None,
    )


def closed(at_ns: int, conn: int, sender: Speaker, code: int | None, reason: str = "") -> Event:
    """A close frame."""
    return Event(
        seq=0,
        at_ns=at_ns,
        mono_ns=at_ns,
        first_mono_ns=at_ns,
        relay_ns=0,
        conn=conn,
        sender=sender,
        kind="close",
        close_code=code,
        close_reason=reason or None,
    )


def exchanged(at_ns: int, conn: int, exchange: Exchange) -> list[Event]:
    """A REST exchange; ``at_ns`` is when it was answered."""
    record = Record(What.HTTP, True, conn, at_ns, at_ns, -1, msgspec.json.encode(exchange))
    rows = rows_of_exchange(record, 0)
    for row in rows:
        row.size = None
    return rows


def ns_of(moment: datetime) -> int:
    """Nanoseconds since 1970; a moment without a time zone is in UTC."""
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


CLOCK = "a clock that only runs forwards: intervals are those of the wall clock"
FRAMES = "ping and pong frames, fragments, compression, sizes on the wire, and how lines ended"
RELAY = "the time a message spent in a recorder (relay_ns is 0), and whether it reached the other side"
