"""What a dialect offers beyond reading, so that a recording can be played again. All of it may be missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from wsreplay.venues.envelope import Envelope, HttpMessage
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
        token_expires: int | None = None,
    ) -> Refreshed:
        """Refresh a message, or, with ``op``, the body of that operation over REST.

        ``signer``, ``signature_ok`` and ``token_expires`` are what was witnessed when it was recorded.
        """
        ...


@runtime_checkable
class LineRefresher(Refresher, Protocol):
    """A refresher of a venue where addresses, headers or REST answers carry what a line needs: a key, a token."""

    def learn_http(self, recorded: HttpMessage, live: HttpMessage) -> None:
        """The recorded answer to a request, and the one that this replay was given; both say what was asked."""
        ...

    def refresh_url(self, url: str, *, recorded_at_ns: int, now_ns: int) -> str:
        """The address of a line or of a REST request, for now."""
        ...

    def refresh_headers(
        self, headers: tuple[tuple[str, str], ...], *, recorded_at_ns: int, now_ns: int
    ) -> tuple[tuple[str, str], ...]:
        """The headers of a handshake or of a REST request, for now."""
        ...


@runtime_checkable
class Refreshing(Protocol):
    """A dialect whose frames go stale, and which knows how to renew them."""

    @property
    def demo_key(self) -> bytes | None:
        """The signing key that the venue's simulator trusts; None: nothing is signed here."""
        ...

    @property
    def demo_secrets(self) -> Mapping[str, str]:
        """Further secrets that the simulator accepts, by the name of the field that carries them."""
        ...

    def at(self, host: str) -> Self:
        """The same dialect for one host."""
        ...

    def refresher(
        self,
        key: bytes | None,
        *,
        accounts: Mapping[int, int] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Refresher:
        """What renews the frames of one replay, signed with ``key``, with these ``secrets`` in place of the recorded.

        It may be a :class:`LineRefresher`.
        """
        ...


@runtime_checkable
class Rehearsing(Protocol):
    """A dialect whose simulator can be made to fit a recording."""

    def simulator(
        self,
        *,
        key: bytes | None = None,
        accounts: Iterable[str] = (),
        symbols: Iterable[str] = (),
        speed: float = 1.0,
        seed: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> Simulator:
        """The venue on loopback; the accounts and symbols of the recording exist, and ``key`` may act for them.

        ``speed`` is the replay's: limits that count by time allow as many times more (``inf``: anything), so that what
        was within them when it was recorded still is.
        """
        ...
