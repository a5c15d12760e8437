"""What a REST request says beside its path: its body, and the numbers of its query."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from wsreplay.venues.cantondex.said import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wsreplay.venues.cantondex.rest_envelopes import Resource


def body_in(body: bytes) -> dict[str, Any]:
    """The JSON object of a body, its fractions as decimals. Raises :class:`Refused`."""
    try:
        fields = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise Refused(400, "INVALID_REQUEST", "Body is not a JSON object")
    return fields


def whole_in(what: Resource, name: str, default: int) -> int:
    """A whole number of the query. Raises :class:`Refused`."""
    given = what.query.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 8):
        raise Refused(400, "INVALID_REQUEST", f"{name} must be a whole number", field=name)
    return int(given)


def page_of(items: Iterable[dict[str, Any]], what: Resource, limit: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The part of a list that the query wants, and what the answer says of it."""
    limit, offset = whole_in(what, "limit", limit), whole_in(what, "offset", 0)
    return list(items)[offset : offset + limit], {"limit": limit, "offset": offset}
