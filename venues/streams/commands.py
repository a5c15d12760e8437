"""What a client may command, read as strictly as each profile reads it: silently, or with a refusal that says why."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from wsreplay.venues.streams.strict_json import loads

type Id = int | str | None

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_MEMBERS = frozenset({"method", "params", "id"})
_TEXT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_EXPECTED = ", ".join(f"`{method}`" for method in _METHODS)


class Command(msgspec.Struct, frozen=True):
    """A command that was understood."""

    method: str
    params: tuple[Any, ...]
    id: Id


class Refused(msgspec.Struct, frozen=True):
    """One that was not, and what its sender is told."""

    code: int
    message: str
    id: Id = None


def read_strictly(payload: str | bytes) -> Command | None:
    """Read a command as the plain venue does: a text of ``method``, ``params`` and ``id``, each of its type and once.

    Other members are passed over. None: it is ignored, and its sender told nothing.
    """
    if not isinstance(payload, str):
        return None
    try:
        fields = loads(payload, pairs=_once)
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    method, params, number = fields.get("method"), fields.get("params"), fields.get("id")
    if not isinstance(method, str) or not isinstance(params, list) or not all(isinstance(name, str) for name in params):
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 1 << 32:
        return None
    return Command(method, tuple(params), number)


def read_politely(payload: str | bytes) -> Command | Refused:
    """Read a command as Binance does, which says what it does not like."""
    try:
        text = payload if isinstance(payload, str) else payload.decode()
        fields = loads(text)
    except json.JSONDecodeError as wrong:
        return Refused(3, f"Invalid JSON: expected value at line {wrong.lineno} column {wrong.colno}")
    except ValueError:
        return Refused(3, "Invalid JSON: expected value at line 1 column 1")
    fields = fields if isinstance(fields, dict) else {}
    known, number = _id_in(fields)
    if not known:
        return Refused(2, "Invalid request: request ID must be an unsigned integer", None)
    method, params = fields.get("method"), fields.get("params")
    if not isinstance(method, str):
        return Refused(2, f"Invalid request: missing field `method` at line 1 column {len(text)}", number)
    if method not in _METHODS:
        where = f"at line 1 column {text.find(method) + len(method) + 1}"
        return Refused(2, f"Invalid request: unknown variant `{method}`, expected one of {_EXPECTED} {where}", number)
    if not fields.keys() <= _MEMBERS:
        return Refused(2, "Invalid request: too many parameters", number)
    return _with_params(method, params, number)


def _with_params(method: str, params: object, number: Id) -> Command | Refused:
    listed = tuple(params) if isinstance(params, list) else ()
    most = {"LIST_SUBSCRIPTIONS": 0, "GET_PROPERTY": 1, "SET_PROPERTY": 2}.get(method)
    if most is None:
        if not isinstance(params, list) or not all(isinstance(name, str) for name in params):
            return Refused(2, "Invalid request: params must be an array of stream names", number)
    elif len(listed) > most:
        return Refused(2, "Invalid request: too many parameters", number)
    elif most and (not listed or not isinstance(listed[0], str)):
        return Refused(2, "Invalid request: property name must be a string", number)
    elif most and listed[0] != "combined":
        return Refused(0, "Unknown property", number)
    elif method == "SET_PROPERTY" and (len(listed) < 2 or not isinstance(listed[1], bool)):
        return Refused(1, "Invalid value type: expected Boolean", number)
    return Command(method, listed, number)


def _id_in(fields: dict[str, Any]) -> tuple[bool, Id]:
    """Whether there is an id of a type that is accepted, and which."""
    if "id" not in fields:
        return False, None
    number = fields["id"]
    if number is None:
        return True, None
    if isinstance(number, str):
        return _TEXT_ID.fullmatch(number) is not None, number
    if isinstance(number, int) and not isinstance(number, bool):
        return -(1 << 63) <= number < 1 << 63, number
    return False, None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs) and any([name for name, _ in pairs].count(name) > 1 for name in _MEMBERS):
        raise ValueError("a member twice")
    return fields
