"""A panel of lines that can be scrolled; a payload of megabytes costs what is seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import override

from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

type Line = Sequence[Segment]


class LineView(ScrollView, can_focus=True):
    """Shows lines of segments, the same until others are given."""

    DEFAULT_CSS = """
    LineView { overflow-x: auto; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as Textual calls it
        super().__init__(id=id)
        self._lines: list[Strip] = []

    def show(self, lines: Sequence[Line], *, keep: bool = False) -> None:
        """Show these lines, from the top unless ``keep`` says otherwise."""
        self._lines = [Strip(line) for line in lines]
        self.virtual_size = Size(max((strip.cell_length for strip in self._lines), default=0), len(self._lines))
        if not keep:
            self.scroll_to(0, 0, animate=False, force=True, immediate=True)
        self.refresh()

    @property
    def text(self) -> str:
        """All lines, as plain text."""
        return "\n".join(strip.text.rstrip() for strip in self._lines)

    @override
    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        left, top = self.scroll_offset
        width = self.size.width
        line = int(top) + y
        if line >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        return self._lines[line].crop_extend(int(left), int(left) + width, self.rich_style).apply_style(self.rich_style)
