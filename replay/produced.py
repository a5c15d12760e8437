"""What came of a scenario: the kinds of incidents that the replay has more of than its recording."""

from __future__ import annotations

from collections import Counter
from typing import override

import msgspec

from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.capture import Capture
from wsreplay.faults.scenario import Scenario


class Produced(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario, what was to come of it, and what did."""

    name: str
    expected: tuple[str, ...]
    produced: tuple[str, ...]
    missing: tuple[str, ...]

    @override
    def __str__(self) -> str:
        """In one line."""
        said = f"scenario {self.name}: produced {', '.join(self.produced) or 'nothing'}"
        return f"{said}, and not {', '.join(self.missing)}" if self.missing else said


def produced_by(scenario: Scenario, recording: Capture, replay: Capture) -> Produced:
    """Compare the incidents of both, by what they are and not by how the capture's own rules saw them then."""
    return produced(scenario, Counter(_kinds(recording)), Counter(_kinds(replay)))


def produced(scenario: Scenario, recorded: Counter[str], replayed: Counter[str]) -> Produced:
    """The same from counts."""
    more = replayed - recorded
    expected = scenario.expects
    others = sorted(set(more) - set(expected))
    return Produced(
        name=scenario.name,
        expected=expected,
        produced=(*(kind for kind in expected if more[kind]), *others),
        missing=tuple(kind for kind in expected if not more[kind]),
    )


def _kinds(capture: Capture) -> list[str]:
    return [incident.kind for incident in incidents_in(capture.events())]
