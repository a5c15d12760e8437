"""A WebSocket server that costs next to nothing: it reads and forgets, or sends each message back.

    python -m benchmarks.sink [--echo] [--timed]

It prints ``listening on URL``, and for each line that was closed in order ``heard N messages``; with ``--timed`` before
that ``times`` and when each of them was read, in nanoseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import sys
import time
from typing import cast

from wsreplay.proxy.loop import new_loop

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Sink(asyncio.Protocol):
    """One line."""

    def __init__(self, echo: bool, timed: bool) -> None:
        self._echo = echo
        self._times: list[int] | None = [] if timed else None
        self._held = bytearray()
        self._open = False
        self._messages = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Somebody spoke."""
        now_ns = time.monotonic_ns()
        if self._held:
            self._held += data
            data = bytes(self._held)
            self._held.clear()
        if not self._open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._held += data
                return
            self._upgrade(data[:end])
            data = data[end + 4 :]
        at = self._frames(data, now_ns)
        if at < len(data):
            self._held += data[at:]

    def _upgrade(self, request: bytes) -> None:
        key = next(
            line.split(b":", 1)[1].strip()
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - as the protocol has it
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._open = True

    def _frames(self, data: bytes, now_ns: int) -> int:
        """Count the frames; says where the first one begins that is not whole."""
        start, size = 0, len(data)
        answers: list[bytes] = []
        while start + 6 <= size:
            length = data[start + 1] & 0x7F
            body = start + 6
            if length == 126:
                body += 2
                length = data[start + 2] << 8 | data[start + 3]
            elif length == 127:
                body += 8
                length = int.from_bytes(data[start + 2 : start + 10])
            end = body + length
            if end > size:
                break
            opcode = data[start] & 0x0F
            if opcode == 8:
                self._transport.write(b"\x88\x00")
                self._transport.close()
                self._report()
                return size
            if opcode < 3:
                self._messages += 1
                if self._times is not None:
                    self._times.append(now_ns)
                if self._echo:
                    head = (
                        data[start : start + 1] + bytes((length,))
                        if length < 126
                        else (data[start : start + 1] + b"\x7e" + length.to_bytes(2))
                    )
                    answers += (head, apply_mask(data[body:end], data[body - 4 : body]))
            start = end
        if answers:
            self._transport.write(b"".join(answers))
        return start

    def _report(self) -> None:
        if self._times is not None:
            print("times", *self._times, flush=True)
        print(f"heard {self._messages} messages", flush=True)


async def serve(echo: bool, timed: bool) -> None:
    """Listen until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(echo, timed), "127.0.0.1", 0)
    print(f"listening on ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A WebSocket server that reads and forgets.")
    parser.add_argument("--echo", action="store_true", help="send each message back")
    parser.add_argument("--timed", action="store_true", help="say when each message was read")
    said = parser.parse_args()
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve(said.echo, said.timed))
