"""What a dialect offers beyond reading, so that a recording can be played again. All of it may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from wsreplay.venues.envelope import Envelope
    from wsreplay.venues.simulation import Simulator


class Refreshed(Protocol):
    """A frame for now."""

    @property
    def text(self) -> str:
        """The frame."""
        ...

    @property
    def unsigned(self) -> str | None:
        """Why it could not be signed again; None: it was, or needs no signature."""
        ...


class Refresher(Protocol):
    """Makes the frames of one replay good again: ids, deadlines, nonces, signatures."""

    def learn(self, recorded: Envelope, live: Envelope) -> None:
        """What the recording knows as the one, this replay knows as the other."""
        ...

    def refresh(
        self,
        text: str,
        *,
        recorded_at_ns: int,
        now_ns: int,
        op: str | None = None,
        signer: str | None = None,
        signature_ok: bool | None = None,
    ) -> Refreshed:
        """Refresh a message, or, with ``op``, the body of that operation over REST."""
        ...


@runtime_checkable
class Refreshing(Protocol):
    """A dialect whose frames go stale, and which knows how to renew them."""

    @property
    def demo_key(self) -> bytes:
        """The key that the venue's simulator trusts."""
        ...

    def at(self, host: str) -> Self:
        """The same dialect for one host."""
        ...

    def refresher(self, key: bytes, *, accounts: Mapping[int, int] | None = None) -> Refresher:
        """What renews the frames of one replay, signed with ``key``."""
        ...


@runtime_checkable
class Rehearsing(Protocol):
    """A dialect whose simulator can be made to fit a recording."""

    def simulator(
        self,
        *,
        key: bytes | None = None,
        accounts: Iterable[int] = (),
        symbols: Iterable[str] = (),
        speed: float = 1.0,
    ) -> Simulator:
        """The venue on loopback; the accounts and symbols of the recording exist, and ``key`` may act for them.

        ``speed`` is the replay's: limits that count by time allow as many times more (``inf``: anything), so that what
        was within them when it was recorded still is.
        """
        ...
