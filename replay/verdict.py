"""The verdict: whether a replay did what its recording did. Sans-I/O.

Requests are aligned by what they want (operation and intent) and the how manieth of its kind each is, not by position.
Compared is what the bot knew of each (answered or not, and how), what the venue made of it as far as both sides know,
and which of its own orders a list showed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

import msgspec

from wsreplay.captures.event import Event
from wsreplay.replay.outputs import Note

type Identity = tuple[str | None, ...]
type Fate = Literal["accepted", "refused"]

_DECIDED: dict[str, Fate] = {"ok": "accepted", "rejected": "refused"}


class Tale(msgspec.Struct, kw_only=True):
    """What became of one request."""

    seq: int
    op: str | None
    label: str
    """What it wanted, in words."""
    identity: Identity
    intent: str | None
    answered: bool | None = None
    """Whether the bot had an answer; None: not before it had given up, or before the recording ended."""
    lost: bool = False
    """Whether the line ended, or a gateway gave up, before the answer came."""
    fate: Fate | None = None
    """What the venue made of it, where that is known."""
    status: str | None = None
    error_code: str | None = None
    listed: tuple[tuple[str, str | None], ...] = ()
    """The orders that the answer lists, as intent and status."""

    @property
    def outcome(self) -> str:
        """The outcome in words."""
        detail = self.error_code or self.status
        if self.answered is False or self.fate is None:
            return f"no answer, but {self.fate}" if self.fate else "no answer"
        words = self.fate if self.answered else f"{self.fate} too late"
        return f"{words} ({detail})" if detail else words


class Finding(NamedTuple):
    """An incident, as far as it matters here."""

    kind: str
    seq: int
    summary: str = ""


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """Where the replay did something else than the recording."""

    seq: int
    """The address in the recording."""
    replay_seq: int | None = None
    """The address in the replay's capture, where it has one."""
    what: str
    recorded: str = ""
    replayed: str = ""
    because: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = self.what
        if self.recorded or self.replayed:
            where = f" (#{self.replay_seq} of the replay)" if self.replay_seq is not None else ""
            text = f"{text}: {self.recorded} in the recording, {self.replayed} now{where}"
        return "; ".join((text, *self.because))


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


def tales(events: Iterable[Event], wanted: AbstractSet[int] | None = None) -> list[Tale]:
    """What became of the requests in these events, of all or of those with the wanted ``seq``."""
    told: dict[int, Tale] = {}
    listed: dict[int, list[tuple[str, str | None]]] = {}
    answers: dict[int, int] = {}
    for event in events:
        if event.part == 0:
            if event.role == "request" and event.sender == "client" and (wanted is None or event.seq in wanted):
                told[event.seq] = _tale(event)
            if event.reply_to is not None:
                answers[event.seq] = event.reply_to
        elif event.kind == "fact" and event.outcome is not None and event.of_seq in told:
            _fold(told[event.of_seq], event)
        elif event.kind == "fact" and event.order_id is not None and event.intent is not None:
            listed.setdefault(event.seq, []).append((event.intent, event.status))
    own = {tale.intent for tale in told.values() if tale.intent is not None}
    for seq, orders in listed.items():
        if (request := told.get(answers.get(seq, 0))) is not None:
            # Other orders on the account are none of this recording's business.
            request.listed = tuple(sorted(order for order in orders if order[0] in own))
    return list(told.values())


def judge(
    recorded: Sequence[Tale],
    replayed: Sequence[Tale],
    *,
    notes: Sequence[Note] = (),
    incidents: tuple[Sequence[Finding], Sequence[Finding]] | None = None,
) -> Verdict:
    """Compare a recording with its replay. ``incidents``: what was found in each, where somebody looked."""
    remarks: dict[int, list[str]] = {}
    for note in notes:
        remarks.setdefault(note.seq, []).append(note.text)
    found: list[Divergence] = []
    aligned: dict[int, int] = {}
    live = _by_occurrence(replayed)
    for key, tale in _by_occurrence(recorded).items():
        again = live.pop(key, None)
        because = tuple(remarks.get(tale.seq, ()))
        if again is None:
            found.append(_missing(tale, because))
            continue
        aligned[again.seq] = tale.seq
        if (difference := _difference(tale, again)) is not None:
            found.append(
                Divergence(
                    seq=tale.seq,
                    replay_seq=again.seq,
                    what=tale.label,
                    recorded=difference[0],
                    replayed=difference[1],
                    because=because,
                )
            )
    last = recorded[-1].seq if recorded else 0
    found += (
        Divergence(seq=last, replay_seq=tale.seq, what=tale.label, recorded="no such request", replayed=tale.outcome)
        for tale in live.values()
    )
    told = {divergence.seq for divergence in found}
    found += (Divergence(seq=note.seq, what=note.text) for note in notes if note.decides and note.seq not in told)
    again_found: tuple[str, ...] = ()
    if incidents is not None:
        found += _incidents(*incidents, aligned, last)
        again_found = tuple(sorted({each.kind for each in incidents[0]} & {each.kind for each in incidents[1]}))
    counted = Counter((tale.op or "?", tale.outcome) for tale in replayed)
    return Verdict(
        divergences=tuple(sorted(found, key=lambda divergence: divergence.seq)),
        outcomes=tuple((op, outcome, count) for (op, outcome), count in sorted(counted.items())),
        incidents=again_found,
    )


def _tale(event: Event) -> Tale:
    wish = (event.intent,) if event.intent is not None else (event.symbol, event.account, event.side, event.channel)
    numbers = () if event.intent is not None else (event.price, event.qty, event.client_order_id)
    order = f"{event.qty or '?'} @ {event.price or 'market'}" if event.side is not None else None
    words = (event.op or "request", event.symbol, event.side, order)
    return Tale(
        seq=event.seq,
        op=event.op,
        label=" ".join(word for word in words if word),
        identity=(event.op, *wish, *numbers),
        intent=event.intent,
    )


def _fold(tale: Tale, fact: Event) -> None:
    """Take note of what became known of a request."""
    tale.status = fact.status or tale.status
    tale.error_code = fact.error_code or tale.error_code
    if fact.outcome == "late":
        tale.answered = False if fact.resolved_by == "undelivered-reply" else None
        tale.fate = "accepted" if fact.error_code is None else "refused"
    elif fact.outcome in _DECIDED:
        # After an unknown outcome a reply to another request can tell what became of this one.
        if fact.resolved_by == "reply" and not tale.lost:
            tale.answered = True
        tale.fate = _DECIDED[fact.outcome]
    else:
        tale.answered, tale.lost = False, True


def _by_occurrence(told: Iterable[Tale]) -> dict[tuple[Identity, int], Tale]:
    counted: Counter[Identity] = Counter()
    found: dict[tuple[Identity, int], Tale] = {}
    for tale in told:
        counted[tale.identity] += 1
        found[tale.identity, counted[tale.identity]] = tale
    return found


def _difference(recorded: Tale, replayed: Tale) -> tuple[str, str] | None:
    """How the two differ, in words for each."""
    knew = None not in (recorded.answered, replayed.answered) and recorded.answered != replayed.answered
    fate = None not in (recorded.fate, replayed.fate) and recorded.fate != replayed.fate
    details = recorded.fate is not None and replayed.fate is not None
    detail = details and (recorded.status, recorded.error_code) != (replayed.status, replayed.error_code)
    if knew or fate or detail:
        return recorded.outcome, replayed.outcome
    if recorded.answered and recorded.listed != replayed.listed:
        return _shown(recorded), _shown(replayed)
    return None


def _shown(tale: Tale) -> str:
    return f"{len(tale.listed)} of its orders" if len(tale.listed) != 1 else "1 of its orders"


def _missing(tale: Tale, because: tuple[str, ...]) -> Divergence:
    return Divergence(seq=tale.seq, what=tale.label, recorded=tale.outcome, replayed="it was not sent", because=because)


def _incidents(
    recorded: Sequence[Finding], replayed: Sequence[Finding], aligned: dict[int, int], last: int
) -> Iterable[Divergence]:
    kinds, again = {each.kind for each in recorded}, {each.kind for each in replayed}
    for each in recorded:
        if each.kind not in again:
            again.add(each.kind)
            yield Divergence(seq=each.seq, what=f"{each.kind} happened in the recording, and not again")
    for each in replayed:
        if each.kind not in kinds:
            kinds.add(each.kind)
            seq = aligned.get(each.seq, last)
            yield Divergence(seq=seq, replay_seq=each.seq, what=f"{each.kind} happened now, and not in the recording")
