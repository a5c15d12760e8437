"""``missed-heartbeat`` and ``extra-pong``: who asked whether somebody still lives, and was or was not answered.

Told as a stretch: from the first ping without an answer until one comes, or the line is over. A pong answers all pings
before it. A venue's rules say how long it waits; where nobody states them, pings count as missed when the venue ended
the line while they waited, or when a good many of them did.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Literal

from wsreplay.analysis.incidents.incident import Certainty, Incident, evidence_of
from wsreplay.analysis.incidents.lines import LINES, Line, Lines
from wsreplay.analysis.incidents.pings import WAITING, Ping, Pings, is_ping
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.analysis.incidents.setting import Setting
from wsreplay.analysis.incidents.wording import count, lasting, present
from wsreplay.captures.event import Event

type Frame = Literal["protocol", "message"]

AT_ONCE_NS = 1_000_000_000
"""Who lives and listens answers a ping within this, unless the venue's rules give more time."""
SILENCE_NS = 10_000_000_000
"""A venue that answers no ping of the bot for so long misses them."""
SEVERAL = 3
"""So many pings in a row without an answer are missed, whatever the rules."""
_NAMED = 20
_SLACK_NS = 2_000_000_000


class _Life:
    """The heartbeats of one line."""

    __slots__ = ("extra", "extras", "last_from_bot", "pings", "quiet_since_ns", "seen_from_start")

    def __init__(self, began: Event, *, seen_from_start: bool) -> None:
        self.pings: dict[tuple[str, Frame], Pings] = {}
        """By who sends them and how."""
        self.extra: list[Event] = []
        self.extras = 0
        self.last_from_bot: int | None = began.seq
        self.quiet_since_ns = began.mono_ns
        self.seen_from_start = seen_from_start

    def of(self, sender: str, frame: Frame) -> Pings:
        """The pings of this side and manner."""
        found = self.pings.get((sender, frame))
        if found is None:
            found = self.pings[sender, frame] = Pings()
        return found


class Heartbeats:
    """Follows the pings and pongs of every line, both ways."""

    def __init__(self, setting: Setting, lines: Lines) -> None:
        self._setting = setting
        self._lines = lines
        self._lives: OrderedDict[int | None, _Life] = OrderedDict()
        self._venue_answers: set[Frame] = {"protocol"}
        """In which manner the venue is known to answer pings; as frames it has to."""

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:  # noqa: ARG002 - as all detectors
        """A ping, a pong, anything from the bot, or the beginning or the end of a line."""
        if event.role == "push" and event.sender == "venue":
            return ()  # nearly all that there is
        kind = event.kind
        if kind == "fact" or kind == "gap" or kind == "http_request" or kind == "http_response":
            return ()
        if kind == "open":
            return self._opened(event)
        if kind == "close" or kind == "end":
            line = self._lines.get(event.conn)
            return self._over(event.conn, event) if line is None or line.first_end is event else ()
        ping = is_ping(event)
        from_bot = event.sender == "client" and kind != "raw" and not event.part
        if ping is None and not from_bot:
            return ()
        line = self._lines.get(event.conn)
        if line is not None and line.first_end is not None:
            return ()  # said into a line that was over
        life, reached = self._life(event), self._setting.reached(event)
        found: Iterable[Incident] = ()
        if ping is not None:
            found = self._beat(
                life, event, "protocol" if kind == "ping" or kind == "pong" else "message", ping, reached
            )
        if from_bot and reached:
            life.last_from_bot, life.quiet_since_ns = event.seq, event.mono_ns
        return found

    def end(self) -> Iterator[Incident]:
        """The lines that are still open."""
        for conn in list(self._lives):
            yield from self._over(conn, None)

    # One event

    def _opened(self, event: Event) -> Iterable[Incident]:
        found = list(self._over(event.conn, None))
        line = self._lines.get(event.conn)
        if line is not None and line.refused is None:
            self._lives[event.conn] = _Life(event, seen_from_start=True)
            found += self._bound()
        return found

    def _life(self, event: Event) -> _Life:
        life = self._lives.get(event.conn)
        if life is None:
            life = self._lives[event.conn] = _Life(event, seen_from_start=False)
            if len(self._lives) > LINES:
                self._lives.popitem(last=False)
        return life

    def _bound(self) -> Iterable[Incident]:
        return self._over(next(iter(self._lives)), None) if len(self._lives) > LINES else ()

    def _beat(self, life: _Life, event: Event, frame: Frame, ping: bool, reached: bool) -> Iterable[Incident]:
        if ping:
            life.of(event.sender, frame).ping(event, reached)
            return ()
        if not reached:
            return ()  # nobody was given this answer
        asker = "venue" if event.sender == "client" else "client"
        pings = life.of(asker, frame)
        if asker == "client":
            self._venue_answers.add(frame)
        elif frame == "message" and pings.pongs >= pings.pings:
            life.extras += 1
            if len(life.extra) < _NAMED:
                life.extra.append(event)
        unanswered = pings.unanswered
        waited = pings.pong()
        return self._missed(life, asker, frame, waited, unanswered, answered=event, ended=None)

    def _over(self, conn: int | None, ended: Event | None) -> Iterable[Incident]:
        """A line is over; ``ended`` None: the recording is, or forgets about it."""
        life = self._lives.pop(conn, None)
        if life is None:
            return ()
        found: list[Incident] = []
        for (asker, frame), pings in life.pings.items():
            unanswered = pings.unanswered
            found += self._missed(life, asker, frame, pings.give_up(), unanswered, answered=None, ended=ended)
        if not found and ended is not None:
            found += self._idle(life, ended)
        return [*found, *self._extra(life, conn, ended)]

    # What is found

    def _missed(
        self,
        life: _Life,
        asker: str,
        frame: Frame,
        waited: list[Ping],
        unanswered: int,
        *,
        answered: Event | None,
        ended: Event | None,
    ) -> Iterable[Incident]:
        if not waited:
            return ()
        first, line = waited[0], self._lines.get(waited[0].conn)
        now_ns = (answered or ended).mono_ns if answered or ended else self._setting.now_ns  # type: ignore[union-attr]
        lasted = now_ns - first.mono_ns
        broke = ended if ended is not None and _broken_by_venue(line, ended) else None
        if asker == "venue":
            idle = broke is not None and self._idled(life, broke)
            certainty = "proven" if idle else self._misses(frame, lasted, unanswered, answered, broke)
        elif frame in self._venue_answers and lasted >= SILENCE_NS:
            certainty = "possible"
        else:
            certainty = None
        if certainty is None:
            return ()
        if certainty == "proven" and self._setting.gap_since(first.conn, first.seq):
            certainty = "possible"
        return (
            Incident.at(
                first,
                kind="missed-heartbeat",
                certainty=certainty,
                evidence=evidence_of(
                    *(ping.seq for ping in waited[:_NAMED]),
                    answered.seq if answered else None,
                    broke.seq if broke else None,
                ),
                summary=_words(asker, frame, waited, unanswered, lasted, answered, broke),
                facts=present(
                    pinged_by=asker,
                    frame=frame,
                    pings=unanswered,
                    ping_seqs=[ping.seq for ping in waited[:_NAMED]],
                    waited_ns=lasted,
                    answered_seq=answered.seq if answered else None,
                    ended_seq=broke.seq if broke else None,
                    close_code=broke.close_code if broke else None,
                    last_from_bot_seq=life.last_from_bot if asker == "venue" else None,
                ),
            ),
        )

    def _misses(
        self, frame: Frame, lasted: int, unanswered: int, answered: Event | None, broke: Event | None
    ) -> Certainty | None:
        """Whether the bot missed the venue's pings."""
        heartbeat = self._setting.rules.heartbeat if self._setting.rules is not None else None
        if heartbeat is not None and heartbeat.frame == frame and heartbeat.within_ns is not None:
            within = heartbeat.within_ns if broke is None else _nearly(heartbeat.within_ns)
            if lasted > within:
                return "proven"
        elif unanswered >= SEVERAL:
            # As frames they must be answered; what a message asks for, only the venue's rules say.
            return "proven" if broke is not None and frame == "protocol" else "possible"
        if broke is not None and answered is None and lasted >= AT_ONCE_NS:
            return "proven" if unanswered > 1 and heartbeat is not None else "possible"
        return None

    def _idle(self, life: _Life, ended: Event) -> Iterable[Incident]:
        """Nothing came from the bot for as long as the venue's rules allow, and the venue ended the line."""
        rules = self._setting.rules
        if not self._idled(life, ended) or rules is None or rules.idle_ns is None:
            return ()
        if not _broken_by_venue(self._lines.get(ended.conn), ended):
            return ()
        quiet = ended.mono_ns - life.quiet_since_ns
        gap = self._setting.gap_since(ended.conn, life.last_from_bot or 0)
        return (
            Incident.at(
                ended,
                kind="missed-heartbeat",
                certainty="possible" if gap else "proven",
                evidence=evidence_of(life.last_from_bot, ended.seq),
                summary=f"Nothing came from the bot on connection {ended.conn} for {lasting(quiet)}, "
                f"and the venue ended the line: it allows {lasting(rules.idle_ns)}.",
                facts=present(
                    waited_ns=quiet,
                    ended_seq=ended.seq,
                    close_code=ended.close_code,
                    last_from_bot_seq=life.last_from_bot,
                ),
            ),
        )

    def _idled(self, life: _Life, ended: Event) -> bool:
        idle = self._setting.rules.idle_ns if self._setting.rules is not None else None
        return idle is not None and ended.mono_ns - life.quiet_since_ns > _nearly(idle)

    def _extra(self, life: _Life, conn: int | None, ended: Event | None) -> Iterable[Incident]:
        if not life.extra or not life.seen_from_start:
            return ()
        heartbeat = self._setting.rules.heartbeat if self._setting.rules is not None else None
        fatal = heartbeat is not None and heartbeat.surplus_ends and heartbeat.frame == "message"
        line, first = self._lines.get(conn), life.extra[0]
        pings = life.of("venue", "message").pings
        broke = ended if ended is not None and _broken_by_venue(line, ended) else None
        proven = fatal and line is not None and not self._setting.gap_since(conn, line.opened_seq)
        came = ""
        if fatal and broke is not None:
            came = f"; {lasting(broke.mono_ns - first.mono_ns)} later the venue ended the line, as its rules say"
        elif fatal:
            came = ", which ends the line by the venue's rules"
        return (
            Incident.at(
                first,
                kind="extra-pong",
                certainty="proven" if proven else "possible",
                evidence=evidence_of(*(each.seq for each in life.extra), broke.seq if fatal and broke else None),
                summary=f"The bot sent {count(life.extras, 'pong')} that nobody had asked for on connection {conn}, "
                f"where the venue had pinged {_times(pings)}{came}.",
                facts=present(
                    extra=life.extras,
                    extra_seqs=[each.seq for each in life.extra],
                    pings=pings,
                    pongs=life.of("venue", "message").pongs,
                    ended_seq=broke.seq if broke else None,
                    close_code=broke.close_code if broke else None,
                ),
            ),
        )


def _nearly(limit_ns: int) -> int:
    """When a venue's timer may strike, seen from here: its messages and ours were under way."""
    return limit_ns - min(_SLACK_NS, limit_ns // 10)


def _broken_by_venue(line: Line | None, ended: Event) -> bool:
    """Whether the venue ended the line, by whatever means; not the bot, a fault that cut it, or the recording's end."""
    if ended.sender != "venue" or (line is not None and line.fault is not None and line.fault.startswith("drop")):
        return False
    return ended.kind == "close" or ended.ended_by != "proxy"


def _words(
    asker: str,
    frame: Frame,
    waited: list[Ping],
    unanswered: int,
    lasted: int,
    answered: Event | None,
    broke: Event | None,
) -> str:
    first = waited[0]
    kind = "ping" if frame == "protocol" else "ping message"
    many = f"{unanswered:,}" if unanswered > WAITING else str(len(waited))
    pings = f"a {kind}" if many == "1" else f"{many} {kind}s"
    who, whom = ("The venue", "the bot") if asker == "venue" else ("The bot", "the venue")
    lost = f" (none reached {whom})" if not any(ping.reached for ping in waited) else ""
    text = f"{who} sent {pings} on connection {first.conn}{lost}, and {whom} did not answer "
    if answered is not None:
        return f"{text}for {lasting(lasted)}."
    if broke is None:
        return f"{text}in the {lasting(lasted)} that were recorded after it."
    how = f"closed the line with {broke.close_code}" if broke.kind == "close" and broke.close_code else "ended the line"
    return f"{text}within {lasting(lasted)}; then the venue {how}."


def _times(number: int) -> str:
    return {0: "not once", 1: "once", 2: "twice"}.get(number, f"{number:,} times")
