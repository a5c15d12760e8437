"""How the simulator writes: JSON whose numbers are numbers, exact and short."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec

from wsreplay.venues.envelope import exact_decimal

_encode = msgspec.json.Encoder(decimal_format="number").encode
_CENT = Decimal("0.01")
_FINEST = Decimal("0.00000001")


def written_json(message: Any) -> bytes:
    """Compact JSON; decimals in it become numbers."""
    return _encode(message)


def number(value: Decimal) -> Decimal:
    """The same number without idle zeros and without an exponent."""
    return Decimal(exact_decimal(value) or "0")


def cents(value: Decimal) -> Decimal:
    """Money, to the cent."""
    return value.quantize(_CENT, ROUND_HALF_EVEN)


def mean(total: Decimal, of: Decimal) -> Decimal:
    """An average price, to eight places."""
    return number((total / of).quantize(_FINEST, ROUND_HALF_EVEN)) if of else Decimal(0)


class Refused(Exception):  # noqa: N818 - a refusal is an answer of the venue, not an error of ours
    """The venue refuses a REST request."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
