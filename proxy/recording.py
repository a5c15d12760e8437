"""A recording, from the first listener to the finished capture."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from wsreplay.proxy.bot import Bot, arguments, environment, program_of
from wsreplay.proxy.certificates import bot_roots, ca_folder, upstream_roots
from wsreplay.proxy.gate import Decode
from wsreplay.proxy.gates import GateFactory
from wsreplay.proxy.keeping import Keeping
from wsreplay.proxy.master import Proxy, with_ports
from wsreplay.proxy.plan import RecordingPlan
from wsreplay.proxy.tap import Tap

LAST_WORDS = 5.0
"""Seconds that connections have to end by themselves once the bot has ended."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """How a recording ended."""

    path: Path
    exit_code: int


class Recording:
    """Listeners, tap, scribe and bot, brought up and down in the right order."""

    def __init__(
        self,
        plan: RecordingPlan,
        *,
        say: Callable[[str], None],
        tell: Callable[[str], None],
        finishers: tuple[str, ...] = (),
        decode: Decode | None = None,
        show: Callable[[str], None] | None = None,
    ) -> None:
        """``say`` prints the lines that programs rely on, ``tell`` what is for people.

        ``finishers`` find incidents when the capture is complete; ``decode``, a dialect's, is what a fault plan needs.
        ``show`` is told every second how far the recording has come.
        """
        self._plan = plan
        self._say = say
        self._tell = tell
        self._finishers = finishers
        self._decode = decode
        self._show = show
        self._stop = asyncio.Event()
        self._reason = ""

    async def run(self) -> Recorded:
        """Record until the bot ends or a signal comes."""
        plan = self._plan
        if plan.command:
            # What can't work is said before anything is listened on, or written.
            program_of(plan.command)
            arguments(plan.command, {upstream.name: upstream.url() for upstream in plan.upstreams})
        folder = ca_folder()
        trust = upstream_roots(folder, plan.trust)
        listeners = plan.listeners()
        modes = with_ports([mode for mode, _ in listeners])
        names = {mode: upstream.name for mode, (_, upstream) in zip(modes, listeners, strict=True) if upstream}
        keeping = Keeping(self._tell, plan.hand_over)
        gate = None
        if plan.fault_plan is not None and self._decode is not None:
            gate = GateFactory(plan.fault_plan, self._decode)
        tap = Tap(
            keeping.note, upstreams=names, allows=plan.allowed(), read_on=plan.read_on, tell=self._tell, gate=gate
        )
        proxy = Proxy(tap, modes, ca_folder=folder, trust=trust, tell=self._tell)
        code = 0
        with self._signals():
            try:
                addresses = await proxy.start()
                await asyncio.to_thread(keeping.begin, plan, finishers=self._finishers)
            except BaseException:
                await proxy.stop(patience=1)
                keeping.close()
                raise
            try:
                urls = self._announce(addresses)
                with self._progress(keeping, proxy):
                    code = await self._until_the_end(urls, addresses[0], folder, proxy)
            finally:
                await proxy.stop()
                # Nothing is noted any more: the tap is closed.
                path = await asyncio.to_thread(keeping.finish, self._reason or "stopped")
        if plan.command and tap.met_nobody:
            where = "WSREPLAY_URL" if plan.mode == "reverse" else "HTTPS_PROXY"
            self._tell(
                f"nothing connected: give the bot our address, {{url}} in its arguments or {where} in its environment"
            )
        if tap.failed and not tap.opened:
            self._tell("the venue was never reached; see the lines above")
            code = 2
        return Recorded(path=path, exit_code=code)

    def _announce(self, addresses: list[tuple[str, int]]) -> dict[str, str]:
        """Say where we listen: by name, where there is one."""
        urls: dict[str, str] = {}
        if self._plan.mode != "reverse":
            [(host, port)] = addresses
            scheme = "socks5h" if self._plan.mode == "socks5" else "http"
            self._say(f"listening on {scheme}://{host}:{port}")
            return urls
        for (host, port), upstream in zip(addresses, self._plan.upstreams, strict=True):
            urls[upstream.name] = url = upstream.local_url(host, port)
            self._say(f"listening {upstream.name} on {url}" if upstream.name else f"listening on {url}")
        return urls

    async def _until_the_end(self, urls: dict[str, str], address: tuple[str, int], folder: Path, proxy: Proxy) -> int:
        plan = self._plan
        if not plan.command or self._stop.is_set():
            await self._stop.wait()
            return 0
        proxied = None
        if plan.mode != "reverse":
            proxied = f"{'socks5h' if plan.mode == 'socks5' else 'http'}://{address[0]}:{address[1]}"
        env = environment(urls, proxy=proxied, ca_file=bot_roots(folder) if proxied else None)
        bot = await Bot.start(arguments(plan.command, urls), env)
        ended = asyncio.create_task(bot.wait())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.done():
            return await bot.stop()
        self._reason = f"the bot ended with exit code {ended.result()}"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(proxy.tap.all_over(), LAST_WORDS)
        return ended.result()

    @contextlib.contextmanager
    def _progress(self, keeping: Keeping, proxy: Proxy) -> Iterator[None]:
        """Tell once a second how it goes, where somebody wants to see it."""
        show = self._show
        if show is None:
            yield
            return

        async def tick() -> None:
            while True:
                show(f"recording: {keeping.progress}, {proxy.connections} connections open; Ctrl-C ends it")
                await asyncio.sleep(1)

        ticking = asyncio.create_task(tick())
        try:
            yield
        finally:
            ticking.cancel()
            show("")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)

        def stop(signum: signal.Signals) -> None:
            # A second Ctrl-C, while the capture is being finished, must not leave it half done.
            self._reason = self._reason or f"stopped by {signum.name}"
            self._stop.set()

        for signum in signals:
            loop.add_signal_handler(signum, stop, signum)
        try:
            yield
        finally:
            for signum in signals:
                loop.remove_signal_handler(signum)
