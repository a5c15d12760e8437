"""Where the tokens of redaction stand in a recording: what an answer gave in their place, and what the client sent.

Sans-I/O. A token is a stable stand-in for a secret (:mod:`wsreplay.captures.redaction`), so wherever it turns up it
means the same secret, and a replay that learns the secret's value of today knows what to send.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from wsreplay.captures.secret_found import TOKEN
from wsreplay.captures.secret_names import normal
from wsreplay.venues.envelope import HttpMessage

MARK = "redacted-"
"""What holds a token holds this."""
_NAME_BEFORE = re.compile(
    r"""([\w.\-]{1,64})(?:%22|\\*["'])?\s{0,3}(?:[:=]|%3[aAdD])\s{0,3}\[?\s{0,3}(?:%22|\\*["'])?(?:\w{1,16}\s)?$"""
)
_NEAR = 160
_MOST_TOKENS = 32
"""In one string; what holds more is no secret of a line."""

type Path = tuple[str | int, ...]


class Blank(NamedTuple):
    """A string of an answer in which tokens stand, and where in the answer it does."""

    path: Path
    shape: str
    """What the string looks like, as a regular expression with a group for each token."""
    tokens: tuple[str, ...]


class Number(str):
    """A number of JSON, in the venue's own digits."""

    __slots__ = ()


def secret_of(token: str) -> str:
    """What is the same in all tokens of one secret: the hash; the word before it may differ."""
    return token[-16:]


def blanks_in(text: str) -> tuple[Blank, ...]:
    """The blanks of an answer."""
    if MARK not in text:
        return ()
    return tuple(_blank(path, said) for path, said in _strings(text) if MARK in said and TOKEN.search(said))


def blanks_in_headers(headers: Iterable[tuple[str, str]]) -> tuple[Blank, ...]:
    """The blanks of an answer's headers; of one with parts (a cookie and its attributes), those of each part."""
    return tuple(
        _blank((name.lower(),), part.strip())
        for name, value in headers
        if MARK in value
        for part in value.split(";")
        if TOKEN.search(part)
    )


def filled(blanks: Iterable[Blank], text: str) -> Iterator[tuple[str, str]]:
    """Tokens, and what stands in their places in this answer."""
    wanted = list(blanks)
    if not wanted:
        return
    said = dict(_strings(text))
    for blank in wanted:
        if (live := said.get(blank.path)) is not None:
            yield from _fill(blank, live)


def filled_in_headers(blanks: Iterable[Blank], headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The same for headers."""
    parts = [(name.lower(), part.strip()) for name, value in headers for part in value.split(";")]
    for blank in blanks:
        for name, part in parts:
            if (name,) == blank.path and (found := list(_fill(blank, part))):
                yield from found
                break


def names_in(text: str) -> Iterator[tuple[str, str]]:
    """The tokens in a text, each with the name of the field that holds it; without one, with the token's own word."""
    if MARK not in text:
        return
    for found in TOKEN.finditer(text):
        before = _NAME_BEFORE.search(text[max(0, found.start() - _NEAR) : found.start()])
        yield found[0], before[1] if before is not None else found[0].split("-")[1]


def names_in_headers(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The tokens in headers, each with the header's name, or a cookie's own."""
    for name, value in headers:
        for token, own in names_in(value):
            yield token, own if f"{own}=" in value else name


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, but for case, dashes and the like."""
    return normal(one) == normal(other)


def text_of(message: HttpMessage) -> str:
    """The body of a REST message, as far as it is text."""
    return message.body.decode(errors="replace")


def _strings(text: str) -> Iterator[tuple[Path, str]]:
    """All strings and numbers of a JSON text with their paths; a text that is no JSON as the only one."""
    try:
        said = json.loads(text, parse_int=Number, parse_float=Number)
    except (ValueError, RecursionError):
        yield (), text
        return
    within: list[tuple[Path, Any]] = [((), said)]
    while within:
        path, value = within.pop()
        if isinstance(value, dict):
            within += (((*path, name), each) for name, each in value.items())
        elif isinstance(value, list):
            within += (((*path, index), each) for index, each in enumerate(value))
        elif isinstance(value, str):
            yield path, value


def _blank(path: Path, said: str) -> Blank:
    tokens = tuple(TOKEN.findall(said))[:_MOST_TOKENS]
    return Blank(path, "(.+?)".join(map(re.escape, TOKEN.split(said, _MOST_TOKENS))), tokens)


def _fill(blank: Blank, live: str) -> Iterator[tuple[str, str]]:
    found = re.fullmatch(blank.shape, live, re.DOTALL)
    if found is None:
        return
    for token, value in zip(blank.tokens, found.groups(), strict=True):
        if TOKEN.fullmatch(value) is None:
            yield token, Number(value) if isinstance(live, Number) else value
