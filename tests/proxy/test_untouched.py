"""What crosses is what was sent, to the byte, however odd it is and however it is cut; and the record has all of it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from captures.traffic import frame
from proxy.line import End, line, proxied, run
from proxy.test_relay import venue_tls

from wsreplay.captures.wire import What

TINY = frame(1, b"x")
STREAMS = {
    "a megabyte in one frame": [frame(2, bytes(range(256)) * 4096)],
    "a frame a byte at a time": [bytes((byte,)) for byte in frame(1, b"one byte after the other")],
    "thousands of tiny frames in one segment": [TINY * 10_000],
    "text that is no UTF-8": [frame(1, b"\xff\xfe\xed\xa0\x80")],
    "data after a close frame": [frame(8, b"\x03\xe8bye"), frame(1, b"and yet"), frame(9, b"?")],
    "a reserved opcode and reserved bits": [frame(11, b"?"), bytes((0xF1, 1, 65))],
    "a length longer than it need be": [b"\x81\x7f" + (3).to_bytes(8) + b"abc"],
    "no WebSocket at all": [b"GET / HTTP/1.1\r\n\r\n" * 3],
    "an empty message": [frame(1)],
}


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ssl.SSLContext, Path] | None:
    return venue_tls(tmp_path) if request.param == "tls" else None


@pytest.mark.parametrize("sender", ["bot", "venue"])
def test_every_stream_crosses_to_the_byte(tmp_path: Path, tls: tuple[ssl.SSLContext, Path] | None, sender: str) -> None:
    async def scene() -> None:
        async with line(tmp_path, tls=tls) as made:
            ends = {"bot": made.bot, "venue": made.venue}
            speaker = ends.pop(sender)
            [listener] = ends.values()
            so_far = b""
            for name, pieces in STREAMS.items():
                whole = b"".join(pieces)
                heard = asyncio.create_task(listener.hears(len(whole)))
                for piece in pieces:
                    await speaker.send(piece)
                    await asyncio.sleep(0)
                assert await heard == whole, name
                so_far += whole
            assert made.proxy.tap.relays, "the sockets were not taken over"
            assert made.said(by_venue=sender == "venue") == so_far

    run(scene())


def test_a_handshake_reaches_either_side_line_by_line_as_it_was(tmp_path: Path) -> None:
    asked = [
        b"GET /v1/ws?x=%20y&empty=&x=2 HTTP/1.1",
        b"Host: venue.test",
        b"connection: keep-alive, Upgrade",
        b"UPGRADE: WebSocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Protocol: v2.trade, json",
        b'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-odd; a="1"',
        b"X-Twice: one",
        b"X-Twice: two",
        b"X-Odd_name!: spaces  inside",
        b"X-Latin: caf\xe9",
    ]
    answered = [
        b"HTTP/1.1 101 Off We Go",
        b"upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        b"Sec-WebSocket-Protocol: json",
        b"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover",
        b"Set-Cookie: a=1",
        b"Set-Cookie: b=2",
    ]
    seen: list[bytes] = []

    async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"\r\n".join(answered) + b"\r\n\r\n")
        await reader.read()
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(on_connect, "127.0.0.1", 0)
        target = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with proxied(tmp_path, target) as (_, port, _, _):
            bot = End(*await asyncio.open_connection("127.0.0.1", port))
            await bot.send(b"\r\n".join(asked) + b"\r\n\r\n")
            heard = await asyncio.wait_for(bot.reader.readuntil(b"\r\n\r\n"), 10)
            bot.close()
        server.close()
        await server.wait_closed()
        assert heard.split(b"\r\n")[:-2] == answered
        there = seen[0].split(b"\r\n")[:-2]
        # The one line that a reverse proxy writes anew: the venue must be called by its own name.
        assert [each for each in there if not each.lower().startswith(b"host:")] == [
            each for each in asked if not each.startswith(b"Host:")
        ]

    run(scene())


@pytest.mark.parametrize(
    "status", [b"401 Unauthorized", b"403 Forbidden", b"429 Slow Down", b"503 Service Unavailable"]
)
def test_a_refusal_reaches_the_bot_with_status_headers_and_body(tmp_path: Path, status: bytes) -> None:
    body = b'{"code":-1015,"msg":"caf\xc3\xa9"}'
    said = (
        b"HTTP/1.1 " + status + b"\r\nRetry-After: 7\r\nX-Odd_name!: 1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )

    async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        await reader.read()
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(on_connect, "127.0.0.1", 0)
        target = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with proxied(tmp_path, target) as (_, port, notes, _):
            bot = End(*await asyncio.open_connection("127.0.0.1", port))
            await bot.send(
                b"GET / HTTP/1.1\r\nHost: v\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            assert await bot.hears(len(said)) == said
            bot.close()
            assert [note.what for note in notes][:2] == [What.OPEN, What.OVER]
        server.close()
        await server.wait_closed()

    run(scene())
