"""``duplicate-``, ``unanswered-`` and ``lost-subscription``: what was asked for, and what came of it.

One walk keeps what is on, on which line (:mod:`.subscribed`); what the three kinds say of it stands beside.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents.incident import Incident, evidence_of
from wsreplay.analysis.incidents.lines import LINES, Lines
from wsreplay.analysis.incidents.lost_subscriptions import LostSubscriptions
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.analysis.incidents.setting import Setting
from wsreplay.analysis.incidents.subscribed import Asking, OnLine, Topic
from wsreplay.analysis.incidents.unanswered_subscriptions import PATIENCE_NS, Unanswered
from wsreplay.analysis.incidents.wording import lasting, present
from wsreplay.captures.event import Event


class Subscriptions:
    """Follows the subscriptions of every line."""

    def __init__(self, setting: Setting, lines: Lines) -> None:
        self._setting = setting
        self._lines = lines
        self._by_conn: OrderedDict[int | None, OnLine] = OrderedDict()
        self._request: Event | None = None
        """The last request: the facts that follow it tell what it begins and ends."""
        self._asking: Asking | None = None
        self._lost = LostSubscriptions(setting, lines)
        self._unanswered = Unanswered(setting)

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:
        """A request, what it begins or ends, what became of it, a push, or the end of a line."""
        match event.kind:
            case "text" | "binary":
                self._said(event, request)
            case "fact":
                if request is not None and event.outcome is not None:
                    return self._learned(event)
                if event.op in ("subscribe", "unsubscribe") and event.of_seq is None:
                    return self._changed(event)
            case "open":
                found = self._over(event.conn, None)
                self._lost.opened(event)
                return found
            case "close" | "end":
                line = self._lines.get(event.conn)
                if line is None or line.first_end is event:
                    return self._over(event.conn, event)
        return ()

    def end(self) -> Iterator[Incident]:
        """What is to be said of the lines that are still open, and of what was lost."""
        for conn in list(self._by_conn):
            yield from self._over(conn, None)
        yield from self._unanswered.end()
        yield from self._lost.end()

    # One event

    def _said(self, event: Event, request: Sent | None) -> None:
        if request is not None and event.sender == "client":
            self._request = event
            self._asking = None
        if event.role == "heartbeat":
            return
        self._lost.traffic(event.conn)
        on_line = self._by_conn.get(event.conn)
        if on_line is None or event.role != "push" or event.sender != "venue":
            return
        for topic in on_line.of_push(event):
            if topic.pushed_seq is None:
                self._unanswered.heard(topic)
            topic.push(event)

    def _changed(self, fact: Event) -> Iterable[Incident]:
        """A request begins or ends a subscription."""
        request = self._request
        if request is None or request.seq != fact.seq or request.conn != fact.conn:
            return ()
        line = self._lines.get(fact.conn)
        if line is not None and line.first_end is not None:
            return ()
        on_line = self._by_conn.get(fact.conn)
        if on_line is None:
            on_line = self._by_conn[fact.conn] = OnLine(line.url if line is not None else "")
            if len(self._by_conn) > LINES:
                self._by_conn.popitem(last=False)
        if fact.op == "unsubscribe":
            ended = {topic.identity for topic in on_line.end(fact.channel, fact.symbol, fact.account, fact.mono_ns)}
            self._lost.dropped(on_line.url, fact)
            return self._told(on_line, [topic for topic in on_line.repeats if topic.identity in ended])
        return self._begun(on_line, request, fact)

    def _begun(self, on_line: OnLine, request: Event, fact: Event) -> Iterable[Incident]:
        asking = self._asking
        if asking is None:
            asking = self._asking = Asking(request, reached=self._setting.reached(request))
        identity = fact.channel, fact.symbol, fact.account
        topic = Topic(asking, identity)
        before = on_line.begun(identity, asking.words)
        if before is not None and before.asking is asking:
            return ()  # twice in one request: the venue says what it thinks of that
        # Where nobody states rules, other words may ask for something else, though they name the same channel.
        apart = before is not None and before.asking.words != asking.words and self._setting.rules is None
        found: Iterable[Incident] = ()
        if before is not None and not apart:
            found = self._told(on_line, on_line.repeated(topic, before))
        on_line.begin(topic, apart=apart)
        on_line.bound()
        self._lost.begun(on_line.url, topic)
        return found

    def _learned(self, fact: Event) -> Iterable[Incident]:
        on_line = self._by_conn.get(fact.conn)
        asking = on_line.of_request(fact.of_seq) if on_line is not None else None
        if on_line is None or asking is None or fact.outcome == "unknown":
            return ()
        taken = fact.outcome != "rejected" and fact.error_code is None
        asking.answered, asking.answered_seq, asking.answered_mono_ns = taken, fact.seq, fact.mono_ns
        self._unanswered.answered(asking)
        if not taken:
            on_line.refused(asking)
            on_line.forget(asking)
        # Of what was refused, or was repeated meanwhile, nothing more will come.
        return self._told(on_line, [topic for topic in asking.topics if not taken or topic.off_mono_ns is not None])

    def _over(self, conn: int | None, ended: Event | None) -> Iterable[Incident]:
        on_line = self._by_conn.pop(conn, None)
        self._lost.over(conn, ended)
        if on_line is None:
            return ()
        found = self._told(on_line, list(on_line.repeats))
        found += self._unanswered.over(on_line, ended)
        if ended is not None:
            elsewhere = [each for each in self._by_conn.values() if each.url == on_line.url]
            self._lost.ended(on_line, ended, elsewhere)
        return found

    # duplicate-subscription

    def _told(self, on_line: OnLine, topics: Iterable[Topic]) -> list[Incident]:
        """Tell of those that were asked for while they were on: nothing more is to come of it."""
        found: list[Incident] = []
        for topic in topics:
            if topic in on_line.repeats:
                del on_line.repeats[topic]
                found += self._again(topic)
                topic.first = None
        return found

    def _again(self, topic: Topic) -> Iterable[Incident]:
        first = topic.first
        if first is None or first.asking.answered is False:
            return ()
        again, known_ns = topic.asking, first.known_mono_ns
        if topic.keyed and again.words != first.asking.words:
            return ()
        waited_ns = again.mono_ns - first.asking.mono_ns
        in_vain = known_ns is None or (known_ns > again.mono_ns and waited_ns >= PATIENCE_NS)
        if topic.twice is None and in_vain:
            return ()  # asked again for want of a sign that it was heard, as one should
        certain = again.reached
        came = ""
        if topic.twice is not None:
            came = f"; since then messages come twice, as at {topic.twice[0]} and {topic.twice[1]}"
        elif again.answered is False:
            came = ", and the venue refused it"
        elif again.answered:
            came = ", and the venue took it"
        return (
            Incident.at(
                again,
                kind="duplicate-subscription",
                certainty="proven" if certain else "possible",
                evidence=evidence_of(
                    first.asking.seq,
                    first.asking.answered_seq,
                    first.pushed_seq,
                    again.seq,
                    again.answered_seq,
                    *(topic.twice or ()),
                ),
                summary=f"The bot subscribed to {topic.name} on connection {again.conn} again, "
                f"{_after(waited_ns)}, though it was on{came}.",
                facts=present(
                    op=again.op,
                    channel=topic.identity[0],
                    symbol=topic.identity[1],
                    request_seqs=[first.asking.seq, again.seq],
                    doubled_seqs=list(topic.twice) if topic.twice else None,
                ),
            ),
        )


def _after(waited_ns: int) -> str:
    return f"{lasting(waited_ns)} after the first time" if waited_ns >= 1_000 else "in the same moment"
