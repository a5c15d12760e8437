"""What a scribe finds when the one before it died in its very last step: the capture all written, but not published."""

from __future__ import annotations

from pathlib import Path

import msgspec

from wsreplay.captures import working_folder
from wsreplay.captures.recover import recover
from wsreplay.captures.stage import StageReader


def publish_for_the_dead(folder: Path, ended: str) -> Path | None:
    """Publish a recording that had ended and is whole; None if its scribe died before that, and there is more to do."""
    if working_folder.begun(folder):
        if not _closed(folder):
            return None
        description = working_folder.description(folder)
        working_folder.describe(folder, msgspec.structs.replace(description, ended=ended))
    return recover(folder)


def _closed(folder: Path) -> bool:
    """Whether the last segment was closed, or is Parquet already."""
    staged = working_folder.staged_segments(folder)
    if not staged:
        return True
    with StageReader(working_folder.stage_path(folder, staged[-1])) as last:
        for _ in last.batches():
            pass
        return last.closed
