"""Finishers: functions that are shown a whole recording when it ends, and give further rows (incidents, mostly).

The scribe knows them by name only, ``module:function``; whoever starts it says which. A finisher takes an iterator of
all events and gives rows whose ``seq`` says what they are about; their ``part`` is set here.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event


def found_by(finisher: str, recording: Path) -> list[Event]:
    """The rows that a finisher gives for a recording, with addresses that no row has yet."""
    module, _, function = finisher.partition(":")
    with Capture.open(recording) as capture:
        rows = list(getattr(import_module(module), function)(capture.events()))
        return addressed(rows, capture)


def addressed(rows: list[Event], capture: Capture) -> list[Event]:
    """The rows, each with the next ``part`` that is free at its ``seq``."""
    parts = dict.fromkeys((row.seq for row in rows), 0)
    if parts:
        for batch in capture.batches(min(parts), max(parts)):
            for seq, part in zip(batch.column("seq").to_pylist(), batch.column("part").to_pylist(), strict=True):
                if seq in parts and part > parts[seq]:
                    parts[seq] = part
    for row in rows:
        parts[row.seq] += 1
        row.part = parts[row.seq]
    return rows
