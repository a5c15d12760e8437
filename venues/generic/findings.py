"""Finding facts in a JSON message: which of its names say what, and where in it to look.

Messages of one kind have the same names in the same order. What a given row of names means is worked out once and
remembered, so an ordinary message costs one look-up for each object in it and one for each fact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec

from wsreplay.venues.generic.names import BODIES, INSIDE, LISTED, ON_TOP, TERSE_ORDER, VERB_NAMES
from wsreplay.venues.generic.values import moment_of, number_of, side_of
from wsreplay.venues.generic.words import plain_name

_REMEMBERED = 2048
_LONGEST = 64
"""Venues have dozens of kinds of messages; objects with names that are data (a map by symbol) have endless ones."""
_DEPTH = 3


class Findings(msgspec.Struct, gc=False):
    """What was found in a message, not yet weighed."""

    key: str | None = None
    weak_key: str | None = None
    """A request's number in a client's message, but as likely a feed's own counter in a venue's."""
    op: str | None = None
    channel: Any = None
    arguments: Any = None
    """What is subscribed to, if this is a subscription; of a login the same names hold secrets."""
    symbol: str | None = None
    account: str | None = None
    order_id: str | None = None
    id: str | None = None
    """A bare ``id`` inside a body: an order's, where the body is one."""
    client_order_id: str | None = None
    side: Literal["buy", "sell"] | None = None
    status: str | None = None
    price: str | None = None
    qty: str | None = None
    time: int | None = None
    created: int | None = None
    error: Any = None
    error_code: str | None = None
    code: str | None = None
    """An error's code only if something else says that this is an error."""
    message: str | None = None
    ok: Any = None
    result: Any = None
    """Something that only answers have."""
    order_type: str | None = None
    time_in_force: str | None = None
    trigger_price: str | None = None
    reduce_only: Any = None
    post_only: Any = None


def _as_it_is(value: Any) -> Any:
    return value


_READ: dict[str, Callable[[Any], Any]] = {
    "price": number_of,
    "qty": number_of,
    "trigger_price": number_of,
    "side": side_of,
    "time": moment_of,
    "created": moment_of,
    **dict.fromkeys(("channel", "arguments", "error", "ok", "result", "reduce_only", "post_only"), _as_it_is),
}
"""How to read what is no text."""


class _Shape(NamedTuple):
    """What the names of an object mean."""

    texts: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str, Callable[[Any], Any]], ...]
    bodies: tuple[str, ...]
    lists: tuple[str, ...]
    """Lists of symbols."""
    verb: str | None


class Finder:
    """Finds facts under their usual names."""

    def __init__(self) -> None:
        self._on_top: dict[tuple[str, ...], _Shape] = {}
        self._inside: dict[tuple[str, ...], _Shape] = {}

    def find(self, message: dict[str, Any]) -> tuple[Findings, list[Any] | None]:
        """The facts of a message, and the list of objects in it that may be orders."""
        found = Findings()
        names = tuple(message)
        shape = self._on_top.get(names) or _learn(self._on_top, names, ON_TOP)
        _read(message, shape, found)
        if shape.verb is not None:
            found.op = found.op or shape.verb
            found.channel = found.channel or message[shape.verb]
        return found, self._look_into(message, shape, found, _DEPTH) if shape.bodies else None

    def find_inside(self, body: dict[str, Any]) -> Findings:
        """The facts of one object of a list."""
        found = Findings()
        self._look_inside(body, found, 1)
        return found

    def _look_into(self, message: dict[str, Any], shape: _Shape, found: Findings, depth: int) -> list[Any] | None:
        rows = None
        for name in shape.bodies:
            body = message[name]
            if type(body) is list:
                if not body or type(body[0]) is not dict:
                    continue
                rows = rows or body
                if len(body) > 1:
                    continue
                body = body[0]
            if type(body) is dict and depth:
                rows = self._look_inside(body, found, depth - 1) or rows
        return rows

    def _look_inside(self, body: dict[str, Any], found: Findings, depth: int) -> list[Any] | None:
        names = tuple(body)
        shape = self._inside.get(names) or _learn(self._inside, names, INSIDE)
        _read(body, shape, found)
        return self._look_into(body, shape, found, depth) if shape.bodies else None


def _read(message: dict[str, Any], shape: _Shape, found: Findings) -> None:
    for fact, name in shape.texts:
        if getattr(found, fact) is None:
            value = message[name]
            if type(value) is str:
                if value:
                    setattr(found, fact, value)
            elif type(value) is int:
                setattr(found, fact, str(value))
    for fact, name, read in shape.others:
        if getattr(found, fact) is None:
            setattr(found, fact, read(message[name]))
    for name in shape.lists:
        value = message[name]
        if found.symbol is None and type(value) is list and len(value) == 1 and type(value[0]) is str:
            found.symbol = value[0]


def _learn(
    shapes: dict[tuple[str, ...], _Shape], names: tuple[str, ...], meanings: dict[str, tuple[str, ...]]
) -> _Shape:
    by_name: dict[str, str] = {}
    for name in names:
        by_name.setdefault(plain_name(name), name)
    terse = TERSE_ORDER.keys() <= by_name.keys()
    texts: list[tuple[str, str]] = []
    others: list[tuple[str, str, Callable[[Any], Any]]] = []
    for fact, candidates in meanings.items():
        there = [by_name[name] for name in candidates if name in by_name]
        if terse:
            there = [name for name, meant in TERSE_ORDER.items() if meant == fact] + there
        if fact in _READ:
            others.extend((fact, name, _READ[fact]) for name in there)
        else:
            texts.extend((fact, name) for name in there)
    shape = _Shape(
        texts=tuple(texts),
        others=tuple(others),
        bodies=tuple(by_name[name] for name in BODIES if name in by_name),
        lists=tuple(by_name[name] for name in LISTED if name in by_name),
        verb=next((name for name in names if name in VERB_NAMES), None) if meanings is ON_TOP else None,
    )
    if len(names) <= _LONGEST:
        if len(shapes) >= _REMEMBERED:
            shapes.clear()
        shapes[names] = shape
    return shape
