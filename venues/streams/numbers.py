"""Decimal numbers as the venue reads and writes them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import TYPE_CHECKING

from wsreplay.venues.matching import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DIGITS = 28
"""What the venue's own decimals can hold."""


def decimal_text(number: Decimal) -> str:
    """A number in plain notation, with the digits that it was given; nothing is "0"."""
    return format(number, "f") if number else "0"


def level_texts(levels: Iterable[tuple[Decimal, Decimal]]) -> list[list[str]]:
    """Levels of a book, price and quantity."""
    return [[decimal_text(price), decimal_text(qty)] for price, qty in levels]


def total(numbers: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(EXACT.add, numbers, Decimal(0))


def read_decimal(value: object) -> Decimal | None:
    """A price or a quantity of a request, a text or a number; None where the venue could not hold it."""
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or _NUMBER.fullmatch(text) is None:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int) or exponent < -_DIGITS or len(digits) + max(exponent, 0) > _DIGITS:
        return None
    return number
