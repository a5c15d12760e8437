"""Whether a query can only read.

A connection that may read a capture's file may also write to it, and since DuckDB lets a CTE be a COPY, INSERT, UPDATE
or DELETE, even a SELECT statement can replace the very capture it was asked about. So the parsed query is walked, and
only what is known to read is let through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import msgspec

from wsreplay.captures.sql_error import QueryError, at_place

_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_TABLE_FUNCTIONS = frozenset(
    {
        "duckdb_columns",
        "duckdb_functions",
        "duckdb_keywords",
        "duckdb_settings",
        "duckdb_tables",
        "duckdb_types",
        "duckdb_views",
        "generate_series",
        "json_each",
        "json_tree",
        "pragma_table_info",
        "pragma_version",
        "range",
        "repeat",
        "repeat_row",
        "summary",
        "unnest",
    }
)
"""Functions in FROM that reach no file. Among the others are some that run a query given as text."""
ONE_SELECT = "a query is one SELECT, and nothing but that"


def check_read_only(connection: duckdb.DuckDBPyConnection, query: str, skip_lines: int = 0) -> None:
    """Raise a QueryError unless ``query`` is one SELECT that changes nothing and names no file.

    ``skip_lines``: how many lines of ``query`` are ours and not the user's.
    """
    with connection.cursor() as cursor:
        ((parsed,),) = cursor.execute("SELECT json_serialize_sql($1)", [query]).fetchall()
    tree: dict[str, Any] = msgspec.json.decode(parsed)
    if tree.get("error"):
        if tree.get("error_type") == "parser":
            raise QueryError(_syntax_error(tree, query, skip_lines))
        raise QueryError(ONE_SELECT)
    if len(tree["statements"]) != 1:
        raise QueryError(ONE_SELECT)
    for node in _nodes(tree["statements"]):
        kind = node.get("type")
        if not isinstance(kind, str):
            continue
        if kind.endswith("_NODE") and kind not in _NODES:
            raise QueryError(f"{ONE_SELECT}: {kind.split('_')[0]} is not allowed in it")
        if kind == "TABLE_FUNCTION":
            name = str(node.get("function", {}).get("function_name", "")).lower()
            if name not in _TABLE_FUNCTIONS:
                raise QueryError(f"{name}() is not allowed in a query: it reads the captures it was given, and no more")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _syntax_error(tree: dict[str, Any], query: str, skip_lines: int) -> str:
    message = str(tree.get("error_message", "syntax error"))
    start, _, length = str(tree.get("location") or "").strip("[]").partition(",")
    if not (start.strip().isdigit() and length.strip().isdigit()):
        return message
    content = query.encode()
    before = content[: int(start)].decode(errors="ignore")
    there = content[int(start) : int(start) + int(length)].decode(errors="ignore")
    return at_place(message, there, before.count("\n") + 1 - skip_lines, len(before) - before.rfind("\n"), query)
