"""What the word that a venue uses for an operation tells about a message; and the channel that it names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from wsreplay.venues.generic.names import (
    ANSWER_ENDINGS,
    ANSWERS,
    HEARTBEATS,
    NOT_CREATING,
    ON_TOP,
    ORDER_TYPES,
    PUSHES,
    REFUSALS,
    VAGUE,
)

_LONGEST = 200
"""What is longer than this is no operation and no channel, whatever its name."""
_CHANNELS = ("channel", "topic", "stream", "feed")
_SPLIT = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])").findall
_REPEATED_ID = re.compile(
    r"duplicate[\W_]*(request[\W_]*)?id|id[\W_]*(is[\W_]*)?(already[\W_]*in[\W_]*(use|flight)|duplicate)"
)


def plain_name(name: str) -> str:
    """A name as it is compared: letters and digits alone, or a single letter exactly."""
    return name if len(name) == 1 else re.sub(r"[^0-9a-z]", "", name.lower())


class Word(NamedTuple):
    """An operation, as far as its name tells."""

    heartbeat: bool
    """It only says that somebody is there."""
    push: bool
    """From a venue it is news, even under the id of a request."""
    answer: bool
    """From a venue it answers, even without an id."""
    refusal: bool
    vague: bool
    """It names no operation: an envelope's own word ("request"), an order's type or side."""
    subscribes: bool
    about_orders: bool
    creates_none: bool
    """It cancels, changes or asks: its request makes no new order."""
    side: Literal["buy", "sell"] | None
    """It is one of two operations, one for each side."""


@lru_cache(maxsize=4096)
def word(op: str) -> Word:
    """What this operation's name tells."""
    low = op.lower()
    words = {part.lower() for part in _SPLIT(op)}
    return Word(
        heartbeat=low in HEARTBEATS,
        push=low in PUSHES or low.endswith((".update", ":update", "_update")),
        answer=low in ANSWERS or low.endswith(ANSWER_ENDINGS),
        refusal=low in REFUSALS,
        vague=low in VAGUE or low in ORDER_TYPES or low in ("buy", "sell") or len(op) > _LONGEST,
        subscribes="sub" in low,
        about_orders="order" in low,
        creates_none=not words.isdisjoint(NOT_CREATING),
        side="buy" if "buy" in words else "sell" if "sell" in words else None,
    )


def better_op(op: str, message: dict[str, Any]) -> str | None:
    """Another operation than the vague one, if the message has one."""
    for name, value in message.items():
        if plain_name(name) in ON_TOP["op"] and type(value) is str and value and not word(value).vague:
            return value
    return op if op.lower() in VAGUE else None


def channel_in(named: Any, arguments: Any, op: str | None) -> str | None:
    """The channel that a message names, several joined by commas.

    Arguments name channels only of a subscription: of a login they are keys and signatures.
    """
    channel = _channel(named)
    if channel is None and arguments is not None:
        texts = type(arguments) is str or (type(arguments) is list and all(type(item) is str for item in arguments))
        if not (texts and op is not None and word(op).subscribes):
            arguments = _objects_in(arguments)
        channel = _channel(arguments)
    return channel if channel is not None and len(channel) <= _LONGEST else None


def repeats_an_id(error_code: str) -> bool:
    """Whether the venue refuses the use of an id that is still in flight: the request before keeps it."""
    return _REPEATED_ID.search(error_code.lower()) is not None


def _objects_in(arguments: Any) -> Any:
    """The arguments without what only stands among them: names and values of other things."""
    if type(arguments) is list:
        return [_objects_in(item) for item in arguments[:_LONGEST] if type(item) is dict]
    if type(arguments) is dict:
        return {name: value for name, value in arguments.items() if name in _CHANNELS}
    return None


def _channel(named: Any) -> str | None:
    if type(named) is str:
        return named or None
    if type(named) is int:
        return str(named)
    if type(named) is dict:
        found = next((named[name] for name in (*_CHANNELS, "name", "type") if type(named.get(name)) is str), None)
        return found or None
    if type(named) is list:
        channels = [_channel(item) for item in named[:_LONGEST]]
        return ",".join(dict.fromkeys(channel for channel in channels if channel)) or None
    return None
