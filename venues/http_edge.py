"""A small HTTP/1.1 server on asyncio and h11: what the WebSocket library can't serve, requests with a body."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import h11

from wsreplay.venues.gateway import Ask

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MAX_BODY = 1 << 20
_READ = 1 << 16


class Answer(NamedTuple):
    """What a request is answered with; a body that is no bytes is written as JSON."""

    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()


type Responder = Callable[[Ask], Awaitable[Answer]]


class HttpEdge:
    """Serves JSON answers until it is closed; connections are kept alive."""

    def __init__(self, respond: Responder) -> None:
        self._respond = respond
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> Self:
        """Listen; ``port`` 0 takes a free one."""
        self._server = await asyncio.start_server(self._accept, host, port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def protocol(self) -> asyncio.StreamReaderProtocol:
        """What serves one connection that somebody else has accepted."""
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._accept)

    async def close(self) -> None:
        """Stop listening, and end the connections that are open."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        peer = str(writer.get_extra_info("peername")[0])
        try:
            while await self._exchange(connection, reader, writer, peer):
                connection.start_next_cycle()
        except (ConnectionError, h11.RemoteProtocolError) as broken:
            if isinstance(broken, h11.RemoteProtocolError) and connection.our_state is h11.IDLE:
                with suppress(ConnectionError):
                    await _write(connection, writer, 400, {"error": "BAD_REQUEST", "message": "Not an HTTP request"})
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(
        self, connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> bool:
        """One request and its answer; False when the connection is over."""
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    writer.write(connection.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
                connection.receive_data(await reader.read(_READ))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_BODY:
                    await _write(
                        connection, writer, 413, {"error": "PAYLOAD_TOO_LARGE", "message": "Body is too large"}
                    )
                    return False
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                break
            else:  # the client has closed
                return False
        if request.method == b"CONNECT":  # an answer to it would have to be a tunnel
            await _write(connection, writer, 405, {"error": "METHOD_NOT_ALLOWED", "message": "This is no proxy"})
            return False
        answer = await self._respond(
            Ask(
                method=request.method.decode("ascii"),
                target=request.target.decode("ascii"),
                headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers),
                body=bytes(body),
                peer=peer,
            )
        )
        await _write(connection, writer, *answer, bodiless=request.method == b"HEAD")
        return connection.our_state is h11.DONE and connection.their_state is h11.DONE


async def _write(
    connection: h11.Connection,
    writer: asyncio.StreamWriter,
    status: int,
    content: Any,
    more: tuple[tuple[str, str], ...] = (),
    *,
    bodiless: bool = False,
) -> None:
    body = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
    own = {name.lower() for name, _ in more}
    kind = [] if "content-type" in own else [("Content-Type", "application/json")]
    kept = [(name, value) for name, value in more if name.lower() != "content-length"]
    empty = status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    # To HEAD goes the length that the body would have had.
    headers = [*kept] if empty else [*kind, *kept, ("Content-Length", str(len(body)))]
    reason = HTTPStatus(status).phrase if status in HTTPStatus else ""
    for event in (
        h11.Response(status_code=status, reason=reason.encode(), headers=headers),
        h11.Data(data=b"" if bodiless or empty else body),
        h11.EndOfMessage(),
    ):
        writer.write(connection.send(event) or b"")
    await writer.drain()
