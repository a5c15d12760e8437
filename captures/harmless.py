"""Text from strangers, made safe to print.

A payload can hold anything: sequences that repaint the screen, set the window's title or write the clipboard, marks
that turn the reading direction so that a line reads otherwise than it is, characters that nobody sees. All of these are
shown as escapes. Nothing here changes what is stored.
"""

from __future__ import annotations

import re

_UNSEEN = (
    # Printable by their class, and yet invisible: fillers, joiners, variation selectors.
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)
_SUSPECT = re.compile(f"[^ -~\u00a1-\u00ac\u00ae-\u024f]|[{_UNSEEN}]")
"""All that is worth a second look; the letters of most European languages are not."""
_UNSEEN_ONE = re.compile(f"[{_UNSEEN}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def harmless(text: str) -> str:
    """The text with all that a terminal would obey, or nobody would see, as an escape: ``\\x1b``, ``\\u202e``."""
    if text.isascii() and text.isprintable():
        return text
    return _SUSPECT.sub(_escaped, text)


def harmless_json(text: str) -> str:
    """JSON of the same value, in which such characters are JSON's own escapes; it stays one line."""
    if text.isascii() and text.isprintable():
        return text
    return _SUSPECT.sub(_escaped_json, text)


def _shown(character: str) -> bool:
    return character.isprintable() and not _UNSEEN_ONE.match(character)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if _shown(character):
        return character
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _SHORT.get(character) or (f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}")


def _escaped_json(found: re.Match[str]) -> str:
    character = found[0]
    if _shown(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
