"""Any two captures side by side: what differs, and how long the venue took in each."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event
from wsreplay.captures.read_by import dialect_of
from wsreplay.replay.context import Context, context_of
from wsreplay.replay.telling import Teller, Telling
from wsreplay.replay.terms import COMPARED
from wsreplay.replay.verdict import Finding, Verdict, judge
from wsreplay.venues.dialect import NoisyDialect
from wsreplay.venues.errors import VenueError

_OWN_IDS = frozenset({"client_order_id"})
"""What every run of a bot makes anew."""
_TELLING = ("intent", "channels", "channel", "op", "error_code", "close_code")
"""Facts that tell an incident from others of its kind, whichever it has first."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long the replies to an operation took in each: how many there were, and the median."""

    op: str
    first_count: int
    first_median_ns: int | None
    second_count: int
    second_median_ns: int | None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two captures, compared."""

    verdict: Verdict
    context: Context | None
    timing: tuple[Timing, ...]
    """For information: it decides nothing."""
    requests: tuple[int, int]
    lines: tuple[int, int]
    incidents: tuple[int, int]
    """How many of these each has."""

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return self.verdict.reproduced


def compare(first: Capture, second: Capture) -> Compared:
    """What differs between two captures, by the same rules as a replay is judged; each is read once."""
    sides = _Side(first), _Side(second)
    one, other = sides
    verdict = judge(
        one.telling,
        other.telling,
        incidents=(_findings(one.incidents), _findings(other.incidents)),
        terms=COMPARED,
    )
    return Compared(
        verdict=verdict,
        context=context_of(verdict, first, second),
        timing=tuple(_timing(one.latencies, other.latencies)),
        requests=(len(one.telling.requests), len(other.telling.requests)),
        lines=(len(one.telling.lines), len(other.telling.lines)),
        incidents=(len(one.incidents), len(other.incidents)),
    )


class _Side:
    """One capture, read."""

    def __init__(self, capture: Capture) -> None:
        self.latencies: dict[str, array[int]] = {}
        self._ops: dict[int, str] = {}
        teller = Teller(noise=_noise_of(capture) | _OWN_IDS)
        # Found now: those that it holds may have been found by older rules.
        self.incidents = incidents_in(self._shown(capture.events(), teller))
        self.telling: Telling = teller.telling()

    def _shown(self, events: Iterable[Event], teller: Teller) -> Iterator[Event]:
        for event in events:
            teller.see(event)
            if event.part == 0:
                self._time(event)
            yield event

    def _time(self, event: Event) -> None:
        if event.role == "request" and event.sender == "client" and event.op is not None:
            self._ops[event.seq] = event.op
        elif event.latency_ns is not None and event.reply_to is not None and event.role in ("reply", "error"):
            op = self._ops.pop(event.reply_to, None)
            if op is not None:
                self.latencies.setdefault(op, array("q")).append(event.latency_ns)


def _noise_of(capture: Capture) -> frozenset[str]:
    try:
        dialect = dialect_of(capture.metadata)
    except VenueError:  # not installed here: its captures can be compared all the same
        return frozenset()
    return dialect.noise if isinstance(dialect, NoisyDialect) else frozenset()


def _findings(incidents: Sequence[Incident]) -> list[Finding]:
    """The incidents, each told from others of its kind: the second of two is another than the first."""
    counted: Counter[tuple[str, str]] = Counter()
    found = []
    for incident in incidents:
        about = next((f"{name} {incident.facts[name]}" for name in _TELLING if name in incident.facts), "")
        counted[incident.kind, about] += 1
        number = counted[incident.kind, about]
        found.append(Finding(incident.kind, incident.seq, incident.summary, f"{about} {number}"))
    return found


def _timing(first: dict[str, array[int]], second: dict[str, array[int]]) -> Iterator[Timing]:
    for op in sorted(first.keys() | second.keys()):
        one, other = first.get(op, array("q")), second.get(op, array("q"))
        yield Timing(
            op=op,
            first_count=len(one),
            first_median_ns=_median(one),
            second_count=len(other),
            second_median_ns=_median(other),
        )


def _median(values: array[int]) -> int | None:
    return sorted(values)[len(values) // 2] if values else None
