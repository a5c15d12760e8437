"""The messages of Loopring's WebSocket as they stand on the wire.

Everything is optional, since a capture holds what was sent and not what should have been. ``data`` is not looked into
here: most of the traffic is order books, and nobody asks for their slots.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec

from wsreplay.venues.sound import sound

type Number = int | str | None
type Flag = bool | str | None
"""One of the venue's own clients writes its flags as strings."""

NO_DATA = msgspec.Raw()


class Topic(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """What a subscription is about, and what a push says it is about."""

    topic: str | None = None
    misspelt: str | None = msgspec.field(default=None, name="topic:")
    """Some of the venue's examples write the name so."""
    market: str | None = None
    level: Number = None
    count: Number = None
    snapshot: Flag = None
    interval: str | None = None
    pool_address: str | None = None
    account_id: Number = None
    unsubscribe_all: Flag = None

    @property
    def name(self) -> str | None:
        """The topic's name, however its key is spelt."""
        return self.topic if self.topic is not None else self.misspelt


class Fault(msgspec.Struct, gc=False):
    """Why a request was refused."""

    code: Number = None
    message: str | None = None


class Result(msgspec.Struct, gc=False):
    """What became of a request."""

    status: str | None = None
    error: Fault | None = None


class Message(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """One message of either side."""

    op: str | None = None
    sequence: Number = None
    unsubscribe_all: Flag = None
    topics: list[Topic] | None = None
    result: Result | None = None
    topic: Topic | None = None
    ts: Number = None
    start_version: Number = None
    end_version: Number = None
    data: msgspec.Raw = NO_DATA


class OrderData(msgspec.Struct, rename="camel", gc=False, kw_only=True):
    """The order of a push, as far as it is told on."""

    hash: Number = None
    client_order_id: Number = None
    market: str | None = None
    side: str | None = None
    status: str | None = None
    price: Number = None
    size: Number = None


_MESSAGE = msgspec.json.Decoder(Message)
_ORDER = msgspec.json.Decoder(OrderData)


def read_message(payload: str | bytes) -> Message | None:
    """Read one message; None where it is no JSON object."""
    try:
        return _MESSAGE.decode(payload)
    except msgspec.ValidationError:
        fields = plain(payload)
        return _tolerantly(fields) if isinstance(fields, dict) else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def read_order(data: msgspec.Raw) -> OrderData | None:
    """Read the ``data`` of an order push; None where it is no JSON object."""
    try:
        return _ORDER.decode(data)
    except msgspec.ValidationError:
        fields = plain(data)
        return sound(fields, OrderData) if isinstance(fields, dict) else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def plain(payload: str | bytes | msgspec.Raw) -> Any:
    """The JSON value with every number's own digits kept: integers exact, fractions as their text; None if none."""
    try:
        return json.loads(bytes(payload) if isinstance(payload, msgspec.Raw) else payload, parse_float=str)
    except (ValueError, RecursionError):
        return None


def strict(payload: str | bytes) -> Any:
    """The JSON value as a venue reads it that has to say it back: None for what can't be written again."""
    try:
        value = msgspec.json.decode(payload)
        msgspec.json.encode(value)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError, OverflowError):
        return None
    return value


def whole(value: object) -> int | None:
    """A whole number, written as one or as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 100:
        return int(value)
    return None


def text(value: object) -> str | None:
    """An id or an amount as text, to the digit; an empty one is none."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def is_set(flag: object) -> bool:
    """Whether a flag is raised."""
    return flag is True or (isinstance(flag, str) and flag.lower() == "true")


def _tolerantly(fields: dict[str, Any]) -> Message:
    """Read what can be read where a field has a type that the venue never gave it."""
    message = sound(
        {name: value for name, value in fields.items() if name != "data" and not isinstance(value, dict)}, Message
    )
    if isinstance(topics := fields.get("topics"), list):
        message.topics = [sound(each, Topic) for each in topics if isinstance(each, dict)]
    if isinstance(topic := fields.get("topic"), dict):
        message.topic = sound(topic, Topic)
    if isinstance(result := fields.get("result"), dict):
        message.result = sound({name: value for name, value in result.items() if name != "error"}, Result)
        if isinstance(error := result.get("error"), dict):
            message.result.error = sound(error, Fault)
    if (data := fields.get("data")) is not None:
        with suppress(UnicodeEncodeError):  # half a surrogate pair, which JSON's escapes can spell
            message.data = msgspec.Raw(msgspec.json.encode(data))
    return message
