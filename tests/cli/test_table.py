"""A table loses nothing, keeps numbers whole, and is written while it is read."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from wsreplay.cli.table import Column, Table

CELLS = st.text(st.characters(categories=["L", "N", "P"]), max_size=30)


def written(columns: list[Column], rows: list[list[str]], width: int | None) -> list[str]:
    table, out = Table(columns, width), io.StringIO()
    for row in rows:
        table.add(row)
    table.write(out)
    return out.getvalue().split("\n")[:-1]


@given(st.lists(st.tuples(CELLS, CELLS, st.integers().map(str)), max_size=5))
def test_without_a_width_every_cell_is_there_in_its_column(cells: list[tuple[str, str, str]]) -> None:
    rows = [list(row) for row in cells]
    lines = written([Column("a"), Column("b"), Column("n", right=True, whole=True)], rows, None)
    assert len(lines) == len(rows) + 1
    ends = {cell_len(line) for line in lines}
    assert len(ends) == 1
    assert all(cell in line for line, row in zip(lines[1:], rows, strict=True) for cell in row)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5), st.integers(30, 60))
def test_with_a_width_no_line_is_longer(cells: list[tuple[str, str]], width: int) -> None:
    rows = [[*row, "1234567890123456789"] for row in cells]
    lines = written([Column("a"), Column("b"), Column("n", right=True, whole=True)], rows, width)
    assert all(cell_len(line) <= width for line in lines)
    assert sum("1234567890123456789" in line for line in lines) == len(rows)


def test_the_widest_column_gives_way_first() -> None:
    lines = written([Column("short"), Column("long")], [["abcdefgh", "x" * 100]], 40)
    assert lines == ["short     long", "abcdefgh  " + "x" * 29 + "…"]


def test_rows_are_written_before_all_are_known() -> None:
    table, out = Table([Column("n", right=True)], None), io.StringIO()
    for number in range(999):
        table.add([str(number)])
    table.write(out, more=True)
    assert out.getvalue() == ""
    table.add(["999"])
    table.write(out, more=True)
    assert out.getvalue().count("\n") == 1001
    table.add(["1000000"])
    table.write(out, more=True)
    table.write(out)
    assert out.getvalue().endswith("\n999\n1000000\n")
