"""Colours: two themes, and what the sides of a conversation look like in them.

Blue and orange are told apart by colour-blind eyes too, and by terminals with 256 colours; and no colour says anything
that a sign or a place does not say as well.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from rich.style import Style
from textual.theme import Theme

DARK = Theme(
    name="wsreplay-dark",
    primary="#5fafff",
    secondary="#ffaf5f",
    accent="#ffd75f",
    error="#ff8787",
    warning="#ffd75f",
    success="#87d7af",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
)
LIGHT = Theme(
    name="wsreplay-light",
    primary="#005faf",
    secondary="#af5f00",
    accent="#875f00",
    error="#af0000",
    warning="#875f00",
    success="#005f5f",
    foreground="#262626",
    background="#ffffff",
    surface="#f5f5f5",
    panel="#e4e4e4",
    dark=False,
)


class Palette(NamedTuple):
    """What is drawn how."""

    client: Style
    venue: Style
    proxy: Style
    bad: Style
    strong: Style
    dim: Style
    plain: Style
    cursor: Style
    """Under the line where the cursor is."""
    hover: Style


_DARK = Palette(
    client=Style(color="#5fafff"),
    venue=Style(color="#ffaf5f"),
    proxy=Style(color="#d7d7af"),
    bad=Style(color="#ff8787", bold=True),
    strong=Style(bold=True),
    dim=Style(color="#8a8a8a"),
    plain=Style(),
    cursor=Style(bgcolor="#3a3a3a"),
    hover=Style(bgcolor="#262626"),
)
_LIGHT = Palette(
    client=Style(color="#005faf"),
    venue=Style(color="#af5f00"),
    proxy=Style(color="#5f5f00"),
    bad=Style(color="#af0000", bold=True),
    strong=Style(bold=True),
    dim=Style(color="#767676"),
    plain=Style(),
    cursor=Style(bgcolor="#d0d0d0"),
    hover=Style(bgcolor="#e4e4e4"),
)


def palette(theme: str) -> Palette:
    """The palette that goes with a theme."""
    return _LIGHT if theme == LIGHT.name else _DARK


def theme_for_terminal() -> str:
    """The theme for the terminal's background, as far as it says what that is (``COLORFGBG``); dark otherwise."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return LIGHT.name if background in ("7", "15") else DARK.name
