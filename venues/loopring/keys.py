"""Connect keys: each opens one connection, soon."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from wsreplay.venues.rules import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LENGTH = 17


class ConnectKeys:
    """Gives keys out and takes them back."""

    def __init__(self, seed: int, life_s: int, standing: Iterable[str]) -> None:
        self._chance = Random(f"{seed} connect keys")  # noqa: S311 - repeatable, and no secret of anybody
        self._life_ns = life_s * SECOND
        self._standing = frozenset(standing)
        self._given: dict[str, int] = {}

    def give(self, now_ns: int) -> str:
        """A new key."""
        for key, until_ns in list(self._given.items()):
            if until_ns > now_ns:
                break  # they run out in the order in which they were given
            del self._given[key]
        key = "".join(self._chance.choices(_LETTERS, k=_LENGTH))
        self._given[key] = now_ns + self._life_ns
        return key

    def take(self, key: str | None, now_ns: int) -> bool:
        """Whether a key opens a connection now; it opens no second one."""
        if key in self._standing:
            return True
        until_ns = None if key is None else self._given.pop(key, None)
        return until_ns is not None and now_ns < until_ns
