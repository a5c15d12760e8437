"""One REST request of a replay, and its answer."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

import h11

from wsreplay.captures.exchanges import unpacked
from wsreplay.replay.outputs import Answer
from wsreplay.replay.targets import Place

_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding", "keep-alive", "upgrade", "expect"})
"""Headers that belong to a connection, and not to what is asked."""
_LARGEST = 64 << 20


async def exchange(
    place: Place,
    method: str,
    headers: list[tuple[str, str]],
    body: bytes,
    *,
    tls: ssl.SSLContext | None,
    timeout_s: float,
) -> tuple[Answer, bytes]:
    """Ask, and read the whole answer; the answer's body unpacked, and as it was on the wire.

    Redirects are not followed: they could lead anywhere.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _exchange(place, method, headers, body, tls)
    except TimeoutError:
        return Answer(error=f"no answer within {timeout_s:g} s"), b""
    except (OSError, h11.ProtocolError) as error:
        return Answer(error=str(error) or type(error).__name__), b""


def headers_for(place: Place, recorded: tuple[tuple[str, str], ...], body: bytes) -> list[tuple[str, str]]:
    """The recorded headers for this place and this body, on a connection for one request."""
    headers = [(name, value) for name, value in recorded if name.lower() not in _OURS]
    length = [("Content-Length", str(len(body)))] if body else []
    return [("Host", place.authority), *headers, *length, ("Connection", "close")]


async def _exchange(
    place: Place, method: str, headers: list[tuple[str, str]], body: bytes, tls: ssl.SSLContext | None
) -> tuple[Answer, bytes]:
    reader, writer = await asyncio.open_connection(place.host, place.port, ssl=tls if place.secure else None)
    try:
        http = h11.Connection(h11.CLIENT)
        asked = [(name.encode(), value.encode()) for name, value in headers]
        for part in (
            h11.Request(method=method, target=place.target, headers=asked),
            *([h11.Data(data=body)] if body else []),
            h11.EndOfMessage(),
        ):
            writer.write(http.send(part) or b"")
        await writer.drain()
        answered: h11.Response | None = None
        content = bytearray()
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await reader.read(1 << 16))
            elif isinstance(event, h11.Response):
                answered = event
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > _LARGEST:
                    raise h11.RemoteProtocolError(f"an answer of more than {_LARGEST >> 20} MiB")
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                break
        if answered is None:
            return Answer(error="the connection ended without an answer"), b""
        told = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answered.headers.raw_items())
        plain = unpacked(bytes(content), list(told), False)
        return Answer(status=answered.status_code, headers=told, body=plain), bytes(content)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
