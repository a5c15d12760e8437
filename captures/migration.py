"""Captures of older versions, read as if they were written today.

Each step takes version n to n + 1, so a file of any age walks up the stairs. Files are never changed by reading them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa

from wsreplay.captures.columns import widen
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.schema import FORMAT_VERSION


def _same_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


def _same_metadata(content: dict[str, Any]) -> dict[str, Any]:
    return content


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What changes from one version to the next. Columns that were merely added need no step: they read as null."""

    columns: Callable[[pa.RecordBatch], pa.RecordBatch] = _same_columns
    metadata: Callable[[dict[str, Any]], dict[str, Any]] = _same_metadata


STEPS: dict[int, Step] = {}
"""From which version, what to do. Version 1 is the first, so there is nothing here yet."""


def check_version(found: bytes, where: object) -> int:
    """The format version of a file, if this release can read it."""
    try:
        version = int(found)
    except ValueError:
        raise CaptureError(f"{where} names no format version ({found!r}): the file was altered") from None
    if version > FORMAT_VERSION:
        raise CaptureError(
            f"{where} has format version {version}, and this release reads up to {FORMAT_VERSION}: "
            "upgrade with `python3 -m pip install -U wsreplay`"
        )
    missing = [step for step in range(version, FORMAT_VERSION) if step not in STEPS]
    if missing:
        raise CaptureError(f"{where} has format version {version}, which no release ever wrote: the file was altered")
    return version


def migrate_metadata(content: dict[str, Any], version: int) -> dict[str, Any]:
    """Metadata as the present version writes it."""
    for step in range(version, FORMAT_VERSION):
        content = STEPS[step].metadata(content)
    return content


def migrate_batch(batch: pa.RecordBatch, version: int) -> pa.RecordBatch:
    """Rows with the columns of the present version."""
    for step in range(version, FORMAT_VERSION):
        batch = STEPS[step].columns(batch)
    return widen(batch)
