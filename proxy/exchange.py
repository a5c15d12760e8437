"""HTTP as mitmproxy shows it, put into the records that the scribe understands."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

import msgspec
from mitmproxy import http
from mitmproxy.connection import Client, Server

from wsreplay.captures.wire import Exchange, Handshake

KEPT = 1 << 20
"""Bytes of a REST body that are kept; the rest passes unrecorded, and the capture says so."""
REFUSAL_KEPT = 1 << 16

type Headers = list[tuple[str, str]]


class Body:
    """A body that streams through: what passes is handed on at once, and a capped copy kept."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.cut = False

    def __call__(self, chunk: bytes) -> bytes:
        """Keep a copy of the chunk; it is the shape of mitmproxy's ``message.stream``."""
        room = KEPT - len(self.kept)
        self.kept += chunk[:room]
        self.cut = self.cut or len(chunk) > room
        return chunk


class RequestBody(Body):
    """The same, and it says when the last of it is there, before that is handed on.

    The venue may act at the last byte of a body whose length it was told, and mitmproxy's own word that a request is
    complete comes only after that byte is on its way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.length: int | None = None
        """As the headers have it; None: the end of the body tells."""
        self.when_whole: Callable[[], None] | None = None
        self._passed = 0

    def __call__(self, chunk: bytes) -> bytes:
        """Keep a copy; an empty chunk is the end of the body."""
        super().__call__(chunk)
        self._passed += len(chunk)
        if self.when_whole is not None and (not chunk or self._passed == self.length):
            self.when_whole()
        return chunk


class Asked:
    """When a request was read, what its bodies were, and what is told of it; kept with the flow until it is over."""

    def __init__(self, conn: int, at_ns: int, mono_ns: int) -> None:
        self.conn = conn
        self.at_ns = at_ns
        self.mono_ns = mono_ns
        self.request = RequestBody()
        self.response = Body()
        self.told = False
        """The request is in the hand-over already."""
        self._is_whole = False

    def whole(self) -> bool:
        """The request was read to its end, or is over before that; whether that is news."""
        news, self._is_whole, self.request.when_whole = not self._is_whole, True, None
        return news


def headers_of(message: http.Message | None) -> Headers:
    """Headers in their order and spelling; bytes that are no UTF-8 are replaced."""
    if message is None:
        return []
    return [(n.decode("utf-8", "replace"), v.decode("utf-8", "replace")) for n, v in message.headers.fields]


def is_upgrade(request: http.Request) -> bool:
    """Whether this request asks for a WebSocket."""
    return "websocket" in request.headers.get("upgrade", "").lower()


def handshake_of(flow: http.HTTPFlow, asked: Asked, upstream: str) -> Handshake:
    """The upgrade in this flow, answered, refused or failed."""
    answer = flow.response
    return Handshake(
        url=_websocket_url(flow.request.url),
        upstream=upstream,
        request=headers_of(flow.request),
        status=answer.status_code if answer else 0,
        reason=answer.reason if answer else "",
        response=headers_of(answer),
        body=bytes(asked.response.kept[:REFUSAL_KEPT]).decode("utf-8", "replace"),
        error=flow.error.msg if flow.error and not answer else "",
        client=_address(flow.client_conn),
        venue=_address(flow.server_conn),
        asked_at_ns=asked.at_ns,
        asked_mono_ns=asked.mono_ns,
    )


def length_of(request: http.Request) -> int | None:
    """The length of the body as the headers promise it; None where its end tells."""
    promised = request.headers.get("content-length", "")
    return int(promised) if promised.isdecimal() and "transfer-encoding" not in request.headers else None


def request_of(flow: http.HTTPFlow, asked: Asked, upstream: str) -> Exchange:
    """The REST request in this flow, which waits for its answer."""
    return Exchange(
        method=flow.request.method,
        url=flow.request.url,
        upstream=upstream,
        request=headers_of(flow.request),
        request_body=bytes(asked.request.kept),
        cut=asked.request.cut,
        asked_at_ns=asked.at_ns,
        asked_mono_ns=asked.mono_ns,
    )


def exchange_of(flow: http.HTTPFlow, asked: Asked, upstream: str) -> Exchange:
    """The REST response in this flow, and the request if that was not told before."""
    answer = flow.response
    exchange = msgspec.structs.replace(
        request_of(flow, asked, upstream),
        status=answer.status_code if answer else None,
        reason=answer.reason if answer else "",
        response=headers_of(answer),
        response_body=bytes(asked.response.kept),
        error=flow.error.msg if flow.error else "",
    )
    if asked.told:
        exchange.cut = asked.response.cut
        return exchange.without_request()
    exchange.cut = asked.request.cut or asked.response.cut
    return exchange


def _websocket_url(url: str) -> str:
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    return urlunsplit(parts._replace(scheme=scheme))


def _address(conn: Client | Server) -> str:
    name = conn.peername
    return f"{name[0]}:{name[1]}" if name else ""
