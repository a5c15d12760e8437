"""What the parts of the debugger share with each other: the session, the widgets, and ways to say and ask something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App

if TYPE_CHECKING:
    from wsreplay.analysis.incidents.incident import Incident
    from wsreplay.analysis.session import Session
    from wsreplay.debugger.background import Background
    from wsreplay.debugger.lanes import Lanes
    from wsreplay.debugger.status import Status
    from wsreplay.debugger.timeline import Timeline


class Parts(App[None]):
    """What :class:`~wsreplay.debugger.app.Debugger` is, as its parts know it."""

    session: Session
    lanes: Lanes
    status: Status
    timeline: Timeline
    searching: Background
    loading: Background
    told: Incident | None
    zoomed: tuple[int, int] | None
    """From when to when the timeline shows; None: all."""

    def say(self, message: str) -> None:
        """Say something in the status line."""
        raise NotImplementedError

    def tell(self, incident: Incident) -> None:
        """Go to the first event that shows this incident, and tell it."""
        raise NotImplementedError

    def count(self) -> None:
        """Count again for the timeline."""
        raise NotImplementedError

    def refresh_panels(self) -> None:
        """Let the panels be drawn again."""
        raise NotImplementedError

    @property
    def empty(self) -> bool:
        """Whether there is no line to be at."""
        return not len(self.lanes.lines)
