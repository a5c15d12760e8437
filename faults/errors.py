"""What can be wrong with a fault, or with the wish to put it on a line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from wsreplay.errors import UserError


class FaultError(UserError):
    """A fault or a plan that can't be read, or that may not run there."""


def nearest(word: str, known: Sequence[str]) -> str:
    """``; did you mean "reply"?`` for a word that is nearly a known one, else nothing."""
    spelt = {each.lower(): each for each in known}
    near = get_close_matches(word.lower(), spelt, n=1)
    return f'; did you mean "{spelt[near[0]]}"?' if near else ""
