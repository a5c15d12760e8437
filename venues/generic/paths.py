"""Paths into a JSON message, as a map file writes them: ``header.req``, ``args[0].channel``, ``data."a.b"``."""

from __future__ import annotations

import re
from typing import Any

type Path = tuple[str | int, ...]
"""The names and indexes to follow, one after the other."""

_STEP = re.compile(r'(?:^|\.)(?:"([^"]+)"|([^."\[\]\s]+))|\[(-?\d+)\]')


def read_path(text: str) -> Path:
    """The path that a text describes; ValueError if it describes none."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise ValueError(text)
        quoted, name, index = step.groups()
        steps.append(int(index) if index is not None else quoted or name)
        at = step.end()
    if not steps:
        raise ValueError(text)
    return tuple(steps)


def follow(path: Path, message: Any) -> Any:
    """What stands at the path; None if there is nothing."""
    found = message
    for step in path:
        if type(step) is str:
            if type(found) is not dict:
                return None
            found = found.get(step)
        else:
            if type(found) is not list:
                return None
            try:
                found = found[step]  # type: ignore[index]
            except IndexError:
                return None
    return found
