"""A capture that knows its incidents: what ``wsreplay.open`` gives."""

from __future__ import annotations

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.search import incidents_of
from wsreplay.captures.capture import Capture


class AnalysedCapture(Capture):
    """A capture, and what went wrong in it."""

    def incidents(self) -> list[Incident]:
        """What went wrong, in order: as stored when the recording ended, or as found now."""
        return incidents_of(self)
