"""The engine: takes the script's steps one after another, each when its time has come. Sans-I/O.

Told what happens on the wire (:meth:`Engine.opened`, :meth:`~Engine.received`, …) it says what is to be done next. It
owns no clock: ``now_ns`` comes with every call and never goes back.

A step is taken when every reply that it waits for has come in, and the recorded time since what came before it has
passed, by the pace. Times are counted from when the step before was *due*, or from the live reply, and never from when
somebody got round to it: one late message makes no other late. A reply that never comes is waited for as long as the
patience lasts; then the replay goes on, and says so in :attr:`Engine.notes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf

from wsreplay.faults.conduct import EXEMPLARY, Conduct
from wsreplay.replay.living_secrets import LivingSecrets
from wsreplay.replay.outputs import (
    Answer,
    Close,
    Connect,
    Cut,
    Halted,
    Note,
    Output,
    Request,
    Send,
    Wake,
    Withdraw,
    Withheld,
)
from wsreplay.replay.pairing import LiveRequests
from wsreplay.replay.reactions import Reactions
from wsreplay.replay.renewal import Renewal
from wsreplay.replay.script import Ask, Leave, Open, Say, Script, Step
from wsreplay.replay.waiting import Waiting
from wsreplay.venues.dialect import AnsweringDialect, Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.refreshing import Refresher

PATIENCE_NS = 5_000_000_000
"""How long after its recorded time a reply is waited for."""
GRACE_NS = 500_000_000
"""How long a venue that had ended a line has to end it again, before it is ended in its place."""


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
        secrets: Mapping[str, str] | None = None,
        speed: float = inf,
        halting: bool = False,
        patience_ns: int = PATIENCE_NS,
        wall_ns: Callable[[int], int] = lambda now_ns: now_ns,
        conduct: Conduct = EXEMPLARY,
    ) -> None:
        """``speed``: times the recorded one, or ``inf``. ``wall_ns``: the time of day at a ``now_ns``.

        ``secrets``: what tokens of the recording stand for, as far as it was given. ``halting``: halt before each
        step, until :meth:`release`, :meth:`proceed` or :meth:`stop` is called. ``conduct``: what the bot does beyond
        the script.
        """
        self._script = script
        self._dialect = dialect
        self._answering = dialect if isinstance(dialect, AnsweringDialect) else None
        self._speed = inf if halting else speed
        self._halting = halting
        self._wall_ns = wall_ns
        self._at = 0
        self._reactions = None if conduct == EXEMPLARY else Reactions(script, dialect, conduct)
        self._steps: Sequence[Step] = (
            script.steps if self._reactions is None else self._reactions.prepared(script.steps)
        )
        self._until = len(script.steps)
        self._rests: dict[int, int] = {}
        """Until when a step rests, by its ``seq``."""
        self._halted_at = self._released_at = -1
        self._last_ns = 0
        """When the last step was due, or over if it took its time."""
        self._due_ns = 0
        """When the present one is."""
        self._not_before_ns = 0
        self._made: tuple[int, str | bytes, Envelope | None] | None = None
        """The next message, made while there was time: its ``seq``, its payload, and how that is read."""
        self.notes: list[Note] = []
        self._live = LiveRequests(script, dialect, refresher)
        self._waiting = Waiting(script, self._live, patience_ns, self.notes)
        self._connecting: Open | None = None
        self._open: set[int] = set()
        self._talking: set[int] = set()
        """The open ones that nobody is about to end."""
        self._withdrawn: set[int] = set()
        self._leaving: set[int] = set()
        self._told: set[int] = set()
        self._out: list[Output] = []
        self._ending = False
        self.reached = False
        """Whether the venue ever answered."""
        self.sent = 0
        """Messages and REST requests sent."""
        self._renewal = Renewal(refresher, LivingSecrets(secrets), wall_ns, self.notes)

    @property
    def done(self) -> bool:
        """Whether all is over."""
        return self._ending and not self._open and not self._live.waiting

    # What happens

    def begin(self, now_ns: int) -> list[Output]:
        """The replay begins."""
        self._last_ns = now_ns
        return self._go(now_ns)

    def tick(self, now_ns: int) -> list[Output]:
        """Time has passed."""
        return self._go(now_ns)

    def resumed(self, now_ns: int) -> list[Output]:
        """Nothing could be sent for a while, as for a bot whose venue reads slowly. What was due since is due now."""
        self._not_before_ns = now_ns
        return self._go(now_ns)

    def opened(self, line: int, now_ns: int) -> list[Output]:
        """A handshake was answered with 101."""
        self.reached = True
        self._open.add(line)
        self._talking.add(line)
        self._leaving.discard(line)
        self._withdrawn.discard(line)
        return self._handshake_over(line, 101, "", now_ns)

    def refused(self, line: int, status: int, why: str, now_ns: int) -> list[Output]:
        """A handshake was refused, or there was no answer (status 0)."""
        self.reached = self.reached or status != 0
        return self._handshake_over(line, status, why, now_ns)

    def received(self, line: int, payload: str | bytes, now_ns: int) -> list[Output]:
        """A message came."""
        if self._answering is not None:
            self._answer_ping(line, self._answering.pong(payload, self._wall_ns(now_ns)))
        request: int | None = None
        if self._script.pong is not None or self._live.any_on(line):
            envelope = self._dialect.decode(payload, "venue")
            if self._answering is None and envelope.role == "heartbeat" and envelope.op == "ping":
                self._answer_ping(line, self._script.pong)
            request = self._live.answered(line, envelope, now_ns)
            if request is not None and (reply := self._script.replies.get(request)) is not None:
                self._renewal.learn(reply, payload)
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
            if (reply := self._script.replies.get(seq)) is not None:
                self._renewal.learn_rest(reply, asked, answer)
        elif answer.status is None:
            self.notes.append(Note(seq, f"the request got no answer: {answer.error}"))
        self._live.answered_rest(seq, envelope, now_ns)
        if answer.status is None and self._reactions is not None:
            self._put_in(self._reactions.silent([seq]))
        return self._go(now_ns)

    def ended(self, line: int, how: str, now_ns: int) -> list[Output]:
        """A line is gone."""
        self._open.discard(line)
        self._talking.discard(line)
        lost = self._live.lost(line, now_ns)
        for seq in lost:
            if line not in self._leaving and seq in self._script.replies and self._reaches_the_bot(seq):
                self.notes.append(Note(seq, f"the line ended ({how}) before it was answered"))
        if self._reactions is not None and line not in self._leaving and line not in self._withdrawn:
            self._last_ns = max(self._last_ns, now_ns)
            self._put_in(self._reactions.ended(line, lost))
        return self._go(now_ns)

    # What somebody decides who watches

    def release(self, now_ns: int) -> list[Output]:
        """Take the step before which it halted."""
        self._released_at = self._halted_at
        return self._go(now_ns)

    def proceed(self, speed: float, now_ns: int) -> list[Output]:
        """Halt no more, and go on at this speed."""
        self._halting = False
        self._speed = speed
        self._last_ns = max(self._last_ns, now_ns)
        self._released_at = self._halted_at
        return self._go(now_ns)

    def stop(self, now_ns: int) -> list[Output]:
        """Take no further step, and come to the end in order."""
        self._until = self._at
        return self._go(now_ns)

    @property
    def stopped_before(self) -> int | None:
        """The ``seq`` of the first step that is not taken, since somebody stopped; None: all are."""
        steps = self._steps
        return steps[self._until].seq if self._until < len(steps) else None

    # The steps

    def _go(self, now_ns: int) -> list[Output]:
        wake_ns: int | None = None
        steps, turn = self._steps, self._at + TURN
        while self._connecting is None and self._at < self._until:
            if self._at >= turn:
                wake_ns = now_ns
                break
            step = steps[self._at]
            if self._speed == inf and not step.awaits and self._stream(turn, now_ns):
                continue
            wake_ns = self._wait_for(step, now_ns)
            if wake_ns is not None:
                break
            if self._halting and self._released_at != self._at:
                if self._halted_at != self._at:
                    self._halted_at = self._at
                    self._out.append(Halted(step))
                break
            if isinstance(step, Leave) and step.line in self._open:
                wake_ns = self._wait_to_leave(step, now_ns)
                if wake_ns is not None:
                    break
            self._waiting.over()
            self._at += 1
            self._take(step, now_ns)
        if self._connecting is None and self._at == self._until and not self._ending:
            wake_ns = self._end(now_ns)
        if wake_ns is not None:
            self._out.append(Wake(wake_ns))
        out, self._out = self._out, []
        return out

    def _stream(self, turn: int, now_ns: int) -> bool:
        """Take the messages that wait for nothing, are what they were, and whose answers move nothing; any at all?"""
        steps, followed, talking, out = self._steps, self._script.followed, self._talking, self._out
        changes = self._renewal.changes
        first = at = self._at
        end = min(turn, self._until)
        if followed is None or self._halting or self._reactions is not None:
            return False
        while at < end:
            step = steps[at]
            if (
                type(step) is not Say
                or step.awaits
                or step.seq in followed
                or step.line not in talking
                or changes(step)
            ):
                break
            out.append(Send(step.line, step.payload, step.binary))
            at += 1
        if at == first:
            return False
        self.sent += at - first
        self._at = at
        self._last_ns = now_ns
        return True

    def _wait_for(self, step: Step, now_ns: int) -> int | None:
        """Until when this step waits at most; None: it need not wait."""
        since_ns = self._last_ns
        ready_ns = max(since_ns, self._not_before_ns)
        if step.awaits:
            until_ns = self._until_answered(step.awaits, now_ns)
            if until_ns is not None:
                return until_ns
            answered_at_ns = self._live.answered_at_ns
            for seq in step.awaits:
                ready_ns = max(ready_ns, answered_at_ns.get(seq, 0))
            if step.after is not None:
                since_ns = answered_at_ns.get(step.after, since_ns)
        due_ns = self._due_ns = max(since_ns + round(step.gap_ns / self._speed), ready_ns)
        if step.rest_ns:
            due_ns = self._due_ns = self._rests.setdefault(step.seq, due_ns + step.rest_ns)
        if isinstance(step, Leave) and step.by == "venue" and step.line in self._open:
            # What the venue did in the recording it may well do again, and somewhat later: then it is not for us to do.
            due_ns += GRACE_NS
        if now_ns < due_ns:
            if isinstance(step, Say) and self._made is None and step.line in self._talking:
                self._made = self._make(step, due_ns)
            return due_ns
        return None

    def _wait_to_leave(self, leave: Leave, now_ns: int) -> int | None:
        if leave.how != "close" and leave.line not in self._withdrawn:
            self._withdrawn.add(leave.line)
            self._out.append(Withdraw(leave.line, leave.how))
        until_ns = self._waiting.until_may_leave(leave, now_ns)
        if until_ns is None and self._waiting.since_ns is not None and leave.owed:
            self._due_ns = now_ns  # what comes next, came after the line was gone for good
        return until_ns

    def _take(self, step: Step, now_ns: int) -> None:
        self._last_ns = min(now_ns, self._due_ns)
        self._rests.pop(step.seq, None)
        match step:
            case Open():
                self._connecting = step
                self._out.append(Connect(self._renewal.open(step, now_ns)))
            case Say():
                self._say(step, now_ns)
            case Ask():
                fresh = self._renewal.ask(step, now_ns)
                if self._reactions is not None:
                    fresh = self._reactions.asked(fresh)
                self._live.asked_rest(fresh)
                self.sent += 1
                self._out.append(Request(fresh))
            case Leave():
                self._leave(step)
        for seq in step.awaits:
            self._live.answered_at_ns.pop(seq, None)
        if self._reactions is not None:
            self._put_in(self._reactions.taken(step))

    def _say(self, step: Say, now_ns: int) -> None:
        made, self._made = self._made, None
        if self._reactions is not None and self._reactions.forgot(step):
            return
        if step.line not in self._talking:
            if step.line not in self._told:
                self._told.add(step.line)
                self.notes.append(
                    Note(abs(step.seq), "the line is gone: this and what follows on it could not be sent", decides=True)
                )
            return
        if made is None or made[0] != step.seq:
            made = self._make(step, now_ns)
        _, payload, envelope = made
        if envelope is not None:
            self._live.sent(step, envelope)
        self.sent += 1
        self._out.append(Send(step.line, payload, step.binary))

    def _make(self, step: Say, at_ns: int) -> tuple[int, str | bytes, Envelope | None]:
        """A message as it is to be sent then, and how it is read if its reply matters."""
        payload = self._renewal.say(step, at_ns) if self._renewal.changes(step) else step.payload
        followed = self._script.followed
        envelope = None
        if followed is None or step.seq in followed or step.seq < 0:
            envelope = step.asks if payload is step.payload else None
            if envelope is None:
                envelope = self._dialect.decode(payload, "client")
        return step.seq, payload, envelope

    def _answer_ping(self, line: int, pong: str | None) -> None:
        if pong is not None and line in self._talking and line not in self._withdrawn:
            pongs = 1 if self._reactions is None else self._reactions.pongs
            self._out += [Send(line, pong)] * pongs

    def _leave(self, step: Leave) -> None:
        if step.line not in self._open:
            return
        self._leaving.add(step.line)
        self._talking.discard(step.line)
        if step.how != "close":
            self._out.append(Cut(step.line, step.how))
        elif step.by == "client":
            self._out.append(Close(step.line, step.code, step.reason))
        else:
            self._out.append(Close(step.line))

    def _end(self, now_ns: int) -> int | None:
        """All steps are taken: wait for the replies that the recording has, then close what is open."""
        live, replies = self._live, self._script.replies
        until_ns = self._until_answered([seq for seq in live.waiting if seq in live.asked or seq in replies], now_ns)
        if until_ns is not None:
            return until_ns
        self._ending = True
        self._live.forget()
        for line in sorted(self._open - self._leaving):
            self._leaving.add(line)
            self._talking.discard(line)
            self._out.append(Close(line))
        return None

    # Private parts

    def _until_answered(self, awaits: Sequence[int], now_ns: int) -> int | None:
        """Until when these requests' replies are waited for; None: they are in, or had their time."""
        missing = [seq for seq in awaits if seq in self._live.waiting]
        until_ns = self._waiting.until(missing, now_ns)
        if until_ns is None and missing and self._reactions is not None:
            at = self._until
            self._put_in(self._reactions.silent(missing))
            return None if self._until == at else now_ns
        return until_ns

    def _put_in(self, steps: list[Step]) -> None:
        """Take these steps next, before the script goes on; unless somebody stopped it, or it is over."""
        if not steps or self._ending or self._until < len(self._steps) or not isinstance(self._steps, list):
            return
        self._steps[self._at : self._at] = steps
        self._until += len(steps)
        self._made = None
        self._waiting.over()

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
                self._talking.discard(line)
                self._out.append(Close(line))
        return self._go(now_ns)

    def _reaches_the_bot(self, seq: int) -> bool:
        """Whether this request's reply reached the bot. Where the recording ended before that, nothing kept it away."""
        reply = self._script.replies.get(seq)
        return reply.delivered if reply is not None else seq not in self._script.owed
