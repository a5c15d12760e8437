"""The tap: the mitmproxy addon that records.

It runs with mitmproxy's option ``websocket=False``: after the 101 mitmproxy would pass the bytes as a TCP flow. At that
moment the tap takes both sockets over (:mod:`wsreplay.proxy.relay`), so that bytes, half-closes and resets cross as
they came. Where it can't, it records through ``tcp_message``, the documented hook.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from mitmproxy import ctx, http, tcp
from mitmproxy.connection import Client, Connection
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.tls import TlsData
from OpenSSL import SSL

from wsreplay.captures.wire import What, as_json
from wsreplay.proxy.exchange import Asked, Body, exchange_of, handshake_of, is_upgrade, length_of, request_of
from wsreplay.proxy.gate import Early
from wsreplay.proxy.gates import GateFactory
from wsreplay.proxy.leg import Leg
from wsreplay.proxy.relay import Note, Relay, Wire
from wsreplay.proxy.switching import keep_first_bytes
from wsreplay.proxy.tls import TlsWire

logger = logging.getLogger(__name__)

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
"""What Python puts before the words that people read."""
SETTLED = 4
"""Turns of the event loop without anything under way, after which mitmproxy has passed on all it held."""
PATIENCE = 10_000
"""Turns after which the sockets are left to mitmproxy: the line works, and is recorded through `tcp_message`."""
FOR_EVER = 100 * 365 * 24 * 3600
"""Seconds without traffic after which mitmproxy would close a connection. That is the venue's business, not ours."""


class Tap:
    """Records every WebSocket connection and REST exchange that passes, through ``note``."""

    def __init__(
        self,
        note: Note,
        *,
        upstreams: Mapping[str, str] | None = None,
        allows: Callable[[str], bool] | None = None,
        read_on: float = 3.0,
        tell: Callable[[str], None] = logger.warning,
        gate: GateFactory | None = None,
    ) -> None:
        """``upstreams`` names listeners by their mode's specification; ``allows`` says which hosts may be reached.

        With a ``gate`` faults strike on the way; without one every byte crosses untouched.
        """
        keep_first_bytes()
        self.relays: set[Relay] = set()
        self.opened = 0
        """Handshakes that a venue answered."""
        self.failed = 0
        """Connections to a venue that could not be made."""
        self._note = note
        self._upstreams = upstreams or {}
        self._allows = allows
        self._read_on = read_on
        self._tell = tell
        self._gate = gate
        self._early: dict[str, list[Early]] = {}
        self._conns: dict[str, int] = {}
        self._next_conn = 1
        self._legs: dict[str, Leg] = {}
        self._sessions: dict[str, list[SSL.Connection]] = {}
        self._upgraded: set[str] = set()
        self._by_hook: set[str] = set()
        self._none_left = asyncio.Event()
        self._none_left.set()

    # Connections

    def client_connected(self, client: Client) -> None:
        """A bot, or its REST client, has connected."""
        self._adopt(client, client)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Connect to no host that was not named: this is no open proxy."""
        address = data.server.address
        if address and self._allows is not None and not self._allows(address[0]):
            data.server.error = f"{address[0]} is not an allowed host; allow it with --allow-host {address[0]}"

    def server_connected(self, data: ServerConnectionHookData) -> None:
        """The venue has accepted the connection."""
        self._adopt(data.client, data.server)

    def server_connect_error(self, data: ServerConnectionHookData) -> None:
        """The venue can't be reached: say so at once, a bot's own message rarely does."""
        address = data.server.address
        self.failed += 1
        reason = _ERRNO.sub("", data.server.error or "")
        self._tell(f"can't connect to {address[0]}:{address[1]}: {reason}" if address else "can't connect")

    def tls_established_client(self, data: TlsData) -> None:
        """The bot's TLS session is up."""
        self._sessions.setdefault(data.conn.id, []).append(cast(SSL.Connection, data.ssl_conn))

    def tls_established_server(self, data: TlsData) -> None:
        """The venue's TLS session is up, and its certificate was verified."""
        self._sessions.setdefault(data.conn.id, []).append(cast(SSL.Connection, data.ssl_conn))

    def tls_failed_server(self, data: TlsData) -> None:
        """The venue's certificate is not trusted, or it speaks no TLS."""
        address = data.context.server.address
        self.failed += 1
        hint = "; trust its CA with --trust FILE" if "certificate" in str(data.conn.error).lower() else ""
        self._tell(f"no TLS with {address[0] if address else 'the venue'}: {data.conn.error}{hint}")

    def tls_failed_client(self, data: TlsData) -> None:
        """The bot does not trust our certificate."""
        self._tell(f"the bot refused our certificate ({data.conn.error}): let it trust the CA file that is named above")

    def client_disconnected(self, client: Client) -> None:
        """The bot's socket is gone, and mitmproxy has let go of it."""
        self._conns.pop(client.id, None)
        self._legs.pop(client.id, None)
        self._sessions.pop(client.id, None)

    def server_disconnected(self, data: ServerConnectionHookData) -> None:
        """The venue's socket is gone."""
        self._legs.pop(data.server.id, None)
        self._sessions.pop(data.server.id, None)

    # HTTP

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """A bot that uses us as its HTTP proxy names a host."""
        if self._allows is not None and not self._allows(flow.request.host):
            self._tell(f"{flow.request.host} is not an allowed host; allow it with --allow-host {flow.request.host}")
            flow.response = http.Response.make(
                403, f"{flow.request.host} is not an allowed host of this proxy; use --allow-host\n"
            )

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A request begins: take its time, and let its body stream."""
        leg = self._legs.get(flow.client_conn.id)
        at_ns, mono_ns = (leg.read_at_ns, leg.read_mono_ns) if leg else (time.time_ns(), time.monotonic_ns())
        asked = Asked(self._conn(flow.client_conn), at_ns, mono_ns)
        flow.metadata["wsreplay"] = asked
        if not is_upgrade(flow.request):
            asked.request.length = length_of(flow.request)
            asked.request.when_whole = lambda: self._is_whole(flow)
            flow.request.stream = asked.request

    async def request(self, flow: http.HTTPFlow) -> None:
        """A request is complete: it is noted now; a handshake may meet a fault before the venue hears of it."""
        if not is_upgrade(flow.request):
            self._is_whole(flow)
        elif self._gate is not None:
            client = flow.client_conn
            leg, upstream = self._legs.get(client.id), self._upstreams.get(client.proxy_mode.full_spec, "")
            await self._gate.admit(flow, self._conn(client), leg, self._note, upstream)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """An answer begins: let its body stream."""
        if flow.response and flow.response.status_code != 101:
            flow.response.stream = self._asked(flow).response

    def response(self, flow: http.HTTPFlow) -> None:
        """An answer is complete: an upgrade, a refusal, or a REST exchange."""
        self._settle(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        """There is no answer, or it broke off."""
        self._settle(flow)

    # The raw bytes after the 101

    def tcp_start(self, flow: tcp.TCPFlow) -> None:
        """The protocol has been switched: take the sockets over as soon as mitmproxy is done with them."""
        if flow.client_conn.id in self._upgraded:
            asyncio.get_running_loop().create_task(self._take_over(flow))

    def tcp_message(self, flow: tcp.TCPFlow) -> None:
        """Bytes that mitmproxy still held at the switch, or all of them where the sockets stay with it."""
        if flow.client_conn.id not in self._upgraded:
            flow.messages.clear()
            return
        message = flow.messages[-1]
        side = flow.client_conn if message.from_client else flow.server_conn
        leg = self._legs.get(side.id)
        at_ns, mono_ns = (leg.read_at_ns, leg.read_mono_ns) if leg else (time.time_ns(), time.monotonic_ns())
        if self._gate is not None and flow.client_conn.id not in self._by_hook:
            # The gate meets them first of all, once it stands.
            early = Early(not message.from_client, message.content, at_ns, mono_ns)
            self._early.setdefault(flow.client_conn.id, []).append(early)
            message.content = b""
            flow.messages.clear()
            return
        self._note(
            What.DATA,
            not message.from_client,
            self._conn(flow.client_conn),
            at_ns,
            mono_ns,
            time.monotonic_ns() - mono_ns,
            message.content,
        )
        flow.messages.clear()

    def tcp_end(self, flow: tcp.TCPFlow) -> None:
        """A connection that stayed with mitmproxy ended; which side, and how, can't be seen from here."""
        if flow.client_conn.id in self._by_hook:
            bot_ended, venue_ended = flow.client_conn.timestamp_end, flow.server_conn.timestamp_end
            venue_first = venue_ended is not None and (bot_ended is None or venue_ended < bot_ended)
            self._end_by_hook(flow.client_conn, venue_first=venue_first)

    def tcp_error(self, flow: tcp.TCPFlow) -> None:
        """The same, in disorder."""
        self.tcp_end(flow)

    # What the recording calls

    async def stop(self, patience: float = 5.0) -> None:
        """Close every relayed connection in order, and wait until the last has ended."""
        for relay in tuple(self.relays):
            relay.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.all_over(), patience)
        for relay in tuple(self.relays):
            for wire in (relay.bot, relay.venue):
                wire.transport.abort()
        await asyncio.sleep(0)

    @property
    def met_nobody(self) -> bool:
        """Whether nobody has asked for anything yet."""
        return self._next_conn == 1

    async def all_over(self) -> None:
        """Wait until no connection is relayed any more."""
        await self._none_left.wait()

    # Private parts

    def _adopt(self, client: Client, conn: Connection) -> None:
        """Put a leg where mitmproxy reads and writes this socket."""
        if conn.transport_protocol != "tcp":
            return
        handler = self._handler(client)
        held = handler.transports.get(conn) if handler else None
        if held is None or not isinstance(held.reader, asyncio.StreamReader):
            return
        leg = Leg.take(held.reader, cast(asyncio.StreamWriter, held.writer))
        leg.takes_ws_urls = conn is client and client.proxy_mode.type_name == "regular"
        held.reader = held.writer = leg
        self._legs[conn.id] = leg

    def _handler(self, client: Client) -> Any:
        server = cast(Any, ctx.master).addons.get("proxyserver")
        return server.connections.get(client.id) if server else None

    def _conn(self, client: Client) -> int:
        conn = self._conns.get(client.id)
        if conn is None:
            conn = self._conns[client.id] = self._next_conn
            self._next_conn += 1
        return conn

    def _asked(self, flow: http.HTTPFlow) -> Asked:
        asked = flow.metadata.get("wsreplay")
        if not isinstance(asked, Asked):
            # A request that broke before its headers were complete.
            asked = Asked(self._conn(flow.client_conn), time.time_ns(), time.monotonic_ns())
            flow.metadata["wsreplay"] = asked
        return asked

    def _is_whole(self, flow: http.HTTPFlow) -> None:
        """A REST request was read to its end: note it before it is handed on, for the venue may act on it at once."""
        asked = self._asked(flow)
        if not asked.whole():
            return
        leg = self._legs.get(flow.client_conn.id)
        at_ns, mono_ns = (leg.read_at_ns, leg.read_mono_ns) if leg else (time.time_ns(), time.monotonic_ns())
        try:
            record = as_json(request_of(flow, asked, self._upstreams.get(flow.client_conn.proxy_mode.full_spec, "")))
            asked.told = self._note(What.ASKED, False, asked.conn, at_ns, mono_ns, -1, record)
        except Exception:  # in the middle of a body nobody else would catch it, and the request must go on
            logger.exception("a REST request could not be noted before its answer")
        if asked.told:
            asked.request.kept.clear()

    def _settle(self, flow: http.HTTPFlow) -> None:
        asked = self._asked(flow)
        asked.whole()  # what is answered before its end is told with its answer
        upstream = self._upstreams.get(flow.client_conn.proxy_mode.full_spec, "")
        if flow.response and flow.response.raw_content and not asked.response.kept:
            # Bodies that mitmproxy made itself (a refusal by this proxy) do not stream.
            Body.__call__(asked.response, flow.response.raw_content)
        if not is_upgrade(flow.request):
            record = exchange_of(flow, asked, upstream)
            self._note(What.HTTP, True, asked.conn, *self._answered(flow, asked), -1, as_json(record))
            return
        handshake = handshake_of(flow, asked, upstream)
        self._note(What.OPEN, True, asked.conn, *self._answered(flow, asked), -1, as_json(handshake))
        if handshake.status:
            self.opened += 1
        if handshake.status == 101:
            self._upgraded.add(flow.client_conn.id)
            for side in (flow.client_conn, flow.server_conn):
                if side.id in self._legs:
                    self._legs[side.id].holds_end = True
        else:
            self._note(What.OVER, False, asked.conn, time.time_ns(), time.monotonic_ns(), -1, b"")

    def _answered(self, flow: http.HTTPFlow, asked: Asked) -> tuple[int, int]:
        """When the answer's last byte was read: frames in the same breath must not seem to come before it."""
        leg = self._legs.get(flow.server_conn.id)
        if flow.response is not None and leg is not None and leg.read_mono_ns > asked.mono_ns:
            return leg.read_at_ns, leg.read_mono_ns
        return time.time_ns(), time.monotonic_ns()

    async def _take_over(self, flow: tcp.TCPFlow) -> None:
        client, server = flow.client_conn, flow.server_conn
        bot_leg, venue_leg = self._legs.get(client.id), self._legs.get(server.id)
        handler = self._handler(client)
        sessions = [self._sessions.get(side.id, []) for side in (client, server)]
        if bot_leg is None or venue_leg is None or handler is None or any(len(s) > 1 for s in sessions):
            # TLS within TLS, or a socket that is not ours.
            self._leave(flow, tuple(leg for leg in (bot_leg, venue_leg) if leg))
            return
        legs = (bot_leg, venue_leg)
        for leg in legs:
            if not leg.transport.is_closing():
                leg.transport.pause_reading()
        quiet = 0
        for _ in range(PATIENCE):
            await asyncio.sleep(0)
            quiet = quiet + 1 if all(leg.idle for leg in legs) and not handler._server_event_lock.locked() else 0  # noqa: SLF001
            if quiet == SETTLED:
                break
        for leg in legs:
            if not leg.transport.is_closing():
                # First, for the relay may have to stop it again; nothing is read before the next turn.
                leg.transport.resume_reading()
        if quiet < SETTLED:
            self._leave(flow, legs)
        else:
            # mitmproxy sees no traffic from here on; plain mitmproxy would end the line after ten minutes of that.
            handler.timeout_watchdog.timeout = FOR_EVER
            self._relay(client, legs, sessions)

    def _leave(self, flow: tcp.TCPFlow, legs: tuple[Leg, ...]) -> None:
        """The sockets stay with mitmproxy."""
        self._by_hook.add(flow.client_conn.id)
        if self._gate is not None:
            self._tell("a connection could not be taken over (TLS within TLS?): no fault will strike on it")
        for venue_side, data, *_ in self._early.pop(flow.client_conn.id, ()):
            cast(Any, ctx.master).commands.call("inject.tcp", flow, venue_side, data)
        for leg in legs:
            leg.release_end()

    def _relay(self, client: Client, legs: tuple[Leg, Leg], sessions: list[list[SSL.Connection]]) -> None:
        def over() -> None:
            self.relays.discard(relay)
            if not self.relays:
                self._none_left.set()
            self._upgraded.discard(client.id)
            for leg in legs:
                leg.finish()

        conn = self._conn(client)
        sides = [
            (leg.transport, side, session[0] if session else None)
            for leg, side, session in zip(legs, (False, True), sessions, strict=True)
        ]
        relay: Relay
        if self._gate is None:
            wires = (TlsWire(held, side, tls) if tls else Wire(held, side) for held, side, tls in sides)
            relay = Relay(conn, self._note, *wires, read_on=self._read_on, when_over=over)
        else:
            upstream, early = self._upstreams.get(client.proxy_mode.full_spec, ""), self._early.pop(client.id, ())
            relay = self._gate.relay(
                conn, self._note, *sides, read_on=self._read_on, when_over=over, upstream=upstream, early=early
            )
        self.relays.add(relay)
        self._none_left.clear()
        relay.begin()
        # What filled up or ended during the switch: the event loop does not say it again.
        for leg in sorted(legs, key=lambda leg: leg.end_mono_ns):
            wire = relay.bot if leg is legs[0] else relay.venue
            if leg.full:
                wire.pause_writing()
            if leg.heard_end:
                wire.eof_received()
            if leg.lost:
                wire.connection_lost(leg.fault)

    def _end_by_hook(self, client: Client, *, venue_first: bool) -> None:
        conn = self._conn(client)
        self._by_hook.discard(client.id)
        self._upgraded.discard(client.id)
        now = time.time_ns(), time.monotonic_ns()
        for venue_side in (True, False) if venue_first else (False, True):
            self._note(What.END, venue_side, conn, *now, -1, b"")
        self._note(What.OVER, False, conn, *now, -1, b"")
