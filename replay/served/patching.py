"""Recorded words of the venue, made to fit what is asked now: ids, echoes and times. Sans-I/O.

Only the values that are different now are written anew, in their places; no other byte of the text changes. A long
value is what it is wherever it stands. A short one (a request's id may be 7) is taken for the same thing where its name
is the same, or where the dialect reads the fact from just that place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from wsreplay.replay.served.json_spans import Array, Scalar, Spans, edited, relisted, spans_of
from wsreplay.replay.served.orders import LiveOrders, Swap
from wsreplay.venues.envelope import Envelope, HttpMessage

_LONG = 8
"""Of so many characters, a value is nothing else by chance."""
_DAY_NS = 86_400_000_000_000
_TIMELY = re.compile(r"time|stamp|date|(?:At|_at|Ts|_ts|^ts|^at|^[tTEO])$")
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIZES = ((19, 1), (16, 1_000), (13, 1_000_000), (10, 1_000_000_000))
"""Digits of a time between 2001 and 2286, and its unit."""
_FACTS = ("key", "order_id", "client_order_id")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")

type Read = Callable[[str], Envelope]


def swaps_between(recorded: str | bytes, live: str | bytes, was: Envelope, now: Envelope) -> list[Swap]:
    """What a live request says otherwise than the recorded one, where both say it at the same place."""
    return _swaps(dict(_values(_text(recorded))), dict(_values(_text(live))), was, now)


def swaps_between_http(recorded: HttpMessage, live: HttpMessage, was: Envelope, now: Envelope) -> list[Swap]:
    """The same of two REST requests: what their bodies say, and their addresses."""
    return _swaps(dict(_http_values(recorded)), dict(_http_values(live)), was, now)


def patched(text: str, swaps: Iterable[Swap], read: Read, shift_ns: int = 0, at_ns: int = 0) -> str:
    """The text with these values in place of the recorded ones, and its times moved by ``shift_ns``.

    ``read`` is the dialect's; ``at_ns``: when the text was said in the recording.
    """
    spans = spans_of(text)
    if spans is None:
        return text
    edits: dict[int, tuple[int, int, str]] = {}
    for swap in swaps:
        if swap.recorded == swap.live:
            continue
        for scalar in _places(text, spans, swap, read):
            edits.setdefault(scalar.start, (scalar.start, scalar.end, _written(swap, scalar)))
    if shift_ns and at_ns:
        for scalar in spans.scalars:
            if scalar.start not in edits and (moved := _moved(scalar, shift_ns, at_ns)) is not None:
                edits[scalar.start] = (scalar.start, scalar.end, moved)
    return edited(text, edits.values()) if edits else text


def with_live_orders(text: str, orders: LiveOrders, line: int | None, read: Read) -> str:
    """The text with the orders that there are now: in a list those that nobody wanted now are left out."""
    spans = spans_of(text)
    if spans is None:
        return text
    envelope = read(text)
    named = {each.order_id for each in (envelope, *envelope.parts) if each.order_id is not None}
    ids = [scalar for scalar in spans.scalars if _names_an_order(scalar, named) and orders.of(scalar.value) is not None]
    if not ids:
        return text
    edits = [
        edit
        for array in spans.arrays
        if array.alike and (edit := _relisted(text, ids, array, orders, read)) is not None
    ]
    lists = [(array.start, array.end) for array in spans.arrays if array.alike]
    for scalar in ids:
        # An order on its own is the one that was wanted on this line, else the newest.
        if any(start <= scalar.start < end for start, end in lists) or not (found := orders.of(scalar.value, line)):
            continue
        live_id = found[0 if line else -1].live_id
        if live_id != scalar.value:
            edits.append((scalar.start, scalar.end, _written(Swap(scalar.name, scalar.value, live_id), scalar)))
    return edited(text, _outermost(edits)) if edits else text


def _names_an_order(scalar: Scalar, named: set[str]) -> bool:
    value, name = scalar.value, scalar.name
    return len(value) >= _LONG or (value in named and ("id" in name.lower() or len(name) < 3))


def _relisted(
    text: str, ids: list[Scalar], array: Array, orders: LiveOrders, read: Read
) -> tuple[int, int, str] | None:
    """The edit that makes a list one of the orders that there are now; None: it is that already."""
    kept: list[str] = []
    changed = False
    for start, end in array.items:
        item = text[start:end]
        found = next((orders.of(scalar.value) for scalar in ids if start <= scalar.start < end), None)
        new = [item] if found is None else [patched(item, order.swaps, read) for order in found]
        changed = changed or new != [item]
        kept += new
    return relisted(text, array, kept) if changed else None


def _outermost(edits: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    end = -1
    for edit in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if edit[0] >= end:
            yield edit
            end = edit[1]


def _values(text: str) -> Iterator[tuple[tuple[str | int, ...], Scalar]]:
    spans = spans_of(text)
    for scalar in spans.scalars if spans is not None else ():
        yield scalar.path, scalar


def _http_values(http: HttpMessage) -> Iterator[tuple[tuple[str | int, ...], Scalar]]:
    body = http.body.decode(errors="replace")
    yield from _values(body)
    pairs = parse_qsl(urlsplit(http.url).query)
    if body and not body.lstrip().startswith(("{", "[")):
        pairs += parse_qsl(body)
    for name, value in pairs:
        yield (name,), Scalar((name,), 0, 0, value, quoted=_NUMBER.fullmatch(value) is None)


def _swaps(
    recorded: dict[tuple[str | int, ...], Scalar],
    live: dict[tuple[str | int, ...], Scalar],
    was: Envelope,
    now: Envelope,
) -> list[Swap]:
    facts = {
        (getattr(was, name), getattr(now, name))
        for name in _FACTS
        if None not in (getattr(was, name), getattr(now, name))
    }
    swaps = [
        Swap(old.name, old.value, new.value, new.quoted, (old.value, new.value) in facts, old.path)
        for path, old in recorded.items()
        if (new := live.get(path)) is not None and new.value != old.value
    ]
    told = {(swap.recorded, swap.live) for swap in swaps}
    # The two clients may write the same fact at different places.
    swaps += (
        Swap("", old, new, _NUMBER.fullmatch(new) is None, fact=True)
        for old, new in facts
        if old != new and (old, new) not in told
    )
    return sorted(swaps, key=lambda swap: not swap.fact)


def _places(text: str, spans: Spans, swap: Swap, read: Read) -> list[Scalar]:
    alike = [scalar for scalar in spans.scalars if scalar.value == swap.recorded]
    if len(swap.recorded) >= _LONG:
        return alike
    if swap.fact:
        before = _facts(read(text))
        told = [
            scalar
            for scalar in alike
            if _facts(read(edited(text, [(scalar.start, scalar.end, _written(swap, scalar))]))) != before
        ]
        if told:
            return told
        return [scalar for scalar in alike if swap.name and scalar.name == swap.name]
    # An echo that is short is one only at the place where the request had it.
    return [scalar for scalar in alike if scalar.name == swap.name and scalar.path == swap.path]


def _facts(envelope: Envelope) -> list[tuple[str | None, ...]]:
    return [tuple(getattr(each, name) for name in _FACTS) for each in (envelope, *envelope.parts)]


def _written(swap: Swap, scalar: Scalar) -> str:
    """The live value as the recorded one was written: a text stays one, a number if it can."""
    if scalar.quoted or _NUMBER.fullmatch(swap.live) is None:
        return json.dumps(swap.live, ensure_ascii=False)
    return swap.live


def _moved(scalar: Scalar, shift_ns: int, at_ns: int) -> str | None:
    """A time of about then, moved; None: it is none."""
    if not _TIMELY.search(scalar.name):
        return None
    text = scalar.value
    if text.isascii() and text.isdigit():
        for digits, unit in _SIZES:
            if len(text) == digits and abs(int(text) * unit - at_ns) < _DAY_NS:
                moved = str(int(text) + round(shift_ns / unit))
                return f'"{moved}"' if scalar.quoted else moved
        return None
    iso = _ISO.fullmatch(text) if scalar.quoted else None
    if iso is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(",", ".") if iso[2] else f"{text.replace(',', '.')}Z")
    except ValueError:
        return None
    if abs(round((moment - _EPOCH).total_seconds() * 1e9) - at_ns) > _DAY_NS:
        return None
    return f'"{_like(text, iso, moment + timedelta(microseconds=shift_ns // 1000))}"'


def _like(text: str, iso: re.Match[str], moment: datetime) -> str:
    """A moment written as this one was."""
    said = moment.strftime("%Y-%m-%d %H:%M:%S").replace(" ", text[10])
    if iso[1] is not None:
        fraction = f"{moment.microsecond:06d}".ljust(9, "0")[: len(iso[1])]
        said += text[iso.start(1) - 1] + fraction
    return said + (iso[2] or "")


def _text(payload: str | bytes) -> str:
    return payload if isinstance(payload, str) else payload.decode(errors="replace")
