"""This run's secrets in the places of the recording's: learnt from answers, or given. Sans-I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from re import Match
from urllib.parse import quote

from wsreplay.captures.json_levels import level_of
from wsreplay.captures.secret_found import TOKEN
from wsreplay.replay.redacted import MARK, Number, secret_of

type Headers = tuple[tuple[str, str], ...]


class LivingSecrets:
    """What each token of the recording stands for in this run, as far as it is known."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        """``known``: values by token."""
        self._values: dict[str, str] = {}
        self.learn((known or {}).items())

    def learn(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Know these tokens' values from now on, whatever was known of them before."""
        self._values |= {secret_of(token): value for token, value in pairs if _can_be_sent(value)}

    def in_text(self, text: str) -> str:
        """A message or a JSON body for now."""
        if not self._values or MARK not in text:
            return text
        pieces: list[str] = []
        at = 0
        for found in TOKEN.finditer(text):
            value = self._values.get(secret_of(found[0]))
            if value is None:
                continue
            start, end = found.span()
            if isinstance(value, Number) and text[:start].endswith('"') and text.startswith('"', end):
                # A number made way for a string when it was redacted.
                start, end = start - 1, end + 1
            pieces += (text[at:start], _escaped(value, text, start))
            at = end
        return "".join((*pieces, text[at:]))

    def in_url(self, url: str) -> str:
        """An address or a form for now."""
        return TOKEN.sub(lambda found: self._value(found, quoted=True), url) if MARK in url else url

    def in_headers(self, headers: Headers) -> Headers:
        """Headers for now. What could not stand in one is not put there."""
        return tuple((name, TOKEN.sub(self._value, value) if MARK in value else value) for name, value in headers)

    def in_body(self, body: bytes) -> bytes:
        """The body of a REST request for now: JSON, or else a form."""
        if MARK.encode() not in body:
            return body
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return body
        return (self.in_text(text) if text.lstrip()[:1] in ("{", "[", '"') else self.in_url(text)).encode()

    def _value(self, found: Match[str], quoted: bool = False) -> str:
        value = self._values.get(secret_of(found[0]))
        if value is None:
            return found[0]
        if quoted:
            return quote(value, safe="")
        return value if value.isascii() and value.isprintable() else found[0]


def _can_be_sent(value: str) -> bool:
    """Half of a pair of surrogates is no letter of any text."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _escaped(value: str, text: str, at: int) -> str:
    """The value as it must be written at this place: in a JSON string, or in one within another, or just so."""
    escaped = json.dumps(value, ensure_ascii=False)[1:-1]
    if escaped == value:
        return value
    opening = text.rfind('"', 0, at)
    if opening < 0:
        return value
    before = text[:opening]
    for _ in range(level_of(len(before) - len(before.rstrip("\\")))):
        escaped = json.dumps(escaped, ensure_ascii=False)[1:-1]
    return escaped
