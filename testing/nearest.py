"""What comes nearest to what was wanted, and in what it differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

import msgspec

_NUMBERS = frozenset({"price", "qty"})
"""Compared by what they are worth: 1.50 is 1.5. Everything else is compared by its text: the id 007 is not 7."""


class Difference(msgspec.Struct, frozen=True):
    """One fact that is otherwise."""

    name: str
    there: Any
    wanted: Any

    def __str__(self) -> str:
        return f"{self.name} is {_told(self.there)}, not {_told(self.wanted)}"


class Candidate(msgspec.Struct, frozen=True):
    """A row, and in what it differs from what was wanted."""

    place: int
    """Which of the rows it is."""
    row: Mapping[str, Any]
    differences: tuple[Difference, ...]


def candidates(rows: Iterable[Mapping[str, Any]], wanted: Mapping[str, Any]) -> list[Candidate]:
    """The rows, the nearest first. What was named first weighs most: an outcome is sooner another than an operation."""
    found = [Candidate(place, row, tuple(_differences(row, wanted))) for place, row in enumerate(rows)]
    weight = {name: 1 << (len(wanted) - place) for place, name in enumerate(wanted)}
    return sorted(found, key=lambda each: sum(weight[difference.name] for difference in each.differences))


def same(there: Any, wanted: Any, name: str = "") -> bool:
    """Whether a fact is what was wanted."""
    if wanted is None or there is None:
        return wanted is there
    if name in _NUMBERS:
        try:
            return Decimal(str(there)) == Decimal(str(wanted))
        except InvalidOperation:
            return False
    return str(there) == str(wanted)


def named(name: str, known: Iterable[str], what: str) -> str:
    """The name, if it is one that is known: a slip of the pen must not make an assertion hold."""
    known = tuple(known)
    if name in known:
        return name
    near = get_close_matches(name.lower(), known, n=1)
    raise ValueError(
        f"there is no {what} {name!r}, " + (f"did you mean {near[0]}?" if near else f"only {', '.join(known)}")
    )


def _differences(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterable[Difference]:
    for name, value in wanted.items():
        if not same(row.get(name), value, name):
            yield Difference(name, row.get(name), value)


def _told(value: Any) -> str:
    return "not known" if value is None else str(value)
