"""Reading what can be read of an object in which a member has a type that the venue never gave it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec


def sound[T: msgspec.Struct](fields: Mapping[str, Any], kind: type[T]) -> T:
    """A ``kind`` of the members that are of their types; the others are as if they weren't there."""
    members: dict[str, Any] = {}
    for field in _members(kind):
        value = fields.get(field.encode_name)
        if value is None:
            continue
        try:
            members[field.name] = msgspec.convert(value, field.type)
        except (msgspec.ValidationError, RecursionError):
            continue
    return kind(**members)


@cache
def _members(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind)
