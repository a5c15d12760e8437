"""The setting: what all detectors may want to know of a recording besides the event that they are shown."""

from __future__ import annotations

from collections import OrderedDict
from functools import cache

import msgspec

from wsreplay.captures.event import Event
from wsreplay.venues.errors import VenueError
from wsreplay.venues.registry import dialect
from wsreplay.venues.rules import Rules

_GAPS = 4_096
_gap = msgspec.json.Decoder(type=dict[str, object]).decode


class Setting:
    """The venue and its rules, the time, and what the recording is missing."""

    def __init__(self, rules: Rules | None = None) -> None:
        """``rules``: those of the venue; None: those that its dialect states."""
        self.venue: str | None = None
        self.rules = rules
        """None: nobody states them, and only what the recording shows is known."""
        self.now_ns = 0
        """The monotonic time of the last event."""
        self._given = rules is not None
        self._relays = False
        self._gap_anywhere = 0
        self._gaps: OrderedDict[int, int] = OrderedDict()
        """The last gap of each connection."""

    def see(self, event: Event) -> None:
        """Take note of an event, before the detectors do."""
        if event.part:
            return
        self.now_ns = max(self.now_ns, event.mono_ns)
        if self.venue is None and event.venue is not None:
            self.venue = event.venue
            if not self._given:
                self.rules = stated_rules(event.venue)
        if event.relay_ns is not None:
            self._relays = True
        if event.kind == "gap":
            self._missing(event)

    def reached(self, event: Event) -> bool:
        """Whether a message was handed on, as far as this recording knows: some know it of none."""
        return event.relay_ns is not None or not self._relays

    def gap_since(self, conn: int | None, seq: int) -> bool:
        """Whether something of this connection may be missing after this event."""
        return max(self._gap_anywhere, self._gaps.get(conn or 0, 0)) > seq

    def _missing(self, event: Event) -> None:
        try:
            connections = _gap(event.text or "{}").get("connections")
        except msgspec.MsgspecError:
            connections = None
        known = [conn for conn in connections if isinstance(conn, int)] if isinstance(connections, list) else []
        if event.conn is not None:
            known.append(event.conn)
        if not known:
            self._gap_anywhere = event.seq
        for conn in known:
            self._gaps[conn] = event.seq
            self._gaps.move_to_end(conn)
            if len(self._gaps) > _GAPS:
                self._gap_anywhere = max(self._gap_anywhere, self._gaps.popitem(last=False)[1])


@cache
def stated_rules(venue: str) -> Rules | None:
    """The rules that a venue's dialect states; None where there is no such dialect, or it states none."""
    try:
        rules = getattr(dialect(venue), "rules", None)
    except VenueError:  # described by a map file, or not installed here
        return None
    return rules if isinstance(rules, Rules) else None
