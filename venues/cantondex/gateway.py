"""The venue without its sockets: logging in, subscriptions, heartbeats, limits, and who is told what."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.cantondex.channels import CHANNEL_OF, CHANNELS, NOUNS, OF_AN_ACCOUNT
from wsreplay.venues.cantondex.feed import Feed, interval_ns
from wsreplay.venues.cantondex.house import House
from wsreplay.venues.cantondex.rest import Rest
from wsreplay.venues.cantondex.said import written_json
from wsreplay.venues.cantondex.times import SECOND, written
from wsreplay.venues.cantondex.wire import plain
from wsreplay.venues.gateway import Ask, Knock, Refusal
from wsreplay.venues.gateway import Gateway as VenueGateway

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsreplay.venues.cantondex.accounts import Purse
    from wsreplay.venues.cantondex.setup import CantonDexSetup

POLICY, GOING_AWAY = 1008, 1001


class Connection(msgspec.Struct, kw_only=True):
    """What the venue knows of a connection."""

    number: int
    purse: Purse | None = None
    """Whose it is, once it has logged in."""
    expires_ns: int = 0
    subscriptions: set[str] = msgspec.field(default_factory=set)
    pong_ns: int
    active_ns: int
    """When anything but a heartbeat was said last, by either side."""
    ping_ns: int
    """When it is pinged next."""
    recent_ns: deque[int] = msgspec.field(default_factory=deque)
    """When the messages of the last second came."""


class _Refusal(Exception):  # noqa: N818 - an answer of the venue, not an error of ours
    def __init__(self, code: str, message: str, reason: str) -> None:
        super().__init__(message)
        self.code, self.message, self.reason = code, message, reason


class Gateway(VenueGateway[Connection]):
    """One simulated venue with all its connections."""

    def __init__(self, setup: CantonDexSetup, now_ns: int) -> None:
        super().__init__(now_ns)
        self.setup = setup
        self.house = House(setup, self.agenda, self._tell)
        self.feed = Feed(self.house.floor, self.agenda, self._say_event)
        self._rest = Rest(self.house, self.feed, self.agenda, self._tell)

    # Connections

    def on_knock(self, knock: Knock, now_ns: int) -> Refusal | None:
        """Anyone may connect, unless the venue is about to go: who they are, they say later."""
        return Refusal(status=503, body="Shutting down") if self.draining else None

    def on_open(self, conn: int, knock: Knock, now_ns: int) -> Connection:
        """A connection is watched for life."""
        ping_ns = now_ns + round(self.setup.limits.ping_every_s * SECOND)
        connection = Connection(number=conn, pong_ns=now_ns, active_ns=now_ns, ping_ns=ping_ns)
        self.agenda.at(ping_ns, partial(self._watch, connection))
        return connection

    def on_closed(self, conn: int, now_ns: int) -> None:
        """It is told nothing any more."""
        self.feed.remove(conn)

    def on_drain(self, now_ns: int) -> None:
        """Everybody is told, and closed."""
        for connection in list(self.connections.values()):
            self._drop(connection, "server_shutdown", GOING_AWAY)

    def on_request(self, ticket: int, ask: Ask, now_ns: int) -> None:
        """A REST request came."""
        self._rest.respond(ask, now_ns, partial(self.respond, ticket))

    def _watch(self, connection: Connection, now_ns: int) -> None:
        """Ping, and drop who did not answer or does nothing."""
        if self.connections.get(connection.number) is not connection:
            return
        limits = self.setup.limits
        dead_ns = connection.pong_ns + round(limits.heartbeat_s * SECOND)
        idle_ns = connection.active_ns + round(limits.idle_s * SECOND)
        if now_ns >= dead_ns:
            self._drop(connection, "heartbeat_timeout", POLICY)
            return
        if now_ns >= idle_ns:
            self._drop(connection, "inactivity", POLICY)
            return
        if now_ns >= connection.ping_ns:
            connection.ping_ns = now_ns + round(limits.ping_every_s * SECOND)
            self.say(connection.number, {"type": "ping", "timestamp": written(now_ns)})
        self.agenda.at(min(dead_ns, idle_ns, connection.ping_ns), partial(self._watch, connection))

    def _drop(self, connection: Connection, reason: str, code: int) -> None:
        self._error(connection, "CONNECTION_CLOSED", "Connection was closed", None, reason)
        self.close(connection.number, code, reason)

    # Messages

    def on_message(self, conn: int, payload: str | bytes, now_ns: int) -> None:
        """A message came."""
        connection = self.connections[conn]
        fields = plain(payload)
        said = fields if isinstance(fields, dict) else {}
        channel = said.get("channel") if said.get("type") in ("subscribe", "unsubscribe") else None
        named = channel if type(channel) is str else None
        try:
            self._check(connection, payload, said, now_ns)
            kind = said["type"]
            if kind == "pong":
                connection.pong_ns = now_ns
                return
            connection.active_ns = now_ns
            if kind == "auth":
                self._log_in(connection, said, now_ns)
                return
            purse = self._logged_in(connection, now_ns)
            if kind not in ("subscribe", "unsubscribe"):
                raise _Refusal("INVALID_REQUEST", "Malformed request message", "unknown_type")
            if named is None:
                raise _Refusal("INVALID_REQUEST", "Malformed request message", "channel_required")
            if named not in CHANNELS:
                raise _Refusal("INVALID_CHANNEL", "Channel does not exist", "unknown_channel")
            account = said.get("account_id")
            if account is not None and type(account) is not str:
                raise _Refusal("INVALID_REQUEST", "Malformed request message", "account_id_not_a_string")
            self._permit(purse, named, account)
            if kind == "subscribe":
                self._subscribe(connection, purse, named, said)
            else:
                self._unsubscribe(connection, named)
        except _Refusal as refused:
            self._error(connection, refused.code, refused.message, named, refused.reason)

    def _check(self, connection: Connection, payload: str | bytes, said: Mapping[str, Any], now_ns: int) -> None:
        """What holds for every message, whatever it says."""
        recent = connection.recent_ns
        while recent and recent[0] <= now_ns - SECOND:
            recent.popleft()
        if len(recent) >= self.setup.limits.messages_per_s:
            kind = said.get("type")
            what = "heartbeats" if kind == "pong" else "messages" if type(kind) is str else "unreadable_messages"
            raise _Refusal("RATE_LIMITED", "Rate limit exceeded", f"too_many_{what}")
        recent.append(now_ns)
        if self._size(payload) > self.setup.limits.message_bytes:
            raise _Refusal("MESSAGE_SIZE_EXCEEDED", "Message too large", "message_too_large")
        if type(said.get("type")) is not str:
            raise _Refusal(
                "INVALID_REQUEST", "Malformed request message", "type_required" if said else "no_json_object"
            )

    def _log_in(self, connection: Connection, said: Mapping[str, Any], now_ns: int) -> None:
        held = self.house.holder(said.get("token"), now_ns)
        if held is None:
            self._refuse_login(connection, "INVALID_TOKEN", "Token is invalid or expired")
            return
        purse, expires_ns = held
        if connection.purse is not None and connection.purse is not purse:
            raise _Refusal("INVALID_REQUEST", "Malformed request message", "other_account")
        others = sum(each.purse is purse for each in self.connections.values() if each is not connection)
        most = self.setup.limits.connections
        if others >= most:
            self._refuse_login(connection, "AUTH_FAILED", f"Too many connections for this account (at most {most})")
            self._drop(connection, "too_many_connections", POLICY)
            return
        connection.purse, connection.expires_ns = purse, expires_ns
        self.say(
            connection.number,
            {
                "type": "auth_response",
                "status": "authenticated",
                "account_id": purse.account_id,
                "message": "Successfully authenticated",
            },
        )

    def _logged_in(self, connection: Connection, now_ns: int) -> Purse:
        if connection.purse is None:
            raise _Refusal("AUTH_FAILED", "Authentication failed", "not_authenticated")
        if now_ns >= connection.expires_ns:
            raise _Refusal("AUTH_FAILED", "Authentication failed", "token_expired")
        return connection.purse

    def _permit(self, purse: Purse, channel: str, account: str | None) -> None:
        """Whether this account may hear of that one, on this channel."""
        rights = purse.about.rights
        if channel == "compliance_events":
            allowed = "compliance" in rights
        else:
            allowed = channel not in OF_AN_ACCOUNT or account in (None, purse.account_id)
        if not allowed:
            raise _Refusal(
                "INSUFFICIENT_PERMISSIONS", "No permission to access this channel", "insufficient_permissions"
            )

    def _subscribe(self, connection: Connection, purse: Purse, channel: str, said: Mapping[str, Any]) -> None:
        if channel in connection.subscriptions:
            raise _Refusal("ALREADY_SUBSCRIBED", "Already subscribed to this channel", "already_subscribed")
        if channel == "market_data":
            self.feed.add(connection.number, *self._market_data(said))
        connection.subscriptions.add(channel)
        self.say(
            connection.number,
            {
                "type": "subscription_response",
                "channel": channel,
                "account_id": purse.account_id,
                "status": "subscribed",
                "message": f"Now receiving {NOUNS[channel]} updates",
            },
        )

    def _market_data(self, said: Mapping[str, Any]) -> tuple[frozenset[str], int]:
        """Symbols and interval of a subscription; without symbols, all."""
        markets = self.house.floor.markets
        symbols, aggregation = said.get("symbols", list(markets)), said.get("aggregation")
        if not isinstance(symbols, list) or not symbols or any(type(each) is not str for each in symbols):
            raise _Refusal("SUBSCRIPTION_ERROR", "Failed to subscribe to channel", "invalid_symbols")
        if any(symbol not in markets for symbol in symbols):
            raise _Refusal("SUBSCRIPTION_ERROR", "Failed to subscribe to channel", "unknown_symbol")
        every_ns = 0 if aggregation is None else interval_ns(aggregation) if type(aggregation) is str else None
        if every_ns is None:
            raise _Refusal("SUBSCRIPTION_ERROR", "Failed to subscribe to channel", "invalid_aggregation")
        return frozenset(symbols), every_ns

    def _unsubscribe(self, connection: Connection, channel: str) -> None:
        if channel not in connection.subscriptions:
            raise _Refusal("NOT_SUBSCRIBED", "Not subscribed to this channel", "not_subscribed")
        connection.subscriptions.discard(channel)
        if channel == "market_data":
            self.feed.remove(connection.number)
        self.say(
            connection.number,
            {
                "type": "unsubscribe_response",
                "channel": channel,
                "status": "unsubscribed",
                "message": f"No longer receiving {NOUNS[channel]} updates",
            },
        )

    # What is said

    def _tell(self, account: str | None, event: dict[str, Any]) -> None:
        """Tell an event to those who subscribed to its channel, and may hear of the account."""
        channel, text = CHANNEL_OF[event["type"]], None
        for connection in list(self.connections.values()):
            purse = connection.purse
            if purse is None or channel not in connection.subscriptions:
                continue
            if account is None or purse.account_id == account:
                text = text or written_json(event).decode()
                connection.active_ns = self.agenda.now_ns
                self.say(connection.number, text)

    def _say_event(self, conn: int, event: dict[str, Any]) -> None:
        connection = self.connections.get(conn)
        if connection is not None:
            connection.active_ns = self.agenda.now_ns
            self.say(conn, written_json(event).decode())

    def _refuse_login(self, connection: Connection, code: str, message: str) -> None:
        self.say(
            connection.number,
            {"type": "auth_response", "status": "failed", "error_code": code, "error_message": message},
        )

    def _error(self, connection: Connection, code: str, message: str, channel: str | None, reason: str) -> None:
        about = {} if channel is None else {"channel": channel}
        self.say(
            connection.number,
            {
                "type": "error",
                "code": code,
                "message": message,
                "details": {**about, "reason": reason},
                "timestamp": written(self.agenda.now_ns),
            },
        )

    def _size(self, payload: str | bytes) -> int:
        return len(payload.encode("utf-8", "replace") if isinstance(payload, str) else payload)
