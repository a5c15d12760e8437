"""The timeline: how much each side said when, what went wrong, and where the cursor is. Click or drag to go there."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from wsreplay.analysis.session.density import Density
from wsreplay.captures.units import duration

if TYPE_CHECKING:
    from wsreplay.debugger.palette import Palette

_BARS = " ▁▂▃▄▅▆▇█"
_NAMES = ("bot   ", "venue ")
LABEL = len(_NAMES[0])


class Timeline(Widget):
    """Two lanes of bars and a line of marks."""

    DEFAULT_CSS = """
    Timeline { height: 3; }
    """

    class Scrubbed(Message):
        """Somebody pointed at a moment."""

        def __init__(self, mono_ns: int) -> None:
            super().__init__()
            self.mono_ns = mono_ns

    def __init__(self, look: Palette) -> None:
        super().__init__(id="timeline")
        self.look = look
        self.density = Density(0, 0, [], [])
        self._marks: list[int] = []
        self._cursor_ns = 0
        self._dragging = False

    @property
    def buckets(self) -> int:
        """How many buckets there is room for."""
        return max(self.size.width - LABEL, 1)

    def show(self, density: Density, marks: list[int]) -> None:
        """Show this; ``marks``: when something went wrong."""
        self.density, self._marks = density, marks
        self.refresh()

    def point(self, mono_ns: int) -> None:
        """The cursor is at this moment."""
        if mono_ns != self._cursor_ns:
            self._cursor_ns = mono_ns
            self.refresh()

    @override
    def render_line(self, y: int) -> Strip:
        """One of the three lines."""
        width = self.size.width
        if y < 2:
            counts = (self.density.client, self.density.venue)[y]
            style = (self.look.client, self.look.venue)[y]
            line = [Segment(_NAMES[y], self.look.dim), Segment(_bars(counts), style)]
        else:
            line = self._line_of_marks()
        return Strip(line).adjust_cell_length(width).apply_style(self.rich_style)

    def _line_of_marks(self) -> list[Segment]:
        cells = [" "] * self.buckets
        for moment in self._marks:
            if (bucket := self.density.bucket(moment)) is not None and bucket < len(cells):
                cells[bucket] = "!"
        here = self.density.bucket(self._cursor_ns)
        span = duration(self.density.last_ns - self.density.first_ns) if self.density.client else ""
        segments = [Segment(f"{span:<{LABEL}}"[:LABEL], self.look.dim)]
        for number, cell in enumerate(cells):
            if number == here:
                segments.append(Segment("▲" if cell == " " else "!", self.look.strong + self.look.cursor))
            else:
                segments.append(Segment(cell, self.look.bad))
        return segments

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go there, and follow the mouse."""
        self._dragging = True
        self.capture_mouse()
        self._scrub(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse while its button is down."""
        if self._dragging:
            self._scrub(event.x)

    def on_mouse_up(self) -> None:
        """Let go."""
        self._dragging = False
        self.release_mouse()

    def _scrub(self, x: int) -> None:
        if self.density.client:
            bucket = min(max(x - LABEL, 0), len(self.density.client) - 1)
            self.post_message(self.Scrubbed(self.density.first_ns + bucket * self.density.width_ns))


def _bars(counts: list[int]) -> str:
    """A bar for each count; a single event among millions still shows."""
    most = max(counts, default=0)
    last = len(_BARS) - 1
    return "".join(_BARS[0 if not count else max(1, round(count / most * last))] for count in counts)
