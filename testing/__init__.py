"""Bots under test: a pytest plugin that is the venue for a bot, and tells what the bot did.

Loaded in every run of pytest where wsreplay is installed, so nothing is imported here that a test has not asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsreplay.testing.session import Session

__all__ = ["Session"]


def __getattr__(name: str) -> Any:
    if name == "Session":
        from wsreplay.testing.session import Session

        return Session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
