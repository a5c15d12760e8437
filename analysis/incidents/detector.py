"""What all detectors have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.captures.event import Event


class Detector(Protocol):
    """Sees the events of a recording once, in order, and keeps no more of them than it must."""

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:
        """The incidents that this event brings to an end; ``request`` is the one that it is, or tells of."""
        ...

    def end(self) -> Iterable[Incident]:
        """The incidents that waited for more to become known, when nothing more comes."""
        ...
