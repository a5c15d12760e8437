"""A posted order said once more, as a bot says it that does not know that it was heard. Sans-I/O."""

from __future__ import annotations

import re

_SALT = re.compile(r'("salt"\s*:\s*")([0-9]+)(")')


def repeated(text: str, keeps: frozenset[str]) -> str:
    """The same order with a salt of its own, and so with another hash; the very same if it ``keeps`` its ``nonce``."""
    if "nonce" in keeps:
        return text
    return _SALT.sub(lambda found: f"{found[1]}{int(found[2]) + 1}{found[3]}", text, count=1)
