"""The verdict: whether a replay did what its recording did. Sans-I/O.

Requests are aligned by what they want (operation and intent) and the how manieth of its kind each is, not by
position; lines by where they led, channels by their line and name. Compared is what the bot knew of each request
(answered or not, and how), what the venue made of it as far as both sides know, which of its own orders a list showed
and what pushes told of them; whether lines came up and how they ended; whether data came; and which incidents happened.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Literal, NamedTuple

import msgspec

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.replay.line_verdict import channel_divergences, line_divergences, line_pairs
from wsreplay.replay.outputs import Note
from wsreplay.replay.tales import Identity, Tale, tales
from wsreplay.replay.telling import Telling, tell
from wsreplay.replay.terms import REPLAYED, Difference, Terms

__all__ = ["Divergence", "Finding", "Tale", "Verdict", "finding_of", "judge", "tales", "tell"]

_OF_AN_ORDER = frozenset({"duplicate-order", "blind-retry", "lost-response"})

type About = Literal["request", "order", "line", "channel", "incident", "note"]


class Finding(NamedTuple):
    """An incident, as far as it matters here."""

    kind: str
    seq: int
    summary: str = ""
    about: str | None = None
    """The intent of its order, or what else tells it from others of its kind; None: one is as good as another."""


def finding_of(incident: Incident) -> Finding:
    """An incident as it is compared: what became of an order, by that order."""
    about = incident.facts.get("intent") if incident.kind in _OF_AN_ORDER else None
    return Finding(incident.kind, incident.seq, incident.summary, about)


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """Where the replay did something else than the recording."""

    seq: int
    """The address in the recording."""
    replay_seq: int | None = None
    """The address in the replay's capture, where it has one."""
    about: About = "request"
    what: str
    recorded: str = ""
    replayed: str = ""
    because: tuple[str, ...] = ()
    only_in: Literal["recorded", "replayed"] | None = None
    """Which of the two has it at all; of one that only the replay has, ``seq`` is what came before it."""
    near_seq: int | None = None
    """Where it would have been in the replay, as near as can be told."""
    text: str = ""
    """All of it, in one sentence."""

    def __str__(self) -> str:
        return self.text or self.sentence()

    def sentence(self, terms: Terms = REPLAYED, *, addressed: bool = True) -> str:
        """The divergence in words; ``addressed``: with its address in the replay."""
        text = self.what
        if self.recorded or self.replayed:
            where = f" (#{self.replay_seq} {terms.of_second})" if addressed and self.replay_seq is not None else ""
            text = f"{text}: {self.recorded} {terms.first}, {self.replayed} {terms.second}{where}"
        return (": " if self.about == "incident" else "; ").join((text, *self.because))


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the recording was reproduced, and where not."""

    divergences: tuple[Divergence, ...]
    outcomes: tuple[tuple[str, str, int], ...]
    """What became of the replay's requests: operation, outcome, how many."""
    incidents: tuple[str, ...] = ()
    """The kinds of incidents that happened in the recording and again."""

    @property
    def reproduced(self) -> bool:
        """Whether everything was as in the recording."""
        return not self.divergences

    @property
    def first(self) -> Divergence | None:
        """The first divergence."""
        return self.divergences[0] if self.divergences else None


def judge(
    recorded: Sequence[Tale] | Telling,
    replayed: Sequence[Tale] | Telling,
    *,
    notes: Sequence[Note] = (),
    incidents: tuple[Sequence[Finding], Sequence[Finding]] | None = None,
    terms: Terms = REPLAYED,
) -> Verdict:
    """Compare a recording with its replay.

    Of two sequences of tales only the requests are compared. ``incidents``: what was found in each, where somebody
    looked. ``terms``: what may differ between the two without being a divergence.
    """
    requests, again = _requests(recorded), _requests(replayed)
    remarks: dict[int, list[str]] = {}
    for note in notes:
        remarks.setdefault(note.seq, []).append(note.text)
    until = recorded.until if isinstance(recorded, Telling) and terms.of_time else None
    aligned: dict[int, int] = {}
    """The requests of the replay, each with the one of the recording."""
    found = list(_of_requests(requests, again, remarks, aligned, until))
    extra = [tale for tale in again if tale.seq not in aligned]
    known = dict(aligned)
    if isinstance(recorded, Telling) and isinstance(replayed, Telling) and terms.whole:
        known |= line_pairs(recorded.lines, replayed.lines)
    places = _Places(known, requests)
    found += places.only_now(_extra(extra))
    if isinstance(recorded, Telling) and isinstance(replayed, Telling) and terms.whole:
        found += places.only_now(_of("line", line_divergences(recorded.lines, replayed.lines, terms)))
        found += _of("channel", channel_divergences(recorded, replayed))
    told = {divergence.seq for divergence in found}
    found += (
        Divergence(seq=note.seq, about="note", what=note.text)
        for note in notes
        if note.decides and note.seq not in told
    )
    again_found: tuple[str, ...] = ()
    if incidents is not None:
        found += places.only_now(_of_incidents(*incidents, terms))
        again_found = tuple(sorted({each.kind for each in incidents[0]} & {each.kind for each in incidents[1]}))
    counted = Counter((tale.op or "?", tale.outcome) for tale in again)
    ordered = sorted(found, key=lambda divergence: divergence.seq)
    return Verdict(
        divergences=tuple(places.near(each, terms) for each in ordered),
        outcomes=tuple((op, outcome, count) for (op, outcome), count in sorted(counted.items())),
        incidents=again_found,
    )


def _requests(side: Sequence[Tale] | Telling) -> Sequence[Tale]:
    return side.requests if isinstance(side, Telling) else side


def _of_requests(
    recorded: Sequence[Tale],
    replayed: Sequence[Tale],
    remarks: Mapping[int, list[str]],
    aligned: dict[int, int],
    until: int | None,
) -> Iterator[Divergence]:
    live = _by_occurrence(replayed)
    before = _by_occurrence(recorded)
    otherwise = _uttered_otherwise(
        [tale for key, tale in before.items() if key not in live],
        [tale for key, tale in live.items() if key not in before],
    )
    for key, tale in before.items():
        again = live.pop(key, None)
        because = tuple(remarks.get(tale.seq, ()))
        if again is None and (other := otherwise.get(tale.seq)) is not None:
            aligned[other.seq] = tale.seq
            yield _other_words(tale, other, because)
            continue
        if again is None:
            yield Divergence(
                seq=tale.seq,
                what=tale.label,
                recorded=tale.outcome,
                replayed="it was not sent",
                because=because,
                only_in="recorded",
            )
            continue
        aligned[again.seq] = tale.seq
        differs = _difference(tale, again)
        if differs is None and until is not None:
            differs = _told_otherwise(tale, again, until)
        if differs is not None:
            yield Divergence(
                seq=differs.seq or tale.seq,
                replay_seq=differs.replay_seq or again.seq,
                about="order" if differs.seq else "request",
                what=tale.label,
                recorded=differs.recorded,
                replayed=differs.replayed,
                because=because,
            )


def _extra(tales_of_now: Iterable[Tale]) -> Iterator[Divergence]:
    """The requests that only the replay has."""
    for tale in tales_of_now:
        yield Divergence(
            seq=0,
            replay_seq=tale.seq,
            what=tale.label,
            recorded="no such request",
            replayed=tale.outcome,
            only_in="replayed",
        )


def _by_occurrence(told: Iterable[Tale]) -> dict[tuple[Identity, int], Tale]:
    counted: Counter[Identity] = Counter()
    found: dict[tuple[Identity, int], Tale] = {}
    for tale in told:
        counted[tale.identity] += 1
        found[tale.identity, counted[tale.identity]] = tale
    return found


def _uttered_otherwise(missing: Iterable[Tale], extra: Iterable[Tale]) -> dict[int, Tale]:
    """The requests that seem to be said in other words now: of the same kind, in their order."""
    waiting: dict[Identity, deque[Tale]] = {}
    for tale in extra:
        waiting.setdefault(tale.kind, deque()).append(tale)
    found = {}
    for tale in missing:
        if others := waiting.get(tale.kind):
            found[tale.seq] = others.popleft()
    return found


def _other_words(tale: Tale, other: Tale, because: tuple[str, ...]) -> Divergence:
    names = dict.fromkeys(name for name, _ in set(tale.facts) ^ set(other.facts))
    order = [name for name in dict(tale.facts + other.facts) if name in names]

    def words(one: Tale) -> str:
        facts = dict(one.facts)
        said = ", ".join(f"{name.replace('_', ' ')} {facts.get(name, 'not said')}" for name in order)
        return f"{said or 'other terms'}, {one.outcome}"

    return Divergence(
        seq=tale.seq,
        replay_seq=other.seq,
        what=tale.label,
        recorded=words(tale),
        replayed=words(other),
        because=because,
    )


def _difference(recorded: Tale, replayed: Tale) -> Difference | None:
    """How the two differ, in words for each."""
    knew = None not in (recorded.answered, replayed.answered) and recorded.answered != replayed.answered
    fate = None not in (recorded.fate, replayed.fate) and recorded.fate != replayed.fate
    details = recorded.fate is not None and replayed.fate is not None
    detail = details and (recorded.status, recorded.error_code) != (replayed.status, replayed.error_code)
    if knew or fate or detail:
        return Difference(recorded=recorded.outcome, replayed=replayed.outcome)
    if recorded.answered and recorded.listed != replayed.listed:
        return Difference(recorded=_shown(recorded), replayed=_shown(replayed))
    return None


def _told_otherwise(recorded: Tale, replayed: Tale, until: int) -> Difference | None:
    """Whether pushes told another story of the order.

    What came after the client's last deed need not come again: the replay may be over by then. Nor can a recording that
    ended tell what would have come.
    """
    before, now = [status for _, status in recorded.told], [status for _, status in replayed.told]
    common = 0
    while common < min(len(before), len(now)) and before[common] == now[common]:
        common += 1
    missing = recorded.told[common][0] if common < len(before) else None
    if common == len(now):
        if missing is None or missing > until:
            return None
    elif missing is None:
        return None
    return Difference(
        recorded=f"its order became {_steps(before)}",
        replayed=f"it became {_steps(now)}" if now else "nothing was told of it",
        seq=missing,
        replay_seq=replayed.told[common][0] if common < len(now) else None,
    )


def _steps(statuses: list[str]) -> str:
    return ", then ".join(statuses[:6]) + (", …" if len(statuses) > 6 else "")


def _shown(tale: Tale) -> str:
    return f"{len(tale.listed)} of its orders" if len(tale.listed) != 1 else "1 of its orders"


def _of(about: About, differences: Iterable[Difference]) -> Iterator[Divergence]:
    for each in differences:
        yield Divergence(
            seq=each.seq or 0,
            replay_seq=each.replay_seq,
            about=about,
            what=each.what,
            recorded=each.recorded,
            replayed=each.replayed,
            only_in=each.only_in,
        )


def _of_incidents(recorded: Sequence[Finding], replayed: Sequence[Finding], terms: Terms) -> Iterator[Divergence]:
    before, now = {_sort_of(each) for each in recorded}, {_sort_of(each) for each in replayed}
    for each in recorded:
        if _sort_of(each) not in now and each.kind not in terms.excused:
            now.add(_sort_of(each))
            yield Divergence(
                seq=each.seq,
                about="incident",
                what=f"{each.kind} happened {terms.first}, {terms.gone}",
                because=(each.summary,) if each.summary else (),
                only_in="recorded",
            )
    for each in replayed:
        if _sort_of(each) not in before:
            before.add(_sort_of(each))
            yield Divergence(
                seq=0,
                replay_seq=each.seq,
                about="incident",
                what=f"{each.kind} happened {terms.second}, and not {terms.first}",
                because=(each.summary,) if each.summary else (),
                only_in="replayed",
            )


def _sort_of(finding: Finding) -> tuple[str, str | None]:
    return finding.kind, finding.about


class _Places:
    """Where in the one something is that only the other has: beside the request or the line before it."""

    def __init__(self, aligned: Mapping[int, int], recorded: Sequence[Tale]) -> None:
        self._by_replayed = sorted(aligned.items())
        self._by_recorded = sorted((before, now) for now, before in aligned.items())
        self._start = recorded[0].seq if recorded else 0

    def only_now(self, divergences: Iterable[Divergence]) -> Iterator[Divergence]:
        """Give those that only the replay has their place in the recording."""
        for each in divergences:
            if each.only_in != "replayed" or each.replay_seq is None:
                yield each
                continue
            at = bisect_right(self._by_replayed, each.replay_seq, key=itemgetter(0))
            yield msgspec.structs.replace(each, seq=self._by_replayed[at - 1][1] if at else self._start)

    def near(self, divergence: Divergence, terms: Terms) -> Divergence:
        """Give one that the replay does not have its place there."""
        near_seq = None
        if divergence.replay_seq is None:
            at = bisect_right(self._by_recorded, divergence.seq, key=itemgetter(0))
            near_seq = self._by_recorded[at - 1][1] if at else None
        return msgspec.structs.replace(divergence, near_seq=near_seq, text=divergence.sentence(terms))
