"""The rooms: every package is shipped, and imports go down only (docs/architecture.md)."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {
    "venues": 0,
    "captures": 1,
    "faults": 1,
    "proxy": 2,
    "analysis": 2,
    "replay": 3,
    "demo": 3,
    "debugger": 3,
    "cli": 4,
    "testing": 5,
}
NEVER = {
    "venues": {"mitmproxy", "pyarrow", "duckdb"},
    "captures": {"mitmproxy", "click"},
    "faults": {"socket", "asyncio", "mitmproxy"},
    "proxy": {"duckdb", "pyarrow"},
    "analysis": {"mitmproxy", "socket", "asyncio", "websockets"},
    "replay": {"mitmproxy"},
    "testing": {"mitmproxy", "pyarrow", "duckdb"},
    "debugger": {"mitmproxy", "click", "duckdb", "websockets"},
}
"""What a room must not know."""
OUTSIDE = {"tests", "typings", "docs", "build", "dist", "benchmarks", "fuzzing"}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the package, with its room."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if len(parts) > 1 and parts[0] not in OUTSIDE and not parts[0].startswith("."):
            yield parts[0], path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "wsreplay":
                yield from (f"wsreplay.{alias.name}" for alias in node.names)


def test_every_package_is_shipped() -> None:
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    there = {"wsreplay"} | {
        ".".join(("wsreplay", *path.parent.relative_to(ROOT).parts))
        for _, path in modules()
        if path.name == "__init__.py"
    }
    assert sorted(shipped) == sorted(there)


def test_every_module_lies_in_a_known_room() -> None:
    assert {room for room, _ in modules()} <= set(FLOORS)


@pytest.mark.parametrize("room", FLOORS)
def test_imports_go_down_only(room: str) -> None:
    wrong = []
    for own, path in modules():
        if own != room:
            continue
        for name in imported(path):
            top, _, rest = name.partition(".")
            if top == "wsreplay" and rest:
                other = rest.split(".")[0]
                if other in FLOORS and other != room and FLOORS[other] >= FLOORS[room]:
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")
            elif top in NEVER.get(room, ()):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_no_venue_is_named_outside_its_own_room() -> None:
    names = {path.name for path in (ROOT / "venues").iterdir() if (path / "dialect.py").is_file()} - {"generic"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for room, path in modules()
        if room not in ("venues", "demo")  # the demo plays on one venue, and says so
        for name in imported(path)
        if name.startswith("wsreplay.venues.") and name.split(".")[2] in names
    ]
    assert not wrong, "\n".join(wrong)
