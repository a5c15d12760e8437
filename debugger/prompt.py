"""A line at the bottom in which one says where to go, what to look for, or what to note."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ClassVar


class Prompt(ModalScreen[str | None]):
    """Asks for a text; None: it was called off. What was said before comes again with Up."""

    DEFAULT_CSS = """
    Prompt { align: center bottom; background: transparent; }
    Prompt > Vertical { height: auto; dock: bottom; background: $panel; padding: 0 1; }
    Prompt Label { color: $text-muted; width: 100%; }
    Prompt #wrong { color: $error; display: none; }
    Prompt Input { border: none; height: 1; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "cancel", "Cancel"),
        ("up", "before(-1)", "Said before"),
        ("down", "before(1)", "Said after"),
    ]

    def __init__(
        self, title: str, said: list[str], value: str = "", check: Callable[[str], str | None] = lambda _: None
    ) -> None:
        """``said``: what was answered before; the answer is added. ``check`` says what is wrong with one, or None."""
        super().__init__()
        self._title = title
        self._said = said
        self._value = value
        self._check = check
        self._place = len(said)

    def compose(self) -> ComposeResult:
        """The line, and what it is for."""
        with Vertical():
            yield Label(self._title, markup=False)
            yield Label("", id="wrong", markup=False)
            yield Input(value=self._value, select_on_focus=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer, unless it is wrong."""
        value = event.value.strip()
        wrong = self._check(value)
        if wrong is not None:
            label = self.query_one("#wrong", Label)
            label.update(wrong)
            label.styles.display = "block"
            return
        if value and value not in self._said[-1:]:
            self._said.append(value)
        self.dismiss(value)

    def action_cancel(self) -> None:
        """Call it off."""
        self.dismiss(None)

    def action_before(self, step: int) -> None:
        """Bring back what was said before."""
        self._place = min(max(self._place + step, 0), len(self._said))
        line = self.query_one(Input)
        line.value = self._said[self._place] if self._place < len(self._said) else ""
        line.cursor_position = len(line.value)
