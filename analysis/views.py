"""The views: SQL files that DuckDB and Spark run unchanged, each a SELECT with a comment that says what a row is.

They stand on one table, ``recorded``: the columns of the captures, and ``capture``, the capture's name. That column is
always there, also with a single capture: a query then means the same over one and over many, and ``seq`` and ``conn``
count within a capture only.
"""

from __future__ import annotations

from importlib.resources import files

VIEWS = (
    "events",
    "connections",
    "requests",
    "orders",
    "incidents",
    "duplicate_orders",
    "latency",
    "heartbeats",
    "subscriptions",
    "reconnects",
    "gaps",
)
"""Their names, each after those it stands on."""


def source(view: str) -> str:
    """The file of a view, as it is: its comment and its SELECT."""
    return (files("wsreplay.analysis") / "sql" / f"{view}.sql").read_text(encoding="utf-8")


def description(view: str) -> str:
    """What a row of this view is: the comment on top of its file."""
    lines = []
    for line in source(view).splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return "\n".join(lines)


def definitions() -> list[str]:
    """The statements that make all views over a table ``recorded``."""
    return [f"CREATE VIEW {view} AS\n{source(view)}" for view in VIEWS]
