"""Signs of life on served lines: lived by the venue's rules, not replayed. Sans-I/O."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from wsreplay.replay.served.patching import patched, swaps_between
from wsreplay.replay.served.script import Said, ServedScript, is_ping
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope
from wsreplay.venues.rules import SECOND, rules_of

if TYPE_CHECKING:
    from wsreplay.replay.served.venue import Line, ServedVenue


class _Life(msgspec.Struct):
    """Of one line."""

    line: Line
    heard_ns: int
    pinged_ns: int | None = None
    """Since when it owes a sign of life."""
    owed: int = 0
    """Pings less pongs."""


class Heartbeats:
    """Pings lines, answers pings, and cuts who does not answer.

    Pings are sent as often as the venue's rules say. Without a rule the recorded ones are sent in their places and,
    where a line lasts longer than it did, at their pace.
    """

    def __init__(self, venue: ServedVenue, script: ServedScript, dialect: Dialect) -> None:
        self._venue = venue
        self._dialect = dialect
        rules = rules_of(dialect)
        self._rule, self._idle_ns = rules.heartbeat, rules.idle_ns
        self._ends = [line.end_by_rule for line in script.lines.values() if line.end_by_rule is not None]
        self._lives: dict[int, _Life] = {}
        self._pongs = [pong for line in script.lines.values() for pong in line.pongs]

    def began(self, line: Line, now_ns: int) -> None:
        """A line was opened."""
        life = self._lives[line.number] = _Life(line, now_ns)
        if self._idle_ns is not None:
            self._venue.agenda.at(now_ns + self._idle_ns, partial(self._idle, life))
        if (every_ns := self._every(line)) is not None:
            self._venue.agenda.at(now_ns + every_ns, partial(self._turn, line, every_ns))

    def ended(self, conn: int) -> Line | None:
        """A line is gone."""
        life = self._lives.pop(conn, None)
        return life.line if life is not None else None

    def heard(self, conn: int, now_ns: int) -> None:
        """Anything came from the client."""
        if (life := self._lives.get(conn)) is not None:
            life.heard_ns, life.pinged_ns = now_ns, None

    def answer(self, line: Line, payload: str | bytes, envelope: Envelope) -> None:
        """The client gave a sign of life: if it asks for one, it gets the venue's, as it was recorded."""
        if not is_ping(envelope):
            life = self._lives[line.number]
            life.owed -= 1
            if life.owed < 0 and self._rule is not None and self._rule.surplus_ends:
                self._end(life)
            return
        pongs = [*line.recorded.pongs, *self._pongs]
        asked, said = next((each for each in pongs if each[0] == payload), pongs[0] if pongs else (payload, None))
        if said is None:
            self._answer_unheard(line, payload)
            return
        if isinstance(said.payload, str):
            swaps = swaps_between(asked, payload, self._dialect.decode(asked, "client"), envelope)
            now_ns = self._venue.agenda.now_ns
            text = patched(said.payload, swaps, self._read, now_ns - said.at_ns, said.at_ns)
            self._venue.say(line.number, text)
        else:
            self._venue.say(line.number, said.payload)

    def ping_as_recorded(self, line: Line, said: Said, at_ns: int) -> None:
        """A recorded ping frame is due; a rule takes its place."""
        if not self._lived_by_rule:
            self.pinged(line, at_ns)
            self._venue.ping(line.number, said.payload if isinstance(said.payload, bytes) else None)

    def pinged(self, line: Line, at_ns: int) -> None:
        """A ping is sent: the client owes an answer."""
        life = self._lives[line.number]
        life.owed += 1
        if self._rule is None or self._rule.within_ns is None or life.pinged_ns is not None:
            return
        life.pinged_ns = at_ns
        self._venue.agenda.at(at_ns + self._rule.within_ns, partial(self._check, life, at_ns))

    @property
    def _lived_by_rule(self) -> bool:
        return self._rule is not None and self._rule.frame == "protocol" and self._rule.every_ns is not None

    def _every(self, line: Line) -> int | None:
        if self._rule is not None and self._rule.every_ns is not None:
            return self._rule.every_ns
        pings = line.recorded.pings
        if len(pings) < 2:
            return None
        return max(SECOND, (pings[-1].mono_ns - pings[0].mono_ns) // (len(pings) - 1))

    def _turn(self, line: Line, every_ns: int, at_ns: int) -> None:
        life = self._lives.get(line.number)
        if life is None:
            return
        last = line.recorded.pings[-1] if line.recorded.pings else None
        if self._lived_by_rule or (line.course.over and last is not None and last.kind == "ping"):
            self.pinged(line, at_ns)
            self._venue.ping(line.number)
        elif line.course.over and last is not None and isinstance(last.payload, str):
            self.pinged(line, at_ns)
            self._venue.say(line.number, patched(last.payload, (), self._read, at_ns - last.at_ns, last.at_ns))
        self._venue.agenda.at(at_ns + every_ns, partial(self._turn, line, every_ns))

    def _check(self, life: _Life, pinged_ns: int, _: int) -> None:
        if life.pinged_ns == pinged_ns and life.line.number in self._lives:
            self._end(life)

    def _idle(self, life: _Life, at_ns: int) -> None:
        if life.line.number not in self._lives or self._idle_ns is None:
            return
        if at_ns - life.heard_ns >= self._idle_ns:
            self._end(life)
        else:
            self._venue.agenda.at(life.heard_ns + self._idle_ns, partial(self._idle, life))

    def _end(self, life: _Life) -> None:
        """As the venue ended such a line in the recording, or else by a FIN."""
        number, how = life.line.number, life.line.recorded.end_by_rule or next(iter(self._ends), None)
        if how is not None and how.kind == "close":
            self._venue.close(number, how.code, how.reason)
        else:
            self._venue.cut(number, "rst" if how is not None and how.kind == "rst" else "fin")

    def _answer_unheard(self, line: Line, payload: str | bytes) -> None:
        """No ping of a client was ever recorded: most venues answer with the same words, but for one letter."""
        if isinstance(payload, str) and (pong := payload.replace("ping", "pong").replace("PING", "PONG")) != payload:
            self._venue.say(line.number, pong)

    def _read(self, text: str) -> Envelope:
        return self._dialect.decode(text, "venue")
