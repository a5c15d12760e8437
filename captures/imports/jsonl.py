"""JSON lines: those that ``wsreplay export`` writes, and those that other programs log.

A line of ours has ``seq`` and ``kind``, and comes back exactly as it was observed. A line of another program needs a
time, a direction and a payload, under any of the names below.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import OBSERVED, Event
from wsreplay.captures.imports.observed import CLOCK, FRAMES, RELAY, Speaker, ns_of, opened, said
from wsreplay.captures.wire import Handshake

LONGEST_LINE = 256 << 20
TIMES = ("at_ns", "at", "time", "ts", "timestamp", "t")
DIRECTIONS = ("sender", "direction", "dir", "type", "side", "from")
PAYLOADS = ("text", "payload", "message", "msg", "data", "raw")
CONNECTIONS = ("conn", "connection", "connection_id", "socket")
SENT = frozenset({"client", "send", "sent", "out", "outgoing", "tx", ">", "->", "to", "bot", "request"})
RECEIVED = frozenset(
    {"venue", "server", "receive", "received", "recv", "in", "incoming", "rx", "<", "<-", "push", "reply"}
)
BLIND = (CLOCK, FRAMES, RELAY)


def is_ours(path: Path) -> bool:
    """Whether the first line is one that ``wsreplay export`` wrote."""
    first = next(_lines(path), (1, {}))[1]
    return "seq" in first and "kind" in first and "mono_ns" in first


def read(path: Path) -> Iterator[Event]:
    """The events in the file, in its order."""
    yield from (_own(path) if is_ours(path) else _foreign(path))


def _own(path: Path) -> Iterator[Event]:
    for number, row in _lines(path):
        if row.get("kind") == "incident" or (row.get("kind") == "fact" and row.get("venue") is not None):
            continue  # derived, and worked out anew
        observed = {name: row[name] for name in OBSERVED if name in row}
        try:
            yield msgspec.convert(_list_of(observed), Event)
        except (msgspec.ValidationError, binascii.Error) as error:
            raise CaptureError(f"{path}, line {number}: no event of a capture ({error})") from None


def _list_of(observed: dict[str, Any]) -> list[Any]:
    """The columns of an event in their order, bytes decoded."""
    if isinstance(observed.get("data"), str):
        observed["data"] = base64.b64decode(observed["data"], validate=True)
    defaults = dict(
        zip(Event.__struct_fields__[-len(Event.__struct_defaults__) :], Event.__struct_defaults__, strict=True)
    )
    return [observed.get(name, defaults.get(name)) for name in Event.__struct_fields__]


def _foreign(path: Path) -> Iterator[Event]:
    numbers: dict[str, int] = {}
    for number, row in _lines(path):
        where = f"{path}, line {number}"
        at_ns = _moment(_one_of(row, TIMES, where, "a time"), where)
        sender = _speaker(_one_of(row, DIRECTIONS, where, "a direction"), where)
        payload = _one_of(row, PAYLOADS, where, "a payload")
        if not isinstance(payload, str):
            payload = msgspec.json.encode(payload).decode()
        name = str(next((row[each] for each in CONNECTIONS if each in row), ""))
        conn = numbers.get(name)
        if conn is None:
            conn = numbers[name] = len(numbers) + 1
            yield opened(at_ns, conn, Handshake(url=str(row.get("url", "")), status=101))
        yield said(at_ns, conn, sender, payload)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                raise CaptureError(
                    f"{path}, line {number} is longer than {LONGEST_LINE >> 20} MiB: it is no log of messages"
                )
            if not line.strip():
                continue
            try:
                row = msgspec.json.decode(line)
            except (msgspec.MsgspecError, RecursionError) as error:
                raise CaptureError(f"{path}, line {number} is no JSON ({error}): give one object a line") from None
            if not isinstance(row, dict):
                raise CaptureError(f"{path}, line {number} is no JSON object: give one object a line")
            yield number, row


def _one_of(row: dict[str, Any], names: tuple[str, ...], where: str, what: str) -> Any:
    for name in names:
        if row.get(name) is not None:
            return row[name]
    raise CaptureError(f"{where} has no {what.removeprefix('a ')}: it is looked for under {', '.join(names)}")


def _speaker(value: object, where: str) -> Speaker:
    word = str(value).strip().lower()
    if word in SENT:
        return "client"
    if word in RECEIVED:
        return "venue"
    raise CaptureError(f"{where} has the direction {value!r}: say send or receive")


def _moment(value: object, where: str) -> int:
    """Nanoseconds since 1970 from ISO 8601, or from seconds, milli-, micro- or nanoseconds, told by their size."""
    if isinstance(value, str):
        with suppress(ValueError):
            return ns_of(datetime.fromisoformat(value))
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise CaptureError(f"{where} has the time {value!r}: give ISO 8601, or a number since 1970") from None
    for power, below in ((9, 10**11), (6, 10**14), (3, 10**17), (0, 10**20)):
        if abs(number) < below:
            return int(number.scaleb(power))
    raise CaptureError(f"{where} has the time {value!r}: give ISO 8601, or a number since 1970")
