"""The long-lived secrets that a recording has shown so far: API keys, tokens, passwords.

Once seen under its name, such a secret is looked for everywhere: in an error message, a close reason, a path, a field
of a harmless name. What signs one message only is not kept here.
"""

from __future__ import annotations

import json
import re
from typing import get_args
from urllib.parse import quote

from wsreplay.captures.secret_found import TOKEN
from wsreplay.captures.secret_names import Label

_MOST = 64
"""Each costs 0.1 µs a message. A bot has a handful; one that renews its token must not slow it down."""
_SHORTEST, _LONGEST = 8, 16384
_SURE_LENGTH = 16
"""From here on a word of letters alone is taken for a secret, too; a shorter one may be a word of the protocol."""
_CLASSES = tuple(map(re.compile, ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]")))
_NUMBER = re.compile(r"[-+0-9.eE]+")
_SPLIT = re.compile(f"({TOKEN.pattern})")
_WORDS_OF_TOKENS = "redacted-" + "-redacted-".join(get_args(Label.__value__)) + "-"


def is_telling(value: str) -> bool:
    """Whether a value can be looked for in any text without hitting what only happens to be equal."""
    if not _SHORTEST <= len(value) <= _LONGEST or _NUMBER.fullmatch(value) or value in _WORDS_OF_TOKENS:
        return False
    return len(value) >= _SURE_LENGTH or sum(kind.search(value) is not None for kind in _CLASSES) >= 2


class LongLived:
    """Secrets and their tokens, the 64 last seen."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self._needles: list[tuple[str, str]] = []

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def token(self, value: str) -> str | None:
        """The token of a secret that is known."""
        token = self._tokens.pop(value, None)
        if token is not None:
            self._tokens[value] = token  # now it is the newest
        return token

    def learn(self, value: str, token: str) -> None:
        """Look for this value from now on, if it is one that can be looked for."""
        if not is_telling(value):
            return
        needles = self._needles
        self._tokens[value] = token
        if len(self._tokens) > _MOST:
            forgotten = self._tokens.pop(next(iter(self._tokens)))
            needles = [needle for needle in needles if needle[1] != forgotten]
        # A secret may be part of another: the longer one first.
        self._needles = sorted([*needles, *((form, token) for form in forms_of(value))], key=_by_length)

    def known(self) -> dict[str, str]:
        """All of them, from the oldest to the newest, each with its token."""
        return dict(self._tokens)

    def replace(self, text: str) -> str:
        """The text with all known secrets replaced; the very same text if there are none in it."""
        for needle, token in self._needles:
            if needle in text:
                pieces = _SPLIT.split(text)
                pieces[::2] = [piece.replace(needle, token) for piece in pieces[::2]]
                replaced = "".join(pieces)
                text = text if replaced == text else replaced
        return text

    def places(self, text: str) -> list[tuple[int, int, str]]:
        """Where known secrets stand in a text, and their tokens."""
        return [
            (found.start(), found.end(), token)
            for needle, token in self._needles
            if needle in text
            for found in re.finditer(re.escape(needle), text)
        ]


def _by_length(needle: tuple[str, str]) -> int:
    return -len(needle[0])


def forms_of(value: str) -> set[str]:
    """A value as it may be written: as it is, in JSON, in a URL, and as the bytes of a binary payload."""
    ascii_json, json_text = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]
    forms = {value, ascii_json, json_text, ascii_json.replace("/", "\\/")}
    encoded = value.encode("utf-8", "surrogatepass")
    forms |= {quote(encoded, safe=""), quote(encoded, safe="/"), quote(encoded, safe="/+=:"), encoded.decode("latin-1")}
    return forms
