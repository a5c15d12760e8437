"""The debugger's screen: lanes, timeline, story, payload, facts and state, and what happens when the cursor moves."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Footer

from wsreplay.analysis.session.density import Density, density
from wsreplay.captures.errors import UserError
from wsreplay.captures.units import local_day
from wsreplay.debugger.background import Background, Finished
from wsreplay.debugger.keys import bindings
from wsreplay.debugger.lane_line import LaneLines
from wsreplay.debugger.lanes import Lanes
from wsreplay.debugger.line_view import LineView
from wsreplay.debugger.palette import DARK, LIGHT, palette, theme_for_terminal
from wsreplay.debugger.payload_panel import fact_lines, payload_lines
from wsreplay.debugger.sharing import Sharing
from wsreplay.debugger.state_panel import state_lines
from wsreplay.debugger.status import Status
from wsreplay.debugger.story_bar import StoryBar
from wsreplay.debugger.timeline import Timeline

if TYPE_CHECKING:
    from wsreplay.analysis.incidents.incident import Incident
    from wsreplay.analysis.session import Session
    from wsreplay.analysis.session.session import Detail
    from wsreplay.analysis.session.state import State

_FRAME_S = 1 / 30
"""Side panels follow the cursor that often at most."""
_SLOW_S = 0.2
"""What takes longer than this is said to be going on."""
_POLL_S = 0.1
"""A recording that goes on is looked at that often."""
_LIVE_INCIDENTS_S = 2.0
_AGAIN_S = 0.5
"""The state is asked for again after that long if more had come than was looked at."""
_WIDE = 110
"""Columns from which on the state has a place of its own."""
_LOW = 36
"""Lines below which the lanes need most of them."""
_KNOWS_RELAY = frozenset({"reverse", "regular", "socks5", "run"})
"""The modes in which a message without a time of relay is one that was never handed on."""


class Debugger(Sharing):
    """Walk through a session like through code."""

    TITLE = "wsreplay debug"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = bindings()
    CSS = """
    #below { height: 34%; min-height: 6; max-height: 20; border-top: solid $panel; }
    #below.low { height: 6; }
    #payload, #facts, #state { width: 1fr; padding-right: 1; }
    #facts, #state { border-left: solid $panel; padding-left: 1; padding-right: 0; }
    #state { display: none; }
    LineView:focus { background: $surface; }
    Footer { background: $panel; }
    """

    def __init__(self, session: Session, *, seq: int = 0, theme: str | None = None) -> None:
        super().__init__()
        self.session = session
        self._seq = seq
        """The address to begin at; 0: at the worst incident, or at the beginning."""
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self._theme_wanted = theme or theme_for_terminal()
        self.look = palette(self._theme_wanted)
        self.told: Incident | None = None
        self.dressed = False
        """The widgets are there."""
        self.stopped = False
        """All threads have ended."""
        self._jumping = False
        self.placed = False
        """The cursor is where it should be at first."""
        self.loading = Background(self, "reading", self._failed)
        self.paging = Background(self, "rows", self._failed)
        self.detailing = Background(self, "event", self._failed)
        self.stating = Background(self, "state", self._failed)
        self.counting = Background(self, "timeline", self._failed)
        self.searching = Background(self, "search", self._failed)
        self.works = (
            self.loading,
            self.paging,
            self.detailing,
            self.stating,
            self.counting,
            self.searching,
        )
        self._panels_due = True
        self._wide: bool | None = None
        self._state_wanted: bool | None = None
        """Whether the user wants to see the state; None: as there is room."""
        self._incidents_at = 0.0
        self._incidents_rows = -1
        self._counted = -1
        """The rows that the timeline was last counted for."""
        self.zoomed: tuple[int, int] | None = None

    # Composition

    def compose(self) -> ComposeResult:
        """Timeline, story, lanes; below them payload, facts and state side by side."""
        yield Timeline(self.look)
        yield StoryBar()
        yield Lanes(self.session, self._writer(), self.look)
        with Horizontal(id="below"):
            yield LineView(id="payload")
            yield LineView(id="facts")
            yield LineView(id="state")
        yield Status()
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begin to read."""
        self.theme = self._theme_wanted
        self.lanes = self.query_one(Lanes)
        self.status = self.query_one(Status)
        self.timeline = self.query_one(Timeline)
        # Kept, because what is still under way when the screen goes must find them.
        self.story = self.query_one(StoryBar)
        self.payload = self.query_one("#payload", LineView)
        self.facts = self.query_one("#facts", LineView)
        self.state_view = self.query_one("#state", LineView)
        self.dressed = True
        self._arrange()
        self.lanes.focus()
        self.set_interval(_FRAME_S, self._frame)
        self.set_interval(0.1, self._tell_work)
        self._read()

    def on_resize(self) -> None:
        """Give the state a place of its own where there is room."""
        if self.dressed:
            self._arrange()
            self.story.forget()
            self.refresh_panels()
            self.call_after_refresh(self.count)

    def on_finished(self, message: Finished) -> None:
        """Something came from a thread."""
        message.deliver()

    def on_unmount(self) -> None:
        """Let the threads end."""
        self.call_off()
        self.stopped = [work.stop(2.0) for work in self.works].count(False) == 0

    # Reading

    def _read(self) -> None:
        """Read in the background, piece by piece, and show each."""
        pieces = self.session.read()

        def piece() -> bool:
            return next(pieces, None) is not None

        def done(more: bool) -> None:
            self._came()
            if more:
                self.loading.run(piece, done)
            else:
                self._have_read()

        self.loading.run(piece, done)

    def _came(self) -> None:
        follows = self.placed and self.following
        self.lanes.grown()
        if not self.placed and self._seq:
            position = self.session.index.from_address(self._seq)
            if position < len(self.session.index):
                self._place(position)
        elif not self.placed and len(self.lanes.lines) and self.lanes.cursor == 0:
            self.lanes.go(0)
        if follows:
            self.lanes.go(self.lanes.lines.position(len(self.lanes.lines) - 1))
        self._panels_due = True

    def _have_read(self) -> None:
        if self.session.live:
            if not self.placed and not self._seq:
                self.placed = self.following = True
            self.set_timer(_POLL_S, self._read)
        if self.session.abandoned:
            self.say(f"cut off, nobody records any more: wsreplay recover {self.session.capture.path}")
        if not self.session.live and not self.placed and self._seq:
            self.say(f"there is no event {self._seq}, nor one after it")
        if self._counted != len(self.session.index):
            self._counted = len(self.session.index)
            self.count()
        self._find_incidents()

    def _find_incidents(self) -> None:
        rows, now = len(self.session.index), time.monotonic()
        if rows == self._incidents_rows or (self.session.live and now - self._incidents_at < _LIVE_INCIDENTS_S):
            return
        self._incidents_rows, self._incidents_at = rows, now
        self.loading.run(self.session.load_incidents, self._have_incidents)

    def _have_incidents(self, known: bool) -> None:
        if not known:
            self.say("incidents were not looked for: i looks for them")
        elif self.session.incidents and not (self.placed or self._seq or self.session.live):
            self.tell(self.session.worst()[0])
        if not self.placed and not self.session.live:
            self._place(self.lanes.cursor)
        self.lanes.redraw()
        self.count()
        self._panels_due = True

    def tell(self, incident: Incident) -> None:
        """Go to the first event that shows this incident, and tell it."""
        position = self.session.index.at(min(incident.evidence, default=incident.seq))
        self.told = incident
        self._tell()
        if position is not None:
            self.placed = True
            # The story takes lines from the lanes: where they are is known after that.
            self._jumping = True
            self.call_after_refresh(self._jumped, position)

    def _jumped(self, position: int) -> None:
        self._jumping = False
        self.jump(position)

    def _place(self, position: int) -> None:
        self.placed = True
        self.lanes.go(position, centre=True)

    @property
    def waits(self) -> bool:
        """Whether something is still to come: a thread works, or panels have not followed yet."""
        return self._panels_due or self._jumping or any(work.busy for work in self.works)

    # What follows the cursor

    def on_lanes_moved(self) -> None:
        """The panels will follow."""
        self._panels_due = True
        index = self.session.index
        cursor = self.lanes.cursor
        lines = self.lanes.lines
        self.timeline.point(index.mono_ns(cursor))
        filtered = f"{self.lanes.line + 1:,} of {len(lines):,}{self.filter_words}"
        self.status.place(self.session.address(cursor), filtered)

    def on_lanes_wanted(self, message: Lanes.Wanted) -> None:
        """Fetch rows that are on the screen."""
        positions = message.positions
        self.paging.run(lambda: self.session.rows.fetch(positions), self._have_rows)

    def _have_rows(self, _: None) -> None:
        self.lanes.refresh()

    def on_timeline_scrubbed(self, message: Timeline.Scrubbed) -> None:
        """Go to the moment that was pointed at."""
        self.to_moment(message.mono_ns)

    def _frame(self) -> None:
        """Let the panels follow, if they must."""
        if not self._panels_due:
            return
        self._panels_due = False
        if self.empty:
            return
        position = self.lanes.cursor
        self._tell()
        self.detailing.run(lambda: self.session.detail(position), lambda detail: self._have_detail(position, detail))
        if self.state_view.display:
            self.stating.run(lambda: self.session.state(position), lambda state: self._have_state(position, state))

    def _have_detail(self, position: int, detail: Detail | None) -> None:
        if detail is None or position != self.lanes.cursor:
            return
        self.payload.show(payload_lines(detail, self.look))
        self.facts.show(fact_lines(detail, self.look))
        partner = detail.reply or detail.request
        self.lanes.joined(self.session.index.at(partner) if partner is not None else None)

    def _have_state(self, position: int, state: State) -> None:
        if position == self.lanes.cursor:
            self.state_view.show(state_lines(state, self.look), keep=True)
        if self.session.live and self.session.asking.behind:
            self.set_timer(_AGAIN_S, self.refresh_panels)

    def _tell(self) -> None:
        """The story bar tells the incident of the cursor's event; the one that was jumped to comes first."""
        found = self.session.evidence(self.session.index.seq(self.lanes.cursor)) if len(self.lanes.lines) else []
        if self.told is None or (self.told not in found and found):
            worst = self.session.worst()
            self.told = min(found, key=worst.index) if found else None
        told = self.told
        number = self.session.incidents.index(told) + 1 if told in self.session.incidents else 0
        bar = self.story
        if (told, number) != (bar.incident, bar.number):
            bar.tell(told, number, len(self.session.incidents), self.look)
            self.lanes.told = told
            self.lanes.redraw()

    def count(self) -> None:
        """Count again for the timeline."""
        if not len(self.session.index):
            return
        buckets, zoom = self.timeline.buckets, self.zoomed or (None, None)
        self.counting.run(lambda: density(self.session.index, buckets, *zoom), self._have_density)

    def _have_density(self, counted: Density) -> None:
        self.timeline.show(counted, [incident.mono_ns for incident in self.session.incidents])
        if len(self.lanes.lines):
            self.timeline.point(self.session.index.mono_ns(self.lanes.cursor))

    # Odds and ends

    def say(self, message: str) -> None:
        """Say something in the status line."""
        self.status.say(message)

    def refresh_panels(self) -> None:
        """Let the panels be drawn again."""
        self._panels_due = True

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, UserError | OSError):
            raise error
        self.say(str(error))

    def _tell_work(self) -> None:
        slow = [work.name for work in self.works if work.slow(_SLOW_S)]
        total = self.session.total()
        words = ", ".join(slow)
        if "reading" in slow and total and len(self.session.index) < total:
            words += f" {100 * len(self.session.index) // total}%"
        self.status.doing("" if slow == ["reading"] and self.session.live else words + self.progress if slow else "")

    def _writer(self) -> LaneLines:
        metadata = self.session.capture.metadata
        first, last = metadata.clocks.wall_ns, metadata.clocks.wall_ns
        if not self.session.capture.path.name.endswith(".live"):
            times = [extent for segment in self.session.capture.segments if (extent := segment.extent("at_ns"))]
            first = min((low for low, _ in times), default=first)
            last = max((high for _, high in times), default=first)
        return LaneLines(
            self.look,
            dated=local_day(first) != local_day(last),
            address_width=max(5, len(str(self.session.total()))),
            relayed=metadata.mode in _KNOWS_RELAY,
        )

    def _arrange(self) -> None:
        wide = self.size.width >= _WIDE
        shown = self._state_wanted if self._state_wanted is not None else wide
        state = self.state_view
        if state.display != shown:
            state.display = shown
            self._panels_due = True
        if wide != self._wide:
            self._wide = wide
        # Where there is no room for three, the state takes the payload's place.
        self.payload.display = wide or not shown
        self.query_one("#below").set_class(self.size.height < _LOW, "low")

    def action_state(self) -> None:
        """Show or hide the state."""
        self._state_wanted = not self.state_view.display
        self._arrange()

    def action_payload(self) -> None:
        """Show or hide payload and facts."""
        below = self.query_one("#below")
        below.display = not below.display

    def action_theme(self) -> None:
        """Change between light and dark."""
        self.theme = LIGHT.name if self.theme != LIGHT.name else DARK.name
        self.look = palette(self.theme)
        self.timeline.look = self.look
        self.timeline.refresh()
        self.lanes.dress(self._writer(), self.look)
        self.story.forget()
        self._panels_due = True


@contextmanager
def quick() -> Iterator[None]:
    """Settings of the interpreter for a screen with threads behind it."""
    gc.freeze()  # what was imported stays: looking through it again and again costs a tenth of a second each time
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.001)  # a key does not wait five milliseconds for each thread that works
    try:
        yield
    finally:
        sys.setswitchinterval(before)
        gc.unfreeze()


def run(path: Path, seq: int = 0, against: Path | None = None, theme: str | None = None, *, live: bool = False) -> None:
    """Open the capture at ``path``, at this address, and let the user walk through it. ``live``: it must go on."""
    from wsreplay.analysis.session import Session

    session = Session.open(path, against)
    if live and not session.live:
        session.close()
        raise UserError(f"{path} is no recording that goes on: leave out --live")
    app = Debugger(session, seq=seq, theme=theme)
    with quick():
        app.run()
    if app.stopped:
        session.close()
