"""``sequence-gap``: a channel's own numbering leaves some out, so that what the bot built from it is wrong.

The next push goes on by one, or begins where the last one ended. A snapshot begins the numbering anew, and so may a new
subscription. What the recorder saw and never handed on is missing for the bot. On a new line the numbers are compared
with those of the line before only where they go on: then they tell what was missed while the bot was away.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents.incident import Certainty, Incident, evidence_of
from wsreplay.analysis.incidents.lines import Lines
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.analysis.incidents.setting import Setting
from wsreplay.analysis.incidents.wording import count, lasting, present
from wsreplay.captures.event import Event

CHANNELS = 16_384
"""Numberings that are followed at a time. Beyond it the oldest are forgotten."""
TOLD = 50
"""Gaps of one channel on one line that are told one by one; the others are counted."""
_WITHHELD = 20

type _Label = tuple[int | None, str | None, str | None]


class _Last:
    """Where a numbering stands, and at which event."""

    __slots__ = ("at_ns", "conn", "mono_ns", "number", "seq", "withheld")

    def __init__(self, event: Event, number: int) -> None:
        self.number = number
        self.seq = event.seq
        self.conn = event.conn
        self.at_ns = event.at_ns
        self.mono_ns = event.mono_ns
        self.withheld: list[int] = []
        """What followed on its line and was never handed on."""


class _Gap:
    """Numbers that are missing so far, between two pushes."""

    __slots__ = ("away", "before", "doubt", "event", "filled_seq", "first", "last", "next", "withheld")

    def __init__(
        self, before: _Last, event: Event, start: int, withheld: list[int], *, away: bool, doubt: bool
    ) -> None:
        self.before = before
        self.event = _Last(event, 0)
        self.first = before.number + 1
        self.last = start - 1
        self.next = self.first
        """The first that is missing still: some may come late."""
        self.filled_seq: int | None = None
        self.withheld = withheld
        self.away = away
        self.doubt = doubt
        """Part of the recording is missing there."""


class _Numbering:
    """One channel on one line."""

    __slots__ = ("channel", "gap", "last", "more", "told", "untold", "withheld")

    def __init__(self, channel: str | None) -> None:
        self.channel = channel
        self.last: _Last | None = None
        """None: what comes next begins it."""
        self.gap: _Gap | None = None
        """The last one: its numbers may still come."""
        self.withheld: list[int] = []
        """Pushes since the last that were never handed on."""
        self.told = 0
        self.more = 0
        """Gaps that are only counted, but for the last of them."""
        self.untold: _Gap | None = None


class Sequences:
    """Follows the numbering of every channel on every line."""

    def __init__(self, setting: Setting, lines: Lines) -> None:
        self._setting = setting
        self._lines = lines
        self._numberings: OrderedDict[_Label, _Numbering] = OrderedDict()
        self._before: OrderedDict[tuple[str, str | None, str | None], _Last] = OrderedDict()
        """Where each numbering of each address stood when its line ended."""
        self._labels: OrderedDict[int | None, list[_Label]] = OrderedDict()

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:  # noqa: ARG002 - as all detectors
        """A numbered push, a new subscription, or the end of a line."""
        if event.venue_seq is not None:
            if event.role == "push" and event.sender == "venue" and not event.part:
                return self._pushed(event, event.venue_seq)
            return ()
        kind = event.kind
        if kind == "fact":
            if event.op == "subscribe" and event.of_seq is None and event.sender == "client":
                return self._subscribed(event)
        elif kind == "open":
            return self._over(event.conn)
        elif kind == "close" or kind == "end":
            line = self._lines.get(event.conn)
            if line is None or line.first_end is event:
                return self._over(event.conn)
        return ()

    def end(self) -> Iterator[Incident]:
        """The gaps that nothing filled."""
        for conn in list(self._labels):
            yield from self._over(conn)

    def _numbering(self, event: Event) -> tuple[_Numbering, bool]:
        """The numbering that a push belongs to, and whether it begins there."""
        label = event.conn, event.channel, event.symbol
        found = self._numberings.get(label)
        if found is not None:
            return found, False
        found = self._numberings[label] = _Numbering(event.channel)
        self._labels.setdefault(event.conn, []).append(label)
        if len(self._numberings) > CHANNELS:
            old, _ = self._numberings.popitem(last=False)
            labels = self._labels.get(old[0], [])
            if old in labels:
                labels.remove(old)
            if not labels:
                self._labels.pop(old[0], None)
        return found, True

    def _pushed(self, event: Event, number: int) -> Iterable[Incident]:
        numbering, begins = self._numbering(event)
        if not self._setting.reached(event):
            if len(numbering.withheld) < _WITHHELD:
                numbering.withheld.append(event.seq)
            return ()
        start = number if event.venue_seq_from is None else event.venue_seq_from
        last, away = numbering.last, False
        snapshot = (event.status or "").lower() == "snapshot"
        if last is None and begins and not snapshot:
            last = self._stood(event, start)
            away = last is not None
        withheld, numbering.withheld = numbering.withheld, []
        if away and last is not None:
            withheld = last.withheld + withheld
        if last is None or snapshot:
            numbering.last = _Last(event, number)
            return ()
        if start <= last.number + 1:
            if number > last.number:
                numbering.last = _Last(event, number)
            else:
                _late(numbering, event, start, number)
            return ()
        found = self._tell(numbering)
        doubt = self._setting.gap_since(event.conn, last.seq) or self._setting.gap_since(last.conn, last.seq)
        numbering.gap = _Gap(last, event, start, withheld, away=away, doubt=doubt)
        numbering.last = _Last(event, number)
        return found

    def _stood(self, event: Event, start: int) -> _Last | None:
        """Where the numbering stood on the line before, if it seems to go on from there."""
        line = self._lines.get(event.conn)
        if line is None or not line.opened_seq:
            return None
        last = self._before.get((line.url, event.channel, event.symbol))
        return last if last is not None and last.seq < line.opened_seq and start > last.number > 1 else None

    def _subscribed(self, fact: Event) -> Iterable[Incident]:
        """A new subscription may begin the numbering anew."""
        found: list[Incident] = []
        for label in self._labels.get(fact.conn, ()):
            if fact.channel in (None, label[1]) and (fact.symbol is None or label[2] in (None, fact.symbol)):
                numbering = self._numberings[label]
                found += self._tell(numbering)
                numbering.last = None
        return found

    def _over(self, conn: int | None) -> Iterable[Incident]:
        found: list[Incident] = []
        line = self._lines.get(conn)
        for label in self._labels.pop(conn, ()):
            numbering = self._numberings.pop(label)
            found += self._tell(numbering)
            if numbering.untold is not None:
                found.append(_incident(numbering, numbering.untold))
            if line is not None and line.url and numbering.last is not None:
                numbering.last.withheld = numbering.withheld
                self._before[line.url, label[1], label[2]] = numbering.last
                self._before.move_to_end((line.url, label[1], label[2]))
                if len(self._before) > CHANNELS:
                    self._before.popitem(last=False)
        return found

    def _tell(self, numbering: _Numbering) -> Iterable[Incident]:
        gap, numbering.gap = numbering.gap, None
        if gap is None:
            return ()
        if numbering.told >= TOLD:
            numbering.more += numbering.untold is not None
            numbering.untold = gap
            return ()
        numbering.told += 1
        return (_incident(numbering, gap),)


def _late(numbering: _Numbering, event: Event, start: int, number: int) -> None:
    """A push of before: one that was missing, one that comes twice, or the beginning of a new numbering."""
    gap = numbering.gap
    if gap is not None and gap.next <= gap.last and start <= gap.next <= number:
        gap.next = number + 1
        if gap.next > gap.last:
            gap.filled_seq = event.seq
    elif start <= 1 and numbering.last is not None and numbering.last.seq != event.seq:
        numbering.last = _Last(event, number)  # counted anew, as nobody counts to one twice


def _incident(numbering: _Numbering, gap: _Gap) -> Incident:
    missing = gap.last - gap.first + 1
    certainty: Certainty = "possible" if gap.doubt or gap.away else "proven"
    numbers = f"number {gap.first}" if missing == 1 else f"numbers {gap.first} to {gap.last}"
    if gap.filled_seq is not None:
        why = f"came late and out of order, by {gap.filled_seq}"
    elif gap.away:
        away = lasting(gap.event.mono_ns - gap.before.mono_ns)
        why = f"passed while the bot was away for {away}, and no snapshot has made up for it"
    elif gap.withheld:
        why = f"never reached the bot: {count(len(gap.withheld), 'message')} got lost on the way to it"
    else:
        why = "never came"
    doubt = ", though part of the recording is missing there" if gap.doubt else ""
    more = f"; {count(numbering.more, 'gap')} before it are not told" if gap is numbering.untold else ""
    return Incident.at(
        gap.event,
        kind="sequence-gap",
        certainty=certainty,
        evidence=evidence_of(gap.before.seq, *gap.withheld, gap.event.seq, gap.filled_seq),
        summary=f"On {numbering.channel or 'a channel'} {numbers} {why}{doubt}{more}.",
        facts=present(
            channel=numbering.channel,
            missing=missing,
            missing_from=gap.first,
            missing_to=gap.last,
            away=gap.away,
            withheld_seqs=gap.withheld or None,
            filled_seq=gap.filled_seq,
            more=numbering.more if gap is numbering.untold else None,
        ),
    )
