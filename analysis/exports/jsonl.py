"""JSON lines: one object an event, with the columns that hold anything; bytes are base64."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.analysis.exports import Wanted
from wsreplay.captures.event import Event

_FIELDS = Event.__struct_fields__
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


def write(wanted: Wanted, path: Path) -> int:
    """Write the rows; how many there were."""
    rows = 0
    with path.open("wb") as out:
        for event in wanted.events():
            out.write(_encode(_row(event)) + b"\n")
            rows += 1
    return rows


def _row(event: Event) -> dict[str, Any]:
    row = {name: value for name in _FIELDS if (value := getattr(event, name)) is not None}
    try:
        moment = _EPOCH + timedelta(microseconds=event.at_ns // 1000)
    except OverflowError:
        return row
    return {"at": moment.isoformat(timespec="microseconds").replace("+00:00", "Z"), **row}
