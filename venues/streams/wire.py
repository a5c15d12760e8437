"""The messages as they stand on the wire: commands, answers and pushes, wrapped in their stream's name or raw.

Everything is optional, since a capture holds what was sent and not what should have been. What an envelope does not
need (a book's levels, above all) is passed over, not read.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

type Number = int | str | bool | None
"""Counters and times. Some venues of this family write them as text, and one uses the same letter for a flag."""

ABSENT = msgspec.Raw(b"")


class Data(msgspec.Struct, gc=False):
    """What a push is about. One letter means different things in different events; ``e`` decides."""

    e: str | None = None
    s: str | None = None
    event_time: Number = msgspec.field(default=None, name="E")
    time: Number = msgspec.field(default=None, name="T")
    first: Number = msgspec.field(default=None, name="U")
    u: Number = None
    pu: Number = None
    """The last number of the push before, where a venue says it."""
    t: Number = None
    a: msgspec.Raw = ABSENT
    """The number of an aggregated trade; a side of the book elsewhere."""
    p: str | None = None
    q: str | None = None
    last_update: Number = msgspec.field(default=None, name="lastUpdateId")


class Message(Data, gc=False):
    """One message of either side; a raw push has its members at the top."""

    stream: str | None = None
    data: Data | None = None
    method: str | None = None
    params: msgspec.Raw = ABSENT
    id: msgspec.Raw = ABSENT
    result: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT
    code: msgspec.Raw = ABSENT
    """A refusal without a wrapping."""
    msg: str | None = None


_MESSAGE = msgspec.json.Decoder(Message)


def read_message(payload: str | bytes) -> Message | None:
    """Read one message; None where it is no JSON object."""
    try:
        return _MESSAGE.decode(payload)
    except msgspec.ValidationError:
        fields = plain(payload)
        return _tolerantly(fields) if isinstance(fields, dict) else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def plain(payload: str | bytes) -> Any:
    """The JSON value with every number's own digits kept: integers exact, fractions as their text; None if none."""
    try:
        value = json.loads(payload, parse_float=str)
        # Half a surrogate pair is no text that a capture could hold.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value


def plain_of(raw: msgspec.Raw) -> Any:
    """The same for a member that was left raw."""
    written = bytes(raw)
    return int(written) if written.isdigit() and len(written) <= 78 else plain(written)


def text_of(value: object) -> str | None:
    """A text, or a number's own text; None for all else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def whole(value: object) -> int | None:
    """A counter, exact, however it was written."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 78 else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def nanoseconds(value: object) -> int | None:
    """A time in whatever unit the venue tells it: milliseconds as Binance does, microseconds as Backpack does."""
    number = whole(value)
    if number is None or number < 0:
        return None
    if number < 100_000_000_000_000:
        return number * 1_000_000
    return number * 1_000 if number < 100_000_000_000_000_000 else number


def _tolerantly(fields: dict[str, Any]) -> Message:
    """Read what can be read where a member has a type that is not its own."""
    message = Message()
    _fill(message, fields)
    data = fields.get("data")
    if isinstance(data, dict):
        message.data = Data()
        _fill(message.data, data)
    return message


def _fill(struct: Data, fields: dict[str, Any]) -> None:
    for field in msgspec.structs.fields(type(struct)):
        value = fields.get(field.encode_name, ABSENT)
        if value is ABSENT or field.name == "data":
            continue
        if field.type is msgspec.Raw:
            setattr(struct, field.name, msgspec.Raw(json.dumps(value).encode()))
        elif field.name in ("p", "q"):
            setattr(struct, field.name, text_of(value))
        elif isinstance(value, str) or (field.name in _NUMBERS and isinstance(value, int)):
            setattr(struct, field.name, value)


_NUMBERS = frozenset({"event_time", "time", "first", "u", "pu", "t", "last_update"})
