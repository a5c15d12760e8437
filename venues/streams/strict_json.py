"""JSON as strict servers read it: no constants that JSON does not have, no half of a surrogate pair."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def loads(
    payload: str | bytes,
    *,
    pairs: Callable[[list[tuple[str, Any]]], dict[str, Any]] = dict,
    exact: bool = False,
) -> Any:
    """The value; ``exact``: fractions as their own text. Raises ``ValueError``."""
    try:
        value = json.loads(
            payload,
            object_pairs_hook=pairs,
            parse_constant=_no_constant,
            parse_float=str if exact else None,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as deep:
        raise ValueError("too deep") from deep
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
