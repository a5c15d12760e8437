"""A bot and a venue that stream, for tests of incidents: a dialect whose messages say what they are."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from captures.recorded import BEGAN

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.venues.dialect import Secrets
from wsreplay.venues.envelope import Envelope, HttpMessage, Sender, Witness
from wsreplay.venues.rules import Rules

MS = 1_000_000
SECOND = 1_000_000_000
PLAIN = Rules()
"""A venue that confirms subscriptions and asks for nothing."""


class PlainDialect:
    """Each message is the JSON of its envelope; ``id`` in it is its key."""

    name = "plain"
    version = 1
    hosts: frozenset[str] = frozenset()
    production_hosts = frozenset({"*"})
    secrets = Secrets()

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        return msgspec.json.decode(payload, type=Envelope)

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        return Envelope()

    def witness(self, payload: str | bytes, sender: Sender) -> Witness | None:
        return None


class Streaming:
    """Each method is what passes next, a millisecond after what passed before; it gives its event."""

    def __init__(self, rules: Rules | None = PLAIN) -> None:
        self._decoder = Decoder(PlainDialect())
        self._rules = rules
        self.rows: list[Event] = []
        self.seq = 0
        self.now_ns = 0

    def event(self, **fields: Any) -> Event:
        self.seq += 1
        self.now_ns += MS
        stamps = {
            "seq": self.seq,
            "at_ns": BEGAN.wall_ns + self.now_ns,
            "mono_ns": self.now_ns,
            "first_mono_ns": self.now_ns,
        }
        event = Event(**{"conn": 1, "relay_ns": 1_000, **stamps, **fields})
        self.rows += self._decoder.see(event)
        return event

    def waits(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND)

    def says(self, sender: str, conn: int = 1, *, delivered: bool = True, **envelope: Any) -> Event:
        relay_ns = 1_000 if delivered else None
        return self.event(kind="text", sender=sender, conn=conn, text=json.dumps(envelope), relay_ns=relay_ns)

    # The bot

    def opens(self, conn: int = 1, status: int = 101, url: str = "wss://venue.example/?key=1") -> Event:
        return self.event(
            kind="open", sender="client", conn=conn, text=json.dumps({"url": url, "status": status}), relay_ns=None
        )

    def asks(self, op: str, key: str | None = None, conn: int = 1, **more: Any) -> Event:
        return self.says("client", conn, role="request", op=op, key=key, **more)

    def subscribes(self, *channels: str, key: str | None = None, conn: int = 1, **more: Any) -> Event:
        parts = [{"op": "subscribe", "channel": channel} for channel in channels]
        return self.asks("SUB", key, conn, channel=",".join(channels), parts=parts, **more)

    def unsubscribes(self, *channels: str, key: str | None = None, conn: int = 1) -> Event:
        parts = [{"op": "unsubscribe", "channel": channel} for channel in channels or [None]]
        return self.asks("UNSUB", key, conn, channel=",".join(channels), parts=parts)

    # The venue

    def replies(self, op: str, key: str | None = None, conn: int = 1, **more: Any) -> Event:
        return self.says("venue", conn, role="reply", op=op, key=key, **more)

    def confirms(self, *channels: str, key: str | None = None, conn: int = 1, op: str = "SUB", **more: Any) -> Event:
        return self.replies(op, key, conn, channel=",".join(channels), **more)

    def takes(self, *channels: str, conn: int = 1) -> Event:
        """The bot subscribes and the venue confirms it."""
        asked = self.subscribes(*channels, conn=conn)
        self.confirms(*channels, conn=conn)
        return asked

    def pushes(self, channel: str, conn: int = 1, **more: Any) -> Event:
        return self.says("venue", conn, role="push", op="update", channel=channel, **more)

    def numbers(self, channel: str, *numbers: int, conn: int = 1, **more: Any) -> list[Event]:
        return [self.pushes(channel, conn, venue_seq=number, **more) for number in numbers]

    # Heartbeats

    def pings(self, sender: str = "venue", conn: int = 1, *, delivered: bool = True) -> Event:
        relay_ns = 1_000 if delivered else None
        return self.event(kind="ping", sender=sender, conn=conn, data=b"", relay_ns=relay_ns)

    def pongs(self, sender: str = "client", conn: int = 1, *, delivered: bool = True) -> Event:
        relay_ns = 1_000 if delivered else None
        return self.event(kind="pong", sender=sender, conn=conn, data=b"", relay_ns=relay_ns)

    def beats(self, op: str, conn: int = 1, *, sender: str | None = None, delivered: bool = True) -> Event:
        """A heartbeat that is a message."""
        sender = sender or ("venue" if op == "ping" else "client")
        return self.says(sender, conn, delivered=delivered, role="heartbeat", op=op)

    # The line

    def closes(self, sender: str = "client", code: int = 1000, conn: int = 1) -> Event:
        return self.event(kind="close", sender=sender, conn=conn, close_code=code, close_reason="")

    def ends(self, sender: str, how: str = "fin", conn: int = 1) -> Event:
        return self.event(kind="end", sender=sender, conn=conn, ended_by=how, relay_ns=None)

    def breaks(self, conn: int = 1) -> Event:
        """The venue's side is reset, and the bot's with it."""
        broken = self.ends("venue", "rst", conn)
        self.ends("client", "proxy", conn)
        return broken

    def stops(self, conn: int = 1) -> None:
        """The recording is over."""
        self.ends("client", "proxy", conn)
        self.ends("venue", "proxy", conn)

    def strikes(self, fault: str, conn: int = 1) -> Event:
        text = json.dumps({"fault": fault})
        return self.event(kind="fault", sender="proxy", conn=conn, text=text, relay_ns=None)

    def misses(self, *connections: int) -> Event:
        """Part of the recording is missing."""
        text = json.dumps({"connections": list(connections)})
        return self.event(kind="gap", sender="proxy", conn=None, text=text, relay_ns=None)

    # What is found

    def incidents(self, *kinds: str) -> list[Incident]:
        found = incidents_in(self.rows, rules=self._rules)
        return [incident for incident in found if not kinds or incident.kind in kinds]

    def only(self, kind: str) -> Incident:
        """The one incident of this kind."""
        (incident,) = self.incidents(kind)
        return incident

    def assert_none(self, *kinds: str) -> None:
        assert [(each.kind, each.summary) for each in self.incidents(*kinds)] == []
