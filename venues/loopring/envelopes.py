"""From Loopring's WebSocket messages to envelopes: role, correlation, subscriptions, versions, order facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.loopring.orders import side_of, time_ns
from wsreplay.venues.loopring.topics import ALL_OF, channel_of, channels_of
from wsreplay.venues.loopring.wire import is_set, plain, read_message, read_order, text, whole

if TYPE_CHECKING:
    from wsreplay.venues.envelope import Sender
    from wsreplay.venues.loopring.wire import Message, Topic

NOTHING = Envelope()
_PING, _PONG = Envelope(role="heartbeat", op="ping"), Envelope(role="heartbeat", op="pong")
_HEARTBEATS: dict[str | bytes, Envelope] = {"ping": _PING, b"ping": _PING, "pong": _PONG, b"pong": _PONG}
_PARTS = {"sub": "subscribe", "unSub": "unsubscribe"}
_EVERYTHING = Envelope(op="unsubscribe")


def read_envelope(payload: str | bytes, sender: Sender) -> Envelope:
    """Read one WebSocket message."""
    if len(payload) == 4 and (heartbeat := _HEARTBEATS.get(payload)) is not None:
        return heartbeat
    message = read_message(payload)
    if message is None:
        return NOTHING
    if sender == "client":
        return NOTHING if message.op is None and message.topics is None else _request(message)
    if message.topic is not None:
        return _push(message, message.topic)
    return NOTHING if message.result is None else _reply(message)


def is_control(message: Message) -> bool:
    """Whether this has the shape of a request or its reply: an operation on topics that are objects with names."""
    return message.op in _PARTS and bool(message.topics) and all(topic.topic for topic in message.topics or ())


def _request(message: Message) -> Envelope:
    op = _PARTS.get(message.op or "")
    topics = message.topics or []
    parts: list[Envelope] = []
    if op is not None:
        if is_set(message.unsubscribe_all):
            parts.append(_EVERYTHING)
        parts += (_part(op, topic) for topic in topics if topic.name is not None)
    symbols = {topic.market for topic in topics}
    return Envelope(
        role="request",
        op=message.op,
        key=text(message.sequence),
        channel=channels_of(topics),
        symbol=symbols.pop() if len(symbols) == 1 else None,
        parts=tuple(parts),
    )


def _part(op: str, topic: Topic) -> Envelope:
    all_of_it = op == "unsubscribe" and is_set(topic.unsubscribe_all)
    return Envelope(
        op=op,
        channel=f"{topic.name}:{ALL_OF}" if all_of_it else channel_of(topic),
        symbol=topic.market if topic.market is not None else topic.pool_address,
        account=text(topic.account_id),
    )


def _reply(message: Message) -> Envelope:
    result = message.result
    assert result is not None
    code = None
    if result.error is not None or (result.status or "").lower() != "ok":
        code = (result.error and text(result.error.code)) or "failed"
    return Envelope(
        role="reply",
        op=message.op,
        key=text(message.sequence),
        channel=channels_of(message.topics or ()),
        error_code=code,
    )


def _push(message: Message, topic: Topic) -> Envelope:
    name = topic.name
    if name == "order" and (order := read_order(message.data)) is not None:
        # It names no account: it is that of the subscription.
        return Envelope(
            role="push",
            op=name,
            channel=channel_of(topic),
            symbol=order.market if order.market is not None else topic.market,
            order_id=text(order.hash),
            client_order_id=text(order.client_order_id),
            side=None if order.side is None else side_of(order.side),
            status=order.status,
            price=text(order.price),
            qty=text(order.size),
            venue_at_ns=time_ns(message.ts),
        )
    data = plain(message.data) if name == "account" else None
    return Envelope(
        role="push",
        op=name,
        channel=channel_of(topic),
        symbol=topic.market if topic.market is not None else topic.pool_address,
        account=text(data.get("accountId")) if isinstance(data, dict) else None,
        # Of a book that is sent whole each time nothing is lost with a version that was not seen.
        status="snapshot" if message.end_version is not None and is_set(topic.snapshot) else None,
        venue_at_ns=time_ns(message.ts),
        venue_seq=whole(message.end_version),
        venue_seq_from=whole(message.start_version),
    )
