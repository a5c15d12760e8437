"""Values of a JSON message as facts: text, exact numbers, sides, moments. What is none of these is None."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, cast

import msgspec

from wsreplay.venues.generic.names import SIDES

# Floats stay the text that the venue wrote: 150.50 is not 150.5, and a double is not exact. Integers are exact anyway.
_read_json = msgspec.json.Decoder(float_hook=str).decode
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?").fullmatch
_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII).fullmatch
_YEAR_2000 = 946_684_800
_FIRST_WORDS = 80
_MAYBE_SECRET = re.compile(r"[A-Za-z0-9-]{25,}|(?=[A-Za-z-]*[0-9])[A-Za-z0-9-]{12,}").search
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotJsonError(Exception):
    """The payload is no JSON that can be read."""


def read_json(payload: str | bytes) -> Any:
    """The JSON value, its floats as the text they were written in."""
    try:
        return _read_json(payload)
    # A number of thousands of digits is a ValidationError, hostile nesting a RecursionError.
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise NotJsonError from error


def text_of(value: object) -> str | None:
    """A text or a whole number as text; None for anything else, and for an empty text."""
    if type(value) is str:
        return value or None
    return str(value) if type(value) is int else None


def number_of(value: object) -> str | None:
    """A number, also one in a text, as it was written."""
    if type(value) is str:
        # Nearly all are plain decimals, and this is three times as fast as the pattern.
        if value.replace(".", "", 1).isdigit() and value.isascii():
            return value
        return value if _NUMBER(value) else None
    return str(value) if type(value) is int else None


def side_of(value: object) -> Literal["buy", "sell"] | None:
    """Buy or sell, from a word or from the answer to "is it a buy?"."""
    if type(value) is str:
        return cast(Literal["buy", "sell"] | None, SIDES.get(value.lower()))
    if type(value) is bool:
        return "buy" if value else "sell"
    return None


def moment_of(value: object) -> int | None:
    """A moment in nanoseconds since 1970; seconds, milli-, micro- and nanoseconds are told apart by size."""
    if type(value) is int:
        if 100_000_000_000 <= value < 9_000_000_000_000:  # milliseconds of this era, nearly always
            return value * 1_000_000
        return _scaled(value)
    if type(value) is not str or not value:
        return None
    if _NUMBER(value):
        return _scaled(Decimal(value)) if len(value) < 40 else None
    iso = _ISO(value)
    if iso is None:
        return None
    day_and_time, fraction, zone = iso.groups()
    try:
        moment = datetime.fromisoformat(day_and_time + (zone or "Z"))
    except ValueError:  # month 13
        return None
    seconds = int((moment - _EPOCH).total_seconds())
    at_ns = seconds * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
    return at_ns if 0 <= at_ns < 1 << 63 else None


def short_text_of(value: object) -> str | None:
    """The beginning of an error's text, good to group by; None if it holds a word that may be a secret.

    Redaction mends payloads, not what was read out of them: "invalid key 8c1d…" must not come out as a code.
    """
    text = text_of(value)
    if text is None or _MAYBE_SECRET(text):
        return None
    return text if len(text) <= _FIRST_WORDS else text[:_FIRST_WORDS].rsplit(" ", 1)[0]


def _scaled(number: int | Decimal) -> int | None:
    if number < _YEAR_2000:
        return None
    factor = 1
    if number < 100_000_000_000:
        factor = 1_000_000_000
    elif number < 100_000_000_000_000:
        factor = 1_000_000
    elif number < 100_000_000_000_000_000:
        factor = 1_000
    at_ns = int(number * factor)
    return at_ns if at_ns < 1 << 63 else None
