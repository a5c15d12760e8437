"""The simulated venue on real sockets: order entry over WebSocket, its REST siblings beside it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from wsreplay.venues.reya.gateway import CUT, SHUTTING_DOWN, Close, Gateway, Ping, Responded, Send
from wsreplay.venues.reya.http_edge import HttpEdge
from wsreplay.venues.reya.setup import ReyaSetup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from websockets.http11 import Request, Response

    from wsreplay.venues.reya.gateway import Output

# Clients that vanish in the handshake are no news; whoever wants to hear of them configures this logger.
_LOG = logging.getLogger("wsreplay.simulator")
_LOG.addHandler(logging.NullHandler())
_MAX_FRAME = 16 << 20
_CLOSE_TIMEOUT_S = 2.0


class ReyaSimulator:
    """``async with ReyaSimulator() as sim``: a venue at ``sim.url`` and ``sim.rest_url`` until the block is left.

    ``clock`` gives nanoseconds since 1970; with a clock that doesn't follow real time, call :meth:`advance` whenever
    it was moved.
    """

    siblings = ("rest",)
    """What listens beside the WebSocket: the REST API, whose paths begin with ``/v2``."""

    def __init__(
        self,
        setup: ReyaSetup | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.setup = setup if setup is not None else ReyaSetup()
        self.clock = clock
        self.gateway = Gateway(self.setup, clock())
        self._host, self._port, self._rest_port = host, port, rest_port
        self._http = HttpEdge(self._respond)
        self._server: Server | None = None
        self._lines: dict[int, _Line] = {}
        self._tickets: dict[int, asyncio.Future[tuple[int, Any]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._serve,
            self._host,
            self._port,
            create_connection=_WatchedConnection,
            process_request=self._admit,
            compression=None,
            max_size=_MAX_FRAME,
            # The venue pings idle connections by its own rule, which the gateway knows.
            ping_interval=None,
            close_timeout=_CLOSE_TIMEOUT_S,
            server_header=None,
            logger=_LOG,
        )
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        try:
            self._rest_port = (await self._http.start(self._host, self._rest_port)).port
        except OSError:
            self._server.close()
            await self._server.wait_closed()
            raise
        self.advance()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.gateway.draining = True
        if self._server is not None:
            self._server.close(code=1001, reason=SHUTTING_DOWN)
            await self._server.wait_closed()
        await self._http.close()

    @property
    def url(self) -> str:
        """Where order entry listens."""
        return f"ws://{_bracketed(self._host)}:{self._port}"

    @property
    def rest_url(self) -> str:
        """Where the REST siblings listen; their paths begin with ``/v2``."""
        return f"http://{_bracketed(self._host)}:{self._rest_port}"

    @property
    def urls(self) -> Mapping[str, str]:
        """Where it listens: "" for order entry, and each of :attr:`siblings`."""
        return {"": self.url, "rest": self.rest_url}

    def advance(self) -> None:
        """Do what is due by the clock. On a real clock this happens by itself."""
        self._dispatch(self.gateway.advance(self.clock()))

    async def drain(self) -> None:
        """Shut down as on a deploy: 503 for newcomers, 1001 for each connection as soon as it has its answers."""
        self._empty.clear()
        self._dispatch(self.gateway.drain(self.clock()))
        while self._lines:
            await self._empty.wait()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path.partition("?")[0] == "/ready":
            status = HTTPStatus.SERVICE_UNAVAILABLE if self.gateway.draining else HTTPStatus.OK
            return connection.respond(status, json.dumps({"ready": not self.gateway.draining}))
        if self.gateway.draining:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, SHUTTING_DOWN)
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        conn, out = self.gateway.open(self.clock())
        line = self._lines[conn] = _Line(socket)
        if isinstance(socket, _WatchedConnection):
            socket.on_frame = lambda: self._dispatch(self.gateway.heard(conn, self.clock()))
        self._dispatch(out)
        try:
            async for message in socket:
                self._dispatch(self.gateway.receive(conn, message, self.clock()))
        except ConnectionClosed:
            pass
        finally:
            self._dispatch(self.gateway.closed(conn, self.clock()))
            await line.end()
            del self._lines[conn]
            if not self._lines:
                self._empty.set()

    async def _respond(self, method: str, target: str, body: bytes, peer: str) -> tuple[int, Any]:
        if target == "/ready":
            return (503 if self.gateway.draining else 200), {"ready": not self.gateway.draining}
        ticket, out = self.gateway.request(method, target, body, peer, self.clock())
        answered: asyncio.Future[tuple[int, Any]] = asyncio.get_running_loop().create_future()
        self._tickets[ticket] = answered
        self._dispatch(out)
        return await answered

    def _dispatch(self, out: list[Output]) -> None:
        for each in out:
            if isinstance(each, Send | Ping | Close):
                if (line := self._lines.get(each.conn)) is not None:
                    line.put(each)
            elif isinstance(each, Responded):
                answered = self._tickets.pop(each.ticket)
                if not answered.done():  # its client may be gone
                    answered.set_result((each.status, each.body))
        self._set_timer()

    def _set_timer(self) -> None:
        due_ns = self.gateway.next_ns
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due_ns is not None and self._server is not None:
            wait_s = max(0.0, (due_ns - self.clock()) / 1e9)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self.advance)


class _WatchedConnection(ServerConnection):
    """Tells of every frame that comes, also of pings and pongs: all of them prove that the client lives."""

    on_frame: Callable[[], None] | None = None

    def process_event(self, event: Any) -> None:
        super().process_event(event)
        if self.on_frame is not None:
            self.on_frame()


class _Line:
    """What the venue says to one client, in order, at the speed at which that client reads."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._said: asyncio.Queue[Send | Ping | Close] = asyncio.Queue()
        self._writer = asyncio.get_running_loop().create_task(self._write())
        self._last_moment: asyncio.TimerHandle | None = None

    def put(self, each: Send | Ping | Close) -> None:
        if isinstance(each, Close):
            # A client that reads nothing must not keep the venue from closing.
            patience = 0.0 if each.code == CUT else 2 * _CLOSE_TIMEOUT_S
            loop = asyncio.get_running_loop()
            self._last_moment = loop.call_later(patience, self._socket.transport.abort)
        self._said.put_nowait(each)

    async def end(self) -> None:
        if self._last_moment is not None:
            self._last_moment.cancel()
        self._writer.cancel()
        with suppress(asyncio.CancelledError):
            await self._writer

    async def _write(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                match await self._said.get():
                    case Send(_, text):
                        await self._socket.send(text)
                    case Ping():
                        await self._socket.ping()
                    case Close(_, code, reason):
                        if code != CUT:
                            await self._socket.close(code, reason)
                        return


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
