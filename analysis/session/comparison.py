"""A message beside the one of another capture that corresponds to it, and what differs between the two."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from wsreplay.analysis.session.asking import Asking
from wsreplay.captures.event import Event

_SAME = ("kind", "sender", "role", "op", "channel", "symbol")
_MOST = 200
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


class Difference(NamedTuple):
    """A value that is another one there."""

    path: str
    here: str | None
    """As JSON; None: it is missing."""
    there: str | None


def matching(event: Event, here: Asking, there: Asking) -> Event | None:
    """The event of the other capture that has the same place among those of its sort: the third such order, say."""
    sort = " AND ".join(f"{name} {_is(getattr(event, name))}" for name in _SAME)
    question = f"SELECT count(*) AS n FROM events WHERE part = 0 AND {sort}"  # noqa: S608
    number = here.table(f"{question} AND seq < {event.seq}").column("n")[0].as_py()
    found = there.table(
        f"SELECT seq FROM events WHERE part = 0 AND {sort} ORDER BY seq LIMIT 1 OFFSET {number}"  # noqa: S608
    ).column("seq")
    if not len(found):
        return None
    seq = found[0].as_py()
    return next((row for row in there.events(seq, seq, full=True) if row.part == 0), None)


def differences(here: str | None, there: str | None) -> list[Difference]:
    """Where two payloads differ: by field if both are JSON, else as a whole."""
    try:
        left, right = _decoder.decode(here or ""), _decoder.decode(there or "")
    except (msgspec.MsgspecError, RecursionError):
        return [] if here == there else [Difference("", here, there)]
    found: list[Difference] = []
    _compare("", left, right, found)
    return found


def _compare(path: str, left: Any, right: Any, found: list[Difference]) -> None:
    if len(found) >= _MOST:
        return
    if isinstance(left, dict) and isinstance(right, dict):
        for name in [*left, *(name for name in right if name not in left)]:
            inner = f"{path}.{name}" if path else name
            if name not in right:
                found.append(Difference(inner, _json(left[name]), None))
            elif name not in left:
                found.append(Difference(inner, None, _json(right[name])))
            else:
                _compare(inner, left[name], right[name], found)
    elif isinstance(left, list) and isinstance(right, list):
        for number in range(max(len(left), len(right))):
            inner = f"{path}[{number}]"
            if number >= len(right):
                found.append(Difference(inner, _json(left[number]), None))
            elif number >= len(left):
                found.append(Difference(inner, None, _json(right[number])))
            else:
                _compare(inner, left[number], right[number], found)
    elif type(left) is not type(right) or left != right:
        found.append(Difference(path, _json(left), _json(right)))


def _json(value: Any) -> str:
    return value if isinstance(value, str) else _encoder.encode(value).decode()


def _is(value: str | None) -> str:
    return "IS NULL" if value is None else "= '" + value.replace("'", "''") + "'"
