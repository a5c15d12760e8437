"""The status line: the address of the cursor, where it is, and what is going on."""

from __future__ import annotations

from typing import override

from rich.text import Text
from textual.widget import Widget

from wsreplay.captures.harmless import harmless

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Status(Widget):
    """One line: address on the left, what is listed, and what is said on the right."""

    DEFAULT_CSS = """
    Status { height: 1; background: $panel; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="status")
        self._address = ""
        self._place = ""
        self._doing = ""
        self._turn = 0
        self.said = ""
        """The last message."""

    def place(self, address: str, place: str) -> None:
        """Where the cursor is."""
        if (address, place) != (self._address, self._place):
            self._address, self._place = address, place
            self.refresh()

    def say(self, message: str) -> None:
        """Say something; it stays until something else is said."""
        self.said = message
        self.refresh()

    def doing(self, what: str) -> None:
        """Show that something goes on; empty: nothing does any more."""
        if what:
            self._turn += 1
        if what or self._doing:
            self._doing = what
            self.refresh()

    @override
    def render(self) -> Text:
        """The line."""
        room = self.size.width
        right = f"{_SPINNER[self._turn % len(_SPINNER)]} {self._doing}" if self._doing else self.said
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(harmless(self._place))
        if right:
            text.append("  " + harmless(right), style="bold")
        address = Text(harmless(self._address), style="bold", no_wrap=True)
        left = room - text.cell_len - 2
        if address.cell_len > left:
            # The end of an address is what tells it from others.
            address = Text("…" + address.plain[-(max(left, 12) - 1) :], style="bold", no_wrap=True)
        return Text.assemble(address, "  ", text)
