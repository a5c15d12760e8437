"""Scenarios by name, as far as something goes wrong on the line: the bot is the one that is tested."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path

from wsreplay import faults
from wsreplay.errors import UserError

FOLDER = Path(faults.__file__).with_name("scenarios")


def scenarios() -> list[str]:
    """The names of those in which something goes wrong on the line."""
    return sorted(path.stem for path in FOLDER.glob("*.toml") if "faults" in tomllib.loads(path.read_text()))


def scenario_file(name: str) -> Path:
    """The plan file of the scenario with this name."""
    known = scenarios()
    if name in known:
        return FOLDER / f"{name}.toml"
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise UserError(f"there is no scenario {name!r}, {hint}")
