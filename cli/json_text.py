"""JSON for programs: exact, one row a line, and yet nothing in it that a terminal would obey."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import IO, Any

import msgspec

from wsreplay.captures.event import Event
from wsreplay.cli.harmless import harmless_json
from wsreplay.cli.units import iso

_FIELDS = Event.__struct_fields__


def _other(value: object) -> object:
    """What msgspec has no JSON for."""
    if isinstance(value, memoryview):
        return base64.b64encode(value).decode()
    return str(value)


# A sum of integers comes as a decimal; as text it would be no number any more.
_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_other)


def json_line(row: dict[str, Any]) -> str:
    """The row as JSON on one line. Bytes are base64."""
    return harmless_json(_encoder.encode(row).decode())


def event_json(event: Event) -> str:
    """The columns of an event that hold anything. ``at`` is there for people; the exact time is ``at_ns``."""
    row: dict[str, Any] = {}
    for name in _FIELDS:
        value = getattr(event, name)
        if value is not None:
            if name == "at_ns":
                row["at"] = iso(value)
            row[name] = value
    return json_line(row)


def write_array(rows: Iterable[dict[str, Any]], out: IO[str]) -> None:
    """One JSON array of the rows, as they come."""
    before = "["
    for row in rows:
        out.write(f"{before}\n{json_line(row)}")
        before = ","
    out.write("[]\n" if before == "[" else "\n]\n")
