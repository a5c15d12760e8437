"""The venue's codes, and which kind of trouble each means."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal


class Code(IntEnum):
    """Codes in ``result.error`` of a reply on the socket."""

    TOPIC_MISSING = 104100
    INVALID_OP = 104101
    INVALID_TOPIC = 104102
    DUPLICATE_TOPICS = 104103
    MISSING_API_KEY = 104104
    API_KEY_MISMATCH = 104105
    CANDLESTICK_ARGS = 104106
    ORDERBOOK_ARGS = 104107
    TRADE_ARGS = 104109
    ORDER_ARGS = 104110
    TICKER_ARGS = 104111
    INVALID_API_KEY = 104112
    NOT_SUBSCRIBED = 104113
    UNKNOWN_USER = 104114
    INVALID_CONFIG = 104115
    TOO_MANY = 104116
    AMMPOOL_ARGS = 102034


class RestCode(IntEnum):
    """Codes of the REST API."""

    INVALID_ARGUMENT = 100001
    USER_NOT_FOUND = 101002
    WRONG_EXCHANGE = 102001
    UNSUPPORTED_TOKEN = 102002
    INVALID_ACCOUNT = 102003
    INVALID_ORDER_ID = 102004
    UNSUPPORTED_PAIR = 102005
    ILLEGAL_RATE = 102006
    ORDER_EXISTS = 102007
    ORDER_EXPIRED = 102008
    NO_ORDER_SIGNATURE = 102010
    NO_FUNDS = 102011
    TOO_SMALL = 102012
    TOO_LARGE = 102020
    SUBMIT_FAILED = 102027
    NOTHING_TO_CANCEL = 102117
    CANCEL_FAILED = 102118
    NOT_VALID = 102120
    EMPTY_API_KEY = 104001
    INVALID_API_KEY = 104002
    WRONG_ACCOUNT = 104003
    NO_SIGNATURE = 104004
    USER_EMPTY = 107001
    HASH_EMPTY = 107002
    NO_SUCH_ORDER = 107003
    UNSUPPORTED_MARKET = 108000
    UNSUPPORTED_LEVEL = 108001


class Refused(Exception):  # noqa: N818 - a refusal is an answer of the venue, not an error of ours
    """The venue refuses a request."""

    def __init__(self, code: Code | RestCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


type Trouble = Literal["rate-limited", "auth-failed", "rejected"]

_LIMITED = frozenset({"429", "HTTP_429"})
_UNAUTHORIZED = frozenset(
    str(int(code))
    for code in (
        Code.MISSING_API_KEY,
        Code.API_KEY_MISMATCH,
        Code.INVALID_API_KEY,
        Code.UNKNOWN_USER,
        RestCode.NO_ORDER_SIGNATURE,
        RestCode.EMPTY_API_KEY,
        RestCode.INVALID_API_KEY,
        RestCode.WRONG_ACCOUNT,
        RestCode.NO_SIGNATURE,
    )
) | {"104005", "100206", "401", "403", "HTTP_401", "HTTP_403"}
"""Wrong signatures too, which this simulator does not look for."""


def trouble_of(code: str) -> Trouble:
    """What a refusal is about."""
    if code in _LIMITED:
        return "rate-limited"
    return "auth-failed" if code in _UNAUTHORIZED else "rejected"
