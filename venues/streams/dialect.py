"""The dialects: ``streams``, for venues that never answer a command, and ``streams-binance``, for those that do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from wsreplay.venues.dialect import Secrets
from wsreplay.venues.rules import SECOND, Heartbeat, Rules
from wsreplay.venues.streams.envelopes import NOTHING, read_envelope
from wsreplay.venues.streams.names import parsed
from wsreplay.venues.streams.rest_envelopes import read_http
from wsreplay.venues.streams.wire import plain_of, read_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wsreplay.venues.envelope import Envelope, HttpMessage, Sender, Witness
    from wsreplay.venues.streams.refresh import StreamsRefresher
    from wsreplay.venues.streams.setup import Profile
    from wsreplay.venues.streams.simulator import StreamsSimulator

type Trouble = Literal["rejected", "rate-limited", "auth-failed"]

_SILENCE = (
    "The venue reads one stream a frame, the first of params, and only with an id from 0 to 4294967295; all else it "
    "ignores without a word."
)
_ADVICE = {
    "unanswered-subscription": f"{_SILENCE} Send one frame a stream, with small ids, and wait for its first push.",
    "lost-subscription": "The venue forgets a client's streams with its connection: subscribe to each of them again, "
    "one frame a stream, then fetch /api/v1/depth and /api/v1/trades.",
    "duplicate-subscription": "The venue enters a second SUBSCRIBE beside the first, and pushes everything twice until "
    "one UNSUBSCRIBE, which removes both: subscribe once.",
    "sequence-gap": "What was pushed in between is lost: fetch /api/v1/depth and /api/v1/trades, and go on from there.",
    "disconnect": "The venue keeps nothing of a connection: connect again, subscribe to every stream again, then fetch "
    "/api/v1/depth and /api/v1/trades.",
    "rejected": "A refused order is answered with status 200: read the body's status, not the answer's.",
    "lost-response": "Orders have no client id here: look at GET /api/v1/orders and /api/v1/trades before sending again.",
    "blind-retry": "The same body again is a second order: look at GET /api/v1/orders and /api/v1/trades first.",
    "duplicate-order": "The venue takes the same body again for a second order: cancel one by its order_id, price, side "
    "and market.",
}
_BINANCE_ADVICE = {
    "unanswered-subscription": "Every command is answered with its id, an unknown stream's as well; nothing is pushed on "
    "a name that is not written in lower case: symbol@topic.",
    "lost-subscription": "A connection is good for 24 hours at most and keeps no streams: subscribe to all of them again.",
    "sequence-gap": "The next push's U must follow this one's u by one (for futures, its pu is this one's u): else drop "
    "the book, fetch a snapshot, and go on from its lastUpdateId.",
    "disconnect": "Answer each ping within a minute, send no more than 5 messages a second, pings and pongs included, "
    "and expect to be cut off after 24 hours.",
    "missed-heartbeat": "The venue pings every 20 seconds and ends the line a minute after a ping without its pong.",
    "rate-limited": "At most 5 messages a second on a connection, pings and pongs included: name many streams in one "
    "SUBSCRIBE.",
}


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
    rules = Rules(confirms_subscriptions=False, advice=_ADVICE)
    demo_key: bytes | None = None
    demo_secrets: Mapping[str, str] = {}
    acks = False
    """Whether the venue answers commands."""
    profile: ClassVar[Profile] = "plain"
    """What its simulator is like."""

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        """Read one WebSocket message. Never raises."""
        return read_envelope(payload, sender, acks=self.acks)

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        """Read one REST message. Never raises."""
        try:
            return read_http(message, request)
        except ValueError:  # an address that is none
            return NOTHING

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
        return bool(named) and all(isinstance(stream, str) and self._is_ours(stream) for stream in named)

    def at(self, host: str) -> Self:
        """The same everywhere."""
        return self

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

    def _is_ours(self, stream: str) -> bool:
        return "@" not in stream and "." in stream and parsed(stream).topic.isalnum()


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
    rules = Rules(
        heartbeat=Heartbeat(frame="protocol", every_ns=20 * SECOND, within_ns=60 * SECOND),
        max_subscriptions=1024,
        messages_per_s=5,
        advice={**_ADVICE, **_BINANCE_ADVICE},
    )
    acks = True
    profile = "binance"

    def _is_ours(self, stream: str) -> bool:
        return "@" in stream


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
