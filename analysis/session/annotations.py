"""Annotations: what people noted at events, in a file beside the capture. The capture itself is never changed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.finish import appearing

SUFFIX = ".notes.json"
_FORMAT = 1


class Note(msgspec.Struct, frozen=True):
    """One remark."""

    seq: int
    text: str
    at: str = ""
    """When it was written, as ISO 8601."""


class _File(msgspec.Struct):
    format: int = _FORMAT
    capture: str = ""
    notes: list[Note] = []


class Annotations:
    """The notes of one capture, by address."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._notes: dict[int, Note] = {}
        if self.path.exists():
            self._notes = {note.seq: note for note in self._read().notes}

    @property
    def path(self) -> Path:
        """The file, which is there once something was noted. It keeps its name when a recording ends."""
        return self._capture.path.parent / f"{self._capture.name}{SUFFIX}"

    def __len__(self) -> int:
        return len(self._notes)

    def at(self, seq: int) -> Note | None:
        """What is noted at this event."""
        return self._notes.get(seq)

    def all(self) -> list[Note]:
        """All notes, in the order of their addresses."""
        return [self._notes[seq] for seq in sorted(self._notes)]

    def put(self, seq: int, text: str, at: str = "") -> None:
        """Note something at this event, in place of what is noted there; an empty text takes the note away."""
        # Somebody else may have the same capture open.
        notes = {note.seq: note for note in self._read().notes} if self.path.exists() else {}
        if text:
            notes[seq] = Note(seq, text, at)
        else:
            notes.pop(seq, None)
        content = _File(capture=self._capture.name, notes=[notes[key] for key in sorted(notes)])
        with appearing(self.path) as temporary:
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
        self._notes = notes

    def _read(self) -> _File:
        try:
            found = msgspec.json.decode(self.path.read_bytes(), type=_File)
        except OSError as error:
            raise CaptureError(f"{self.path} can't be read: {error.strerror}") from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise CaptureError(f"{self.path} holds no notes that can be read ({error}): move it away") from error
        if found.format > _FORMAT:
            raise CaptureError(f"{self.path} was written by a newer wsreplay: update this one")
        return found
