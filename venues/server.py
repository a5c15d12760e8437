"""A simulated venue on real sockets: its WebSocket, and its REST siblings beside it."""

from __future__ import annotations

import asyncio
import logging
import socket as sockets
import struct
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Response

from wsreplay.venues.gateway import Ask, Close, Cut, Gateway, Knock, Ping, Refusal, Responded, Send
from wsreplay.venues.http_edge import Answer, HttpEdge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from websockets.http11 import Request
    from websockets.typing import Subprotocol

    from wsreplay.venues.gateway import HeardFrame, Output

# Clients that vanish in the handshake are no news; whoever wants to hear of them configures this logger.
_LOG = logging.getLogger("wsreplay.simulator")
_LOG.addHandler(logging.NullHandler())
_MAX_FRAME = 16 << 20
_CLOSE_TIMEOUT_S = 2.0
_LINGER_NONE = struct.pack("ii", 1, 0)
_OF_THE_PROTOCOL = frozenset({"connection", "upgrade", "sec-websocket-accept", "sec-websocket-protocol", "date"})
_FRAMES: dict[Opcode, HeardFrame] = {Opcode.PING: "ping", Opcode.PONG: "pong", Opcode.CLOSE: "close"}


class VenueServer:
    """``async with`` it: the venue behind ``gateway`` listens until the block is left.

    ``clock`` gives nanoseconds since 1970; with a clock that doesn't follow real time, call :meth:`advance` whenever
    it was moved. ``path`` is what follows the port in the WebSocket's URL.
    """

    siblings: tuple[str, ...] = ("rest",)
    """What listens beside the WebSocket: the venue's REST API."""
    goodbye: tuple[int, str] = (1001, "")
    """Close code and reason for those who are still there when the server stops."""

    def __init__(
        self,
        gateway: Gateway[Any],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        path: str = "",
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.gateway = gateway
        self.clock = clock
        self._host, self._port, self._rest_port, self._path = host, port, rest_port, path
        self._http = HttpEdge(self._respond)
        self._server: Server | None = None
        self._lines: dict[int, _Line] = {}
        self._tickets: dict[int, asyncio.Future[Answer]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await self.listen(self._host, self._port)
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        if self.siblings:
            try:
                self._rest_port = (await self._http.start(self._host, self._rest_port)).port
            except OSError:
                self._server.close()
                await self._server.wait_closed()
                raise
        self.advance()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_timer()
        self.gateway.draining = True
        if self._server is not None:
            code, reason = self.goodbye
            self._server.close(code=code, reason=reason)
            await self._server.wait_closed()
        await self._http.close()

    async def listen(
        self, host: str, port: int, name: str = "", connection: type[ServerConnection] | None = None
    ) -> Server:
        """Listen for WebSockets; the gateway knows clients that come here by this listener's name."""
        return await serve(
            partial(self._serve, name),
            host,
            port,
            create_connection=connection or WatchedConnection,
            process_request=partial(self._admit, name),
            process_response=partial(self._welcome, name),
            select_subprotocol=partial(self._subprotocol, name),
            compression=None,
            max_size=_MAX_FRAME,
            # A venue pings by its own rule, which the gateway knows.
            ping_interval=None,
            close_timeout=_CLOSE_TIMEOUT_S,
            server_header=None,
            logger=_LOG,
        )

    @property
    def url(self) -> str:
        """Where the WebSocket listens."""
        return f"ws://{_bracketed(self._host)}:{self._port}{self._path}"

    @property
    def rest_url(self) -> str:
        """Where the REST siblings listen."""
        return f"http://{_bracketed(self._host)}:{self._rest_port}"

    @property
    def urls(self) -> Mapping[str, str]:
        """Where it listens: "" for the WebSocket, and each of :attr:`siblings`."""
        return {"": self.url, **dict.fromkeys(self.siblings, self.rest_url)}

    def advance(self) -> None:
        """Do what is due by the clock. On a real clock this happens by itself."""
        self._dispatch(self.gateway.advance(self.clock()))

    async def drain(self) -> None:
        """Shut down as on a deploy, and wait until everybody is gone."""
        self._empty.clear()
        self._dispatch(self.gateway.drain(self.clock()))
        while self._lines:
            await self._empty.wait()

    # Private parts

    def _admit(self, listener: str, connection: ServerConnection, request: Request) -> Response | None:
        refusal = self.gateway.admit(_knock(connection, request, listener), self.clock())
        return None if refusal is None else _response(connection, refusal)

    def _welcome(self, listener: str, connection: ServerConnection, request: Request, response: Response) -> None:
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return
        for name, value in self.gateway.on_welcome(_knock(connection, request, listener)):
            if name.lower() not in _OF_THE_PROTOCOL:
                response.headers[name] = value

    def _subprotocol(
        self, listener: str, connection: ServerConnection, offered: Sequence[Subprotocol]
    ) -> Subprotocol | None:
        assert connection.request is not None
        welcome = self.gateway.on_welcome(_knock(connection, connection.request, listener))
        chosen = {value for name, value in welcome if name.lower() == "sec-websocket-protocol"}
        return next((each for each in offered if each in chosen), None)

    async def _serve(self, listener: str, socket: ServerConnection) -> None:
        assert socket.request is not None
        conn, out = self.gateway.open(_knock(socket, socket.request, listener), self.clock())
        line = self._lines[conn] = _Line(socket)
        if isinstance(socket, WatchedConnection):
            socket.on_frame = lambda frame: self._dispatch(self.gateway.heard(conn, frame, self.clock()))
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

    async def _respond(self, ask: Ask) -> Answer:
        ticket, out = self.gateway.request(ask, self.clock())
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._tickets[ticket] = answered
        self._dispatch(out)
        return await answered

    def _dispatch(self, out: list[Output]) -> None:
        for each in out:
            if isinstance(each, Responded):
                answered = self._tickets.pop(each.ticket)
                if not answered.done():  # its client may be gone
                    answered.set_result(Answer(each.status, each.body, each.headers))
            elif (line := self._lines.get(each.conn)) is not None:
                line.put(each)
        self._set_timer()

    def _set_timer(self) -> None:
        due_ns = self.gateway.next_ns
        self._stop_timer()
        if due_ns is not None and self._server is not None:
            wait_s = max(0.0, (due_ns - self.clock()) / 1e9)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self.advance)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class WatchedConnection(ServerConnection):
    """Tells of every frame that is no message: pings and pongs prove that the client lives."""

    on_frame: Callable[[HeardFrame], None] | None = None

    def process_event(self, event: Any) -> None:
        """Take note of a frame."""
        super().process_event(event)
        if self.on_frame is not None and isinstance(event, Frame) and (frame := _FRAMES.get(event.opcode)) is not None:
            self.on_frame(frame)


class _Line:
    """What the venue says to one client, in order, at the speed at which that client reads."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._said: asyncio.Queue[Send | Ping | Close | Cut] = asyncio.Queue()
        self._writer = asyncio.get_running_loop().create_task(self._write())
        self._last_moment: asyncio.TimerHandle | None = None

    def put(self, each: Send | Ping | Close | Cut) -> None:
        if isinstance(each, Close):
            # A client that reads nothing must not keep the venue from closing.
            loop = asyncio.get_running_loop()
            self._last_moment = loop.call_later(2 * _CLOSE_TIMEOUT_S, self._socket.transport.abort)
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
                    case Send(_, payload):
                        await self._socket.send(payload)
                    case Ping(_, payload):
                        await self._socket.ping(payload)
                    case Close(_, code, reason):
                        await self._socket.close(code, reason)
                        return
                    case Cut(_, how):
                        self._cut(how)
                        return

    def _cut(self, how: str) -> None:
        transport = self._socket.transport
        handle = transport.get_extra_info("socket")
        if how == "rst" and handle is not None:
            # abort() alone sends a FIN.
            handle.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, _LINGER_NONE)
        transport.abort()


def _knock(connection: ServerConnection, request: Request, listener: str) -> Knock:
    peer = connection.remote_address
    return Knock(
        target=request.path,
        headers=tuple(request.headers.raw_items()),
        peer=str(peer[0]) if peer else "",
        listener=listener,
    )


def _response(connection: ServerConnection, refusal: Refusal) -> Response:
    body = refusal.body.encode() if isinstance(refusal.body, str) else refusal.body
    # A status that no standard knows (520, say) is one all the same.
    plain = connection.respond(HTTPStatus.FORBIDDEN, "")
    known = refusal.status in HTTPStatus
    own = {"content-length", *(name.lower() for name, _ in refusal.headers)}
    headers = Headers([(name, value) for name, value in plain.headers.raw_items() if name.lower() not in own])
    headers["Content-Length"] = str(len(body))
    for name, value in refusal.headers:
        if name.lower() != "content-length":
            headers[name] = value
    return Response(refusal.status, HTTPStatus(refusal.status).phrase if known else "", headers, body)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
