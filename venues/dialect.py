"""The protocol that every venue's dialect fulfils. All else in wsreplay is venue-blind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import msgspec

if TYPE_CHECKING:
    from wsreplay.venues.envelope import Envelope, HttpMessage, Sender, Witness
    from wsreplay.venues.rules import Rules


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Names whose values must not reach a disk, beyond the general rule; compared without case, "-" and "_"."""

    names: frozenset[str] = frozenset()
    """JSON fields, headers and URL parameters that hold secrets at this venue."""
    doubtful: frozenset[str] = frozenset()
    """Everyday names under which a key stands at times: one random word. Anything else under them is no secret."""
    public: frozenset[str] = frozenset()
    """Names that the general rule would take for secrets, and which are none here."""
    personal: frozenset[str] = frozenset()
    """Names whose values identify a person or an account: kept, but not to be handed around without thought."""


@runtime_checkable
class Dialect(Protocol):
    """All that is known about how one venue talks. Stateless: a message in, an envelope out."""

    @property
    def name(self) -> str:
        """The venue's name, as ``--venue`` takes it and the ``venue`` column shows it."""
        ...

    @property
    def version(self) -> int:
        """Raised when decoding changes, so that ``decode`` knows which captures are behind."""
        ...

    @property
    def hosts(self) -> frozenset[str]:
        """Host names where this venue lives, production and test."""
        ...

    @property
    def production_hosts(self) -> frozenset[str]:
        """Hosts where an order costs money. ``{"*"}``: every host beyond loopback counts as one."""
        ...

    @property
    def secrets(self) -> Secrets:
        """What to redact, beyond the general rule."""
        ...

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        """Read one WebSocket message. Never raises: what it can't read is ``Envelope()``."""
        ...

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        """Read one REST message; ``request`` is given with a response. Never raises."""
        ...

    def witness(self, payload: str | bytes, sender: Sender) -> Witness | None:
        """Work out what only the unredacted message shows (signer, expiry). Never raises."""
        ...


@runtime_checkable
class RuledDialect(Dialect, Protocol):
    """A dialect that states its venue's rules."""

    @property
    def rules(self) -> Rules:
        """What the venue asks of its clients."""
        ...


@runtime_checkable
class NoisyDialect(Dialect, Protocol):
    """A dialect of a venue where facts of a request differ from run to run, though the same is meant."""

    @property
    def noise(self) -> frozenset[str]:
        """Columns of events (``channel``, ``client_order_id``, …) by which no comparison tells requests apart."""
        ...


@runtime_checkable
class RecognisingDialect(Dialect, Protocol):
    """A dialect that knows its venue by its traffic."""

    def recognises(self, payload: str | bytes, sender: Sender) -> bool:
        """Whether this message is this venue's beyond doubt: no other venue talks so. Never raises."""
        ...


@runtime_checkable
class AnsweringDialect(Dialect, Protocol):
    """A dialect of a venue whose heartbeats are messages of its own."""

    def pong(self, payload: str | bytes, now_ns: int) -> str | None:
        """What a client answers to this message of the venue, now; None: it is no ping. Never raises."""
        ...


@runtime_checkable
class RefusingDialect(Dialect, Protocol):
    """A dialect that knows how its venue says no."""

    def refusal(self, payload: str | bytes, code: str, message: str) -> str | None:
        """The venue's refusal of a client's message; None: it would say nothing. Never raises."""
        ...


@runtime_checkable
class ScenarioDialect(Dialect, Protocol):
    """A dialect that says what the scenarios look like at its venue."""

    def scenarios(self) -> str:
        """TOML with one table a scenario, by its name.

        A table's fields take the place of the general scenario's; ``unfit`` says why there is no such thing here. A
        table of a name that is new is a scenario of this venue alone. ``docs/scenarios.md`` shows the fields.
        """
        ...


@runtime_checkable
class RepeatingDialect(Dialect, Protocol):
    """A dialect that can say a request once more, as a client does that does not know that it was heard."""

    def repeated(self, text: str, keeps: frozenset[str]) -> str:
        """The same wish in a message of its own, as a recording would hold it: a new id, a higher nonce.

        But for what it ``keeps``: ``id``, ``nonce``. A signature need not be good: it is renewed like every other.
        """
        ...


@runtime_checkable
class PlacedDialect(Dialect, Protocol):
    """A dialect of a venue whose signatures commit to what frames don't carry: a chain, the numbers of markets."""

    def at(self, host: str) -> PlacedDialect:
        """The same dialect, knowing at which host its messages are said."""
        ...

    def knowing(self, message: HttpMessage, request: HttpMessage | None) -> PlacedDialect:
        """The same dialect, knowing what a REST answer tells; itself, if that is nothing."""
        ...

    def witness_http(self, message: HttpMessage) -> Witness | None:
        """Work out what only an unredacted REST request shows. Never raises."""
        ...
