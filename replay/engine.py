"""The engine: takes the script's steps one after another, each when its time has come. Sans-I/O.

Told what happens on the wire (:meth:`Engine.opened`, :meth:`~Engine.received`, …) it says what is to be done next. It
owns no clock: ``now_ns`` comes with every call and never goes back.

A step is taken when every reply that it waits for has come in, and the recorded time since what came before it has
passed, by the pace. A reply that never comes is waited for as long as the patience lasts; then the replay goes on, and
says so in :attr:`Engine.notes`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from wsreplay.replay.outputs import (
    Answer,
    Close,
    Connect,
    Cut,
    Note,
    Output,
    Request,
    Send,
    Wake,
    Withdraw,
    Withheld,
)
from wsreplay.replay.pairing import LiveRequests
from wsreplay.replay.script import Ask, Leave, Open, Say, Script, Step
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.refreshing import Refresher

PATIENCE_NS = 5_000_000_000
"""How long after its recorded time a reply is waited for."""


TURN = 256
"""Steps that are taken at once; then the sockets get their turn."""


class Engine:
    """Drives one script."""

    def __init__(
        self,
        script: Script,
        dialect: Dialect,
        *,
        refresher: Refresher | None = None,
        speed: float = inf,
        patience_ns: int = PATIENCE_NS,
        wall_ns: Callable[[int], int] = lambda now_ns: now_ns,
    ) -> None:
        """``speed``: times the recorded one, or ``inf``. ``wall_ns``: the time of day at a ``now_ns``."""
        self._script = script
        self._dialect = dialect
        self._refresher = refresher
        self._speed = speed
        self._patience_ns = patience_ns
        self._wall_ns = wall_ns
        self._at = 0
        self._last_ns = 0
        """When the last step was over."""
        self._blocked_ns: int | None = None
        """Since when the present step waits for replies."""
        self._live = LiveRequests(script, dialect, refresher)
        self._connecting: Open | None = None
        self._open: set[int] = set()
        self._withdrawn: set[int] = set()
        self._leaving: set[int] = set()
        self._told: set[int] = set()
        self._out: list[Output] = []
        self._ending = False
        self.reached = False
        """Whether the venue ever answered."""
        self.sent = 0
        """Messages and REST requests sent."""
        self.notes: list[Note] = []

    @property
    def done(self) -> bool:
        """Whether all is over."""
        return self._ending and not self._open and not self._live

    # What happens

    def begin(self, now_ns: int) -> list[Output]:
        """The replay begins."""
        self._last_ns = now_ns
        return self._go(now_ns)

    def tick(self, now_ns: int) -> list[Output]:
        """Time has passed."""
        return self._go(now_ns)

    def opened(self, line: int, now_ns: int) -> list[Output]:
        """A handshake was answered with 101."""
        self.reached = True
        self._open.add(line)
        return self._handshake_over(line, 101, "", now_ns)

    def refused(self, line: int, status: int, why: str, now_ns: int) -> list[Output]:
        """A handshake was refused, or there was no answer (status 0)."""
        self.reached = self.reached or status != 0
        return self._handshake_over(line, status, why, now_ns)

    def received(self, line: int, payload: str | bytes, now_ns: int) -> list[Output]:
        """A message came."""
        envelope = self._dialect.decode(payload, "venue")
        if envelope.role == "heartbeat" and envelope.op == "ping" and self._script.pong and line not in self._withdrawn:
            self._out.append(Send(line, self._script.pong))
        request = self._live.answered(line, envelope, now_ns)
        if line in self._withdrawn or (request is not None and not self._reaches_the_bot(request)):
            self._out.insert(0, Withheld(line))
        return self._go(now_ns)

    def keeps(self, line: int, payload: str | bytes) -> bool:
        """Whether a message that has come did not reach the bot in the recording. Nothing changes by asking."""
        if line in self._withdrawn:
            return True
        request = self._live.answers(line, self._dialect.decode(payload, "venue"))
        return request is not None and not self._reaches_the_bot(request)

    def answered(self, seq: int, answer: Answer, now_ns: int) -> list[Output]:
        """A REST request was answered, or failed."""
        self.reached = self.reached or answer.status is not None
        asked = self._live.asked.get(seq)
        envelope = Envelope()
        if asked is not None and answer.status is not None:
            response = HttpMessage(
                method=asked.method, url=asked.url, headers=answer.headers, body=answer.body, status=answer.status
            )
            envelope = self._dialect.decode_http(response, asked)
        elif answer.status is None:
            self.notes.append(Note(seq, f"the request got no answer: {answer.error}"))
        self._live.answered_rest(seq, envelope, now_ns)
        return self._go(now_ns)

    def ended(self, line: int, how: str, now_ns: int) -> list[Output]:
        """A line is gone."""
        self._open.discard(line)
        for seq in self._live.lost(line, now_ns):
            if line not in self._leaving and seq in self._script.replies and self._reaches_the_bot(seq):
                self.notes.append(Note(seq, f"the line ended ({how}) before it was answered"))
        return self._go(now_ns)

    # The steps

    def _go(self, now_ns: int) -> list[Output]:
        wake_ns: int | None = None
        taken = 0
        while self._connecting is None and self._at < len(self._script.steps):
            if taken == TURN:
                wake_ns = now_ns
                break
            taken += 1
            step = self._script.steps[self._at]
            wake_ns = self._wait_for(step, now_ns)
            if wake_ns is not None:
                break
            self._blocked_ns = None
            self._at += 1
            self._take(step, now_ns)
        if self._connecting is None and self._at == len(self._script.steps) and not self._ending:
            wake_ns = self._end(now_ns)
        if wake_ns is not None:
            self._out.append(Wake(wake_ns))
        out, self._out = self._out, []
        return out

    def _wait_for(self, step: Step, now_ns: int) -> int | None:
        """Until when this step waits at most; None: it need not wait."""
        missing = [seq for seq in step.awaits if seq in self._live]
        if missing:
            until_ns = self._give_up_at(missing, now_ns)
            if now_ns < until_ns:
                return until_ns
            self._give_up(missing, now_ns)
        since_ns = self._last_ns
        if step.after is not None:
            since_ns = self._live.answered_at_ns.get(step.after, since_ns)
        due_ns = max(since_ns + round(step.gap_ns / self._speed), self._last_ns)
        if now_ns < due_ns:
            return due_ns
        if isinstance(step, Leave) and step.line in self._open:
            if step.how != "close" and step.line not in self._withdrawn:
                self._withdrawn.add(step.line)
                self._out.append(Withdraw(step.line, step.how))
            return self._owed_until(step, now_ns)
        return None

    def _owed_until(self, leave: Leave, now_ns: int) -> int | None:
        """A line is cut when the replies are in that it was cut off from, or when they had their time."""
        if self._blocked_ns is None:
            self._blocked_ns = now_ns
        waits = [self._blocked_ns + self._worth(seq, waited_ns) for seq, waited_ns in leave.owed if seq in self._live]
        return max(waits) if waits and now_ns < max(waits) else None

    def _worth(self, seq: int, waited_ns: int) -> int:
        reply = self._script.replies.get(seq)
        # A reply that is on record will come again; of one that is not, nobody knows.
        return waited_ns if reply is None else reply.latency_ns + self._patience_ns

    def _take(self, step: Step, now_ns: int) -> None:
        self._last_ns = now_ns
        match step:
            case Open():
                self._connecting = step
                self._out.append(Connect(step))
            case Say():
                self._say(step, now_ns)
            case Ask():
                self._ask(step, now_ns)
            case Leave():
                self._leave(step)
        for seq in step.awaits:
            self._live.answered_at_ns.pop(seq, None)

    def _say(self, step: Say, now_ns: int) -> None:
        if step.line not in self._open or step.line in self._leaving:
            if step.line not in self._told:
                self._told.add(step.line)
                self.notes.append(
                    Note(step.seq, "the line is gone: this and what follows on it could not be sent", decides=True)
                )
            return
        payload = step.payload
        if isinstance(payload, str) and self._refresher is not None:
            token = {} if step.token_expires is None else {"token_expires": step.token_expires}
            payload = self._fresh(step, payload, now_ns, signer=step.signer, signature_ok=step.signature_ok, **token)
        self._live.sent(step, payload, now_ns)
        self.sent += 1
        self._out.append(Send(step.line, payload, step.binary))

    def _ask(self, step: Ask, now_ns: int) -> None:
        body = step.body
        if body and step.op is not None and self._refresher is not None:
            body = self._fresh(step, body.decode(errors="replace"), now_ns, op=step.op).encode()
        self._live.asked_rest(step, body)
        self.sent += 1
        self._out.append(Request(step, body))

    def _fresh(self, step: Step, text: str, now_ns: int, **more: Any) -> str:
        assert self._refresher is not None
        fresh = self._refresher.refresh(text, recorded_at_ns=step.at_ns, now_ns=self._wall_ns(now_ns), **more)
        if fresh.unsigned is not None:
            self.notes.append(Note(step.seq, f"it could not be signed again: {fresh.unsigned}"))
        return fresh.text

    def _leave(self, step: Leave) -> None:
        if step.line not in self._open:
            return
        self._leaving.add(step.line)
        if step.how != "close":
            self._out.append(Cut(step.line, step.how))
        elif step.by == "client":
            self._out.append(Close(step.line, step.code, step.reason))
        else:
            self._out.append(Close(step.line))

    def _end(self, now_ns: int) -> int | None:
        """All steps are taken: wait for the replies that the recording has, then close what is open."""
        missing = [seq for seq in self._live if seq in self._live.asked or self._script.replies.get(seq) is not None]
        if missing:
            until_ns = self._give_up_at(missing, now_ns)
            if now_ns < until_ns:
                return until_ns
            self._give_up(missing, now_ns)
        self._ending = True
        self._live.forget()
        for line in sorted(self._open - self._leaving):
            self._leaving.add(line)
            self._out.append(Close(line))
        return None

    # Private parts

    def _handshake_over(self, line: int, status: int, why: str, now_ns: int) -> list[Output]:
        step, self._connecting = self._connecting, None
        assert step is not None
        assert step.line == line
        self._last_ns = now_ns
        if status != step.status:
            was, now = (f"answered with {each}" if each else "not answered" for each in (step.status, status))
            reason = f" ({why})" if why else ""
            self.notes.append(
                Note(step.seq, f"the handshake was {was} in the recording, and {now} now{reason}", decides=True)
            )
            if status == 101:
                self._leaving.add(line)
                self._out.append(Close(line))
        return self._go(now_ns)

    def _reaches_the_bot(self, seq: int) -> bool:
        """Whether this request's reply reached the bot. Where the recording ended before that, nothing kept it away."""
        reply = self._script.replies.get(seq)
        return reply.delivered if reply is not None else seq not in self._script.owed

    def _give_up_at(self, missing: list[int], now_ns: int) -> int:
        if self._blocked_ns is None:
            self._blocked_ns = now_ns
        latest = max((reply.latency_ns for seq in missing if (reply := self._script.replies.get(seq))), default=0)
        return self._blocked_ns + latest + self._patience_ns

    def _give_up(self, missing: list[int], now_ns: int) -> None:
        for seq in missing:
            self._live.give_up(seq, now_ns)
            self.notes.append(Note(seq, "the reply never came"))
