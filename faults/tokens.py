"""The words of a short form, each with its place, so that an error can point at it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from wsreplay.faults.errors import FaultError, nearest

_TOKEN = re.compile(
    r"""\s*(?:(?P<double>"(?:[^"\\]|\\.)*")|'(?P<single>[^']*)'|(?P<sign>[!<>]=|[=<>])|(?P<bare>[^\s"'=<>!]+))""",
    re.DOTALL,
)
_PLAIN = re.compile(r"[A-Za-z0-9_.:/@+\-]+", re.ASCII)


class Token(NamedTuple):
    """A word, and the character at which it begins, counted from 0."""

    text: str
    at: int
    quoted: bool


def quoted(text: str, reserved: Sequence[str]) -> str:
    """The word as the short form takes it: bare if it can be, else in double quotes."""
    bare = _PLAIN.fullmatch(text) is not None and text.lower() not in reserved
    return text if bare else in_quotes(text)


def in_quotes(text: str) -> str:
    """The text as the short form takes it, whatever is in it; always one line."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


class Reader:
    """Goes through the words of a short form, and says what was expected where it does not get on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._next = 0

    def peek(self) -> Token | None:
        """The next word, without taking it."""
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def sees(self, *words: str) -> bool:
        """Whether the next word is one of these (or any, if none is given)."""
        token = self.peek()
        return token is not None and (not words or (not token.quoted and token.text.lower() in words))

    def sees_like(self, accepts: Callable[[str], object]) -> bool:
        """Whether the next word has this form."""
        token = self.peek()
        return token is not None and not token.quoted and bool(accepts(token.text))

    def sees_quoted(self) -> bool:
        """Whether the next word is in quotes."""
        token = self.peek()
        return token is not None and token.quoted

    def take(self) -> Token:
        """The next word, which is there."""
        token = self._tokens[self._next]
        self._next += 1
        return token

    def skip(self, *words: str) -> bool:
        """Take the next word if it is one of these."""
        if self.sees(*words):
            self._next += 1
            return True
        return False

    def one_of(self, known: Sequence[str], expected: str) -> str:
        """The next word, which must be a known one."""
        if not self.sees(*known):
            raise self.lost(expected, known)
        return self.take().text.lower()

    def value[T](self, read: Callable[[str], T], expected: str) -> T:
        """The next word as a value; a `ValueError` of ``read`` becomes one that names the place."""
        token = self.peek()
        if token is None:
            raise self.lost(expected)
        try:
            found = read(token.text)
        except ValueError as error:
            raise self.wrong(str(error), token.at, token.text) from None
        self._next += 1
        return found

    def lost(self, expected: str, known: Sequence[str] = ()) -> FaultError:
        """The error for what stands here in place of what was expected."""
        token = self.peek()
        if token is None:
            return FaultError(f"fault {self._shown()}: it ends too early; expected {expected}")
        hint = nearest(token.text, known) or (f", one of {', '.join(known)}" if 2 < len(known) < 9 else "")
        return self.wrong(f"expected {expected}{hint}", token.at, token.text)

    def wrong(self, problem: str, at: int, word: str) -> FaultError:
        """The error for a word that can't stand where it does."""
        return FaultError(f"fault {self._shown()}: at character {at + 1}, {in_quotes(word)}: {problem}")

    def refused(self, problem: object) -> FaultError:
        """The error for words that are each right and do not go together."""
        return FaultError(f"fault {self._shown()}: {problem}")

    def _shown(self) -> str:
        plain = self._text.isprintable() and '"' in self._text
        return f"'{self._text}'" if plain else in_quotes(self._text)

    def _split(self) -> list[Token]:
        tokens = []
        position = 0
        end = len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position, end)
            if match is None:
                at = end - len(self._text[position:end].lstrip())
                mark = self._text[at]
                raise self.wrong("this quote is never closed" if mark in "\"'" else "no word begins so", at, mark)
            position = match.end()
            group = match.lastgroup or ""
            at = match.start(group)
            text = match[group]
            if group == "double":
                try:
                    text = json.loads(text, strict=False)
                except ValueError:
                    raise self.wrong("this is not quoted as in JSON", at, text) from None
            elif group == "single":
                at -= 1
            tokens.append(Token(text, at, quoted=group in ("double", "single")))
        return tokens
