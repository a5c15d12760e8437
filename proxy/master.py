"""mitmproxy, embedded: our own master with the few addons that a recorder needs, and the tap last."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from mitmproxy import exceptions
from mitmproxy.addons import core, next_layer, proxyserver, tlsconfig
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy import mode_specs

from wsreplay.captures.errors import UserError
from wsreplay.proxy.tap import FOR_EVER, Tap


class _Announcer:
    """Tells when the listeners accept connections."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()

    def running(self) -> None:
        self.ready.set()


class _Complaints(logging.Handler):
    """Passes what mitmproxy holds for an error on to the user, a line each.

    Not before we listen: a start that fails is told in our own words, once.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell
        self._held: list[str] | None = []

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage().strip().partition("\n")[0]
        if self._held is None:
            self._tell(line)
        else:
            self._held.append(line)

    def pass_on(self) -> None:
        """Tell what was held, and from now on all at once."""
        held, self._held = self._held, None
        for line in held or ():
            self._tell(line)


class Proxy:
    """The listeners, the tap behind them, and a clean end."""

    def __init__(
        self, tap: Tap, modes: Sequence[str], *, ca_folder: Path, trust: Path | None, tell: Callable[[str], None]
    ) -> None:
        self._tap = tap
        self._modes = list(modes)
        self._ca_folder = ca_folder
        self._trust = trust
        self._complaints = _Complaints(tell)
        self._master: Master | None = None
        self._running: asyncio.Task[None] | None = None
        self._server = proxyserver.Proxyserver()

    @property
    def tap(self) -> Tap:
        """The addon that records."""
        return self._tap

    @property
    def connections(self) -> int:
        """How many bots are connected."""
        return len(self._server.connections)

    async def start(self) -> list[tuple[str, int]]:
        """Listen in every mode; the addresses, in the modes' order."""
        for mode in self._modes:
            try:
                mode_specs.ProxyMode.parse(mode)
            except ValueError as error:
                raise UserError(f"mode {mode}: {error}") from None
        logging.getLogger().addHandler(self._complaints)
        try:
            options = Options(
                mode=self._modes,
                listen_host="127.0.0.1",
                confdir=str(self._ca_folder),
                http2=False,
                http3=False,
                websocket=False,
                rawtcp=True,
                ssl_verify_upstream_trusted_ca=str(self._trust) if self._trust else None,
            )
            master = self._master = Master(options, event_loop=asyncio.get_running_loop())
            announcer = _Announcer()
            master.addons.add(
                core.Core(), self._server, next_layer.NextLayer(), tlsconfig.TlsConfig(), announcer, self._tap
            )
            options.update(
                connection_strategy="lazy",  # else a venue that can't be reached would leave no trace
                validate_inbound_headers=False,  # odd headers are the bot's and the venue's business
                tcp_timeout=FOR_EVER,
            )
        except exceptions.OptionsError as error:
            raise UserError(str(error)) from None
        self._running = asyncio.create_task(master.run())
        ready = asyncio.create_task(announcer.ready.wait())
        await asyncio.wait({self._running, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        addresses = []
        for mode in self._modes:
            server = self._server.servers[mode]
            if server.last_exception is not None or not server.listen_addrs:
                why = server.last_exception
                reason = (os.strerror(why.errno) if isinstance(why, OSError) and why.errno else str(why)).lower()
                await self.stop(patience=0.5)
                raise UserError(f"can't listen on {mode.rpartition('@')[2]}: {reason}; name another with --listen")
            addresses.append((server.listen_addrs[0][0], server.listen_addrs[0][1]))
        self._complaints.pass_on()
        return addresses

    async def stop(self, patience: float = 5.0) -> None:
        """Listen no more, end every connection in order, and let mitmproxy go."""
        if self._master is None:
            return
        await self._server.servers.update([])
        await self._tap.stop(patience)
        for handler in tuple(self._server.connections.values()):
            for held in tuple(handler.transports.values()):
                if held.writer is not None:
                    held.writer.close()
                if held.handler is not None:
                    held.handler.cancel("the recording ends")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        while self._server.connections and loop.time() < deadline:  # noqa: ASYNC110 - mitmproxy tells nobody
            await asyncio.sleep(0.01)
        self._master.shutdown()
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=patience)
        logging.getLogger().removeHandler(self._complaints)
        self._master = None


def with_ports(modes: Sequence[str]) -> list[str]:
    """The modes with a free port in place of each 0.

    mitmproxy keeps its listeners by their specification, so that two alike would be one.
    """
    chosen = []
    with contextlib.ExitStack() as held:
        for mode in modes:
            spec, _, address = mode.rpartition("@")
            host, _, port = address.rpartition(":")
            if port == "0":
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                probe = held.enter_context(socket.socket(family))
                try:
                    probe.bind((host.strip("[]"), 0))
                except OSError as error:
                    raise UserError(f"can't listen on {host}: {error.strerror}; name another with --listen") from None
                port = str(probe.getsockname()[1])
            chosen.append(f"{spec}@{host}:{port}")
    return chosen
