"""The replay on real sockets: does what the engine says, tells it what happened, and keeps time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterable

import msgspec

from wsreplay.captures.wire import Exchange, What, as_json
from wsreplay.replay.clock import SYSTEM, Clock
from wsreplay.replay.engine import Engine
from wsreplay.replay.gate import Decision, Gate, Next, Proceed, Stop
from wsreplay.replay.line import Line, in_words
from wsreplay.replay.listeners import Note
from wsreplay.replay.middle import Middle
from wsreplay.replay.outputs import Answer, Close, Connect, Cut, Halted, Output, Request, Send, Wake, Withdraw, Withheld
from wsreplay.replay.pacer import Pacer, pacer_for
from wsreplay.replay.rest import exchange, headers_for
from wsreplay.replay.script import Ask, Open, Step
from wsreplay.replay.targets import Targets

CONNECT_S = 10.0
HANDSHAKE_S = 30.0
"""How long a handshake may take to be answered; a fault can delay it."""
REST_S = 30.0
_ROOM_S = 0.005
"""How often is looked whether the records have room again."""


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
        gate: Gate | None = None,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """``middle`` stands in the way of every line, strikes there, and records it; without one, lines do.

        ``gate``: decides of each step, where the engine halts. ``ready``: whether there is room for more records.
        """
        self._engine = engine
        self._targets = targets
        self._note = note
        self._clocks = clock
        self._clock = clock.mono_ns
        self._middle = middle
        self._gate = gate
        self._ready = ready
        self._given_tls = tls
        self._lines: dict[int, Line] = {}
        self._conns = 0
        self._pacer: Pacer | None = None
        self._held_up = False
        """The records had no room."""
        self._full: set[int] = set()
        """Lines whose venue reads slower than we send; the script waits for them."""
        self._timeouts: dict[int, asyncio.TimerHandle] = {}
        """Of the handshakes that are not answered yet."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._over: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Replay until all is over."""
        self._over = asyncio.get_running_loop().create_future()
        self._pacer = pacer_for(self._tick, self._clock)
        try:
            self._do(self._engine.begin(self._clock()))
            await self._over
        finally:
            self._pacer.close()
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
        if not self._held_up and not self._ready():
            self._hold_up()
        reaches = not outputs or type(outputs[0]) is not Withheld
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
            self._do(self._engine.resumed(self._clock()))

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
            sends: list[Send] = []
            for output in outputs:
                if type(output) is Send:
                    if sends and sends[0].line != output.line:
                        self._send(sends)
                        sends = []
                    sends.append(output)
                    continue
                if sends:
                    self._send(sends)
                    sends = []
                if type(output) is not Wake:
                    self._perform(output)
                elif self._pacer is not None:
                    self._pacer.wake_at(output.at_ns)
            if sends:
                self._send(sends)
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
            case Request(step):
                self._start(self._ask(step))
            case Close(number, code, reason):
                if (line := self._lines.get(number)) is not None:
                    line.close(code, reason)
            case Withdraw(number, how):
                if (line := self._lines.get(number)) is not None:
                    line.withdraw(how)
            case Cut(number, how):
                if (line := self._lines.get(number)) is not None:
                    line.cut(how)
            case Halted(step):
                self._start(self._decide(step))

    def _send(self, sends: list[Send]) -> None:
        """Send messages of one line, all that are due at once."""
        if (line := self._lines.get(sends[0].line)) is not None:
            line.send(sends)

    def _tick(self) -> None:
        if self._full or self._held_up:
            return  # on with it when there is room again
        if not self._ready():
            self._hold_up()
            return
        self._do(self._engine.tick(self._clock()))

    def _hold_up(self) -> None:
        """There is no room for more records: send nothing, and let what comes wait at the door."""
        if not self._held_up:
            self._held_up = True
            for line in self._lines.values():
                line.read(False)
        asyncio.get_running_loop().call_later(_ROOM_S, self._look_again)

    def _look_again(self) -> None:
        if not self._ready():
            self._hold_up()
            return
        self._held_up = False
        for line in self._lines.values():
            line.read(True)
        self._do(self._engine.resumed(self._clock()))

    async def _decide(self, step: Step) -> None:
        decision: Decision = Proceed() if self._gate is None else await self._gate.before(step)
        now_ns = self._clock()
        match decision:
            case Next():
                self._do(self._engine.release(now_ns))
            case Proceed(speed):
                self._do(self._engine.proceed(speed, now_ns))
            case Stop():
                self._do(self._engine.stop(now_ns))

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

    async def _ask(self, step: Ask) -> None:
        place = self._targets.place(step)
        conn = self._next_conn()
        headers = headers_for(place, step.headers, step.body)
        at_ns, mono_ns = self._clocks.now()
        asked = Exchange(
            method=step.method,
            url=f"http{'s' if place.secure else ''}://{place.authority}{place.target}",
            upstream=step.upstream,
            request=headers,
            request_body=step.body,
            asked_at_ns=at_ns,
            asked_mono_ns=mono_ns,
        )
        told = self._note(What.ASKED, False, conn, at_ns, mono_ns, -1, as_json(asked))
        answer, wire = await exchange(
            place, step.method, headers, step.body, tls=self._tls() if place.secure else None, timeout_s=REST_S
        )
        if step.lost:  # the venue has answered, so that it is sure to have done what it was asked
            answer, wire = Answer(error="the answer was lost on its way back"), b""
        record = msgspec.structs.replace(
            asked if told is False else asked.without_request(),
            status=answer.status,
            response=list(answer.headers),
            response_body=wire,
            error=answer.error,
        )
        self._note(What.HTTP, True, conn, *self._clocks.now(), -1, as_json(record))
        self._do(self._engine.answered(step.seq, answer, self._clock()))
