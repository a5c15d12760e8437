"""The dialects: ``streams``, for venues that never answer a command, and ``streams-binance``, for those that do."""

from __future__ import annotations

import time
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from wsreplay.venues.dialect import Secrets
from wsreplay.venues.streams.envelopes import NOTHING, read_envelope
from wsreplay.venues.streams.names import AT, DOTTED
from wsreplay.venues.streams.rest_envelopes import read_http
from wsreplay.venues.streams.rules import BINANCE, PLAIN
from wsreplay.venues.streams.wire import plain_of, read_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wsreplay.venues.envelope import Envelope, HttpMessage, Sender, Witness
    from wsreplay.venues.generic.dialect import GenericDialect
    from wsreplay.venues.streams.refresh import StreamsRefresher
    from wsreplay.venues.streams.setup import Profile
    from wsreplay.venues.streams.simulator import StreamsSimulator

type Trouble = Literal["rejected", "rate-limited", "auth-failed"]


class StreamsDialect:
    """Venues that stream by SUBSCRIBE and UNSUBSCRIBE, and answer neither.

    What comes all the same, an acknowledgement or a refusal with a command's id, is that command's answer.
    """

    name = "streams"
    version = 1
    hosts = frozenset({"exchange.jogeshwar.xyz", "ws.backpack.exchange", "api.backpack.exchange"})
    production_hosts = hosts
    # A subscription to a private stream is signed: "signature": [key, signature, timestamp, window].
    secrets = Secrets(names=frozenset({"signature"}), personal=frozenset({"user_id", "other_user_id"}))
    rules = PLAIN
    scenarios_in = "scenarios.toml"
    demo_key: bytes | None = None
    demo_secrets: Mapping[str, str] = {}
    acks = False
    """Whether the venue answers commands."""
    profile: ClassVar[Profile] = "plain"
    """What its simulator is like."""
    streams = DOTTED
    """How it names its streams."""

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        """Read one WebSocket message. Never raises."""
        return read_envelope(payload, sender, acks=self.acks)

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        """Read one REST message; what is at no address of this venue as any venue's. Never raises."""
        try:
            envelope = read_http(message, request)
        except ValueError:  # an address that is none
            return NOTHING
        return _generic().decode_http(message, request) if envelope is NOTHING else envelope

    def witness(self, payload: str | bytes, sender: Sender) -> Witness | None:
        """Nothing: a subscription's signature says only that it was good then."""
        return None

    def trouble(self, error_code: str, payload: str | bytes = "") -> Trouble:
        """What a refusal is about."""
        return _TROUBLES.get(error_code, "rejected")

    def recognises(self, payload: str | bytes, sender: Sender) -> bool:
        """Whether this is a command, or a push, that names streams as this venue does."""
        message = read_message(payload)
        if message is None:
            return False
        if sender == "client":
            params = plain_of(message.params)
            named = params if message.method in ("SUBSCRIBE", "UNSUBSCRIBE") and isinstance(params, list) else []
        else:
            named = [] if message.data is None or message.stream is None else [message.stream]
        return bool(named) and all(isinstance(stream, str) and self.streams.fullmatch(stream) for stream in named)

    def at(self, host: str) -> Self:
        """The same everywhere."""
        return self

    def scenarios(self) -> str:
        """What the scenarios look like here."""
        return (files(__package__) / self.scenarios_in).read_text(encoding="utf-8")

    def refresher(
        self,
        key: bytes | None,
        *,
        accounts: Mapping[int, int] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> StreamsRefresher:
        """What threads the order and user ids of a replay into its later requests."""
        from wsreplay.venues.streams.refresh import StreamsRefresher

        return StreamsRefresher()

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
    ) -> StreamsSimulator:
        """The venue on loopback; the users and markets of the recording exist."""
        from wsreplay.venues.streams.setup import StreamsSetup
        from wsreplay.venues.streams.simulator import StreamsSimulator

        setup = StreamsSetup(seed=seed, profile=self.profile).serving(accounts, symbols).at_speed(speed)
        return StreamsSimulator(setup, host=host, port=port, clock=clock)


class BinanceStreamsDialect(StreamsDialect):
    """The same as Binance speaks it: each command is answered, and refused with a code."""

    name = "streams-binance"
    production_hosts = frozenset(
        {
            *("stream.binance.com", "data-stream.binance.vision", "fstream.binance.com", "dstream.binance.com"),
            *("stream.binance.us", "api.binance.com", "fapi.binance.com", "dapi.binance.com", "api.binance.us"),
        }
    )
    hosts = production_hosts | {"stream.testnet.binance.vision", "testnet.binance.vision", "stream.binancefuture.com"}
    rules = BINANCE
    scenarios_in = "binance_scenarios.toml"
    acks = True
    profile = "binance"
    streams = AT


@cache
def _generic() -> GenericDialect:
    """Who reads the REST of Binance and of others that have streams like these."""
    from wsreplay.venues.generic.dialect import GenericDialect

    return GenericDialect()


_TROUBLES: dict[str, Trouble] = {
    "HTTP_401": "auth-failed",
    "HTTP_403": "auth-failed",
    "HTTP_418": "rate-limited",
    "HTTP_429": "rate-limited",
    # Binance's API.
    "-1003": "rate-limited",
    "-1015": "rate-limited",
    "-1002": "auth-failed",
    "-1022": "auth-failed",
    "-2014": "auth-failed",
    "-2015": "auth-failed",
}
