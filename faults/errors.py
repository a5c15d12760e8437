"""What can be wrong with a fault, or with the wish to put it on a line."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class FaultError(Exception):
    """A fault or a plan that can't be read, or that may not run there: what is wrong, where, and what to do.

    The command line treats it like a user error: one line, exit code 2. (It stands here because faults know nothing of
    captures, where that error lives.)
    """


def nearest(word: str, known: Sequence[str]) -> str:
    """``; did you mean "reply"?`` for a word that is nearly a known one, else nothing."""
    spelt = {each.lower(): each for each in known}
    near = get_close_matches(word.lower(), spelt, n=1)
    return f'; did you mean "{spelt[near[0]]}"?' if near else ""
