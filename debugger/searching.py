"""Searching: in payloads, to breakpoints forward and backward, and filters. All of it off the interface thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from wsreplay.analysis.session.breakpoints import Search, any_of, containing
from wsreplay.captures.errors import UserError
from wsreplay.captures.harmless import harmless
from wsreplay.debugger.lists import Choice
from wsreplay.debugger.moving import Moving
from wsreplay.debugger.prompt import Prompt

if TYPE_CHECKING:
    from wsreplay.analysis.session.lines import Lines


class Searching(Moving):
    """The part that searches."""

    progress = ""
    """How far a search is, for the status line."""
    filter_words = ""
    """What lines are filtered for, for the status line."""
    condition: str | None = None
    """The filter."""
    _search: Search | None = None
    _wanted = ""
    """The text that is searched for."""

    @property
    def breaks(self) -> list[str]:
        """The breakpoints: conditions."""
        found: list[str] = self.__dict__.setdefault("break_conditions", [])
        return found

    def _said(self, what: str) -> list[str]:
        said: dict[str, list[str]] = self.__dict__.setdefault("said_before", {})
        return said.setdefault(what, [])

    # Text

    def action_search(self) -> None:
        """Ask for a text, and go to the next payload that holds it."""

        def asked(text: str | None) -> None:
            if text:
                self._wanted = text
                self.action_again(1)

        self.push_screen(Prompt("search the payloads (small letters stand for both)", self._said("search")), asked)

    def action_again(self, direction: int) -> None:
        """Go to the next match of the search, or the one before."""
        if self._wanted:
            self._run(containing(self._wanted), direction, f"{self._wanted!r}")
        else:
            self.action_search()

    # Breakpoints

    def action_breakpoint(self) -> None:
        """Ask for a condition that is to stop a run."""

        def asked(condition: str | None) -> None:
            if condition and condition not in self.breaks:
                self.breaks.append(condition)
            if condition:
                self.say(f"{len(self.breaks)} breakpoint{'s' if len(self.breaks) > 1 else ''}: c runs on, C back")

        title = "break where (SQL over the columns of events, such as error_code IS NOT NULL)"
        self.push_screen(Prompt(title, self._said("condition"), check=self._wrong), asked)

    def action_breakpoints(self) -> None:
        """List the breakpoints; the chosen one is taken away."""
        if not self.breaks:
            self.say("no breakpoints: b sets one")
            return

        def chosen(number: int | None) -> None:
            if number is not None:
                self.say(f"no longer breaks where {self.breaks.pop(number)}")

        entries = [Text(harmless(condition)) for condition in self.breaks]
        self.push_screen(Choice("breakpoints: Enter takes one away", entries), chosen)

    def action_run(self, direction: int) -> None:
        """Run to the next breakpoint, or to the one before."""
        if self.breaks:
            self._run(any_of(self.breaks), direction, "breakpoint")
        else:
            self.action_breakpoint()

    def _run(self, condition: str, direction: int, what: str) -> None:
        if self.empty:
            return
        self.call_off()
        cursor = self.lanes.cursor
        self._search = search = Search(self.session.asking, condition, self._progressed)

        def done(position: int | None) -> None:
            self.progress = ""
            if search.cancelled:
                self.say("the search was called off")
            elif position is None:
                self.say(f"no {what} {'after' if direction > 0 else 'before'} this line")
            else:
                self.say("")
                self.show_row(position)

        self.searching.run(lambda: self.session.run_to(search, cursor, direction), done)

    def show_row(self, position: int) -> None:
        """Go to a row, also one that is not listed so far."""
        if not self.lanes.lines.holds(position):
            self.condition, self.filter_words = None, ""
            self.lanes.choose(self.session.story if self.session.story.holds(position) else self.session.everything)
        self.jump(position)

    def _progressed(self, seq: int) -> None:
        self.progress = f" at {seq:,}"

    def call_off(self) -> bool:
        """Call a search off; whether there was one."""
        search, self._search = self._search, None
        if search is None or not self.searching.busy:
            return False
        search.cancel()
        return True

    # Filters

    def action_filter(self) -> None:
        """Ask for a condition, and list only what it holds for."""

        def asked(condition: str | None) -> None:
            if condition is not None:
                self.filter(condition or None)

        title = "show where (SQL over the columns of events; nothing: all lines)"
        self.push_screen(Prompt(title, self._said("condition"), self.condition or "", self._wrong), asked)

    def action_only_connection(self) -> None:
        """List only this connection, or all again."""
        if self.empty:
            return
        conn = self.session.index.row(self.lanes.cursor).conn
        condition = f"conn = {conn}"
        if not conn:
            self.say("no connection is concerned here")
        else:
            self.filter(None if self.condition == condition else condition)

    def action_everything(self) -> None:
        """List all rows, or only those that tell the story."""
        everything = self.lanes.lines is self.session.everything
        self.condition, self.filter_words = None, ""
        self.lanes.choose(self.session.story if everything else self.session.everything)

    def action_stop(self) -> None:
        """Stop what goes on; if nothing does, list all lines again."""
        if not (self.call_off() or self.stop_playing()) and self.condition is not None:
            self.filter(None)

    def filter(self, condition: str | None) -> None:
        """List only rows for which the condition holds."""
        if condition is None:
            self.condition, self.filter_words = None, ""
            self.lanes.choose(self.session.story)
            return

        def done(lines: Lines) -> None:
            if not len(lines):
                self.say(f"nowhere does {condition} hold")
                return
            self.condition, self.filter_words = condition, f" where {condition}"
            self.say("")
            self.lanes.choose(lines)

        self.searching.run(lambda: self.session.filtered(condition), done)

    def _wrong(self, condition: str) -> str | None:
        """What is wrong with a condition. It is read and bound, and asked of no row."""
        if not condition:
            return None
        try:
            self.session.asking.check(condition)
        except UserError as error:
            return str(error)
        return None
