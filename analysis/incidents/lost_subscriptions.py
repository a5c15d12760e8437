"""``lost-subscription``: it was on when its line ended, and nobody asked for it on the lines that took its place."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from wsreplay.analysis.incidents.incident import Incident, evidence_of
from wsreplay.analysis.incidents.lines import Line, Lines
from wsreplay.analysis.incidents.setting import Setting
from wsreplay.analysis.incidents.subscribed import Identity, OnLine, Topic
from wsreplay.analysis.incidents.wording import lasting, present, some_of
from wsreplay.captures.event import Event

PATIENCE_NS = 10_000_000_000
"""A bot that takes its subscriptions up again has done so by then."""
_ENDED = 1_024
"""Lines with lost subscriptions that are remembered. Beyond it the oldest are forgotten."""
_REPLACEMENTS = 1_024
_NAMED = 20


class _Replacement:
    """A line that was opened where another had ended."""

    __slots__ = ("line", "traffic")

    def __init__(self, line: Line) -> None:
        self.line = line
        self.traffic = False


class _Ended:
    """A line that ended, and what was on there."""

    __slots__ = ("broken", "end", "first", "lived_ns", "missing", "traffic", "url")

    def __init__(self, url: str, end: Event, missing: list[Topic], *, broken: bool) -> None:
        self.url = url
        self.end = end
        self.missing = missing
        self.broken = broken
        self.first: Line | None = None
        """The line that first took its place."""
        self.lived_ns = 0
        """For how long such a line lived at the most."""
        self.traffic = False


class LostSubscriptions:
    """Told at the end of the recording: until then it may be asked for again."""

    def __init__(self, setting: Setting, lines: Lines) -> None:
        self._setting = setting
        self._lines = lines
        self._ended: OrderedDict[int, _Ended] = OrderedDict()
        """By the address of their end."""
        self._urls: dict[str, int] = {}
        """How many of these led to each address."""
        self._replacements: OrderedDict[int | None, _Replacement] = OrderedDict()

    def opened(self, event: Event) -> None:
        """A line was opened."""
        line = self._lines.get(event.conn)
        if line is None or line.refused is not None or line.url not in self._urls:
            return
        self._replacements[event.conn] = _Replacement(line)
        for ended in self._ended.values():
            if ended.url == line.url and ended.first is None:
                ended.first = line
        if len(self._replacements) > _REPLACEMENTS:
            self._replacements.popitem(last=False)

    def traffic(self, conn: int | None) -> None:
        """Something was said on a line."""
        replacement = self._replacements.get(conn)
        if replacement is not None:
            replacement.traffic = True

    def begun(self, url: str, topic: Topic) -> None:
        """It was asked for: one that is missing there is missing no more."""
        self._found(url, topic.identity, topic.asking.words)

    def dropped(self, url: str, fact: Event) -> None:
        """The bot ended it, though it was not on any more: it does not want it."""
        if url in self._urls:
            self._found(url, (fact.channel, fact.symbol, fact.account), None)

    def ended(self, on_line: OnLine, end: Event, elsewhere: Sequence[OnLine]) -> None:
        """A line ended; ``elsewhere``: what is on, on other lines to the same address."""
        rules = self._setting.rules
        silent = rules is not None and not rules.confirms_subscriptions
        missing = [
            topic
            for topic in on_line.on
            if (topic.known or (silent and topic.asking.reached))
            and not any(each.begun(topic.identity, topic.asking.words) for each in elsewhere)
        ]
        if not missing or not on_line.url or (end.kind == "end" and end.ended_by == "proxy" and not self._cut(end)):
            return
        line = self._lines.get(end.conn)
        self._ended[end.seq] = _Ended(on_line.url, end, missing, broken=line is None or line.broken)
        self._urls[on_line.url] = self._urls.get(on_line.url, 0) + 1
        if len(self._ended) > _ENDED:
            self._drop(next(iter(self._ended)))

    def over(self, conn: int | None, ended: Event | None) -> None:
        """A line that took the place of others is over."""
        replacement = self._replacements.pop(conn, None)
        if replacement is None:
            return
        line = replacement.line
        now_ns = self._setting.now_ns if ended is None else ended.mono_ns
        for each in self._ended.values():
            if each.url == line.url and each.end.seq < line.opened_seq:
                each.lived_ns = max(each.lived_ns, now_ns - line.opened_mono_ns)
                each.traffic = each.traffic or replacement.traffic

    def end(self) -> Iterator[Incident]:
        """Nobody can ask for it any more."""
        for conn in list(self._replacements):
            self.over(conn, None)
        for ended in self._ended.values():
            if ended.first is not None and (ended.traffic or ended.lived_ns >= PATIENCE_NS):
                yield self._incident(ended, ended.first)
        self._ended.clear()
        self._urls.clear()

    def _cut(self, end: Event) -> bool:
        line = self._lines.get(end.conn)
        return line is not None and line.broken

    def _found(self, url: str, identity: Identity, words: bytes | None) -> None:
        if url not in self._urls:
            return
        for seq, ended in list(self._ended.items()):
            if ended.url != url:
                continue
            same = [topic for topic in ended.missing if topic.identity == identity]
            if identity[0] is None and words is None:
                same = list(ended.missing)
            if words is not None and any(topic.keyed for topic in same):  # each request has its own
                same = ([topic for topic in same if topic.asking.words == words] or same)[:1]
            gone = same
            ended.missing = [topic for topic in ended.missing if topic not in gone]
            if not ended.missing:
                self._drop(seq)

    def _drop(self, seq: int) -> None:
        ended = self._ended.pop(seq)
        self._urls[ended.url] -= 1
        if not self._urls[ended.url]:
            del self._urls[ended.url]

    def _incident(self, ended: _Ended, first: Line) -> Incident:
        names = [topic.name for topic in ended.missing]
        certain = ended.broken and ended.lived_ns >= PATIENCE_NS
        if certain and self._setting.gap_since(first.conn, ended.end.seq):
            certain = False
        return Incident(
            kind="lost-subscription",
            certainty="proven" if certain else "possible",
            conn=first.conn,
            seq=first.opened_seq,
            at_ns=first.opened_at_ns,
            mono_ns=first.opened_mono_ns,
            evidence=evidence_of(
                *(topic.asking.seq for topic in ended.missing[:_NAMED]), ended.end.seq, first.opened_seq
            ),
            summary=f"The bot was subscribed to {some_of(names)} when connection {ended.end.conn} ended, came back "
            f"{lasting(first.opened_mono_ns - ended.end.mono_ns)} later on connection {first.conn}, and did not ask "
            f"for {'it' if len(names) == 1 else 'them'} again in the {lasting(ended.lived_ns)} that its line lasted.",
            facts=present(
                url=ended.url,
                channels=names[:_NAMED],
                lost=len(names),
                ended_conn=ended.end.conn,
                ended_seq=ended.end.seq,
                request_seqs=[topic.asking.seq for topic in ended.missing[:_NAMED]],
                lasted_ns=ended.lived_ns,
            ),
        )
