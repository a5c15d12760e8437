"""The replay on real sockets: does what the engine says, tells it what happened, and keeps time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterable

from wsreplay.captures.wire import Exchange, What, as_json
from wsreplay.replay.clock import SYSTEM, Clock
from wsreplay.replay.engine import Engine
from wsreplay.replay.line import Line, in_words
from wsreplay.replay.listeners import Note
from wsreplay.replay.middle import Middle
from wsreplay.replay.outputs import Close, Connect, Cut, Output, Request, Send, Wake, Withdraw, Withheld
from wsreplay.replay.rest import exchange, headers_for
from wsreplay.replay.script import Open
from wsreplay.replay.targets import Targets

CONNECT_S = 10.0
HANDSHAKE_S = 30.0
"""How long a handshake may take to be answered; a fault can delay it."""
REST_S = 30.0


class Client:
    """Drives one engine to its end."""

    def __init__(
        self,
        engine: Engine,
        targets: Targets,
        note: Note,
        *,
        clock: Clock = SYSTEM,
        tls: ssl.SSLContext | None = None,
        middle: Middle | None = None,
    ) -> None:
        """``middle`` stands in the way of every line, strikes there, and records it; without one, lines do."""
        self._engine = engine
        self._targets = targets
        self._note = note
        self._clocks = clock
        self._clock = clock.mono_ns
        self._middle = middle
        self._given_tls = tls
        self._lines: dict[int, Line] = {}
        self._conns = 0
        self._timer: asyncio.TimerHandle | None = None
        self._full: set[int] = set()
        """Lines whose venue reads slower than we send; the script waits for them."""
        self._timeouts: dict[int, asyncio.TimerHandle] = {}
        """Of the handshakes that are not answered yet."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._over: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Replay until all is over."""
        self._over = asyncio.get_running_loop().create_future()
        try:
            self._do(self._engine.begin(self._clock()))
            await self._over
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for timeout in self._timeouts.values():
                timeout.cancel()
            for task in self._tasks:
                task.cancel()
            for line in self._lines.values():
                line.cut("fin")

    # What a line tells

    def opened(self, line: int) -> None:
        """The handshake was answered with 101."""
        self._answered(line)
        self._do(self._engine.opened(line, self._clock()))

    def refused(self, line: int, status: int, why: str) -> None:
        """The handshake was refused."""
        self._answered(line)
        self._lines.pop(line, None)
        self._do(self._engine.refused(line, status, why, self._clock()))

    def received(self, line: int, payload: str | bytes) -> tuple[bool, Callable[[], None]]:
        """A message came."""
        outputs = self._engine.received(line, payload, self._clock())
        reaches = not any(isinstance(output, Withheld) for output in outputs)
        return reaches, lambda: self._do(outputs)

    def keeps(self, line: int, payload: str | bytes) -> bool:
        """Whether a message that has come did not reach the bot in the recording."""
        return self._engine.keeps(line, payload)

    def kept(self, line: int, payload: str | bytes) -> None:
        """A message came, and was kept from the bot."""
        self._do(self._engine.received(line, payload, self._clock()))

    def full(self, line: int, is_full: bool) -> None:
        """The venue reads slower than we send, or has caught up."""
        (self._full.add if is_full else self._full.discard)(line)
        if not self._full:
            self._wake(self._clock())

    def ended(self, line: int, how: str) -> None:
        """The line is gone."""
        self._lines.pop(line, None)
        self._full.discard(line)
        self._do(self._engine.ended(line, how, self._clock()))

    # What the engine says

    def _do(self, outputs: Iterable[Output]) -> None:
        if self._over is None or self._over.done():
            return
        try:
            for output in outputs:
                self._perform(output)
        except Exception as error:  # raised where somebody waits for it, and not into the event loop
            if not self._over.done():
                self._over.set_exception(error)
            return
        if self._engine.done and not self._over.done():
            self._over.set_result(None)

    def _perform(self, output: Output) -> None:
        match output:
            case Connect(step):
                self._start(self._connect(step))
            case Send(number, payload, binary):
                if (line := self._lines.get(number)) is not None:
                    line.send(payload, binary)
            case Request():
                self._start(self._ask(output))
            case Close(number, code, reason):
                if (line := self._lines.get(number)) is not None:
                    line.close(code, reason)
            case Withdraw(number, how):
                if (line := self._lines.get(number)) is not None:
                    line.withdraw(how)
            case Cut(number, how):
                if (line := self._lines.get(number)) is not None:
                    line.cut(how)
            case Wake(at_ns):
                self._wake(at_ns)

    def _wake(self, at_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait_s = max(0, at_ns - self._clock()) / 1e9
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    def _tick(self) -> None:
        if self._full:
            return  # on with it when there is room again
        self._do(self._engine.tick(self._clock()))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._over is not None and not self._over.done():
            self._over.set_exception(error)

    def _answered(self, line: int) -> None:
        if (timeout := self._timeouts.pop(line, None)) is not None:
            timeout.cancel()

    def _tls(self) -> ssl.SSLContext:
        if self._given_tls is None:
            # Reading the system's certificates takes longer than many a replay.
            self._given_tls = ssl.create_default_context()
        return self._given_tls

    def _next_conn(self) -> int:
        self._conns += 1
        return self._conns

    async def _connect(self, step: Open) -> None:
        place = self._targets.place(step)
        conn, middle = self._next_conn(), self._middle
        line = self._lines[step.line] = Line(
            step, place, conn, self._note, self, clock=self._clocks, gated=middle is not None
        )
        tls = self._tls() if place.secure else None
        loop = asyncio.get_running_loop()
        late = f"no answer to the handshake within {HANDSHAKE_S:g} s"
        self._timeouts[step.line] = loop.call_later(HANDSHAKE_S, line.give_up, late)
        if middle is not None:
            middle.stand_before(line, self, place, conn, step.upstream, tls)
            return
        try:
            async with asyncio.timeout(CONNECT_S):
                await loop.create_connection(lambda: line, place.host, place.port, ssl=tls)
        except TimeoutError:
            line.fail(f"no connection within {CONNECT_S:g} s")
        except OSError as error:
            line.fail(in_words(error))

    async def _ask(self, request: Request) -> None:
        step = request.step
        place = self._targets.place(step)
        conn = self._next_conn()
        headers = headers_for(place, step.headers, request.body)
        asked = self._clocks.now()
        answer, wire = await exchange(
            place, step.method, headers, request.body, tls=self._tls() if place.secure else None, timeout_s=REST_S
        )
        record = Exchange(
            method=step.method,
            url=f"http{'s' if place.secure else ''}://{place.authority}{place.target}",
            upstream=step.upstream,
            request=headers,
            request_body=request.body,
            status=answer.status,
            response=list(answer.headers),
            response_body=wire,
            error=answer.error,
            asked_at_ns=asked[0],
            asked_mono_ns=asked[1],
        )
        self._note(What.HTTP, True, conn, *self._clocks.now(), -1, as_json(record))
        self._do(self._engine.answered(step.seq, answer, self._clock()))
