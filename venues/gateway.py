"""A simulated venue without its sockets: connections, messages, REST requests and time go in, what to do comes out.

Every call says what time it is and gives back what is to be done on the wire. Time may be real or not; what was due
before a call happens first, at its own time. A venue derives from :class:`Gateway` and fills in what happens when
(``on_…``); :mod:`.server` puts sockets around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from wsreplay.venues.agenda import Agenda

if TYPE_CHECKING:
    from collections.abc import Mapping

type HeardFrame = Literal["message", "ping", "pong", "close"]


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """A request that opens a connection, or would: whatever comes to the WebSocket's own address."""

    target: str = "/"
    """Path and query."""
    headers: tuple[tuple[str, str], ...] = ()
    peer: str = "127.0.0.1"
    """The client's address."""
    listener: str = ""
    """Which of several addresses it came to, by its name."""

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A REST request."""

    method: str = "GET"
    target: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    peer: str = "127.0.0.1"
    listener: str = ""
    """Which of several addresses it came to, by its name."""

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a :class:`Knock` that opens no connection."""

    status: int
    body: str | bytes = ""
    headers: tuple[tuple[str, str], ...] = ()


class Send(msgspec.Struct, frozen=True):
    """A message for a connection; bytes are a binary one."""

    conn: int
    payload: str | bytes


class Ping(msgspec.Struct, frozen=True):
    """A protocol ping for a connection."""

    conn: int
    payload: bytes | None = None
    """None: the server thinks of one."""


class Close(msgspec.Struct, frozen=True):
    """The end of a connection, said by the venue in order."""

    conn: int
    code: int = 1000
    reason: str = ""


class Cut(msgspec.Struct, frozen=True):
    """The end of a connection without a close frame."""

    conn: int
    how: Literal["fin", "rst"] = "fin"


class Responded(msgspec.Struct, frozen=True):
    """The answer to a REST request; a body that is no bytes is written as JSON."""

    ticket: int
    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()


type Output = Send | Ping | Close | Cut | Responded


class Gateway[C: msgspec.Struct]:
    """One simulated venue with all its connections; ``C`` is what it knows of each."""

    def __init__(self, now_ns: int) -> None:
        self.agenda = Agenda(now_ns)
        self.connections: dict[int, C] = {}
        """Those that are open, by their number."""
        self.draining = False
        self._out: list[Output] = []
        self._opened = 0
        self._tickets = 0

    # What the server calls

    @property
    def next_ns(self) -> int | None:
        """When :meth:`advance` has something to do."""
        return self.agenda.next_ns

    def advance(self, now_ns: int) -> list[Output]:
        """Do what is due until now."""
        self.agenda.run(now_ns)
        out, self._out = self._out, []
        return out

    def admit(self, knock: Knock, now_ns: int) -> Refusal | None:
        """Somebody asks for a connection: None lets them in."""
        self.agenda.run(now_ns)
        return self.on_knock(knock, now_ns)

    def open(self, knock: Knock, now_ns: int) -> tuple[int, list[Output]]:
        """A client has connected. Its number is given back."""
        self.agenda.run(now_ns)
        self._opened += 1
        self.connections[self._opened] = self.on_open(self._opened, knock, now_ns)
        self.on_opened(self._opened, now_ns)
        return self._opened, self.advance(now_ns)

    def receive(self, conn: int, payload: str | bytes, now_ns: int) -> list[Output]:
        """A message came."""
        self.agenda.run(now_ns)
        if conn in self.connections:
            self.on_frame(conn, "message", now_ns)
            self.on_message(conn, payload, now_ns)
        return self.advance(now_ns)

    def heard(self, conn: int, frame: HeardFrame, now_ns: int) -> list[Output]:
        """A frame came that is no message: it may prove that the client lives."""
        self.agenda.run(now_ns)
        if conn in self.connections:
            self.on_frame(conn, frame, now_ns)
        return self.advance(now_ns)

    def closed(self, conn: int, now_ns: int) -> list[Output]:
        """A connection is gone. What it asked for may go on; its answers have nowhere to go."""
        self.agenda.run(now_ns)
        if self.connections.pop(conn, None) is not None:
            self.on_closed(conn, now_ns)
        return self.advance(now_ns)

    def request(self, ask: Ask, now_ns: int) -> tuple[int, list[Output]]:
        """A REST request came; its :class:`Responded` carries the ticket that is given back, now or later."""
        self.agenda.run(now_ns)
        self._tickets += 1
        ticket = self._tickets
        self.on_request(ticket, ask, now_ns)
        return ticket, self.advance(now_ns)

    def drain(self, now_ns: int) -> list[Output]:
        """Shut down as the venue does on a deploy; :meth:`on_knock` is asked whether newcomers are still let in."""
        self.agenda.run(now_ns)
        self.draining = True
        self.on_drain(now_ns)
        return self.advance(now_ns)

    # What a venue fills in

    def on_knock(self, knock: Knock, now_ns: int) -> Refusal | None:
        """Whether this one may connect."""
        return None

    def on_welcome(self, knock: Knock) -> tuple[tuple[str, str], ...]:
        """Headers with which the handshake is answered, beyond those of the protocol itself."""
        return ()

    def on_open(self, conn: int, knock: Knock, now_ns: int) -> C:
        """What is known of a new connection."""
        raise NotImplementedError

    def on_opened(self, conn: int, now_ns: int) -> None:
        """The connection is in :attr:`connections`: the venue may speak first."""

    def on_frame(self, conn: int, frame: HeardFrame, now_ns: int) -> None:
        """Any frame came from the client; a message is also given to :meth:`on_message`."""

    def on_message(self, conn: int, payload: str | bytes, now_ns: int) -> None:
        """A message came."""
        raise NotImplementedError

    def on_closed(self, conn: int, now_ns: int) -> None:
        """A connection is gone, whoever ended it; it is no longer in :attr:`connections`."""

    def on_request(self, ticket: int, ask: Ask, now_ns: int) -> None:
        """A REST request came: :meth:`respond` to it, now or later."""
        self.respond(ticket, 404, {"error": "NOT_FOUND", "message": f"No such path: {ask.target}"})

    def on_drain(self, now_ns: int) -> None:
        """How the venue shuts down: by default it says 1001 to everybody at once."""
        for conn in list(self.connections):
            self.close(conn, 1001)

    # What a venue does

    def say(self, conn: int, message: str | bytes | Mapping[str, Any] | list[Any]) -> None:
        """Send a message; what is neither text nor bytes is written as compact JSON. Nobody there: nothing is sent."""
        if conn in self.connections:
            payload = message if isinstance(message, str | bytes) else msgspec.json.encode(message).decode()
            self._out.append(Send(conn, payload))

    def ping(self, conn: int, payload: bytes | None = None) -> None:
        """Send a protocol ping."""
        if conn in self.connections:
            self._out.append(Ping(conn, payload))

    def close(self, conn: int, code: int, reason: str = "") -> None:
        """Close a connection in order."""
        if self.connections.pop(conn, None) is not None:
            self._out.append(Close(conn, code, reason))
            self.on_closed(conn, self.agenda.now_ns)

    def cut(self, conn: int, how: Literal["fin", "rst"] = "fin") -> None:
        """End a connection without a close frame."""
        if self.connections.pop(conn, None) is not None:
            self._out.append(Cut(conn, how))
            self.on_closed(conn, self.agenda.now_ns)

    def respond(self, ticket: int, status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Answer a REST request."""
        self._out.append(Responded(ticket, status, body, headers))
