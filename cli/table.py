"""Aligned columns of text, with as little around them as possible.

The first rows decide how wide the columns are, so that a result of any length can be written while it is read. Where
the terminal is too narrow even for shortened columns, each row is written as a record, one cell a line.
"""

from __future__ import annotations

from typing import IO, NamedTuple

from wsreplay.cli.terminal import in_colour

_DECIDING = 1000
_GAP = "  "
_NARROWEST = 12
"""A column that must give way keeps this much."""


class Column(NamedTuple):
    """A column's heading, and how its values are shown."""

    name: str
    right: bool = False
    """Numbers line up on the right."""
    whole: bool = False
    """Half a number or half a time is a wrong one: these are never shortened."""


class Table:
    """Rows of cells, which must be harmless by now."""

    def __init__(self, columns: list[Column], width: int | None) -> None:
        self._columns = columns
        self._width = width
        """Columns of the terminal; None: nothing is shortened."""
        self._waiting: list[list[str]] = []
        self._widths: list[int] | None = None
        self._too_wide = False
        self._number = 0

    def add(self, cells: list[str]) -> None:
        """One more row."""
        self._waiting.append(cells)

    def write(self, out: IO[str], *, more: bool = False) -> None:
        """Write what was added; with ``more`` to come, not before there are enough rows to decide by."""
        if more and self._widths is None and len(self._waiting) < _DECIDING:
            return
        if self._widths is None:
            self._widths = self._decided()
            self._too_wide = self._width is not None and _total(self._widths) > self._width
            if not self._too_wide:
                out.write(_bold(self._row([column.name for column in self._columns])) + "\n")
        write = self._record if self._too_wide else self._row
        out.writelines(f"{write(cells)}\n" for cells in self._waiting)
        self._waiting.clear()

    def _decided(self) -> list[int]:
        rows = [[column.name for column in self._columns], *self._waiting]
        widths = [max(map(_cells, column)) for column in zip(*rows, strict=True)]
        if self._width is None:
            return widths
        # The widest gives way first.
        excess = _total(widths) - self._width
        while excess > 0:
            yielding = [at for at, column in enumerate(self._columns) if not column.whole and widths[at] > _NARROWEST]
            if not yielding:
                break
            widest = max(yielding, key=lambda at: widths[at])
            others = [widths[at] for at in yielding if at != widest]
            to = max(_NARROWEST, widths[widest] - excess, min(max(others, default=0), widths[widest] - 1))
            excess -= widths[widest] - to
            widths[widest] = to
        return widths

    def _row(self, cells: list[str]) -> str:
        assert self._widths is not None
        shown = []
        for cell, column, width in zip(cells, self._columns, self._widths, strict=True):
            text = cell
            room = width - _cells(text)
            if room < 0 and not column.whole and self._width is not None:
                text = _shortened(text, width)
                room = width - _cells(text)
            blanks = " " * max(room, 0)
            shown.append(blanks + text if column.right else text + blanks)
        return _GAP.join(shown).rstrip()

    def _record(self, cells: list[str]) -> str:
        """The row's cells below each other, those that hold anything."""
        self._number += 1
        names = [column.name for column in self._columns]
        widest = max(map(_cells, names))
        lines = [_bold(f"row {self._number}")]
        for name, cell in zip(names, cells, strict=True):
            if cell:
                room = self._width - widest - len(_GAP) if self._width is not None else None
                shown = cell if room is None or _cells(cell) <= room else _shortened(cell, max(room, _NARROWEST))
                lines.append(f"{name}{' ' * (widest - _cells(name))}{_GAP}{shown}")
        return "\n".join(lines)


def _total(widths: list[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if in_colour() else text


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _shortened(text: str, width: int) -> str:
    if text.isascii():
        return text[: width - 1] + "…"
    from rich.cells import set_cell_size

    return set_cell_size(text, width - 1) + "…"
