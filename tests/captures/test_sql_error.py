"""What DuckDB draws over several lines is said in one, with the place."""

from __future__ import annotations

import duckdb
import pytest

from wsreplay.captures.sql_error import in_one_line


def told(query: str, skip_lines: int = 0) -> str:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE events AS SELECT 1 AS seq, 'x' AS text, 2 AS conn")
    with pytest.raises(duckdb.Error) as raised:
        connection.execute(query).fetchall()
    return in_one_line(raised.value, query, skip_lines)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT con FROM events", 'Referenced column "con" not found (did you mean conn?) (character 8)'),
        ("SELECT * FROM evens", "Table with name evens does not exist (did you mean events?), at evens (character 15)"),
        (
            "SELECT * FROM nowhere_at_all",
            "Table with name nowhere_at_all does not exist, at nowhere_at_all (character 15)",
        ),
        (
            "SELECT sum(text) FROM events",
            "No function matches the given name and argument types 'sum(VARCHAR)', at sum(text) (character 8)",
        ),
        ("SELECT seq\nFROM events\nWHERE text::INT = 1", "(line 3, character 11)"),
        ("SELECT error('one\ntwo')", "one two"),
        (f"SELECT {'1, ' * 200} con FROM events", 'Referenced column "con" not found (did you mean conn?)'),
    ],
)
def test_the_message_is_one_line_with_its_place(query: str, said: str) -> None:
    assert told(query).endswith(said)
    assert "\n" not in told(query)


def test_lines_that_are_not_the_users_do_not_count() -> None:
    assert told("SELECT *\nFROM events WHERE (\nnope = 1\n)", skip_lines=2).endswith("(character 1)")


def test_tables_of_the_engine_are_never_suggested() -> None:
    assert "did you mean" not in told("SELECT * FROM pg_clas")
