"""Two ends of a connection within this process: asyncio transports that behave as those of a TCP socket do.

What is modelled is what a protocol can see: bytes arrive in order and in a later turn of the event loop; a reader that
pauses fills the buffers until its peer is told to pause writing; a FIN comes after the bytes before it and leaves the
other direction open; a reset (``SO_LINGER`` 0 and then ``abort``, or a socket that is closed with bytes unread) comes
as ``ConnectionResetError``. ``tests/replay/test_memory_socket.py`` plays the same scenes on real sockets and compares.
"""

# ruff: noqa: SLF001 - the two ends of a connection know each other

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, cast

type Address = tuple[str, int]
type Buffer = bytes | bytearray | memoryview

HELD = 256 << 10
"""Bytes that the system would hold between the two ends before a writer has to keep them itself."""
READ = 256 << 10
"""Bytes that are read at once, as asyncio does."""
HIGH_WATER = 64 << 10
"""Bytes that a writer keeps before its protocol is told to pause; the same as asyncio's."""


class MemorySocket:
    """What ``get_extra_info("socket")`` gives: as much of a socket as is asked of one here."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = socket.IPPROTO_TCP

    def __init__(self, transport: MemoryTransport) -> None:
        self._transport = transport
        self.resets = False
        """Closing it sends a reset."""

    def setsockopt(self, level: int, option: int, value: int | bytes) -> None:
        """Take note of ``SO_LINGER``; other options change nothing that could be seen."""
        if (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER) and isinstance(value, bytes):
            on, seconds = struct.unpack("ii", value)
            self.resets = bool(on) and not seconds

    def getsockopt(self, level: int, option: int) -> int:
        """The error that waits to be seen, which is thereby seen; else 0."""
        if (level, option) != (socket.SOL_SOCKET, socket.SO_ERROR):
            return 0
        error = self._transport.take_error()
        return error.errno or 0 if error else 0

    def getsockname(self) -> Address:
        """This end's address."""
        return cast(Address, self._transport.get_extra_info("sockname"))

    def getpeername(self) -> Address:
        """The other end's address."""
        return cast(Address, self._transport.get_extra_info("peername"))

    def fileno(self) -> int:
        """There is none."""
        return -1


class MemoryTransport(asyncio.Transport):
    """One end. :func:`connected` makes two."""

    peer: MemoryTransport

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        protocol: asyncio.BaseProtocol,
        own: Address,
        other: Address,
        detached: Callable[[MemoryTransport], None] | None = None,
    ) -> None:
        """``detached`` is told when the socket is closed."""
        self._socket = MemorySocket(self)
        super().__init__({"socket": self._socket, "sockname": own, "peername": other})
        self._loop = loop
        self._protocol = cast(asyncio.Protocol, protocol)
        self._detached = detached
        # What the system would hold
        self._arrived: deque[memoryview] = deque()
        self._arrived_size = 0
        self._fin_arrived = self._fin_sent = False
        self._error: OSError | None = None
        self._was_reset = False
        self._gone = False
        # What asyncio would hold
        self._waiting: deque[memoryview] = deque()
        self._waiting_size = 0
        self._high, self._low = HIGH_WATER, HIGH_WATER // 4
        self._protocol_paused = False
        self._closing = self._lost = self._said_end = False
        self._paused = False
        self._reads = False
        """Bytes are looked for: not before the protocol knows of the connection, and not after it was told the end."""
        self._read_due = self._write_due = False

    def begin(self, waiter: asyncio.Future[None] | None = None) -> None:
        """Tell the protocol of the connection, then read; ``waiter`` hears of it last."""
        self._loop.call_soon(self._begin, waiter)

    # What a protocol calls

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """From here on bytes go to this one."""
        self._protocol = cast(asyncio.Protocol, protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Where bytes go."""
        return self._protocol

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._closing

    def is_reading(self) -> bool:
        """Whether new bytes are handed to the protocol."""
        return not self._closing and not self._paused

    def pause_reading(self) -> None:
        """Hand on no bytes."""
        if self.is_reading():
            self._paused, self._reads = True, False

    def resume_reading(self) -> None:
        """Hand on bytes again."""
        if not self._closing and self._paused:
            self._paused, self._reads = False, True
            self._look()

    def write(self, data: Buffer) -> None:
        """Send bytes, or keep them until there is room."""
        if self._said_end:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not data or self._lost:
            return
        left = memoryview(bytes(data))
        if not self._waiting:
            try:
                left = left[self._send(left) :]
            except OSError as error:
                self._fail(error)
                return
            if not left:
                return
        self._waiting.append(left)
        self._waiting_size += len(left)
        if self._waiting_size > self._high and not self._protocol_paused:
            self._protocol_paused = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[Buffer]) -> None:
        """Send them one after another."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """A FIN of our own leaves the other direction open."""
        return True

    def write_eof(self) -> None:
        """Send a FIN after what waits to be sent."""
        if not self._closing and not self._said_end:
            self._said_end = True
            if not self._waiting:
                self._send_fin()

    def close(self) -> None:
        """Close once what waits has been sent."""
        if self._closing:
            return
        self._closing, self._reads = True, False
        if not self._waiting:
            self._lose(None)

    def abort(self) -> None:
        """Close at once."""
        self._give_up(None)

    def get_write_buffer_size(self) -> int:
        """Bytes that wait to be sent."""
        return self._waiting_size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """When the protocol is told to write on, and when to pause."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Change these limits."""
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._high, self._low = high, low

    def take_error(self) -> OSError | None:
        """The error that waits to be seen; it is seen once."""
        error, self._error = self._error, None
        return error

    # The connection, as the system would keep it

    def _send(self, data: memoryview) -> int:
        """Give bytes to the other end; how many it had room for."""
        if self._was_reset:
            raise self.take_error() or BrokenPipeError(errno.EPIPE, "Broken pipe")
        peer = self.peer
        if peer._gone:
            # Nobody is there any more, which is answered with a reset.
            self._reset_arrives()
            return len(data)
        size = min(len(data), HELD - peer._arrived_size)
        if size:
            peer._arrived.append(data[:size])
            peer._arrived_size += size
            peer._look()
        return size

    def _send_fin(self) -> None:
        self._fin_sent = True
        if not self._was_reset and not self.peer._gone:
            self.peer._fin_arrived = True
            self.peer._look()

    def _reset_arrives(self) -> None:
        if self._gone or self._was_reset:
            return
        self._was_reset = True
        if self._fin_arrived:
            self._error = BrokenPipeError(errno.EPIPE, "Broken pipe")
        else:
            self._error = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
        self._look()
        self._room()

    def _close_socket(self) -> None:
        self._gone = True
        if not self._was_reset:
            if self._socket.resets or self._arrived:
                self.peer._reset_arrives()
            elif not self._fin_sent:
                self._send_fin()
        self._arrived.clear()
        self._arrived_size = 0
        self.peer._room()

    # The transport, as asyncio has it

    def _begin(self, waiter: asyncio.Future[None] | None) -> None:
        self._protocol.connection_made(self)
        self._loop.call_soon(self._start_reading)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _start_reading(self) -> None:
        if self.is_reading():
            self._reads = True
            self._look()

    def _look(self) -> None:
        """Read in the next turn, if there is anything."""
        if self._reads and not self._read_due and (self._arrived or self._fin_arrived or self._error):
            self._read_due = True
            self._loop.call_soon(self._read)

    def _read(self) -> None:
        self._read_due = False
        if not self._reads or self._lost:
            return
        if self._arrived:
            self._received(self._take())
            self._look()
        elif self._fin_arrived:
            # Whoever has heard the end hears it again, and never of a reset that came after it.
            self._reads = False
            if not self._called(self._protocol.eof_received) and not self._lost:
                self.close()
        elif (error := self.take_error()) is not None:
            self._fail(error)

    def _take(self) -> bytes:
        if len(self._arrived) == 1 and self._arrived_size <= READ:
            data = bytes(self._arrived.popleft())
        else:
            taken: list[memoryview] = []
            room = READ
            while self._arrived and room:
                part = self._arrived.popleft()
                if len(part) > room:
                    self._arrived.appendleft(part[room:])
                    part = part[:room]
                room -= len(part)
                taken.append(part)
            data = b"".join(taken)
        self._arrived_size -= len(data)
        self.peer._room()
        return data

    def _received(self, data: bytes) -> None:
        protocol = self._protocol
        if isinstance(protocol, asyncio.BufferedProtocol):
            while data and not self._lost:
                buffer = memoryview(protocol.get_buffer(len(data)))
                size = min(len(buffer), len(data))
                buffer[:size] = data[:size]
                data = data[size:]
                protocol.buffer_updated(size)
        else:
            self._called(protocol.data_received, data)

    def _called(self, callback: Callable[..., Any], *args: Any) -> Any:
        """What a protocol does wrong ends its connection, and is told to the event loop."""
        try:
            return callback(*args)
        except Exception as error:
            about = {"message": "Fatal error in a protocol", "exception": error, "transport": self}
            self._loop.call_exception_handler({**about, "protocol": self._protocol})
            self._give_up(error)
            return True

    def _room(self) -> None:
        """Send on in the next turn, if anything waits."""
        if self._waiting and not self._write_due:
            self._write_due = True
            self._loop.call_soon(self._send_on)

    def _send_on(self) -> None:
        self._write_due = False
        if self._lost:
            return
        try:
            while self._waiting and (sent := self._send(self._waiting[0])):
                self._waiting_size -= sent
                if sent == len(self._waiting[0]):
                    self._waiting.popleft()
                else:
                    self._waiting[0] = self._waiting[0][sent:]
        except OSError as error:
            self._fail(error)
            return
        if self._protocol_paused and self._waiting_size <= self._low:
            self._protocol_paused = False
            self._protocol.resume_writing()
        if not self._waiting:
            if self._closing:
                self._lose(None, now=True)
            elif self._said_end:
                self._send_fin()

    def _fail(self, error: OSError) -> None:
        self._give_up(error)

    def _give_up(self, error: Exception | None) -> None:
        if not self._lost:
            self._waiting.clear()
            self._waiting_size = 0
            self._closing, self._reads = True, False
            self._lose(error)

    def _lose(self, error: Exception | None, *, now: bool = False) -> None:
        self._lost = True
        if now:
            self._connection_lost(error)
        else:
            self._loop.call_soon(self._connection_lost, error)

    def _connection_lost(self, error: Exception | None) -> None:
        try:
            self._protocol.connection_lost(error)
        finally:
            self._close_socket()
            if self._detached is not None:
                self._detached(self)


def connected(
    loop: asyncio.AbstractEventLoop,
    one: asyncio.BaseProtocol,
    other: asyncio.BaseProtocol,
    *,
    addresses: tuple[Address, Address] = (("127.0.0.1", 0), ("127.0.0.1", 0)),
    detached: Callable[[MemoryTransport], None] | None = None,
) -> tuple[MemoryTransport, MemoryTransport]:
    """Both ends of a new connection. Each has yet to :meth:`~MemoryTransport.begin`."""
    here, there = addresses
    first = MemoryTransport(loop, one, here, there)
    second = MemoryTransport(loop, other, there, here, detached)
    first.peer, second.peer = second, first
    return first, second
