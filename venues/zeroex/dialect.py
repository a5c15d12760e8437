"""The dialect of the 0x Standard Relayer API: its orders channel, version 1, and what 2 and 3 do differently."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar, Self

from wsreplay.venues.dialect import Secrets
from wsreplay.venues.envelope import Witness
from wsreplay.venues.zeroex.envelopes import NOTHING, read_envelope
from wsreplay.venues.zeroex.errors import trouble_of
from wsreplay.venues.zeroex.orders import order_digest
from wsreplay.venues.zeroex.repeated import repeated
from wsreplay.venues.zeroex.rest_envelopes import POST, read_http, resource_of
from wsreplay.venues.zeroex.rules import REFERENCE, STANDARD
from wsreplay.venues.zeroex.wire import Filters, read_message, read_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wsreplay.venues.envelope import Envelope, HttpMessage, Sender
    from wsreplay.venues.zeroex.errors import Trouble
    from wsreplay.venues.zeroex.refresh import Refresher
    from wsreplay.venues.zeroex.setup import Profile
    from wsreplay.venues.zeroex.simulator import ZeroExSimulator


class ZeroExDialect:
    """How relayers of 0x orders talk.

    The standard is many relayers', so there is no host by which to know it; wherever an order is posted beyond
    loopback, somebody may fill it.
    """

    name = "zeroex"
    version = 1
    hosts = frozenset(
        {"api.0x.org", "kovan.api.0x.org", "ropsten.api.0x.org", "rinkeby.api.0x.org", "api.radarrelay.com"}
    )
    production_hosts = frozenset({"*"})
    # Signatures of orders are shown to everybody, and yet whoever has one can fill the order until it expires. The
    # addresses are part of the hash, so they are kept or dropped as a whole, never masked in part.
    secrets = Secrets(
        names=frozenset({"signature"}),
        personal=frozenset({"makerAddress", "takerAddress", "senderAddress"}),
    )
    rules = STANDARD
    scenarios_in = "scenarios.toml"
    profile: ClassVar[Profile] = "spec"
    """What its simulator is like."""
    demo_secrets: Mapping[str, str] = {}

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        """Read one WebSocket message. Never raises."""
        return read_envelope(payload, sender)

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        """Read one REST message. Never raises."""
        try:
            return read_http(message, request)
        except ValueError:  # an address that is none
            return NOTHING

    def witness(self, payload: str | bytes, sender: Sender) -> Witness | None:
        """Nobody signs anything on the channel; the orders in it are their makers'."""
        return None

    def at(self, host: str) -> Self:
        """The same: an order names the contract that its signature commits to."""
        return self

    def knowing(self, message: HttpMessage, request: HttpMessage | None) -> Self:
        """The same."""
        return self

    def witness_http(self, message: HttpMessage) -> Witness | None:
        """Recover who signed an order that is handed in. Never raises."""
        try:
            op, _, _ = resource_of(message)
        except ValueError:
            return None
        if message.status is not None or op != POST:
            return None
        order = read_order(message.body)
        digest = None if order is None else order_digest(order)
        if order is None or digest is None or order.signature is None or order.maker_address is None:
            return None
        from wsreplay.venues.zeroex.signatures import is_by_key, signer_of

        if not is_by_key(order.signature):
            return None  # a contract's, or none at all: only the chain could tell
        signer = signer_of(digest, order.signature)
        if signer is None:
            return Witness(signature_ok=False)
        return Witness(signer=signer, signature_ok=signer == order.maker_address.lower())

    def trouble(self, error_code: str, payload: str | bytes = "") -> Trouble:
        """What a refusal is about."""
        return trouble_of(error_code)

    def recognises(self, payload: str | bytes, sender: Sender) -> bool:
        """Whether this message is of this channel beyond doubt: other venues subscribe to "orders" as well."""
        message = read_message(payload)
        if message is None or message.channel != "orders" or not isinstance(message.request_id, str):
            return False
        if sender == "client":
            return message.type == "subscribe" and isinstance(message.payload, Filters) and message.payload != Filters()
        if message.type != "update" or not isinstance(message.payload, list) or not message.payload:
            return False
        order = read_order(bytes(message.payload[0].order))
        return order is not None and order_digest(order) is not None

    def repeated(self, text: str, keeps: frozenset[str]) -> str:
        """The same order once more, with a salt of its own. Never raises."""
        return repeated(text, keeps)

    def scenarios(self) -> str:
        """What the scenarios look like here."""
        return (files(__package__) / self.scenarios_in).read_text(encoding="utf-8")

    def refresher(
        self,
        key: bytes | None,
        *,
        accounts: Mapping[int, int] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Refresher:
        """What makes a replay's frames good again: request ids, expirations, salts and signatures by ``key``."""
        from wsreplay.venues.zeroex.refresh import Refresher

        return Refresher(key or self.demo_key)

    @property
    def demo_key(self) -> bytes:
        """The private key of a maker whom the simulator knows: known to everybody, and worth nothing."""
        from wsreplay.venues.zeroex.setup import DEMO_KEY

        return DEMO_KEY

    def simulator(
        self,
        *,
        seed: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
        key: bytes | None = None,
        accounts: Iterable[str] = (),
        symbols: Iterable[str] = (),
        speed: float = 1.0,
    ) -> ZeroExSimulator:
        """The relayer on loopback, as an async context manager with ``url`` and ``rest_url``.

        For a replay, the makers and assets of the recording are made to exist, and so is ``key``'s; the limit that
        counts by time is stretched with its ``speed``.
        """
        from wsreplay.venues.keys import address_of
        from wsreplay.venues.zeroex.setup import ZeroExSetup
        from wsreplay.venues.zeroex.simulator import ZeroExSimulator

        setup = (
            ZeroExSetup(seed=seed, profile=self.profile)
            .at_speed(speed)
            .serving(accounts, address_of(key or self.demo_key), symbols)
        )
        return ZeroExSimulator(setup, host=host, port=port, rest_port=rest_port, clock=clock)


class LaunchKitDialect(ZeroExDialect):
    """The same as its reference server runs it, the 0x-launch-kit: it pings, and refuses what it can't read."""

    name = "zeroex-launch-kit"
    hosts: frozenset[str] = frozenset()
    rules = REFERENCE
    scenarios_in = "launch_kit_scenarios.toml"
    profile = "launch-kit"

    def recognises(self, payload: str | bytes, sender: Sender) -> bool:
        """Never: by its messages alone it is any relayer."""
        return False
