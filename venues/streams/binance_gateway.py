"""The same venue as Binance's clients expect it: commands are answered, streams have Binance's names as well, and a
connection that does not keep to the rules is ended."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from wsreplay.venues.gateway import HeardFrame, Knock, Refusal
from wsreplay.venues.rules import MS, SECOND
from wsreplay.venues.streams.commands import Command, Refused, read_politely
from wsreplay.venues.streams.feeds import binance_symbol
from wsreplay.venues.streams.gateway import Connection, StreamsGateway

if TYPE_CHECKING:
    from wsreplay.venues.market import Change
    from wsreplay.venues.streams.setup import StreamsSetup

_SPEEDS = ("", "@100ms", "@1000ms")
_LEVELS = (5, 10, 20)


class _Connection(Connection):
    combined: bool = True
    """Whether pushes are wrapped in the name of their stream."""
    unit: int = MS
    """How many nanoseconds its times count."""
    heard: deque[int] = msgspec.field(default_factory=deque)
    """When it said something, within the last second."""
    pinged_ns: int | None = None
    """When the ping was sent that it has not answered."""


class BinanceGateway(StreamsGateway[Connection]):
    """The profile with acknowledgements and refusals."""

    def __init__(self, setup: StreamsSetup, now_ns: int) -> None:
        super().__init__(setup, now_ns)
        self._knocks: dict[str, deque[int]] = {}

    # Connections

    def on_knock(self, knock: Knock, now_ns: int) -> Refusal | None:
        """So many from one address in five minutes, and no more; nobody once it is about to go."""
        if self.draining:
            return Refusal(status=503)
        knocks = self._knocks.setdefault(knock.peer, deque())
        while knocks and knocks[0] <= now_ns - 300 * SECOND:
            knocks.popleft()
        knocks.append(now_ns)
        return Refusal(status=429) if len(knocks) > self.setup.limits.connections_per_5_min else None

    def on_open(self, conn: int, knock: Knock, now_ns: int) -> Connection:
        """The path says which streams it begins with, and how they come; any path but Binance's two says nothing."""
        path, _, asked = knock.target.partition("#")[0].partition("?")
        query = parse_qs(asked)
        micro = query.get("timeUnit", [""])[0].upper() == "MICROSECOND"
        first, _, rest = path.lstrip("/").partition("/")
        streams = rest.split("/") if first == "ws" else query.get("streams", [""])[0].split("/")
        for stream in dict.fromkeys(streams):
            if stream:
                self.subscribers.add(conn, stream)
        limits = self.setup.limits
        self.agenda.at(now_ns + limits.ping_every_s * SECOND, partial(self._beat, conn))
        self.agenda.at(now_ns + limits.lifetime_s * SECOND, lambda _: self.close(conn, 1001))
        return _Connection(conn, combined=first != "ws", unit=1_000 if micro else MS)

    def on_frame(self, conn: int, frame: HeardFrame, now_ns: int) -> None:
        """Each message, ping and pong counts; one too many in a second, and it is over."""
        connection = self._of(conn)
        if frame == "close" or connection is None:
            return
        if frame == "pong":
            connection.pinged_ns = None
        heard = connection.heard
        while heard and heard[0] <= now_ns - SECOND:
            heard.popleft()
        heard.append(now_ns)
        if len(heard) > self.setup.limits.messages_per_s:
            self.close(conn, 1008, "Too many requests")

    def on_drain(self, now_ns: int) -> None:
        """It says that it is about to go, and goes."""
        for conn in list(self.connections):
            self._push(conn, "!serverShutdown", {"e": "serverShutdown", "E": now_ns // MS})
        self.agenda.at(now_ns + self.setup.limits.drain_ms * MS, self._end)

    # Commands

    def on_message(self, conn: int, payload: str | bytes, now_ns: int) -> None:
        """A command came, and is answered."""
        connection = self._of(conn)
        if connection is None:
            return
        command = read_politely(payload)
        done = self._do(connection, command) if isinstance(command, Command) else command
        if isinstance(done, Refused):
            known = {} if done.code == 3 else {"id": done.id}
            self.say(conn, {"error": {"code": done.code, "msg": done.message}, **known})
        else:
            self.say(conn, {"result": done, "id": command.id})

    def _do(self, connection: _Connection, command: Command) -> Any:
        conn, params = connection.number, command.params
        match command.method:
            case "SUBSCRIBE":
                there = self.subscribers.streams_of(conn)
                new = [stream for stream in dict.fromkeys(params) if stream not in there]
                if len(there) + len(new) > self.setup.limits.streams:
                    return Refused(2, "Invalid request: too many streams", command.id)
                for stream in new:
                    self.subscribers.add(conn, stream)
            case "UNSUBSCRIBE":
                for stream in params:
                    self.subscribers.remove(conn, stream)
            case "LIST_SUBSCRIPTIONS":
                return self.subscribers.streams_of(conn)
            case "SET_PROPERTY":
                connection.combined = params[1]
            case _:
                return connection.combined
        return None

    # Pushes

    def publish(self, change: Change) -> None:
        """Under the venue's own names and under Binance's."""
        feeds, market = self.feeds, self.exchange.floor.markets[change.symbol]
        for push in feeds.of(change):
            for conn in self.subscribers.of(push.stream):
                self._push(conn, push.stream, push.data)
        symbol = binance_symbol(change.symbol).lower()
        for topic, told in (("trade", feeds.binance_trades), ("aggTrade", feeds.binance_agg_trades)):
            for conn in self.subscribers.of(stream := f"{symbol}@{topic}"):
                for data in told(change, self._unit(conn)):
                    self._push(conn, stream, data)
        if change.levels:
            for speed in _SPEEDS:
                for conn in self.subscribers.of(stream := f"{symbol}@depth{speed}"):
                    self._push(conn, stream, feeds.binance_depth(change, self._unit(conn)))
                for levels in _LEVELS:
                    for conn in self.subscribers.of(stream := f"{symbol}@depth{levels}{speed}"):
                        self._push(conn, stream, feeds.binance_levels(market, levels))
        feeds.over(change)

    def _push(self, conn: int, stream: str, data: dict[str, Any]) -> None:
        connection = self._of(conn)
        if connection is not None:
            self.say(conn, {"stream": stream, "data": data} if connection.combined else data)

    # Private parts

    def _of(self, conn: int) -> _Connection | None:
        connection = self.connections.get(conn)
        return connection if isinstance(connection, _Connection) else None

    def _unit(self, conn: int) -> int:
        connection = self._of(conn)
        return MS if connection is None else connection.unit

    def _beat(self, conn: int, at_ns: int) -> None:
        connection = self._of(conn)
        if connection is None:
            return
        self.ping(conn)
        limits = self.setup.limits
        if connection.pinged_ns is None:
            connection.pinged_ns = at_ns
            self.agenda.at(at_ns + limits.pong_within_s * SECOND, partial(self._miss, conn, at_ns))
        self.agenda.at(at_ns + limits.ping_every_s * SECOND, partial(self._beat, conn))

    def _miss(self, conn: int, pinged_ns: int, _: int) -> None:
        connection = self._of(conn)
        if connection is not None and connection.pinged_ns == pinged_ns:
            self.close(conn, 1008, "Pong timeout")

    def _end(self, _: int) -> None:
        for conn in list(self.connections):
            self.close(conn, 1001)
