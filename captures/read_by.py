"""Which dialect reads a capture: its venue's, or the one that the map file described with which it was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsreplay.captures.schema import Metadata
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.registry import dialect

MAP = "map"
"""Under this name the map file's text stands in a capture's ``notes``: the file may be gone when it is read again."""


def notes_of_map(map_file: str | None) -> dict[str, Any]:
    """What a capture keeps of the map file that it is recorded with."""
    return {} if map_file is None else {MAP: Path(map_file).read_text()}


def dialect_of(metadata: Metadata) -> Dialect:
    """The dialect that reads the capture with this metadata."""
    return dialect_in(metadata.notes) or dialect(metadata.venue)


def dialect_in(notes: Mapping[str, Any]) -> Dialect | None:
    """The dialect that a map in these notes describes, if there is one."""
    text = notes.get(MAP)
    if not isinstance(text, str):
        return None
    from wsreplay.venues.generic.dialect import GenericDialect
    from wsreplay.venues.generic.mapping import read_mapping

    return GenericDialect(read_mapping(text, "the map in this capture"))
