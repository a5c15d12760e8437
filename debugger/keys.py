"""The keys: one table, from which come the bindings, the footer, the help and the page in the documentation."""

from __future__ import annotations

from typing import NamedTuple

from textual.binding import Binding, BindingType


class Key(NamedTuple):
    """One key, or several that do the same."""

    keys: str
    """As Textual calls them, with commas between."""
    shown: str
    """As people call them."""
    action: str
    what: str
    """What it does, in a line."""
    footer: str = ""
    """What the footer says; empty: it is not there."""


SECTIONS: dict[str, tuple[Key, ...]] = {
    "Moving": (
        Key("down,j", "Down, j", "step(1)", "to the next line"),
        Key("up,k", "Up, k", "step(-1)", "to the line before"),
        Key("pagedown", "PgDn", "page(1)", "a page on"),
        Key("pageup", "PgUp", "page(-1)", "a page back"),
        Key("home", "Home", "first", "to the first line"),
        Key("end", "End", "last", "to the last line; of a recording that goes on: follow it"),
        Key("right_square_bracket", "]", "along(1)", "to the next event on this connection"),
        Key("left_square_bracket", "[", "along(-1)", "to the event before on this connection"),
        Key("right_curly_bracket", "}", "across(1)", "step over this connection: to the next event of another one"),
        Key("left_curly_bracket", "{", "across(-1)", "the same, backward"),
        Key("r", "r", "partner", "from a request to its reply, from a reply to its request", "Reply"),
        Key("n", "n", "incident(1)", "to the next incident", "Incident"),
        Key("N", "N", "incident(-1)", "to the incident before"),
        Key("i", "i", "incidents", "list the incidents, the worst first; Enter goes there", "List"),
        Key("g,colon", "g, :", "go", "go to an address (1834) or a time (14:03:22.5)", "Go"),
        Key("backspace", "Backspace", "came_from", "to where the last jump came from"),
    ),
    "Searching": (
        Key("slash", "/", "search", "search the payloads", "Search"),
        Key("full_stop", ".", "again(1)", "to the next match of the search"),
        Key("comma", ",", "again(-1)", "to the match before"),
        Key("b", "b", "breakpoint", "set a breakpoint: a condition in SQL"),
        Key("B", "B", "breakpoints", "list the breakpoints; Enter takes one away"),
        Key("c", "c", "run(1)", "run forward to the next breakpoint", "Run"),
        Key("C", "C", "run(-1)", "run backward to the breakpoint before"),
        Key("f", "f", "filter", "show only lines for which a condition in SQL holds", "Filter"),
        Key("x", "x", "only_connection", "show only the connection of this line; again: all of them"),
        Key("o", "o", "everything", "show or hide rows that say nothing new: what was decoded from events"),
        Key("escape", "Esc", "stop", "stop a search or playing; else take the filter away"),
    ),
    "Playing": (
        Key("space", "Space", "play", "play from here, in the time of the recording; again: stop"),
        Key("greater_than_sign", ">", "speed(1)", "faster"),
        Key("less_than_sign", "<", "speed(-1)", "slower"),
    ),
    "Looking": (
        Key("s", "s", "state", "show or hide the state at the cursor", "State"),
        Key("p", "p", "payload", "show or hide the payload and the decoded facts"),
        Key("tab", "Tab", "app.focus_next", "to the next panel, to scroll it"),
        Key("plus,equals_sign", "+", "zoom(1)", "timeline: closer"),
        Key("minus", "-", "zoom(-1)", "timeline: farther"),
        Key("t", "t", "theme", "light or dark"),
    ),
    "Sharing": (
        Key("y", "y", "copy", "copy the address of this line"),
        Key("a", "a", "annotate", "note something at this line"),
        Key("A", "A", "notes", "list the notes; Enter goes there"),
        Key("e", "e", "export", "write what is shown as a capture of its own, or as a test case"),
        Key("question_mark", "?", "help", "this help", "Help"),
        Key("q", "q", "quit", "leave", "Quit"),
    ),
}
KEYS: tuple[Key, ...] = tuple(key for section in SECTIONS.values() for key in section)


def bindings() -> list[BindingType]:
    """The keys as bindings."""
    return [Binding(key.keys, key.action, key.footer or key.what, show=bool(key.footer)) for key in KEYS]


def markdown() -> str:
    """The keys as the documentation has them."""
    lines = []
    for name, keys in SECTIONS.items():
        lines += [f"| {name} | |", "|---|---|"]
        lines += [f"| `{key.shown}` | {key.what} |" for key in keys]
        lines.append("")
    return "\n".join(lines)
