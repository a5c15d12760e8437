"""The venue without its sockets: connect keys at the door, heartbeats, requests on topics, and the REST siblings."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from wsreplay.venues.gateway import Ask, Gateway, Knock, Refusal
from wsreplay.venues.loopring.errors import Refused
from wsreplay.venues.loopring.exchange import Exchange
from wsreplay.venues.loopring.feeds import Feeds
from wsreplay.venues.loopring.keys import ConnectKeys
from wsreplay.venues.loopring.orders import MS, SECOND
from wsreplay.venues.loopring.requests import Checker, Subscription, done, read_frame
from wsreplay.venues.loopring.rest import Rest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wsreplay.venues.loopring.setup import LoopringSetup

PATHS = frozenset({"/v3/ws", "/v2/ws"})


class _Connection(msgspec.Struct):
    pings: int = 0
    pongs: int = 0
    waiting_ns: int | None = None
    """Since when a ping waits for its pong."""
    subscriptions: dict[str, Subscription] = {}


class LoopringGateway(Gateway[_Connection]):
    """One simulated venue with all its connections."""

    def __init__(self, setup: LoopringSetup, now_ns: int) -> None:
        super().__init__(now_ns)
        self.setup = setup
        self.exchange = Exchange(setup, self.agenda)
        self._keys = ConnectKeys(setup.seed, setup.limits.key_life_s, setup.standing_ws_keys)
        self._rest = Rest(setup, self.exchange, self._keys)
        self._checker = Checker(setup)
        self._feeds = Feeds(setup, self.exchange, self.agenda, self, self.say)
        self._chance = Random(f"{setup.seed} delays")  # noqa: S311 - repeatable, not secret

    def of(self, topic: str) -> Iterable[tuple[int, Subscription]]:
        """All subscriptions to a topic."""
        return [
            (conn, each)
            for conn, connection in self.connections.items()
            for each in connection.subscriptions.values()
            if each.name == topic
        ]

    # What the server calls

    def on_knock(self, knock: Knock, now_ns: int) -> Refusal | None:
        """Who brings a key that was given out, and opened nothing yet, may come in."""
        path, _, query = knock.target.partition("?")
        if path not in PATHS:
            return Refusal(status=404, body="Not Found")
        if self.draining:
            return Refusal(status=503, body="Service Unavailable")
        key = parse_qs(query).get("wsApiKey", [None])[0]
        # The venue only says that such a connection is refused.
        return None if self._keys.take(key, now_ns) else Refusal(status=401, body="invalid wsApiKey")

    def on_open(self, conn: int, knock: Knock, now_ns: int) -> _Connection:
        """Pings begin with the connection."""
        self.agenda.at(now_ns + self.setup.limits.ping_s * SECOND, partial(self._beat, conn))
        return _Connection()

    def on_message(self, conn: int, payload: str | bytes, now_ns: int) -> None:
        """A pong, or a request on topics."""
        if payload == "pong":
            self._pong(conn)
            return
        connection = self.connections[conn]
        frame = read_frame(payload)
        reply: dict[str, Any] = (
            {"op": frame.op} if frame.sequence is None else {"op": frame.op, "sequence": frame.sequence}
        )
        reply["topics"] = frame.topics
        try:
            request = self._checker.read(payload, frame, connection.subscriptions)
        except Refused as refused:
            error = {"code": int(refused.code), "message": refused.message}
            self.say(conn, reply | {"result": {"status": "failed", "error": error}})
            return
        connection.subscriptions = done(request, connection.subscriptions)
        self.say(conn, reply | {"result": {"status": "ok"}})

    def on_request(self, ticket: int, ask: Ask, now_ns: int) -> None:
        """What is asked happens now; the answer takes its time."""
        answered_ns = now_ns + round(self._chance.uniform(*self.setup.delays.rest_ms) * MS)
        status, body = self._rest.respond(ask, now_ns, answered_ns)
        self.agenda.at(answered_ns, lambda _: self.respond(ticket, status, body))

    # Heartbeats

    def _beat(self, conn: int, at_ns: int) -> None:
        connection = self.connections.get(conn)
        if connection is None:
            return
        limits = self.setup.limits
        connection.pings += 1
        self.say(conn, "ping")
        if connection.waiting_ns is None:
            connection.waiting_ns = at_ns
            self.agenda.at(at_ns + limits.pong_s * SECOND, partial(self._give_up, conn, at_ns))
        self.agenda.at(at_ns + limits.ping_s * SECOND, partial(self._beat, conn))

    def _pong(self, conn: int) -> None:
        connection = self.connections[conn]
        connection.pongs += 1
        connection.waiting_ns = None
        if connection.pongs > connection.pings:
            self.cut(conn)

    def _give_up(self, conn: int, since_ns: int, _: int) -> None:
        connection = self.connections.get(conn)
        if connection is not None and connection.waiting_ns == since_ns:
            self.cut(conn)
