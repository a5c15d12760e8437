"""The middle: what stands between a bot and its venue in a replay, when a fault plan is to strike there.

A proxy of the smallest kind. It lets handshakes through, without their offer of extensions, does what the plan says of
them, and then leaves both sides to the very gate that strikes on live lines (:mod:`wsreplay.proxy.gate`), which also
records them: a replay's capture comes about as a recording does. The bot may be a replay's line, joined in memory, or
a program of its own that connects to what listens :meth:`Middle.before` the venue.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Any

from wsreplay.captures.wire import What
from wsreplay.faults.matcher import Matcher
from wsreplay.faults.plan import FaultPlan
from wsreplay.proxy.gate import Decode, Gate
from wsreplay.proxy.scheduler import LoopScheduler
from wsreplay.proxy.upstream import SECURE, parse_upstream
from wsreplay.replay.clock import SYSTEM, Clock
from wsreplay.replay.doorway import Doorway
from wsreplay.replay.line import Line
from wsreplay.replay.line_gate import LineGate
from wsreplay.replay.listeners import Note, Screen
from wsreplay.replay.memory_socket import connected
from wsreplay.replay.rest_passage import RestPassage
from wsreplay.replay.targets import Place

READ_ON_S = 3.0
"""How long after its last word the venue is still read when a bot's line is cut, as in a recording."""
LAST_S = 10.0
"""How long lines have to end once the replay is over; what is held for longer is lost."""


class Middle:
    """One fault plan, and all the lines of a replay on which it may strike."""

    def __init__(
        self, plan: FaultPlan, decode: Decode, note: Note, *, clock: Clock = SYSTEM, read_on_s: float = READ_ON_S
    ) -> None:
        """``decode`` is that of the venue's dialect."""
        self.matcher = Matcher(plan)
        self.scheduler = LoopScheduler(clock.wall_ns, clock.mono_ns)
        self.decode = decode
        self.read_on_s = read_on_s
        self._note = note
        self._clock = clock
        self._doors: dict[Doorway, None] = {}
        self._gates: dict[Gate, None] = {}
        self._over: asyncio.Future[None] | None = None

    def stand_before(
        self,
        line: Line,
        screen: Screen,
        place: Place,
        conn: int,
        upstream: str,
        tls: ssl.SSLContext | None,
    ) -> None:
        """Be the venue of a replay's own line. ``screen`` knows what the recording kept from it."""

        def made(*args: Any, **more: Any) -> Gate:
            line.gate = LineGate(*args, line=line.number, screen=screen, **more)
            return line.gate

        door = self.doorway(place, conn, upstream, tls, failed=line.give_up, made=made)
        ours, theirs = connected(asyncio.get_running_loop(), line, door)
        theirs.begin()
        ours.begin()

    def doorway(
        self,
        place: Place,
        conn: int,
        upstream: str = "",
        tls: ssl.SSLContext | None = None,
        *,
        failed: Callable[[str], None] | None = None,
        made: Callable[..., Gate] = Gate,
    ) -> Doorway:
        """The protocol that meets a bot which wants to go to this place.

        ``failed`` hears why there is no answer to its handshake; ``made`` makes its gate.
        """
        door = Doorway(self, place, conn, upstream, tls, failed, made)
        self._doors[door] = None
        return door

    @contextlib.asynccontextmanager
    async def before(
        self, urls: Mapping[str, str], *, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[dict[str, str]]:
        """Listen in front of a venue's servers; by the same names, the addresses for a bot that comes by itself.

        ``tls`` is for servers that are spoken to under TLS; the bot speaks plainly with us.
        """
        conns = itertools.count(1)
        found: dict[str, str] = {}
        async with contextlib.AsyncExitStack() as closing:
            for name, url in urls.items():
                upstream = parse_upstream(url)
                secure = upstream.scheme in SECURE
                if secure and tls is None:
                    tls = ssl.create_default_context()
                place = Place(host=upstream.host, port=upstream.port, secure=secure, target=upstream.path)
                if upstream.speaks_websocket:
                    door = partial(self._next_doorway, conns, place, name, tls if secure else None)
                    server = await asyncio.get_running_loop().create_server(door, "127.0.0.1", 0)
                    closing.callback(server.close)
                    port = server.sockets[0].getsockname()[1]
                else:
                    passage = RestPassage(place, name, self._note, self._clock, conns.__next__, tls=tls)
                    port = await passage.start()
                    closing.push_async_callback(passage.close)
                found[name] = upstream.local_url("127.0.0.1", port)
            yield found

    async def finish(self, patience_s: float = LAST_S) -> None:
        """Wait until every line has ended; those that have not by then are ended."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_over(), patience_s)
        for door in tuple(self._doors):
            door.leave()
        for gate in tuple(self._gates):
            gate.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_over(), 1)
        for gate in tuple(self._gates):
            for wire in (gate.bot, gate.venue):
                wire.transport.abort()
        await asyncio.sleep(0)

    # What its doorways and gates tell

    def note(
        self, what: int, venue_side: bool, conn: int, at_ns: int, mono_ns: int, relay_ns: int, body: bytes, /
    ) -> bool:
        """Pass a record on, in the shape that a relay gives it."""
        self._note(What(what), venue_side, conn, at_ns, mono_ns, relay_ns, body)
        return True

    def passed(self, door: Doorway, gate: Gate | None) -> None:
        """A handshake is over; a gate has taken the line, if it was let through."""
        self._doors.pop(door, None)
        if gate is not None:
            self._gates[gate] = None
        self._look()

    def closed(self, gate: Gate) -> None:
        """A line is over."""
        self._gates.pop(gate, None)
        self._look()

    # Private parts

    def _next_doorway(self, conns: Iterator[int], place: Place, upstream: str, tls: ssl.SSLContext | None) -> Doorway:
        return self.doorway(place, next(conns), upstream, tls)

    async def _all_over(self) -> None:
        while self._doors or self._gates:
            self._over = asyncio.get_running_loop().create_future()
            await self._over

    def _look(self) -> None:
        if not (self._doors or self._gates) and self._over is not None and not self._over.done():
            self._over.set_result(None)
