"""A recorded line while it is read; and whether the venue ended it by a rule about signs of life.

If so, a served line lives by that rule, and is not ended in the recorded place.
"""

from __future__ import annotations

from wsreplay.captures.event import Event
from wsreplay.replay.served.script import Said, ServedLine, is_ping
from wsreplay.venues.envelope import Envelope
from wsreplay.venues.rules import Rules

_NEARLY = 0.95
"""Of the time that a rule gives: clocks and networks are not exact."""


class RecordedLife:
    """Of one recorded line."""

    def __init__(self, rules: Rules, opened_mono_ns: int) -> None:
        self._rules = rules
        self._heard_ns = opened_mono_ns
        self._pinged_ns: int | None = None
        """Since when the client owed a sign of life."""
        self._ponged = False
        """Whether the last thing on the line was a pong of the client's."""

    def heard(self, event: Event, envelope: Envelope | None = None) -> None:
        """The client sent something."""
        self._heard_ns = event.mono_ns
        self._pinged_ns = None
        beat = envelope is not None and envelope.role == "heartbeat" and not is_ping(envelope)
        self._ponged = beat or event.kind == "pong"

    def said(self, event: Event, envelope: Envelope | None = None) -> None:
        """The venue sent something."""
        self._ponged = False
        asks = event.kind == "ping" or (envelope is not None and is_ping(envelope))
        if asks and self._pinged_ns is None:
            self._pinged_ns = event.mono_ns

    def ended_by_rule(self, event: Event) -> bool:
        """Whether the end of the line follows from what the client did or left out."""
        rule, idle_ns = self._rules.heartbeat, self._rules.idle_ns
        if idle_ns is not None and event.mono_ns - self._heard_ns >= idle_ns * _NEARLY:
            return True
        if rule is None:
            return False
        if rule.surplus_ends and self._ponged:
            return True
        owed_ns = 0 if self._pinged_ns is None else event.mono_ns - self._pinged_ns
        return rule.within_ns is not None and owed_ns >= rule.within_ns * _NEARLY


class RecordedLine:
    """What is known of a connection on the way."""

    def __init__(self, line: ServedLine, rules: Rules) -> None:
        self.line = line
        self.life = RecordedLife(rules, line.mono_ns)
        self.said: list[Said] = []
        self.wishes: list[int] = []
        self.pongs: list[tuple[str | bytes, Said]] = []
        self.goodbye = self.client_over = self.over = self.cut = False
        self.last_wish: int | None = None
        """The last request, if nothing was said since."""
        self.beat: str | bytes | None = None
        """The client's last sign of life that is a message and has no answer yet."""
        self.subscribed: dict[str, bool] = {}
        """Channels that the client asked for, and whether it still wants them."""
