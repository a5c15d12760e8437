"""Moving the cursor: by lines, along and across connections, to partners, incidents, addresses and times; playing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from wsreplay.analysis.session import movement
from wsreplay.captures.errors import UserError
from wsreplay.captures.harmless import harmless
from wsreplay.debugger.lists import Choice
from wsreplay.debugger.parts import Parts
from wsreplay.debugger.prompt import Prompt

if TYPE_CHECKING:
    from textual.timer import Timer

_SPEEDS = (0.01, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0, 1000.0)
_LONGEST_S = 2.0
"""Playing waits that long at most, however long the recording was silent."""
_FASTEST_S = 1 / 30
_REMEMBERED = 200


class Moving(Parts):
    """The part that moves."""

    following = False
    """The cursor stays at the end of a recording that goes on."""
    _speed = 1.0
    _level = 0
    """How often the timeline was zoomed."""
    _playing: Timer | None = None

    def jump(self, position: int) -> None:
        """Go there, and remember from where."""
        if self.empty:
            return
        if position != self.lanes.cursor:
            self._came_from.append(self.lanes.cursor)
            del self._came_from[:-_REMEMBERED]
        self.following = False
        self.lanes.go(position, centre=True)

    @property
    def _came_from(self) -> list[int]:
        found: list[int] = self.__dict__.setdefault("came_from", [])
        return found

    def to_moment(self, mono_ns: int) -> None:
        """Go to the first row at this moment or later."""
        if len(self.session.index):
            self.jump(movement.at_mono(self.session.index, mono_ns))

    # By lines

    def action_step(self, lines: int) -> None:
        """Go so many lines on."""
        self.following = False
        self.lanes.step(lines)

    def action_page(self, pages: int) -> None:
        """Go so many pages on."""
        self.following = False
        self.lanes.step(pages * max(self.lanes.size.height - 1, 1))

    def action_first(self) -> None:
        """Go to the first line."""
        if not self.empty:
            self.jump(self.lanes.lines.position(0))

    def action_last(self) -> None:
        """Go to the last line, and stay at the end of a recording that goes on."""
        if not self.empty:
            self.jump(self.lanes.lines.position(len(self.lanes.lines) - 1))
            self.following = self.session.live

    # By what rows are

    def action_along(self, direction: int) -> None:
        """Go along the connection."""
        self._found(movement.along, direction, "on this connection")

    def action_across(self, direction: int) -> None:
        """Go to another connection."""
        self._found(movement.across, direction, "on another connection")

    def _found(self, look: object, direction: int, where: str) -> None:
        assert callable(look)
        if self.empty:
            return
        position = look(self.session.index, self.lanes.cursor, direction)
        if position is None:
            self.say(f"no event {'after' if direction > 0 else 'before'} this one {where}")
        else:
            self.jump(position)

    def action_partner(self) -> None:
        """Go from a request to its reply, from a reply or an outcome to its request."""
        if self.empty:
            return
        row = self.session.index.row(self.lanes.cursor)
        partner = movement.partner(self.session.index, self.lanes.cursor)
        if partner is None and row.kind == "fact":
            event = self.session.rows.peek(self.lanes.cursor)
            partner = self.session.index.at(event.of_seq) if event is not None and event.of_seq is not None else None
        if partner is not None:
            self.jump(partner)
        elif row.role == "request":
            self.say("this request was never answered")
        else:
            self.say("this is no request, and no reply to one")

    def action_incident(self, direction: int) -> None:
        """Go to the next incident, or the one before."""
        if self.empty:
            return
        incidents = self.session.incidents
        at = self.session.evidence(self.session.index.seq(self.lanes.cursor))
        if self.told is not None and self.told in at:
            place = incidents.index(self.told) + direction
            incident = incidents[place] if 0 <= place < len(incidents) else None
        else:
            incident = self.session.incident_from(self.lanes.cursor, direction)
        if incident is not None:
            self.tell(incident)
        elif incidents:
            self.say(f"no incident {'after' if direction > 0 else 'before'} this one")
        else:
            self.say("no incidents")

    def action_incidents(self) -> None:
        """List the incidents, the worst first."""
        if not self.session.incidents:
            self.say("looking for incidents")
            self.loading.run(lambda: self.session.load_incidents(search=True), self._searched)
            return
        worst = self.session.worst()
        entries = [
            Text.assemble(
                (f"{harmless(each.kind)} ", "bold"),
                (f"{each.certainty} #{each.seq}\n", "dim"),
                harmless(each.summary),
            )
            for each in worst
        ]

        def chosen(number: int | None) -> None:
            if number is not None:
                self.tell(worst[number])

        self.push_screen(Choice(f"{len(worst)} incidents, the worst first", entries), chosen)

    def _searched(self, _: bool) -> None:
        self.lanes.redraw()
        self.count()
        if self.session.incidents:
            self.say("")
            self.action_incidents()
        else:
            self.say("no incidents")

    def action_go(self) -> None:
        """Ask for an address or a time, and go there."""
        self.push_screen(
            Prompt("go to an address (1834) or a time (14:03:22.5, 2026-11-21 08:30:57Z)", self._places, check=self._go)
        )

    @property
    def _places(self) -> list[str]:
        found: list[str] = self.__dict__.setdefault("places", [])
        return found

    def _go(self, text: str) -> str | None:
        """Go there, or say why not."""
        if not text or self.empty:
            return None
        index = self.session.index
        word = text.rpartition("#")[2] if "#" in text else text
        seq, _, part = word.partition(".")
        if seq.isdecimal() and (not part or part.isdecimal()):
            position = index.from_address(int(seq), int(part or 0))
            if position >= len(index):
                return f"there is no event {seq}: the last one is {index.seq(len(index) - 1)}"
            self.jump(position)
            return None
        try:
            moment = movement.parse_time(text, index.row(self.lanes.cursor).at_ns)
        except UserError as error:
            return str(error)
        if moment is None:
            return f"{text} is neither an address nor a time"
        found = movement.at_time(index, moment)
        if found is None:
            return f"nothing was recorded at {text} or later"
        self.jump(found)
        return None

    def action_came_from(self) -> None:
        """Go to where the last jump came from."""
        if self._came_from:
            self.following = False
            self.lanes.go(self._came_from.pop(), centre=True)

    # Playing

    def action_play(self) -> None:
        """Play from here, or stop."""
        if self._playing is not None:
            self.stop_playing()
        elif not self.empty:
            self.say(f"playing at {self._speed:g}x")
            self._play_on()

    def stop_playing(self) -> bool:
        """Stop; whether it was playing."""
        if self._playing is None:
            return False
        self._playing.stop()
        self._playing = None
        self.say("")
        return True

    def action_speed(self, step: int) -> None:
        """Play faster or slower."""
        place = min(max(_SPEEDS.index(self._speed) + step, 0), len(_SPEEDS) - 1)
        self._speed = _SPEEDS[place]
        self.say(f"{'playing' if self._playing is not None else 'plays'} at {self._speed:g}x")

    def _play_on(self) -> None:
        lines, line = self.lanes.lines, self.lanes.line
        if line + 1 >= len(lines):
            self._playing = None
            self.say("played to the end")
            return
        index = self.session.index
        first = index.mono_ns(self.lanes.cursor)
        # Many lines at once where they are closer together than the screen can show.
        target = line + 1
        while target + 1 < len(lines) and self._seconds(first, lines.position(target + 1)) <= _FASTEST_S:
            target += 1
        wait = min(max(self._seconds(first, lines.position(target)), _FASTEST_S), _LONGEST_S)
        self._playing = self.set_timer(wait, lambda: self._played(target - line))

    def _seconds(self, first_ns: int, position: int) -> float:
        return (self.session.index.mono_ns(position) - first_ns) / 1e9 / self._speed

    def _played(self, lines: int) -> None:
        if self._playing is not None:
            self.lanes.step(lines)
            self._play_on()

    # The timeline

    def action_zoom(self, step: int) -> None:
        """Show less of the timeline, around the cursor, or more."""
        index = self.session.index
        if self.empty:
            return
        first, last = index.mono_ns(0), index.mono_ns(len(index) - 1)
        level = max(self._level + step, 0)
        span = (last - first) // 4**level
        if step > 0 and span < self.timeline.buckets:
            return
        self._level = level
        start = min(max(index.mono_ns(self.lanes.cursor) - span // 2, first), last - span)
        self.zoomed = (start, start + span) if level else None
        self.count()
