"""The search: one walk through a recording with all detectors, and where its findings are kept.

:func:`find` is a finisher (:mod:`wsreplay.captures.finishers`): a recording that ends stores its incidents as rows. A
capture without any (one that goes on, was cut off, or came from elsewhere) is searched when it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents import FINISHER
from wsreplay.analysis.incidents.advice import advised
from wsreplay.analysis.incidents.detector import Detector
from wsreplay.analysis.incidents.disconnects import Disconnects
from wsreplay.analysis.incidents.heartbeats import Heartbeats
from wsreplay.analysis.incidents.incident import KINDS, Incident
from wsreplay.analysis.incidents.lines import Lines
from wsreplay.analysis.incidents.login import Logins
from wsreplay.analysis.incidents.malformed import Malformed
from wsreplay.analysis.incidents.reconnects import Reconnects
from wsreplay.analysis.incidents.refusals import Refusals
from wsreplay.analysis.incidents.replies import Replies
from wsreplay.analysis.incidents.request_ids import RequestIds
from wsreplay.analysis.incidents.retries import Retries
from wsreplay.analysis.incidents.sent import Followed
from wsreplay.analysis.incidents.sequence import Sequences
from wsreplay.analysis.incidents.setting import Setting, stated_rules
from wsreplay.analysis.incidents.subscriptions import Subscriptions
from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event
from wsreplay.venues.rules import Rules

__all__ = ["FINISHER", "find", "incidents_in", "incidents_of"]

_QUESTION = "SELECT seq FROM events WHERE kind = 'incident' GROUP BY seq ORDER BY seq"


def find(events: Iterable[Event]) -> Iterator[Event]:
    """The incidents among these events, as rows to store with them."""
    for incident in incidents_in(events):
        yield incident.as_row()


def incidents_in(
    events: Iterable[Event], *, patience_ns: int | None = None, rules: Rules | None = None
) -> list[Incident]:
    """The incidents among these events, which come in their order.

    ``patience_ns``: that of the bot, if it is known. ``rules``: the venue's; None: those that its dialect states.
    """
    setting = Setting(rules)
    found = list(_walk(events, setting, patience_ns))
    found.sort(key=lambda incident: (incident.seq, KINDS.index(incident.kind)))
    return advised(found, setting.rules)


def incidents_of(capture: Capture) -> list[Incident]:
    """The incidents of a capture: those that it holds, or those that are found in it now."""
    seqs: list[int] = capture.sql(_QUESTION).column("seq").to_pylist()
    if not seqs:
        return incidents_in(capture.events())
    rows = (event for event in capture.events(seqs[0], seqs[-1]) if event.kind == "incident")
    found = [incident for row in rows if (incident := Incident.of_row(row)) is not None]
    return advised(found, stated_rules(capture.metadata.venue) if capture.metadata.venue else None)


def _walk(events: Iterable[Event], setting: Setting, patience_ns: int | None) -> Iterator[Incident]:
    lines, followed = Lines(), Followed()
    request_ids = RequestIds()
    detectors: tuple[Detector, ...] = (
        request_ids,
        Refusals(request_ids.refused),  # after those whose findings it leaves out
        Replies(),
        Disconnects(lines),
        Reconnects(lines),
        Malformed(),
        Retries(lines, patience_ns=patience_ns),
        Logins(setting, lines),
        Heartbeats(setting, lines),
        Subscriptions(setting, lines),
        Sequences(setting, lines),
    )
    for event in events:
        if event.kind == "incident":
            continue
        setting.see(event)
        lines.see(event)
        request = followed.see(event)
        for detector in detectors:
            yield from detector.see(event, request)
    for detector in detectors:
        yield from detector.end()
