"""JSON strings, also where the JSON was itself written into a JSON string, once or more often.

The **level** of a quote says how often: ``"`` is 0, with one backslash before it 1, with three 2, with seven 3.
"""

from __future__ import annotations

import re
from json import JSONDecodeError, JSONDecoder

_CLOSING = re.compile(r'(?<!\\)(\\*+)"')
_decode = JSONDecoder(strict=False).decode


def level_of(backslashes: int) -> int:
    """The level of a quote with so many backslashes before it: the ones at the end of the number's binary form."""
    return ((backslashes + 1) & ~backslashes).bit_length() - 1


def level_at(text: str, quote: int, most: int) -> int:
    """The level of the quote at this place, as far as it is not above ``most``."""
    before = text[max(0, quote - (1 << most)) : quote]
    return level_of(len(before) - len(before.rstrip("\\")))


def quote(level: int) -> str:
    """A quote of this level."""
    return "\\" * ((1 << level) - 1) + '"'


def end_of_string(text: str, start: int, level: int) -> tuple[int, int]:
    """Where the content of a string ends, and where its closing quote does. A cut one ends with the text."""
    first = text.find('"', start)
    if first == start or (first > start and text[first - 1] != "\\"):
        return first, first + 1
    for closing in _CLOSING.finditer(text, start):
        own = level_of(len(closing[1]))
        if own <= level:  # its own end or, in a broken text, that of a string around it
            return closing.end() - (1 << own), closing.end()
    return len(text), len(text)


def unescaped(raw: str, level: int) -> str:
    """The content of a string as it was before it was written down; what can't be read stays as it is."""
    for _ in range(level + 1):
        if "\\" not in raw:
            break
        try:
            decoded = _decode(f'"{raw}"')
        except JSONDecodeError:
            break
        raw = str(decoded)
    return raw
