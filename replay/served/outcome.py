"""How a served session ended: what the live client did against what the recorded one had done."""

from __future__ import annotations

import msgspec

from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.capture import Capture
from wsreplay.replay.outputs import Note
from wsreplay.replay.served.matching import Miss
from wsreplay.replay.verdict import Finding, Verdict, judge, tales

_OF_TIME = frozenset({"late-reply", "reconnect-storm"})
"""Incidents that at another speed say nothing."""


class Stranger(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was never recorded."""

    what: str
    nearest: int | None = None
    """The address of the recorded request that comes nearest."""
    difference: str = ""


class ServedOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A served session that is over."""

    verdict: Verdict
    strangers: tuple[Stranger, ...]
    lines: int
    requests: int

    @property
    def reproduced(self) -> bool:
        """Whether the client did what the recorded one had done, and nothing else."""
        return self.verdict.reproduced and not self.strangers


def outcome_of(recorded: Capture, live: Capture, missed: tuple[Miss, ...], speed: float = 1.0) -> ServedOutcome:
    """Compare the session with the recording that was served; at another speed, without what is made of time."""
    told = tales(live.events())
    notes = [Note(miss.nearest.seq, str(miss)) for miss in missed if miss.nearest is not None]
    verdict = judge(
        tales(recorded.events()), told, notes=notes, incidents=(_findings(recorded, speed), _findings(live, speed))
    )
    return ServedOutcome(
        verdict=verdict,
        strangers=tuple(
            Stranger(
                what=miss.what,
                nearest=miss.nearest.seq if miss.nearest is not None else None,
                difference=miss.difference or (miss.nearest.unknown if miss.nearest is not None else ""),
            )
            for miss in missed
        ),
        lines=sum(1 for event in live.events() if event.kind == "open"),
        requests=len(told),
    )


def _findings(capture: Capture, speed: float) -> list[Finding]:
    """The incidents in a capture, found now: those that it holds may have been found by older rules."""
    return [
        Finding(each.kind, each.seq, each.summary)
        for each in incidents_in(capture.events())
        if speed == 1.0 or each.kind not in _OF_TIME
    ]
