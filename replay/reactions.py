"""What a scenario's bot does on its own, beyond the script: steps that come in between. Sans-I/O.

Told which steps are taken and which lines end, it says which steps come next, before the script goes on. A step that
is done again is the recorded one: it has its address and its line, so that the script's later steps, which wait for
its reply or go out on its line, find what they need.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from wsreplay.faults.conduct import Conduct
from wsreplay.faults.durations import UNITS
from wsreplay.faults.moment import Moment
from wsreplay.replay.redacted import secret_of
from wsreplay.replay.script import Ask, Leave, Open, Say, Script, Step
from wsreplay.venues.dialect import Dialect, RepeatingDialect
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.rules import rules_of

BACKOFF_NS = 100 * UNITS["ms"]
"""How long it waits before it opens a line again."""
MOST = 3
"""How often it opens the same line again."""


class Reactions:
    """One bot, and what it remembers."""

    def __init__(self, script: Script, dialect: Dialect, conduct: Conduct) -> None:
        self._script = script
        self._dialect = dialect
        self._conduct = conduct
        self._login = rules_of(dialect).login
        self._opened: dict[int, Open] = {}
        self._logins: dict[int, Say] = {}
        self._on: dict[int, list[tuple[Say, set[str]]]] = {}
        """The subscriptions of each line, and which of their channels are still on."""
        self._said: dict[int, Step] = {}
        """Requests that wait for their reply, by their address."""
        self._again: dict[int, int] = {}
        self._counted: Counter[str] = Counter()
        self._forgotten: set[int] = set()
        """Lines whose subscriptions it knows nothing of any more."""
        self._repeated: set[int] = set()

    @property
    def pongs(self) -> int:
        """How many pongs it sends for one ping."""
        return {"never": 0, "lived": 1, "twice": 2}[self._conduct.pongs]

    def prepared(self, steps: Sequence[Step]) -> list[Step]:
        """The script's steps, as this bot takes them: it stays a while before it takes leave."""
        prepared = list(steps)
        if not self._conduct.stays_ns or not prepared:
            return prepared
        last = len(prepared)
        while last > 0 and self._takes_leave(prepared[last - 1]):
            last -= 1
        if last == len(prepared):
            return prepared  # the recording ends in the middle: there is no leave that it could put off
        prepared[last] = msgspec.structs.replace(prepared[last], rest_ns=self._conduct.stays_ns)
        return prepared

    def taken(self, step: Step) -> list[Step]:
        """A step was taken: those that follow at once."""
        match step:
            case Open():
                self._opened[step.line] = step
            case Leave():
                self._opened.pop(step.line, None)
            case Say():
                return self._spoke(step)
            case Ask() if step.seq > 0:
                self._said[step.seq] = step
                envelope = self._dialect.decode_http(_message(step), None)
                return self._twice(step, envelope)
        return []

    def ended(self, line: int, lost: Iterable[int]) -> list[Step]:
        """A line ended that the bot had not left, with requests that were not answered: what it does about it."""
        opened = self._opened.pop(line, None)
        again = self._again.get(line, 0)
        if self._conduct.after_cut == "stop" or opened is None or again >= MOST:
            return []
        self._again[line] = again + 1
        steps: list[Step] = []
        if "token" not in self._conduct.keeps:
            steps += self._sources(opened)
        steps.append(opened)
        login = self._logins.get(line)
        if login is not None:
            steps.append(self._with_old_token(login))
        subscriptions = [say for say, channels in self._on.pop(line, ()) if channels]
        if self._conduct.after_cut == "forget":
            self._forgotten.add(line)
        else:
            steps += subscriptions
        if self._conduct.after_cut == "resend":
            told = {id(step) for step in steps}
            unanswered = (self._said.get(seq) for seq in lost)
            steps += [self._once_more(step) for step in unanswered if isinstance(step, Say) and id(step) not in told]
        return self._in_a_row(steps)

    def silent(self, seqs: Iterable[int]) -> list[Step]:
        """The bot's patience with these requests is over."""
        if self._conduct.after_silence != "resend":
            return []
        fresh = [seq for seq in seqs if seq in self._said and seq not in self._repeated]
        self._repeated.update(fresh)
        if not fresh:
            return []
        wanted = self._conduct.looks_up
        looked = {step.op: step for step in self._said.values() if isinstance(step, Ask) and step.op in wanted}
        return self._in_a_row([*looked.values(), *(self._once_more(self._said[seq]) for seq in fresh)])

    def asked(self, step: Ask) -> Ask:
        """A REST request as it is about to be made: it may be the one whose answer is lost."""
        moment = self._conduct.loses_answer
        envelope = self._dialect.decode_http(_message(step), None)
        if moment is None or not self._meant("loses_answer", moment, step, envelope):
            return step
        return msgspec.structs.replace(step, lost=True)

    def forgot(self, step: Say) -> bool:
        """Whether this ends subscriptions that it knows nothing of any more: then it does not say it."""
        return step.line in self._forgotten and self._takes_leave(step)

    # What it remembers

    def _spoke(self, step: Say) -> list[Step]:
        envelope = self._dialect.decode(step.payload, "client")
        if envelope.role != "request":
            return []
        if self._login is not None and envelope.op == self._login:
            self._logins[step.line] = step
        on = self._on.setdefault(step.line, [])
        channels: set[str] = set()
        for part in envelope.parts:
            if part.op == "unsubscribe":
                for _, theirs in on:
                    theirs -= {each for each in theirs if part.channel is None or fnmatchcase(each, part.channel)}
            elif part.op == "subscribe" and part.channel is not None:
                channels.add(part.channel)
        if channels:
            on.append((step, channels))
        if step.seq < 0:
            return []
        self._said[step.seq] = step
        return self._twice(step, envelope)

    def _twice(self, step: Say | Ask, envelope: Envelope) -> list[Step]:
        moment = self._conduct.asks_twice
        if moment is None or step.seq in self._repeated or not self._meant("asks_twice", moment, step, envelope):
            return []
        self._repeated.add(step.seq)
        again = self._once_more(step)
        answered = (step.seq,) if moment.what == "reply" else ()
        return [msgspec.structs.replace(again, seq=-step.seq, gap_ns=0, after=None, awaits=answered)]

    def _meant(self, purpose: str, moment: Moment, step: Say | Ask, envelope: Envelope) -> bool:
        if moment.op is not None and envelope.op != moment.op:
            return False
        line = step.line if isinstance(step, Say) else 0
        if not moment.allows(envelope, None, line, ""):
            return False
        self._counted[purpose] += 1
        return moment.count == "every" or self._counted[purpose] == (1 if moment.count == "once" else moment.count)

    # What it makes of it

    def _sources(self, opened: Open) -> list[Step]:
        """The REST requests whose answers gave what stands in the line's address or headers: a key is good once."""
        place = opened.url + "".join(value for _, value in opened.headers)
        found: list[Step] = []
        for seq, step in self._said.items():
            reply = self._script.replies.get(seq)
            if reply is None or not isinstance(step, Ask):
                continue
            tokens = (token for blank in reply.blanks for token in blank.tokens)
            if any(secret_of(token) in place for token in tokens):
                found.append(step)
        return found

    def _with_old_token(self, login: Say) -> Say:
        if "token" not in self._conduct.keeps:
            return login
        return msgspec.structs.replace(login, token_expires=login.at_ns // UNITS["s"] - 1, asks=None)

    def _once_more(self, step: Step) -> Step:
        """The same wish in a message of its own."""
        if not isinstance(self._dialect, RepeatingDialect):
            return step
        keeps = frozenset(self._conduct.keeps) - {"token"}
        if isinstance(step, Ask):
            body = self._dialect.repeated(step.body.decode(errors="replace"), keeps).encode()
            return msgspec.structs.replace(step, body=body) if step.body else step
        if not isinstance(step, Say) or not isinstance(step.payload, str):
            return step
        return msgspec.structs.replace(step, payload=self._dialect.repeated(step.payload, keeps), asks=None)

    def _in_a_row(self, steps: list[Step]) -> list[Step]:
        """One after another, each when the one before was answered, if it is known that it will be."""
        row = []
        awaits: tuple[int, ...] = ()
        for step in steps:
            rest_ns = BACKOFF_NS if isinstance(step, Open) else 0
            row.append(msgspec.structs.replace(step, gap_ns=0, after=None, awaits=awaits, rest_ns=rest_ns))
            awaits = (step.seq,) if not isinstance(step, Open) and step.seq in self._script.replies else ()
        return row

    def _takes_leave(self, step: Step) -> bool:
        """Whether it is one of the last things that a bot does: it ends subscriptions, or a line."""
        if isinstance(step, Leave):
            return True
        if not isinstance(step, Say):
            return False
        parts = self._dialect.decode(step.payload, "client").parts
        return bool(parts) and all(part.op == "unsubscribe" for part in parts)


def _message(step: Ask) -> HttpMessage:
    return HttpMessage(method=step.method, url=step.url, headers=step.headers, body=step.body)
