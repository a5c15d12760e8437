"""Who listens to a line: the recorder, to its bytes; the replay, to what happens on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wsreplay.captures.wire import What


class Note(Protocol):
    """Where records go."""

    def __call__(
        self, what: What, venue_side: bool, conn: int, at_ns: int, mono_ns: int, relay_ns: int, body: bytes, /
    ) -> object:
        """Take one record; never wait. False: there was no room for it."""
        ...


class Screen(Protocol):
    """Who knows what the recording kept from its bot, and is told when it was kept again."""

    def keeps(self, line: int, payload: str | bytes) -> bool:
        """Whether a message that has come did not reach the bot in the recording."""
        ...

    def kept(self, line: int, payload: str | bytes) -> None:
        """A message came, and was kept from the bot."""
        ...


class LineEvents(Protocol):
    """Who is told what happens on a line."""

    def opened(self, line: int) -> None:
        """The handshake was answered with 101."""
        ...

    def refused(self, line: int, status: int, why: str) -> None:
        """The handshake was refused."""
        ...

    def received(self, line: int, payload: str | bytes) -> tuple[bool, Callable[[], None]]:
        """A message came: whether it reaches the bot, and what to do once it is on record."""
        ...

    def full(self, line: int, is_full: bool) -> None:
        """The venue reads slower than we send, or has caught up."""
        ...

    def ended(self, line: int, how: str) -> None:
        """The line is gone."""
        ...
