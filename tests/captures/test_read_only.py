"""A query that could do more than read is refused, however it is wrapped."""

from __future__ import annotations

import duckdb
import pytest

from wsreplay.captures.read_only import check_read_only
from wsreplay.captures.sql_error import QueryError

COPY = "COPY (SELECT 1) TO 'x.csv' (USE_TMP_FILE false)"
NAMES_NO_FILE = "reads the captures it was given, and no more"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "FROM events",
        "TABLE events",
        "VALUES (1), (2)",
        "DESCRIBE events",
        "SUMMARIZE events",
        "SHOW TABLES",
        "SELECT 1 UNION ALL SELECT 2 EXCEPT SELECT 3",
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t",
        "WITH t AS MATERIALIZED (SELECT 1) SELECT * FROM t",
        "SELECT * FROM range(3), generate_series(1, 2), unnest([1, 2])",
        "SELECT count(*) FILTER (WHERE seq > 1) OVER (PARTITION BY conn) FROM events QUALIFY row_number() OVER () = 1",
        "PIVOT (SELECT 1 AS a) ON a IN (1)",
        "SELECT 'COPY x TO y; DROP TABLE z' -- ; DELETE",
        "SELECT * FROM events ASOF JOIN other USING (seq)",
        "SELECT 1;",
    ],
)
def test_what_only_reads_is_let_through(query: str) -> None:
    check_read_only(duckdb.connect(), query)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (f"WITH x AS ({COPY}) SELECT 1", "COPY is not allowed"),
        (f"SELECT (WITH x AS ({COPY}) SELECT 1)", "COPY is not allowed"),
        (f"SELECT 1 WHERE EXISTS (WITH x AS ({COPY}) SELECT 1)", "COPY is not allowed"),
        (f"SELECT * FROM (WITH a AS (WITH b AS ({COPY}) SELECT 1) FROM a)", "COPY is not allowed"),
        (f"SELECT 1 UNION ALL (WITH x AS ({COPY}) SELECT 1)", "COPY is not allowed"),
        ("WITH x AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT 1", "INSERT is not allowed"),
        ("WITH x AS (UPDATE t SET a = 1 RETURNING 1) SELECT 1", "UPDATE is not allowed"),
        ("WITH x AS (DELETE FROM t RETURNING 1) SELECT 1", "DELETE is not allowed"),
        (f"FROM query('WITH x AS ({COPY.replace(chr(39), chr(39) * 2)}) SELECT 1')", NAMES_NO_FILE),
        ("FROM system.main.QUERY('SELECT 1')", NAMES_NO_FILE),
        ("FROM json_execute_serialized_sql('{}')", NAMES_NO_FILE),
        ("FROM query_table('t')", NAMES_NO_FILE),
        ("FROM read_parquet('x.parquet')", NAMES_NO_FILE),
        ("FROM arrow_scan(1, 2, 3)", NAMES_NO_FILE),
        ("FROM enable_logging()", NAMES_NO_FILE),
        (COPY, "one SELECT"),
        ("EXPLAIN ANALYZE SELECT 1", "one SELECT"),
        ("CALL pragma_version()", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("", "one SELECT"),
        ("-- nothing", "one SELECT"),
    ],
)
def test_what_could_do_more_is_refused(query: str, said: str) -> None:
    with pytest.raises(QueryError, match=said.replace("(", r"\(")):
        check_read_only(duckdb.connect(), query)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELEKT 1", 'syntax error at or near "SELEKT" (character 1)'),
        ("SELECT 1\n  FROM FROM x", 'syntax error at or near "FROM" (line 2, character 8)'),
        ("SELECT 'ünï' , , 1", 'syntax error at or near "," (character 16)'),
        ("SELECT 'abc", "unterminated string literal (character 8)"),
        ("SELECT at FROM x", 'write "at" in double quotes, or events.at'),
    ],
)
def test_a_mistake_is_pointed_at(query: str, said: str) -> None:
    with pytest.raises(QueryError) as told:
        check_read_only(duckdb.connect(), query)
    assert said in str(told.value)


def test_lines_that_are_not_the_users_do_not_count() -> None:
    with pytest.raises(QueryError, match=r"\(character 7\)$"):
        check_read_only(duckdb.connect(), "SELECT\nseq = = 1\n", skip_lines=1)
