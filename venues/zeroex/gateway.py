"""The relayer without its sockets: who is subscribed to what, who is told of which order, and who still lives.

Two profiles. The standard asks nearly nothing of a server: it acknowledges nothing, refuses nothing, pings nobody, and
a request id is its connection's own. The reference server has rules that no document has: :class:`ReferenceChannel`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.gateway import Ask, HeardFrame, Knock
from wsreplay.venues.gateway import Gateway as VenueGateway
from wsreplay.venues.zeroex.errors import General, Refused
from wsreplay.venues.zeroex.house import House
from wsreplay.venues.zeroex.relayer import Relayer
from wsreplay.venues.zeroex.rest import Rest
from wsreplay.venues.zeroex.rules import PING_EVERY_NS
from wsreplay.venues.zeroex.schemas import flaws_in_subscription
from wsreplay.venues.zeroex.subscriptions import matches, update
from wsreplay.venues.zeroex.wire import Filters

if TYPE_CHECKING:
    from wsreplay.venues.zeroex.relayer import Listed
    from wsreplay.venues.zeroex.setup import ZeroExSetup


class Connection(msgspec.Struct):
    """What is known of a client."""

    subscriptions: dict[str, Filters | None] = msgspec.field(default_factory=dict)
    """By request id."""
    alive: bool = True
    """Whether it has answered the last ping."""


class Gateway(VenueGateway[Connection]):
    """One simulated relayer with all its connections, as the standard has it."""

    def __init__(self, setup: ZeroExSetup, now_ns: int) -> None:
        super().__init__(now_ns)
        self.setup = setup
        self.relayer = Relayer(setup, self.agenda, self.tell)
        self._rest = Rest(self.relayer)
        House(setup, self.relayer, self.agenda).begin()

    def on_open(self, conn: int, knock: Knock, now_ns: int) -> Connection:
        """Nobody is told of anything before subscribing."""
        return Connection()

    def on_message(self, conn: int, payload: str | bytes, now_ns: int) -> None:
        """Subscribe, or do nothing at all: the standard has no way to say what is wrong."""
        message = read_json(payload)
        if not flaws_in_subscription(message):
            self.connections[conn].subscriptions[message["requestId"]] = filters_in(message)

    def on_request(self, ticket: int, ask: Ask, now_ns: int) -> None:
        """A REST request came."""
        self.respond(ticket, *self._rest.respond(ask, now_ns))

    def tell(self, orders: list[Listed]) -> None:
        """Orders are new or have changed: one message to each subscription that matches any of them."""
        for conn, connection in list(self.connections.items()):
            for request_id, filters in connection.subscriptions.items():
                wanted = [listed for listed in orders if matches(filters, listed)]
                if wanted:
                    self.say(conn, update(request_id, wanted, self.setup.version))


class ReferenceChannel(Gateway):
    """The orders channel as the reference server (0x-launch-kit, 0x-api) runs it.

    Request ids are everybody's: who uses one again, on whatever connection, takes the subscription over with a filter
    of its own, and the end of any connection that ever used the id ends it. What can't be read is answered with an
    error that does not say to what, and the connection is cut. Each order is a message of its own. All clients are
    pinged at the same times, and who has not answered by the next is cut.
    """

    def __init__(self, setup: ZeroExSetup, now_ns: int) -> None:
        self._subscriptions: dict[str, Filters | None] = {}
        self._owners: dict[str, int] = {}
        self._used: dict[int, set[str]] = {}
        super().__init__(setup, now_ns)
        self.agenda.at(now_ns + PING_EVERY_NS, self._look_after_all)

    def on_message(self, conn: int, payload: str | bytes, now_ns: int) -> None:
        """Subscribe, or refuse and cut."""
        try:
            message = read_json(payload)
            if message is NO_JSON:
                raise Refused(General.MALFORMED_JSON)
            if flaws := flaws_in_subscription(message):
                raise Refused(General.VALIDATION, flaws)
        except Refused as refused:
            self.say(conn, refused.body)
            self.cut(conn)
            return
        request_id = message["requestId"]
        self._used.setdefault(conn, set()).add(request_id)
        self._subscriptions[request_id] = filters_in(message)
        self._owners[request_id] = conn

    def on_frame(self, conn: int, frame: HeardFrame, now_ns: int) -> None:
        """Only a pong proves that a client lives."""
        if frame == "pong":
            self.connections[conn].alive = True

    def on_closed(self, conn: int, now_ns: int) -> None:
        """All request ids that it ever used are dropped, also those that another connection has taken since."""
        for request_id in self._used.pop(conn, ()):
            self._owners.pop(request_id, None)
            self._subscriptions.pop(request_id, None)

    def on_drain(self, now_ns: int) -> None:
        """It goes without a word."""
        for conn in list(self.connections):
            self.cut(conn)

    def tell(self, orders: list[Listed]) -> None:
        """One message for each order and each subscription that matches it."""
        for listed in orders:
            for request_id, filters in self._subscriptions.items():
                if matches(filters, listed):
                    self.say(self._owners[request_id], update(request_id, [listed], self.setup.version))

    def _look_after_all(self, now_ns: int) -> None:
        for conn, connection in list(self.connections.items()):
            if not connection.alive:
                self.cut(conn)
            else:
                connection.alive = False
                self.ping(conn)
        self.agenda.at(now_ns + PING_EVERY_NS, self._look_after_all)


NO_JSON = object()
_FILTER_NAMES = frozenset(Filters.__struct_encode_fields__)


def read_json(payload: str | bytes) -> Any:
    """The JSON value of a message, or :data:`NO_JSON`."""
    try:
        return json.loads(payload, parse_float=str)
    except (ValueError, RecursionError):
        return NO_JSON


def filters_in(message: dict[str, Any]) -> Filters | None:
    """What a sound subscription asks for; names that are no filter's are passed over."""
    given = {name: value for name, value in message.get("payload", {}).items() if name in _FILTER_NAMES}
    return msgspec.convert(given, Filters) if given else None


def gateway_of(setup: ZeroExSetup, now_ns: int) -> Gateway:
    """The relayer that a setup describes."""
    return (ReferenceChannel if setup.profile == "launch-kit" else Gateway)(setup, now_ns)
