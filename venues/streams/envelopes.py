"""From messages to envelopes: who asked for which streams, what answers that, and what the streams bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.streams.names import StreamName, parsed, raw_stream
from wsreplay.venues.streams.orders import ORDER_EVENTS, pushed_order
from wsreplay.venues.streams.wire import ABSENT, Data, nanoseconds, plain, plain_of, read_message, text_of, whole

if TYPE_CHECKING:
    import msgspec

    from wsreplay.venues.envelope import Sender
    from wsreplay.venues.streams.wire import Message

NOTHING = Envelope()

SUBSCRIPTIONS = {"SUBSCRIBE": "subscribe", "UNSUBSCRIBE": "unsubscribe"}
_BOOKS = frozenset({"depth", "depthUpdate"})
_TRADES = frozenset({"trade", "blockTrade"})
_PRICED = frozenset({"trade", "blockTrade", "aggTrade"})
_COARSE = frozenset({"0", "1", "2", "3"})
"""Binance's codes on its streams say next to nothing without the words up to their colon: 3 is "Invalid JSON"."""


def read_envelope(payload: str | bytes, sender: Sender, *, acks: bool) -> Envelope:
    """Read one WebSocket message. ``acks``: whether this venue answers commands."""
    message = read_message(payload)
    if message is None:
        return NOTHING
    if sender == "client":
        return NOTHING if message.method is None else _command(message, message.method, acks)
    if message.stream is not None:
        if message.data is not None:
            return _push(message.data, message.stream, payload)
        named = parsed(message.stream)
        return Envelope(role="push", op=named.topic, channel=message.stream, symbol=named.symbol)
    if message.error is not ABSENT or (message.code is not ABSENT and message.msg is not None):
        return _refusal(message)
    if message.result is not ABSENT and message.id is not ABSENT:
        return Envelope(role="reply", key=_key(message.id))
    if message.e is not None or message.last_update is not None:
        return _push(message, None, payload)
    return NOTHING


# What a client says


def _command(message: Message, method: str, acks: bool) -> Envelope:
    """A command. What this venue would ignore is a request all the same: its sender waits for what never comes."""
    wish = SUBSCRIPTIONS.get(method.upper())
    streams = _streams(message.params) if wish is not None else ()
    parts = tuple(Envelope(op=wish, channel=stream, symbol=parsed(stream).symbol) for stream in streams)
    return Envelope(
        role="request",
        op=method,
        key=_key(message.id),
        replies=acks,
        channel=streams[0] if len(streams) == 1 else None,
        symbol=parsed(streams[0]).symbol if len(streams) == 1 else None,
        parts=parts,
    )


def _streams(params: msgspec.Raw) -> tuple[str, ...]:
    """Every stream that a command names; the venue may use the first alone."""
    named = plain_of(params)
    if isinstance(named, str):
        return (named,)
    return tuple(name for name in named if isinstance(name, str)) if isinstance(named, list) else ()


# What the venue says


def _refusal(message: Message) -> Envelope:
    error: Any = plain_of(message.error)
    if message.error is ABSENT:
        error = {"code": plain_of(message.code), "msg": message.msg}
    if not isinstance(error, dict):
        error = {"code": error}
    code, words = text_of(error.get("code")), text_of(error.get("msg"))
    if code in _COARSE and words:
        code = f"{code} {words.partition(':')[0]}"
    return Envelope(role="error", op="error", key=_key(message.id), error_code=code or words or "error")


def _push(data: Data, stream: str | None, payload: str | bytes) -> Envelope:
    event = data.e
    named = None if stream is None else parsed(stream)
    if event in ORDER_EVENTS:
        fields = plain(payload)
        inner = fields.get("data") if stream is not None and isinstance(fields, dict) else fields
        return pushed_order(event or "", inner if isinstance(inner, dict) else {}, stream, named)
    channel = stream
    symbol = data.s
    if named is not None:
        symbol = symbol or named.symbol
    elif event is not None and symbol is not None:
        channel = raw_stream(event, symbol)
    at = data.event_time if data.event_time is not None else data.time
    if event in _BOOKS:
        first = whole(data.pu if data.pu is not None else data.first)
        return Envelope(
            role="push",
            op=event,
            channel=channel,
            symbol=symbol,
            venue_at_ns=nanoseconds(at),
            venue_seq=whole(data.u),
            venue_seq_from=first,
        )
    if event in _PRICED:
        return Envelope(
            role="push",
            op=event,
            channel=channel,
            symbol=symbol,
            price=data.p,
            qty=data.q,
            venue_at_ns=nanoseconds(at),
            venue_seq=whole(data.t) if event in _TRADES else whole(plain_of(data.a)),
        )
    if event is None and data.last_update is not None:
        # Some levels of the book, whole each time.
        return Envelope(
            role="push",
            op="depth" if named is None else named.topic,
            channel=channel,
            symbol=symbol,
            status="snapshot",
            venue_seq=whole(data.last_update),
        )
    return Envelope(
        role="push",
        op=event or _topic(named),
        channel=channel,
        symbol=symbol,
        venue_at_ns=nanoseconds(at),
    )


def _topic(named: StreamName | None) -> str | None:
    return None if named is None else named.topic


def _key(raw: msgspec.Raw) -> str | None:
    """A request's id as text: a number's own digits, or the text itself."""
    if raw is ABSENT:
        return None
    return text_of(plain_of(raw))
