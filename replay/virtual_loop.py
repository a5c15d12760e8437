"""An event loop on virtual time: nothing is waited for, and connections stay within this process.

When nothing is left to do at a moment, its clock goes to the next timer. An hour passes as fast as what happens in it
can be computed, one thing after another on one thread, and the same again in every run. Servers and clients are the
ordinary ones: whatever asks the loop for a connection or a server on this machine gets one in memory
(:mod:`.memory_socket`).
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import socket
from collections.abc import Callable, Iterable
from math import inf, ulp
from typing import Any, cast

from wsreplay.replay.clock import Clock
from wsreplay.replay.memory_socket import Address, MemoryTransport, connected

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
FIRST_PORT = 49_152
"""Where ports are given out from, to servers that take any; clients get those below."""
FIRST_CLIENT_PORT = 32_768
_S = 10**9
_SHOWN = 8


class StandstillError(RuntimeError):
    """Nothing can happen any more, and what was waited for has not: with a real clock this would hang for ever."""


class VirtualLoop(asyncio.BaseEventLoop):
    """For ``asyncio.Runner(loop_factory=...)``. What was written for asyncio runs on it as it is."""

    def __init__(self, *, wall_ns: int = 0, mono_ns: int = 0, limit_s: float = inf) -> None:
        """The clocks start at these times. After ``limit_s`` of virtual time the run is given up."""
        self._mono_ns = mono_ns
        self._ahead_ns = wall_ns - mono_ns
        self._limit_ns = mono_ns + limit_s * _S
        super().__init__()
        # The base class knows no sockets: it asks this for what is ready, and tells how long it would wait.
        self._selector = _Nothing(self._wait)
        self._clock_resolution = self._grain()
        self._servers: dict[int, _Server] = {}
        self._ports = itertools.count(FIRST_PORT)
        self._client_ports = itertools.count(FIRST_CLIENT_PORT)

    # Time

    @property
    def clock(self) -> Clock:
        """Its clocks, for what would else ask the system's."""
        return Clock(self.wall_ns, self.mono_ns)

    def wall_ns(self) -> int:
        """The time of day."""
        return self._mono_ns + self._ahead_ns

    def mono_ns(self) -> int:
        """The monotonic time."""
        return self._mono_ns

    def time(self) -> float:
        """The monotonic time in seconds."""
        return self._mono_ns / _S

    def _wait(self, timeout: float | None) -> None:
        if timeout is None:
            raise StandstillError(f"nothing can happen any more{_waiting(self)}")
        if timeout > 0:
            scheduled: list[asyncio.TimerHandle] = cast(Any, self)._scheduled  # noqa: SLF001 - the base class'
            # Not by adding what is to be waited: the sum of two floats falls short of the timer every now and then.
            due_ns = min(round(scheduled[0].when() * _S), self._mono_ns + round(timeout * _S) + 1)
            self._mono_ns = max(self._mono_ns, due_ns)
            self._clock_resolution = self._grain()
            if self._mono_ns > self._limit_ns:
                raise StandstillError(f"no end after all the virtual time that was allowed{_waiting(self)}")

    def _grain(self) -> float:
        """How far two moments must lie apart to be two for the base class, which reckons in floats of seconds."""
        return 1e-9 + 4 * ulp(self._mono_ns / _S)

    # Connections

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: object = None,
        sock: object = None,
        **_: Any,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Connect to a server on this loop."""
        if ssl or sock is not None:
            raise NotImplementedError("on virtual time there are no TLS connections, and no sockets of the system")
        if host not in LOOPBACK:
            raise OSError(errno.ENETUNREACH, f"on virtual time there is nothing but this process, and no {host}")
        await asyncio.sleep(0)
        server = self._servers.get(port or 0)
        if server is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"nobody listens on port {port}")
        protocol = protocol_factory()
        own: Address = (server.host, next(self._client_ports))
        ours, theirs = connected(
            self, protocol, server.protocol(), addresses=(own, (server.host, server.port)), detached=server.detach
        )
        server.attach(theirs)
        theirs.begin()
        waiter = self.create_future()
        ours.begin(waiter)
        await waiter
        return ours, protocol

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | Iterable[str] | None = None,
        port: int | None = None,
        *,
        ssl: object = None,
        sock: object = None,
        start_serving: bool = True,
        **_: Any,
    ) -> _Server:
        """Listen on this loop; port 0 takes a free one."""
        if ssl or sock is not None:
            raise NotImplementedError("on virtual time there are no TLS servers, and no sockets of the system")
        if host is not None and host not in LOOPBACK:
            raise OSError(errno.EADDRNOTAVAIL, f"on virtual time there is nothing but this process, and no {host}")
        chosen = port or next(each for each in self._ports if each not in self._servers)
        server = _Server(self, self._servers, protocol_factory, str(host or "127.0.0.1"), chosen)
        if start_serving:
            await server.start_serving()
        return server

    async def getaddrinfo(  # type: ignore[override]
        self, host: str | bytes | None, port: str | int | None, **_: Any
    ) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, Address]]:
        """This machine's address, without asking anybody."""
        if host not in LOOPBACK:
            raise socket.gaierror(
                socket.EAI_NONAME, f"on virtual time there is nothing but this process, and no {host!r}"
            )
        address = ("127.0.0.1", int(port or 0))
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]

    # What else would leave this thread

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Do it here and now: another thread would be done at a time of its own."""
        del executor
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # told to whoever awaits it
            done.set_exception(error)
        return done

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none: connections call back by themselves."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""


class _Nothing:
    """In the place of a selector."""

    def __init__(self, wait: Callable[[float | None], None]) -> None:
        self._wait = wait

    def select(self, timeout: float | None) -> list[Any]:
        self._wait(timeout)
        return []


class _Server(asyncio.AbstractServer):
    def __init__(
        self,
        loop: VirtualLoop,
        servers: dict[int, _Server],
        protocol: Callable[[], asyncio.BaseProtocol],
        host: str,
        port: int,
    ) -> None:
        self._servers = servers
        self.protocol = protocol
        self.host = host
        self.port = port
        self._loop = loop
        self._closed = False
        # In the order of their coming: what is done to all of them is done in the same order each time.
        self._clients: dict[MemoryTransport, None] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._for_ever: asyncio.Future[None] | None = None

    @property
    def sockets(self) -> tuple[_Listening, ...]:
        """One, that knows its address."""
        return () if self._closed else (_Listening((self.host, self.port)),)

    def attach(self, client: MemoryTransport) -> None:
        self._clients[client] = None

    def detach(self, client: MemoryTransport) -> None:
        self._clients.pop(client, None)
        self._tell()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def is_serving(self) -> bool:
        return self._servers.get(self.port) is self

    async def start_serving(self) -> None:
        if self._servers.setdefault(self.port, self) is not self:
            raise OSError(errno.EADDRINUSE, f"port {self.port} is taken")
        await asyncio.sleep(0)

    async def serve_forever(self) -> None:
        await self.start_serving()
        self._for_ever = self._loop.create_future()
        try:
            await self._for_ever
        finally:
            self._for_ever = None
            self.close()
            await self.wait_closed()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self.is_serving():
                del self._servers[self.port]
            if self._for_ever is not None:
                self._for_ever.cancel()
            self._tell()

    def close_clients(self) -> None:
        for client in tuple(self._clients):
            client.close()

    def abort_clients(self) -> None:
        for client in tuple(self._clients):
            client.abort()

    async def wait_closed(self) -> None:
        if not self._closed or self._clients:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter

    def _tell(self) -> None:
        if self._closed and not self._clients:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()


class _Listening:
    family = socket.AF_INET
    type = socket.SOCK_STREAM

    def __init__(self, address: Address) -> None:
        self._address = address

    def getsockname(self) -> Address:
        return self._address

    def fileno(self) -> int:
        return -1


def _waiting(loop: asyncio.AbstractEventLoop) -> str:
    """Who waits for what, in words."""
    places = []
    for task in asyncio.all_tasks(loop):
        if stack := task.get_stack():
            code = stack[-1].f_code
            places.append(f"{task.get_name()} in {code.co_qualname} ({code.co_filename}:{stack[-1].f_lineno})")
    more = f", and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return "; waiting: " + ", ".join(sorted(places)[:_SHOWN]) + more if places else ""
