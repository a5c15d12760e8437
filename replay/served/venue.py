"""The venue of a recording, played to live clients: sans-I/O, a gateway like that of every simulated venue."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Literal, override
from urllib.parse import urlsplit

import msgspec

from wsreplay.replay.rows import sendable_headers
from wsreplay.replay.served.doors import Doors
from wsreplay.replay.served.heartbeats import Heartbeats
from wsreplay.replay.served.line import PATIENCE_NS, ServedCourse
from wsreplay.replay.served.matching import Match, Matcher, Miss, text_of
from wsreplay.replay.served.orders import LiveOrders
from wsreplay.replay.served.pairs import Pair, Pairs
from wsreplay.replay.served.refusals import Refusals
from wsreplay.replay.served.script import Said, ServedLine, ServedScript, is_ping, subscriptions
from wsreplay.replay.served.shadow import Shadow, Told
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.gateway import Ask, Gateway, HeardFrame, Knock, Output, Refusal

type Unmatched = Literal["error", "simulator", "silent"]

_STRANGERS = 10_000
"""So many requests are told of that were never recorded."""


class Line(msgspec.Struct):
    """A live line."""

    number: int
    knock: Knock
    recorded: ServedLine
    course: ServedCourse


class ServedVenue(Gateway[Line]):
    """Answers what it is asked with what the recording has."""

    def __init__(
        self,
        script: ServedScript,
        dialect: Dialect,
        now_ns: int,
        *,
        unmatched: Unmatched = "error",
        shadow: Shadow | None = None,
        speed: float = 1.0,
        patience_ns: int = PATIENCE_NS,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``unmatched``: what a request is answered with that was never recorded; "simulator" needs a ``shadow``.

        ``tell`` is given a line for people about each of those.
        """
        super().__init__(now_ns)
        self.script = script
        self.missed: dict[str, Miss] = {}
        """The requests that were never recorded, each once, by their words."""
        self._dialect = dialect
        self._unmatched = unmatched
        self._shadow = shadow
        self._simulates = shadow if unmatched == "simulator" else None
        self._speed = speed
        self._patience_ns = patience_ns
        self._tell = tell
        self._doors = Doors(script)
        self._reserved: dict[Knock, ServedLine] = {}
        orders = LiveOrders(script)
        self._matcher = Matcher(script, orders)
        self._pairs = Pairs(dialect, orders)
        self._refusals = Refusals(script, dialect)
        self._heartbeats = Heartbeats(self, script, dialect)
        self._came: dict[int, int] = {}
        """When each recorded request first came, on any line."""
        self._origins = {stage.name: stage.origin for stage in script.stages}

    # Time

    @property
    @override
    def next_ns(self) -> int | None:
        """When :meth:`advance` has something to do."""
        times = [line.course.wake_ns for line in self.connections.values()]
        times += [self.agenda.next_ns, self._shadow.next_ns if self._shadow is not None else None]
        return min((each for each in times if each is not None), default=None)

    @override
    def advance(self, now_ns: int) -> list[Output]:
        """Do what is due until now."""
        for line in list(self.connections.values()):
            for said in line.course.due(now_ns):
                self._say(line, said, now_ns)
                if line.number not in self.connections:
                    break
        if self._shadow is not None:
            self._pass_on(self._shadow.advance(now_ns))
        return super().advance(now_ns)

    # Lines

    @override
    def on_knock(self, knock: Knock, now_ns: int) -> Refusal | None:
        """Let in or refuse, as the recorded handshake was; refuse where nobody ever knocked."""
        line = self._doors.at(knock.listener, knock.target)
        if line is None:
            path = urlsplit(knock.target).path
            near = self._doors.nearest(knock.listener)
            difference = "" if near is None else f"path {path} instead of {urlsplit(near.url).path or '/'}"
            where = "" if near is None else f"; the nearest is #{near.seq}: {difference}"
            self._note(Miss(f"a line to {path}", None, ""), f"a line to {path} was never recorded{where}")
            if self._unmatched == "error":
                return Refusal(status=404, body="NOT_RECORDED")
            line = ServedLine(conn=0, seq=0, upstream=knock.listener, url=knock.target, mono_ns=0)
        elif line.status != 101:
            status = line.status if 200 <= line.status < 600 else 502
            return Refusal(status=status, body=line.body, headers=sendable_headers(line.headers))
        self._reserved[knock] = line
        return None

    @override
    def on_welcome(self, knock: Knock) -> tuple[tuple[str, str], ...]:
        """The headers of the recorded handshake."""
        line = self._reserved.get(knock)
        return () if line is None else sendable_headers(line.headers)

    @override
    def on_open(self, conn: int, knock: Knock, now_ns: int) -> Line:
        """The line follows a recorded one."""
        recorded = self._reserved.pop(knock, None) or self._doors.at(knock.listener, knock.target)
        assert recorded is not None
        self._doors.entered(recorded)
        course = ServedCourse(
            recorded,
            self.script,
            now_ns,
            speed=self._speed,
            patience_ns=self._patience_ns,
            came_elsewhere=self._came.get,
        )
        return Line(conn, knock, recorded, course)

    @override
    def on_opened(self, conn: int, now_ns: int) -> None:
        """Heartbeats begin."""
        self._heartbeats.began(self.connections[conn], now_ns)

    @override
    def on_frame(self, conn: int, frame: HeardFrame, now_ns: int) -> None:
        """A frame came: the client lives."""
        self._heartbeats.heard(conn, now_ns)

    @override
    def on_closed(self, conn: int, now_ns: int) -> None:
        """A line is gone."""
        if (line := self._heartbeats.ended(conn)) is not None:
            self._doors.left(line.recorded)
        if self._shadow is not None:
            self._shadow.closed(conn, now_ns)

    # Messages

    @override
    def on_message(self, conn: int, payload: str | bytes, now_ns: int) -> None:
        """A message came: answer what asks for an answer."""
        line = self.connections[conn]
        envelope = self._dialect.decode(payload, "client")
        if envelope.role == "heartbeat":
            self._heartbeats.answer(line, payload, envelope)
        elif envelope.role == "request":
            found = self._matcher.find(envelope, payload, line.recorded.conn, line.course.came)
            if isinstance(found, Miss):
                self._stranger(line, payload, envelope, found, now_ns)
            elif found.beyond and self._simulates is not None:
                self._simulates.heard(line.number, line.knock, payload, now_ns, answered=True)
            else:
                self._known(line, payload, envelope, found, now_ns)

    def _known(self, line: Line, payload: str | bytes, envelope: Envelope, match: Match, now_ns: int) -> None:
        wish = match.wish
        pair = self._pairs.pair(wish, payload, envelope, line.number)
        if wish.line == line.recorded.conn and wish.seq not in line.course.came:
            line.course.came_now(wish, now_ns)
        else:
            if wish.reply is not None:
                due_ns = now_ns + self._paced(wish.latency_ns)
                self.agenda.at(due_ns, lambda at_ns: self._reply(line, pair, at_ns))
        for channel, begins in subscriptions(envelope):
            if begins:
                line.course.subscribed(channel, wish, self.script.lines[wish.line], now_ns)
            else:
                line.course.unsubscribed(channel)
        self._came.setdefault(wish.seq, now_ns)
        if self._shadow is not None and wish.accepted:
            self._shadow.heard(line.number, line.knock, payload, now_ns, order_id=pair.order_id)

    def _stranger(self, line: Line, payload: str | bytes, envelope: Envelope, miss: Miss, now_ns: int) -> None:
        self._note(miss, str(miss))
        if miss.nearest is not None and miss.nearest.envelope.op == envelope.op and miss.difference:
            line.course.missed(miss.nearest.seq)
        for channel, begins in subscriptions(envelope):
            if not begins:  # whatever it is answered, it is heeded
                line.course.unsubscribed(channel)
        if self._simulates is not None:
            self._simulates.heard(line.number, line.knock, payload, now_ns, answered=True)
        elif self._unmatched == "error" and envelope.replies:
            refusal = self._refusals.refuse(payload, envelope, str(miss))
            if refusal is not None:
                self.say(line.number, refusal)

    # REST

    @override
    def on_request(self, ticket: int, ask: Ask, now_ns: int) -> None:
        """A REST request came: it is answered as it was, after the time that this took."""
        url = self._origins.get(ask.listener, "") + ask.target
        http = HttpMessage(method=ask.method, url=url, headers=ask.headers, body=ask.body)
        envelope = self._dialect.decode_http(http, None)
        found = self._matcher.find(envelope, text_of(http), http=True)
        if isinstance(found, Miss):
            self._note(found, str(found))
            if self._simulates is not None:
                self._simulates.asked(ticket, ask, http, now_ns)
            elif self._unmatched == "error":
                self._respond(ticket, self._refusals.refuse_http(envelope, str(found)), None, now_ns)
            return
        wish = found.wish
        if found.beyond and self._simulates is not None:
            self._simulates.asked(ticket, ask, http, now_ns)
            return
        pair = self._pairs.pair_http(wish, http, envelope)
        self._came.setdefault(wish.seq, now_ns)
        if self._shadow is not None and wish.accepted:
            self._shadow.asked(0, ask, http, now_ns, order_id=pair.order_id)
        if wish.response is not None:
            due_ns = now_ns + self._paced(wish.latency_ns)
            self.agenda.at(due_ns, partial(self._respond, ticket, wish.response, pair))

    def _respond(self, ticket: int, response: HttpMessage, pair: Pair | None, now_ns: int) -> None:
        body = self._pairs.fitting_http(pair, now_ns) if pair is not None else response.body
        status = response.status or 0
        self.respond(ticket, status if 200 <= status < 600 else 502, body, sendable_headers(response.headers))

    # What the venue says

    def _reply(self, line: Line, pair: Pair, now_ns: int) -> None:
        if pair.wish.reply is not None:
            self.say(line.number, self._pairs.fitting(pair.wish.reply, pair, line.number, now_ns))

    def _say(self, line: Line, said: Said, now_ns: int) -> None:
        match said.kind:
            case "message":
                if is_ping(said.envelope):
                    self._heartbeats.pinged(line, now_ns)
                self.say(line.number, self._pairs.fitting(said, None, line.number, now_ns))
            case "ping":
                self._heartbeats.ping_as_recorded(line, said, now_ns)
            case "close":
                self.close(line.number, said.code, said.reason)
            case "fin" | "rst":
                self.cut(line.number, said.kind)

    def _pass_on(self, told: list[Told]) -> None:
        for each in told:
            if each.ticket:
                body = each.payload.encode() if isinstance(each.payload, str) else each.payload
                self.respond(each.ticket, each.status, body, each.headers)
            else:
                self.say(each.line, each.payload)

    def _note(self, miss: Miss, words: str) -> None:
        if miss.what not in self.missed and len(self.missed) < _STRANGERS:
            self.missed[miss.what] = miss
            self._tell(words)

    def _paced(self, duration_ns: int) -> int:
        return 0 if self._speed == inf else round(duration_ns / self._speed)
