"""Whether a venue's message says no, and with which code."""

from __future__ import annotations

from typing import Any

import msgspec

from wsreplay.venues.generic.findings import Findings
from wsreplay.venues.generic.names import NO_ERROR_CODES, REFUSALS
from wsreplay.venues.generic.values import NotJsonError, read_json, short_text_of, text_of

UNNAMED = "error"
"""The code of a refusal that gives none."""


def refusal_in(found: Findings, refused: bool) -> str | None:
    """The code of the error that a message reports, or None if it reports none.

    ``refused``: its operation alone says that this is one.
    """
    code, message = found.code, found.message
    if found.error is not None and _says_no(found.error):
        return _code_in(found.error) or _code(found.error_code) or _code(code) or _text(message)
    if found.ok is False or found.ok == "false":
        return _code(found.error_code) or _code(code) or _text(message)
    if found.error_code is not None and _code(found.error_code):
        return _code(found.error_code)
    status = found.status
    if refused or (status is not None and status.lower() in REFUSALS):
        return _code(code) or _text(message, None if refused else status)
    if code is not None and message is not None and _code(code) and message.lower() not in NO_ERROR_CODES:
        return _code(code)
    return None


def code_of(value: Any) -> str:
    """The code of a refusal, from wherever a venue keeps it."""
    return _code_in(value) or UNNAMED


def refusal_of(payload: str | bytes, key: str | None, code: str, message: str) -> str:
    """A refusal of a request: its id under the name that the request gave it, and the error."""
    try:
        asked = read_json(payload)
    except NotJsonError:
        asked = None
    fields = asked if type(asked) is dict else {}
    echoed = {name: value for name, value in fields.items() if key is not None and text_of(value) == key}
    return msgspec.json.encode({**echoed, "error": {"code": code, "message": message}}).decode()


def _says_no(error: Any) -> bool:
    if type(error) is str:
        return error.lower() not in NO_ERROR_CODES and error.lower() not in ("false", "none", "null")
    return bool(error)


def _code_in(error: Any, depth: int = 4) -> str | None:
    if type(error) is list and error:
        error = error[0]
    if type(error) is dict and depth:
        for name in ("code", "error", "errorCode", "error_code", "type", "name", "reason", "msg", "message"):
            found = _code_in(error.get(name), depth - 1)
            if found is not None:
                return found
        return None
    return short_text_of(error)


def _code(value: Any) -> str | None:
    text = short_text_of(value)
    return None if text is None or text.lower() in NO_ERROR_CODES else text


def _text(message: Any, otherwise: str | None = None) -> str:
    return short_text_of(message) or otherwise or UNNAMED
