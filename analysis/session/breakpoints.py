"""Breakpoints: conditions in SQL, and running to the next row for which one holds, forward or backward.

A long capture is searched piece by piece from the cursor on, each piece twice as large as the one before, so that a
match nearby is found at once, one far away soon, and a search can be called off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from wsreplay.analysis.session.asking import Asking

_FIRST = 20_000
_LARGEST = 640_000
"""Addresses in a piece."""


class Match(NamedTuple):
    """A row for which a condition holds."""

    seq: int
    part: int


class Search:
    """One run to the next match. It may be called off from another thread."""

    def __init__(self, asking: Asking, condition: str, progress: Callable[[int], None] = lambda _: None) -> None:
        """``progress`` is told the address up to which there was no match."""
        self._asking = asking
        self._condition = condition
        self._progress = progress
        self.cancelled = False

    def cancel(self) -> None:
        """Stop looking, at the end of this piece."""
        self.cancelled = True

    def forward(self, seq: int, part: int, last: int) -> Match | None:
        """The first match after this address, and not after ``last``."""
        after = f"(seq > {seq} OR part > {part})"
        size, begin = _FIRST, seq
        while begin <= last and not self.cancelled:
            end = min(begin + size, last)
            if match := self._first(f"seq BETWEEN {begin} AND {end} AND {after}", "seq, part"):
                return match
            self._progress(end)
            begin, size = end + 1, min(size * 2, _LARGEST)
        return None

    def backward(self, seq: int, part: int, first: int = 0) -> Match | None:
        """The last match before this address, and not before ``first``."""
        before = f"(seq < {seq} OR part < {part})"
        size, end = _FIRST, seq
        while end >= first and not self.cancelled:
            begin = max(end - size, first)
            if match := self._first(f"seq BETWEEN {begin} AND {end} AND {before}", "seq DESC, part DESC"):
                return match
            self._progress(begin)
            end, size = begin - 1, min(size * 2, _LARGEST)
        return None

    def _first(self, where: str, order: str) -> Match | None:
        question = f"SELECT seq, part FROM events WHERE {where} AND (\n{self._condition}\n) ORDER BY {order} LIMIT 1"  # noqa: S608
        for batch in self._asking.ask(question):
            if batch.num_rows:
                return Match(batch.column("seq")[0].as_py(), batch.column("part")[0].as_py())
        return None


def any_of(conditions: list[str]) -> str:
    """A condition that holds where one of these does."""
    return " OR ".join(f"(\n{condition}\n)" for condition in conditions)


def containing(text: str) -> str:
    """The condition of a payload that contains this text. Small letters stand for both, as in an editor's search."""
    wanted = text.replace("'", "''")
    if text.upper() == text or text != text.lower():
        holds = f"contains(text, '{wanted}') OR contains(decode(data, 'ignore'), '{wanted}')"
    else:
        holds = f"contains(lower(text), '{wanted}') OR contains(lower(decode(data, 'ignore')), '{wanted}')"
    return f"part = 0 AND ({holds})"
