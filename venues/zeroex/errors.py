"""The standard's error catalogue, and which kind of trouble each code means."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Literal, NamedTuple


class General(IntEnum):
    """What is wrong with a request as a whole."""

    VALIDATION = 100
    MALFORMED_JSON = 101
    SUBMISSION_DISABLED = 102
    THROTTLED = 103


class Validation(IntEnum):
    """What is wrong with one of its fields."""

    REQUIRED = 1000
    FORMAT = 1001
    INVALID_ADDRESS = 1002
    UNSUPPORTED_ADDRESS = 1003
    OUT_OF_RANGE = 1004
    SIGNATURE = 1005
    UNSUPPORTED_OPTION = 1006


REASONS: dict[int, str] = {
    100: "Validation Failed",
    101: "Malformed JSON",
    102: "Order submission disabled",
    103: "Throttled",
    1000: "Required field",
    1001: "Incorrect format",
    1002: "Invalid address",
    1003: "Address not supported",
    1004: "Value out of range",
    1005: "Invalid signature or hash",
    1006: "Unsupported option",
}


class Flaw(NamedTuple):
    """One field that is wrong."""

    field: str
    code: Validation
    reason: str

    def body(self) -> dict[str, Any]:
        """The flaw as the venue tells it."""
        return {"field": self.field, "code": int(self.code), "reason": self.reason}


class Refused(Exception):  # noqa: N818 - a refusal is an answer of the venue, not an error of ours
    """The venue refuses a request."""

    def __init__(self, code: General, flaws: tuple[Flaw, ...] = ()) -> None:
        super().__init__(REASONS[code])
        self.code = code
        self.flaws = flaws

    @property
    def body(self) -> dict[str, Any]:
        """The refusal as the venue tells it."""
        told: dict[str, Any] = {"code": int(self.code), "reason": REASONS[self.code]}
        if self.code == General.VALIDATION:
            told["validationErrors"] = [flaw.body() for flaw in self.flaws]
        return told


def refused(field: str, code: Validation, reason: str) -> Refused:
    """A refusal for one field."""
    return Refused(General.VALIDATION, (Flaw(field, code, reason),))


def named(code: object) -> str:
    """A code with its words, as the catalogue has them: what people group and search by."""
    try:
        reason = REASONS.get(int(str(code)[:12]))
    except ValueError:
        reason = None
    return f"{code} {reason}" if reason else str(code)


type Trouble = Literal["rate-limited", "auth-failed", "rejected"]


def trouble_of(code: str) -> Trouble:
    """What a refusal is about; ``code`` may have its words behind it."""
    number = code.partition(" ")[0]
    if number in ("103", "429", "HTTP_429"):
        return "rate-limited"
    return "auth-failed" if number in ("1005", "401", "403", "HTTP_401", "HTTP_403") else "rejected"
