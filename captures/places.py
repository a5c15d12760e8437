"""Finding captures: what a path means, and what lies in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wsreplay.captures import working_folder
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.segments import ParquetSegment, Segment, StageSegment
from wsreplay.captures.working_folder import LIVE


def place_of(path: Path) -> Path:
    """What a path means: a recording also under the name that it had or will have, and the only one in a folder."""
    if path.is_dir():
        if path.name.endswith(LIVE) and not working_folder.begun(path):
            return working_folder.published(path) or path
        found = captures_in(path)
        return found[0] if len(found) == 1 else path
    if path.exists():
        return path
    folder = path.with_name(path.name.removesuffix(LIVE).removesuffix(".parquet") + LIVE)
    if folder.is_dir() and working_folder.begun(folder):
        return folder
    place = working_folder.published(folder)
    if place is None:
        where = path.parent if path.parent.is_dir() else Path()
        raise CaptureError(f"there is no {path}: see what there is with `wsreplay ls {where}`")
    return place


def segments_at(place: Path) -> list[Segment]:
    """The pieces of the capture at this place, in order; at least one."""
    if not place.is_dir():
        return [ParquetSegment(place)]
    if place.name.endswith(LIVE):
        return _working_segments(place)
    found = captures_in(place)
    if found == [place]:
        return _in_order(_parquet_files(place))
    if found:
        raise CaptureError(f"{place} holds {len(found)} captures: name one of them, for example {found[-1]}")
    raise CaptureError(f"{place} holds no capture: name a .parquet file that `wsreplay record` wrote, or its folder")


def captures_in(folder: Path) -> list[Path]:
    """The captures in a folder, by name. The folder itself, if its files are the segments of one recording."""
    if folder.name.endswith(LIVE):
        return [folder]
    files = _parquet_files(folder)
    if len(files) > 1 and _one_recording(files):
        return [folder]
    inside = [child for child in _listed(folder) if child.is_dir() and _is_capture(child)]
    return sorted([*files, *inside])


def _is_capture(folder: Path) -> bool:
    if folder.name.endswith(LIVE):
        return working_folder.begun(folder) or working_folder.published(folder) is None
    return bool(_parquet_files(folder))


def _working_segments(folder: Path) -> list[Segment]:
    try:
        metadata = working_folder.description(folder)
        # Stages first: one that becomes Parquet in between is then seen twice instead of not at all.
        staged: dict[int, Segment] = {
            number: StageSegment(working_folder.stage_path(folder, number), metadata)
            for number in working_folder.staged_segments(folder)
        }
    except FileNotFoundError:
        return _working_segments(folder)  # It has just become Parquet.
    finished: dict[int, Segment] = {
        number: ParquetSegment(working_folder.segment_path(folder, number))
        for number in working_folder.finished_segments(folder)
    }
    segments = staged | finished
    if not segments:
        raise CaptureError(f"{folder} holds no event yet: wait a moment, or see `wsreplay ls {folder.parent}`")
    return [segments[number] for number in sorted(segments)]


def _one_recording(files: Sequence[Path]) -> bool:
    try:
        found = [ParquetSegment(file).metadata for file in files]
    except CaptureError:
        # A folder of segments one of which is broken is still one recording, and opening it says what is wrong.
        return all(file.stem.isdigit() for file in files)
    return len({metadata.recording for metadata in found}) == 1 and len(
        {metadata.segment for metadata in found}
    ) == len(found)


def _in_order(files: Sequence[Path]) -> list[Segment]:
    return sorted((ParquetSegment(file) for file in files), key=lambda segment: segment.metadata.segment)


def _parquet_files(folder: Path) -> list[Path]:
    return [child for child in _listed(folder) if child.suffix == ".parquet" and child.is_file()]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if not child.name.startswith("."))
    except OSError as error:
        raise CaptureError(f"{folder} can't be read: {error.strerror}") from error
