"""Lists that one chooses from: incidents, breakpoints, notes. And the help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList, Static
from textual.widgets.option_list import Option

from wsreplay.debugger.keys import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar

    from textual.binding import BindingType


class Choice(ModalScreen[int | None]):
    """Asks for one of several; its number, or None."""

    DEFAULT_CSS = """
    Choice { align: center middle; }
    Choice > Vertical { width: 90%; max-width: 120; height: auto; max-height: 90%; background: $panel; padding: 0 1; }
    Choice OptionList, Choice OptionList:focus { height: auto; max-height: 100%; border: none; padding: 0; }
    Choice OptionList { background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "cancel", "Cancel"),
        ("j", "down", "Down"),
        ("k", "up", "Up"),
    ]

    def __init__(self, title: str, entries: Sequence[Text]) -> None:
        super().__init__()
        self._title = title
        self._entries = entries

    def compose(self) -> ComposeResult:
        """The entries under a title."""
        with Vertical():
            yield Label(self._title, markup=False)
            yield OptionList(*(Option(entry) for entry in self._entries))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take it."""
        self.dismiss(event.option_index)

    def action_cancel(self) -> None:
        """Take none."""
        self.dismiss(None)

    def action_down(self) -> None:
        """To the next entry."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """To the entry before."""
        self.query_one(OptionList).action_cursor_up()


class Help(ModalScreen[None]):
    """All keys."""

    DEFAULT_CSS = """
    Help { align: center middle; }
    Help > VerticalScroll { width: 90%; max-width: 90; height: auto; max-height: 90%; }
    Help > VerticalScroll { background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """The keys, section by section."""
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for name, keys in SECTIONS.items():
            table.add_row(Text(name, style="bold"), "")
            for key in keys:
                table.add_row(Text(f"  {key.shown}"), Text(key.what))
        with VerticalScroll():
            yield Static(table)
