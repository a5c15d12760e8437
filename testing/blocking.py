"""Other hosts are out of reach while a bot is under test.

In this process, Python's own sockets refuse to connect to anything but this machine. Programs that the test starts are
told of a proxy (``HTTPS_PROXY`` and its kin) that refuses everything and remembers what it was asked for. That is no
wall: a program that knows no proxy variables passes it by, and so do event loops that make their sockets themselves.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from types import TracebackType
from typing import Any, Self
from unittest import mock

from wsreplay.cli.harmless import harmless
from wsreplay.proxy.bot import PROXY_VARIABLES

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_MOST_ASKED = 65536


class HostBlockedError(RuntimeError):
    """Something in the test wanted to reach another machine. It is no OSError, which a bot would take for bad luck."""


class Blocking:
    """What may be reached, and what was wanted beyond it."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """``allowed``: names or addresses of further hosts that may be reached."""
        self._allowed = {host.lower() for host in allowed}
        self._addresses: set[str] = set()
        """What allowed names were found to mean."""
        self.wanted: dict[str, None] = {}
        """The hosts that were refused, in the order in which they were wanted first."""

    def allows(self, host: str) -> bool:
        """Whether this name or address may be reached."""
        name = host.lower().partition("%")[0]
        if name in self._allowed or name in self._addresses or name in ("", "localhost") or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return mapped.is_loopback or mapped.is_unspecified

    def check(self, host: str) -> None:
        """Refuse a host that may not be reached."""
        if not self.allows(host):
            self.wanted.setdefault(host)
            raise HostBlockedError(
                f"{harmless(host)} is not this machine, and other hosts are blocked under test; "
                "if the test is to reach it: --wsreplay-allow-host"
            )

    @contextlib.contextmanager
    def in_this_process(self) -> Iterator[None]:
        """Hold Python's sockets to it while the block lasts."""
        resolve = socket.getaddrinfo

        def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            name = host.decode("idna") if isinstance(host, bytes) else host
            if name:
                self.check(name)
            found = resolve(host, *args, **kwargs)
            if name and name.lower() in self._allowed:
                self._addresses.update(str(each[4][0]) for each in found)
            return found

        def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
            def connect(sock: socket.socket, address: Any) -> Any:
                if sock.family in _INTERNET and isinstance(address, tuple):
                    self.check(str(address[0]))
                return real(sock, address)

            return connect

        with contextlib.ExitStack() as patches:
            patches.enter_context(mock.patch.object(socket, "getaddrinfo", getaddrinfo))
            for name in ("connect", "connect_ex"):
                real = getattr(socket.socket, name)
                patches.enter_context(mock.patch.object(socket.socket, name, guarded(real)))
            yield


class Refuser:
    """A proxy that refuses whatever it is asked for, and notes it, until the block is left."""

    def __init__(self, blocking: Blocking) -> None:
        self._blocking = blocking
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve, name="wsreplay-refuser", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        # Closing alone would not wake the thread.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def environment(self, allowed: Iterable[str] = ()) -> dict[str, str]:
        """What a program is told, so that it asks us for every host but this machine and those that are allowed."""
        host, port = self._listener.getsockname()
        env: dict[str, str] = {}
        for variable in (*PROXY_VARIABLES, "ALL_PROXY"):
            env[variable] = env[variable.lower()] = f"http://{host}:{port}"
        env["NO_PROXY"] = env["no_proxy"] = ",".join((*LOOPBACK, *allowed))
        return env

    def _serve(self) -> None:
        while True:
            try:
                asker, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), asker:
                asker.settimeout(2)
                self._refuse(asker)

    def _refuse(self, asker: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked and len(asked) < _MOST_ASKED:
            more = asker.recv(4096)
            if not more:
                break
            asked += more
        words = asked.partition(b"\r\n")[0].decode("latin-1").split()
        if len(words) == 3:
            self._blocking.wanted.setdefault(words[1])
        body = b"wsreplay: other hosts are blocked under test\n"
        asker.sendall(
            b"HTTP/1.1 403 Blocked-Under-Test\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
