"""The lanes: the messages between bot and venue, line by line. Only what is seen is drawn, and only that is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wsreplay.analysis.session import movement
from wsreplay.analysis.session.lines import Lines
from wsreplay.debugger.lane_line import LaneLines, Marks

if TYPE_CHECKING:
    from wsreplay.analysis.incidents.incident import Incident
    from wsreplay.analysis.session import Session
    from wsreplay.debugger.palette import Palette

_NEAR = 50_000
"""Rows within which a partner is looked for while one waits; farther ones are found in the background."""
_AHEAD = 40
"""Lines beyond the screen that are fetched as well."""
_KEPT = 2_000


class Lanes(ScrollView, can_focus=True, inherit_bindings=False):
    """The lines of a session, with a cursor."""

    DEFAULT_CSS = """
    Lanes { height: 1fr; min-height: 5; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    class Moved(Message):
        """The cursor is at another row."""

    class Wanted(Message):
        """Rows are on the screen, or about to be, that have not been fetched."""

        def __init__(self, positions: list[int]) -> None:
            super().__init__()
            self.positions = positions

    def __init__(self, session: Session, writer: LaneLines, look: Palette) -> None:
        super().__init__(id="lanes")
        self.session = session
        self.lines: Lines = session.story
        self.cursor = 0
        """The position of the row that it is at."""
        self.told: Incident | None = None
        """The incident whose evidence is to stand out."""
        self._writer = writer
        self._look = look
        self._hover: int | None = None
        self._joint: tuple[int, int] | None = None
        """The lines of a request and its reply."""
        self._strips: dict[tuple[object, ...], Strip] = {}

    # Where it is

    @property
    def room(self) -> int:
        """The columns that lines have."""
        return self.scrollable_content_region.width

    @property
    def line(self) -> int:
        """The cursor's line."""
        return self.lines.line(self.cursor)

    @property
    def top(self) -> int:
        """The first line on the screen."""
        return int(self.scroll_offset.y)

    def go(self, position: int, *, centre: bool = False) -> None:
        """Put the cursor at the line of this row, or the next one that is listed, and show it."""
        if not len(self.lines):
            return
        line = self.lines.line(position)
        self.cursor = self.lines.position(line)
        height = max(self.size.height, 1)
        if centre and not self.top + 2 <= line < self.top + height - 3:
            self._show(line - min(height // 4, 2))
        elif line < self.top:
            self._show(line)
        elif line >= self.top + height:
            self._show(line - height + 1)
        self._join()
        self.refresh()
        self.post_message(self.Moved())

    def step(self, lines: int) -> None:
        """Move by so many lines."""
        if len(self.lines):
            self.go(self.lines.position(min(max(self.line + lines, 0), len(self.lines) - 1)))

    def choose(self, lines: Lines) -> None:
        """List these lines from now on. The cursor stays, or goes to the next that is listed."""
        self.lines = lines
        self._strips.clear()
        self.grown()
        self._show(self.line - self.size.height // 4)
        self.go(self.cursor)

    def grown(self) -> None:
        """There are more lines."""
        size = Size(self.room, len(self.lines))
        if size != self.virtual_size:
            self.virtual_size = size
        self._want()
        self.refresh()

    def dress(self, writer: LaneLines, look: Palette) -> None:
        """Draw lines in another way."""
        self._writer, self._look = writer, look
        self.redraw()

    def redraw(self) -> None:
        """What is known about lines has changed."""
        self._strips.clear()
        self._join()
        self.refresh()

    def joined(self, partner: int | None) -> None:
        """The cursor's row has this partner, which was found in the background."""
        self._joint = None if partner is None else self._between(self.cursor, partner)
        self.refresh()

    # Drawing

    @override
    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        width = self.room
        line = self.top + y
        if line >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        position = self.lines.position(line)
        event = self.session.rows.peek(position)
        marks = self._marks(line, position)
        key = (position, width, event is not None, marks)
        strip = self._strips.get(key)
        if strip is None:
            row = self.session.index.row(position)
            before = self.session.index.mono_ns(self.lines.position(line - 1)) if line else None
            since = row.mono_ns - before if before is not None and not row.part else None
            strip = Strip(self._writer.line(row, event, since, marks, width)).adjust_cell_length(width)
            if len(self._strips) > _KEPT:
                self._strips.clear()
            self._strips[key] = strip
        under = self._look.cursor if position == self.cursor else self._look.hover if line == self._hover else None
        if under is not None:
            strip = Strip([Segment(text, (style or Style()) + under) for text, style, _ in strip], strip.cell_length)
        return strip.apply_style(self.rich_style)

    def _marks(self, line: int, position: int) -> Marks:
        joint = " "
        if self._joint is not None:
            first, last = self._joint
            joint = "┌" if line == first else "└" if line == last else "│" if first < line < last else " "
        seq = self.session.index.seq(position)
        told = self.told
        loud = told is not None and (seq == told.seq or seq in told.evidence)
        if loud or self.session.evidence(seq):
            return Marks(joint, "!", loud)
        return Marks(joint, "*" if self.session.annotations.at(seq) is not None else " ")

    # Joining requests and replies

    def _join(self) -> None:
        if not len(self.lines):
            return
        position = self.cursor if self._hover is None else self.lines.position(self._hover)
        partner = movement.partner(self.session.index, position, most=_NEAR)
        self._joint = None if partner is None else self._between(position, partner)

    def _between(self, one: int, other: int) -> tuple[int, int] | None:
        if not (self.lines.holds(one) and self.lines.holds(other)):
            return None
        first, last = sorted((self.lines.line(one), self.lines.line(other)))
        return first, last

    # Mouse and scrolling

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Join what is under the mouse."""
        line = self.top + event.y
        hover = line if 0 <= line < len(self.lines) else None
        if hover != self._hover:
            self._hover = hover
            self._join()
            self.refresh()

    def on_leave(self) -> None:
        """Join what is at the cursor again."""
        if self._hover is not None:
            self._hover = None
            self._join()
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there."""
        line = self.top + event.y
        if 0 <= line < len(self.lines):
            self.go(self.lines.position(line))

    def on_resize(self) -> None:
        """Keep the cursor on the screen."""
        self._strips.clear()
        self.grown()
        if len(self.lines) and not self.top <= self.line < self.top + max(self.size.height, 1):
            self._show(self.line - self.size.height // 4)

    @override
    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Fetch what comes into sight."""
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def _show(self, top: int) -> None:
        self.scroll_to(
            y=max(min(top, len(self.lines) - self.size.height), 0), animate=False, force=True, immediate=True
        )

    def _want(self) -> None:
        first = max(self.top - _AHEAD, 0)
        last = min(self.top + self.size.height + _AHEAD, len(self.lines))
        seen = range(self.top, min(self.top + self.size.height, len(self.lines)))
        if self.session.rows.missing(self.lines.position(line) for line in seen):
            self.post_message(self.Wanted([self.lines.position(line) for line in range(first, last)]))
