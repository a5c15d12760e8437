"""A served venue without sockets, and clients of it: what each hears is kept, with its time."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from wsreplay.captures.event import Event
from wsreplay.replay.served.scriptwriter import ServedScriptwriter
from wsreplay.replay.served.shadow import Shadow
from wsreplay.replay.served.venue import ServedVenue, Unmatched
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.gateway import Ask, Close, Cut, HeardFrame, Knock, Output, Ping, Refusal, Responded, Send
from wsreplay.venues.registry import dialect

MS = 1_000_000
LIVE_NS = 1_900_000_000_000_000_000


class Served:
    """A venue played from these events; time goes on when a test says so."""

    def __init__(
        self,
        events: Iterable[Event],
        venue: str | Dialect = "reya",
        *,
        speed: float = 1.0,
        unmatched: Unmatched = "error",
        mode: str = "reverse",
        upstreams: dict[str, str] | None = None,
        shadow: Any = None,
    ) -> None:
        read_by = dialect(venue) if isinstance(venue, str) else venue
        upstreams = upstreams or {"": "wss://venue.example", "rest": "https://api.venue.example"}
        self.script = ServedScriptwriter(read_by, mode, upstreams).write(events)
        self.now_ns = LIVE_NS
        self.told: list[str] = []
        self.venue = ServedVenue(
            self.script,
            read_by,
            self.now_ns,
            speed=speed,
            unmatched=unmatched,
            tell=self.told.append,
            shadow=Shadow(shadow, read_by, self.now_ns) if shadow is not None else None,
        )
        self.heard: dict[int, list[str | bytes]] = {}
        """By line."""
        self.times: dict[int, list[int]] = {}
        """When each was heard, in milliseconds since the beginning."""
        self.ends: dict[int, Close | Cut] = {}
        self.pings = 0
        self.answers: dict[int, Responded] = {}

    def open(self, target: str = "/", *, listener: str = "", **headers: str) -> int:
        """Connect; the line's number."""
        knock = Knock(target=target, listener=listener, headers=(("N", str(len(self.heard))), *headers.items()))
        refusal = self.venue.admit(knock, self.now_ns)
        assert refusal is None, refusal
        conn, out = self.venue.open(knock, self.now_ns)
        self.heard[conn], self.times[conn] = [], []
        self._take(out)
        return conn

    def refused(self, target: str = "/", *, listener: str = "") -> Refusal:
        """Try to connect."""
        refusal = self.venue.admit(Knock(target=target, listener=listener), self.now_ns)
        assert refusal is not None
        return refusal

    def send(self, conn: int, payload: str | bytes) -> None:
        self._take(self.venue.receive(conn, payload, self.now_ns))

    def hears(self, conn: int, frame: HeardFrame) -> None:
        """The venue hears a frame that is no message."""
        self._take(self.venue.heard(conn, frame, self.now_ns))

    def leave(self, conn: int) -> None:
        self._take(self.venue.closed(conn, self.now_ns))

    def ask(self, target: str, method: str = "GET", body: bytes = b"", listener: str = "rest") -> int:
        """A REST request; its ticket."""
        ask = Ask(method=method, target=target, body=body, listener=listener)
        ticket, out = self.venue.request(ask, self.now_ns)
        self._take(out)
        return ticket

    def wait(self, ms: float = 0) -> None:
        """Let time pass: everything that is due happens at its own time."""
        until_ns = self.now_ns + round(ms * MS)
        while (due_ns := self.venue.next_ns) is not None and due_ns <= until_ns:
            self.now_ns = max(self.now_ns, due_ns)
            self._take(self.venue.advance(self.now_ns))
        self.now_ns = until_ns

    def last(self, conn: int) -> str | bytes:
        return self.heard[conn][-1]

    def _take(self, out: list[Output]) -> None:
        for each in out:
            match each:
                case Send(conn, payload):
                    self.heard[conn].append(payload)
                    self.times[conn].append((self.now_ns - LIVE_NS) // MS)
                case Close(conn) | Cut(conn):
                    self.ends[conn] = each
                case Ping():
                    self.pings += 1
                case Responded(ticket):
                    self.answers[ticket] = each


AT_ONCE = inf
