"""The venue's error catalogue, and which kind of trouble each code means."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Code(StrEnum):
    """Codes of one operation: on its reply with ``ok:false``, or as the body of a REST refusal."""

    SYMBOL_NOT_FOUND = "SYMBOL_NOT_FOUND"
    NO_ACCOUNTS_FOUND = "NO_ACCOUNTS_FOUND"
    NO_PRICES_FOUND = "NO_PRICES_FOUND_FOR_SYMBOL"
    INPUT_VALIDATION = "INPUT_VALIDATION_ERROR"
    CREATE_OTHER = "CREATE_ORDER_OTHER_ERROR"
    CANCEL_OTHER = "CANCEL_ORDER_OTHER_ERROR"
    DEADLINE_PASSED = "ORDER_DEADLINE_PASSED_ERROR"
    DEADLINE_TOO_HIGH = "ORDER_DEADLINE_TOO_HIGH_ERROR"
    INVALID_NONCE = "INVALID_NONCE_ERROR"
    UNAVAILABLE_ENGINE = "UNAVAILABLE_MATCHING_ENGINE_ERROR"
    UNAUTHORIZED = "UNAUTHORIZED_SIGNATURE_ERROR"
    OVERFLOW = "NUMERIC_OVERFLOW_ERROR"


class FrameCode(StrEnum):
    """Codes of the framing layer: only in a top-level ``error`` message, never over REST."""

    MALFORMED_JSON = "MALFORMED_JSON"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    DUPLICATE_REQUEST_ID = "DUPLICATE_REQUEST_ID"
    INTERNAL = "INTERNAL"


class Refused(Exception):  # noqa: N818 - a refusal is an answer of the venue, not an error of ours
    """The venue refuses a request."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


type Trouble = Literal["rate-limited", "auth-failed", "rejected"]

_LIMITED = frozenset({"RATE_LIMITED_ERROR", "TOO_MANY_INFLIGHT", "HTTP_429"})
_UNAUTHORIZED = frozenset({"UNAUTHORIZED_SIGNATURE_ERROR", "UNAUTHORIZED_ACCOUNT_ERROR"})


def trouble_of(code: str, message: str = "") -> Trouble:
    """What a refusal is about.

    Generation B has no code for a rate limit, only words in the message; and some servers of it answered a wrong
    signature with the general code.
    """
    words = message.lower()
    if code in _LIMITED or "rate limit" in words:
        return "rate-limited"
    if code in _UNAUTHORIZED or "invalid signature" in words:
        return "auth-failed"
    return "rejected"
