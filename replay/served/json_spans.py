"""Where the values of a JSON text stand: spans of the text, so that one can be changed and no other byte moves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_TOKEN = re.compile(r'[\s,:]*(?:("(?:[^"\\]|\\.)*")|([\[\]{}])|([^\s\[\]{},:"]+))', re.DOTALL)


class Scalar(NamedTuple):
    """A text, a number, true, false or null."""

    path: tuple[str | int, ...]
    start: int
    end: int
    """Of the value as it is written, with its quotes."""
    value: str
    """The text without quotes and escapes, or the word as it is written."""
    quoted: bool

    @property
    def name(self) -> str:
        """The nearest name above it; empty where there is none."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")


class Array(NamedTuple):
    """A list; ``items`` are the spans of those of its elements that are objects or lists."""

    path: tuple[str | int, ...]
    start: int
    end: int
    items: tuple[tuple[int, int], ...]
    alike: bool
    """Whether all its elements are objects or lists."""


class Spans(NamedTuple):
    """What stands where in a text."""

    scalars: list[Scalar]
    arrays: list[Array]


class _Open:
    """An object or a list that has not ended."""

    __slots__ = ("count", "is_list", "items", "name", "start")

    def __init__(self, start: int, is_list: bool) -> None:
        self.start, self.is_list = start, is_list
        self.name: str | None = None
        self.items: list[tuple[int, int]] = []
        self.count = 0

    @property
    def step(self) -> str | int:
        return self.count if self.is_list else self.name or ""


def spans_of(text: str) -> Spans | None:
    """The values of a JSON object or list; None where the text is neither."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    found = Spans([], [])
    within: list[_Open] = []
    at = 0
    while (token := _TOKEN.match(text, at)) is not None:
        at = token.end()
        string, bracket, _ = token.groups()
        if bracket in ("{", "["):
            within.append(_Open(token.start(2), bracket == "["))
            continue
        if not within:
            return None
        if bracket is not None:
            ended = within.pop()
            if ended.is_list != (bracket == "]"):
                return None
            if ended.is_list:
                path = tuple(each.step for each in within)
                found.arrays.append(Array(path, ended.start, at, tuple(ended.items), len(ended.items) == ended.count))
            if not within:
                return found if not text[at:].strip() else None
            if within[-1].is_list:
                within[-1].items.append((ended.start, at))
            _next(within[-1])
            continue
        top = within[-1]
        start, end = token.span(1 if string is not None else 3)
        value = _unquoted(string) if string is not None else text[start:end]
        if not top.is_list and top.name is None:
            if string is None:
                return None
            top.name = value
            continue
        found.scalars.append(Scalar(tuple(each.step for each in within), start, end, value, string is not None))
        _next(top)
    return None


def edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """The text with these spans replaced; they may not overlap."""
    parts: list[str] = []
    at = 0
    for start, end, new in sorted(edits):
        parts += (text[at:start], new)
        at = end
    return "".join((*parts, text[at:]))


def relisted(text: str, array: Array, kept: Sequence[str]) -> tuple[int, int, str]:
    """The edit that leaves these elements in a list, set apart as they were."""
    first, last = array.items[0], array.items[-1]
    between = text[first[1] : array.items[1][0]] if len(array.items) > 1 else ","
    return first[0], last[1], between.join(kept)


def _next(top: _Open) -> None:
    top.count += 1
    top.name = None


def _unquoted(string: str) -> str:
    if "\\" not in string:
        return string[1:-1]
    try:
        return str(json.loads(string, strict=False))
    except ValueError:
        return string[1:-1]
