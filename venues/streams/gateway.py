"""The venue without its sockets, strict and silent: what it does not understand it ignores, and it confirms nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from wsreplay.venues.gateway import Ask, Gateway, Knock
from wsreplay.venues.streams.commands import read_strictly
from wsreplay.venues.streams.exchange import Exchange
from wsreplay.venues.streams.feeds import Feeds
from wsreplay.venues.streams.rest import Rest
from wsreplay.venues.streams.setup import TOPICS
from wsreplay.venues.streams.subscribers import Subscribers

if TYPE_CHECKING:
    from wsreplay.venues.market import Change
    from wsreplay.venues.streams.setup import StreamsSetup


class Connection(msgspec.Struct):
    """What is known of a connection: nothing but its number."""

    number: int


class StreamsGateway[C: msgspec.Struct](Gateway[C]):
    """What both profiles have in common: one engine behind all connections, and the REST API beside them."""

    def __init__(self, setup: StreamsSetup, now_ns: int) -> None:
        super().__init__(now_ns)
        self.setup = setup
        self.exchange = Exchange(setup, self.agenda)
        self.feeds = Feeds(setup)
        self.subscribers = Subscribers()
        self._rest = Rest(self.exchange, self.feeds, self.agenda)
        self.exchange.floor.listen(self.publish)

    def publish(self, change: Change) -> None:
        """Something happened in a market: tell those who listen."""
        for push in self.feeds.of(change):
            listeners = self.subscribers.of(push.stream)
            if listeners:
                text = msgspec.json.encode({"stream": push.stream, "data": push.data}).decode()
                for conn in listeners:
                    self.say(conn, text)

    def on_closed(self, conn: int, now_ns: int) -> None:
        """It is removed from all streams."""
        self.subscribers.forget(conn)

    def on_request(self, ticket: int, ask: Ask, now_ns: int) -> None:
        """A REST request came."""
        self._rest.respond(ask, now_ns, partial(self.respond, ticket))


class PlainGateway(StreamsGateway[Connection]):
    """The venue as it is documented."""

    def on_open(self, conn: int, knock: Knock, now_ns: int) -> Connection:
        """Anybody may come, by any path."""
        return Connection(conn)

    def on_message(self, conn: int, payload: str | bytes, now_ns: int) -> None:
        """A message came; only the first stream that it names counts."""
        command = read_strictly(payload)
        if command is None or not command.params or not self._is_stream(command.params[0]):
            return
        if command.method == "SUBSCRIBE":
            self.subscribers.add(conn, command.params[0])
        elif command.method == "UNSUBSCRIBE":
            self.subscribers.remove(conn, command.params[0])

    def _is_stream(self, name: str) -> bool:
        """Whether it may be subscribed to; whether anything ever comes is another matter."""
        parts = name.split(".")
        return len(parts) == 2 and parts[0] in TOPICS and parts[1] in self.setup.named


def gateway_of(setup: StreamsSetup, now_ns: int) -> StreamsGateway[Connection]:
    """The venue of this profile."""
    if setup.profile == "plain":
        return PlainGateway(setup, now_ns)
    from wsreplay.venues.streams.binance_gateway import BinanceGateway

    return BinanceGateway(setup, now_ns)
