"""Sharing: the address of a line, notes, and a part of the capture for somebody else."""

from __future__ import annotations

import re
import time
from pathlib import Path

from rich.text import Text

from wsreplay.captures.errors import UserError
from wsreplay.captures.harmless import harmless
from wsreplay.captures.units import iso
from wsreplay.debugger.lists import Choice, Help
from wsreplay.debugger.prompt import Prompt
from wsreplay.debugger.searching import Searching

_PLACE = re.compile(r"(?P<path>.+?)(?:\s+(?P<first>\d+)?\.\.(?P<last>\d+)?)?")


class Sharing(Searching):
    """The part that shares."""

    def action_copy(self) -> None:
        """Copy the address."""
        if not self.empty:
            address = self.session.address(self.lanes.cursor)
            self.copy_to_clipboard(address)
            self.say(f"copied: wsreplay debug '{address}'")

    def action_annotate(self) -> None:
        """Ask for a note, and keep it."""
        if self.empty:
            return
        seq = self.session.index.seq(self.lanes.cursor)
        before = self.session.annotations.at(seq)

        def keep(text: str) -> str | None:
            try:
                self.session.annotations.put(seq, text, iso(time.time_ns()))
            except (UserError, OSError) as error:
                return str(error)
            return None

        def asked(text: str | None) -> None:
            if text is not None:
                self.say(f"noted in {self.session.annotations.path}" if text else "the note is gone")
                self.lanes.redraw()
                self.refresh_panels()

        title = f"note at {seq} (nothing: take it away)"
        self.push_screen(Prompt(title, [], before.text if before is not None else "", keep), asked)

    def action_notes(self) -> None:
        """List the notes."""
        notes = self.session.annotations.all()
        if not notes:
            self.say("no notes: a writes one")
            return

        def chosen(number: int | None) -> None:
            position = None if number is None else self.session.index.at(notes[number].seq)
            if position is not None:
                self.show_row(position)

        entries = [Text.assemble((f"{note.seq} ", "bold"), harmless(note.text)) for note in notes]
        self.push_screen(Choice(f"{len(notes)} notes", entries), chosen)

    def action_export(self) -> None:
        """Ask for a file, and write what is shown to it."""
        if self.empty:
            return
        index, lines = self.session.index, self.lanes.lines
        told = self.told.evidence if self.told is not None and self.told.evidence else None
        first, last = index.seq(lines.position(0)), index.seq(lines.position(len(lines) - 1))
        name = f"{self.session.capture.name}-{index.seq(self.lanes.cursor)}.parquet"
        where = f", where {self.condition}" if self.condition else ""
        hint = f"; {told[0]}..{told[-1]} shows the incident" if told else ""
        title = f"write to a .parquet, or a test case .py, and which addresses{where}{hint}"

        def asked(answer: str | None) -> None:
            found = _PLACE.fullmatch(answer or "")
            if found is not None:
                self._write(
                    Path(found["path"]), int(found["first"] or 0), int(found["last"]) if found["last"] else None
                )

        self.push_screen(Prompt(title, [], f"{name} {first}..{last}", self._unwritable), asked)

    def _write(self, path: Path, first: int, last: int | None) -> None:
        condition = self.condition

        def done(rows: int) -> None:
            self.say(f"{path}: {rows:,} rows")

        self.searching.run(lambda: self.session.export(path, where=condition, first=first, last=last), done)

    def _unwritable(self, answer: str) -> str | None:
        found = _PLACE.fullmatch(answer)
        if not answer or found is None:
            return None
        path = Path(found["path"])
        if path.suffix not in (".parquet", ".py"):
            return "name a file that ends in .parquet or .py"
        for each in {path, path.with_suffix(".parquet")}:
            if each.exists():
                return f"{each} is there already"
        return None

    def action_help(self) -> None:
        """Show all keys."""
        self.push_screen(Help())
