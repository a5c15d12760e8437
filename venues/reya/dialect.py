"""The dialect of Reya DEX order entry: generation B, and what A and C do differently."""

from __future__ import annotations

import re
import time
from importlib.resources import files
from typing import TYPE_CHECKING, Self

import msgspec

from wsreplay.venues.dialect import Secrets
from wsreplay.venues.reya.client_rules import CLIENT_RULES
from wsreplay.venues.reya.envelopes import NOTHING, read_envelope
from wsreplay.venues.reya.errors import trouble_of
from wsreplay.venues.reya.markets import SYMBOLS
from wsreplay.venues.reya.networks import HOSTS, PRODUCTION_HOSTS, SIBLINGS, TESTNET, network_of
from wsreplay.venues.reya.rest_envelopes import DEFINITIONS, read_http, resource_of
from wsreplay.venues.reya.wire import OPERATIONS, read_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wsreplay.venues.envelope import Envelope, HttpMessage, Sender, Witness
    from wsreplay.venues.reya.errors import Trouble
    from wsreplay.venues.reya.networks import Network
    from wsreplay.venues.reya.refresh import Refresher
    from wsreplay.venues.reya.simulator import ReyaSimulator

_ACCOUNT = re.compile(r"[0-9]{1,39}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ReyaDialect:
    """How Reya talks.

    Signatures commit to a chain and to market numbers that frames don't carry. :meth:`at` and :meth:`knowing` give a
    dialect that knows them; without, market numbers are the simulator's and the chain is not known, and then
    :meth:`witness` says only what it can prove.
    """

    name = "reya"
    version = 1
    hosts = HOSTS
    production_hosts = PRODUCTION_HOSTS
    # A signature stays good until its nonce is used or its deadline has passed, a perp cancel's for ever.
    secrets = Secrets(names=frozenset({"signature"}), public=frozenset({"nonce", "signerWallet"}))
    rules = CLIENT_RULES
    siblings: Mapping[str, str] = SIBLINGS
    """The REST API beside each order entry host."""

    def __init__(self, network: Network | None = None, markets: Mapping[str, int] = SYMBOLS) -> None:
        self.network = network
        self.markets = markets

    def at(self, host: str) -> Self:
        """The same dialect for one host: on loopback the simulator's chain, elsewhere the host's, if it is known."""
        network = TESTNET if host.lower().strip("[]") in _LOOPBACK else network_of(host)
        return type(self)(network, self.markets)

    def knowing(self, message: HttpMessage, request: HttpMessage | None) -> Self:
        """The same dialect with the market numbers of a recorded ``marketDefinitions`` answer; else itself."""
        from wsreplay.venues.reya.witness import definitions_in

        if request is None or message.status != 200 or resource_of(request.url)[0] not in DEFINITIONS:
            return self
        return type(self)(self.network, {**self.markets, **definitions_in(message)})

    def recognises(self, payload: str | bytes, sender: Sender) -> bool:
        """Whether this is order entry beyond doubt: a signed operation, or what answers one. Never raises."""
        message = read_message(payload)
        if message is None or message.type not in OPERATIONS or message.id is None:
            return False
        if sender == "client":
            return message.payload is not None and message.payload.signature is not None
        return message.ok is not None

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
        """Recover who signed a client's message; None where that can't be known. Never raises."""
        from wsreplay.venues.reya.witness import witness

        return witness(payload, self.network, self.markets) if sender == "client" else None

    def witness_http(self, message: HttpMessage) -> Witness | None:
        """Recover who signed an operation sent over REST. Never raises."""
        from wsreplay.venues.reya.witness import read_signed, witness_payload

        try:
            op, _ = resource_of(message.url)
        except ValueError:
            return None
        if message.status is not None or op not in OPERATIONS:
            return None
        return witness_payload(op, read_signed(message.body), self.network, self.markets)

    def trouble(self, error_code: str, payload: str | bytes = "") -> Trouble:
        """What a refusal is about; generation B tells a rate limit only in the words of its message."""
        message = read_message(payload) if payload else None
        error = None if message is None else message.error
        return trouble_of(error_code, (error.message if error is not None else None) or "")

    def repeated(self, text: str, keeps: frozenset[str]) -> str:
        """The same order once more, with an id and a nonce of its own. Never raises."""
        from wsreplay.venues.reya.repeated import repeated

        return repeated(text, keeps)

    def scenarios(self) -> str:
        """What the scenarios look like at Reya."""
        return (files(__package__) / "scenarios.toml").read_text(encoding="utf-8")

    def refusal(self, payload: str | bytes, code: str, message: str) -> str | None:
        """The venue's refusal of a client's message. Never raises."""
        envelope = self.decode(payload, "client")
        key = {} if envelope.key is None else {"id": envelope.key}
        error = {"error": code, "message": message}
        if envelope.op in OPERATIONS and envelope.key is not None:
            refused: dict[str, object] = {"type": envelope.op, **key, "ok": False, "error": error}
        else:
            refused = {"type": "error", **key, "error": error}
        return msgspec.json.encode(refused).decode()

    demo_secrets: Mapping[str, str] = {}

    def refresher(
        self,
        key: bytes | None,
        *,
        accounts: Mapping[int, int] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Refresher:
        """What makes a replay's frames good again, signed with ``key``; for the place this dialect is :meth:`at`."""
        from wsreplay.venues.reya.refresh import Refresher

        return Refresher(key or self.demo_key, self.network or TESTNET, self.markets, accounts)

    @property
    def demo_key(self) -> bytes:
        """The private key that the simulator's accounts trust: known to everybody, and worth nothing."""
        from wsreplay.venues.reya.setup import DEMO_KEY

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
    ) -> ReyaSimulator:
        """The venue on loopback, as an async context manager with ``url`` and ``rest_url``.

        For a replay, ``accounts`` and ``symbols`` of the recording are made to exist, and ``key`` may act for them; the
        rate limits are stretched with its ``speed``.
        """
        from wsreplay.venues.keys import address_of
        from wsreplay.venues.reya.setup import Limits, ReyaSetup
        from wsreplay.venues.reya.simulator import ReyaSimulator

        setup = ReyaSetup(seed=seed, limits=Limits().at_speed(speed)).serving(
            [int(account) for account in accounts if _ACCOUNT.fullmatch(account)],
            address_of(key or self.demo_key),
            symbols,
        )
        return ReyaSimulator(setup, host=host, port=port, rest_port=rest_port, clock=clock)
