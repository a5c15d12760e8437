"""A line of the lanes: address, time, delta, connection, the arrow between bot and venue, facts, size.

6  08:30:57.735973    +541 µs  c1 │─createOrder─────────→│ WETHRUSD buy 0.050 @ 2600.00, …      516 B
"""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from wsreplay.analysis.event_facts import Facts, facts_of
from wsreplay.analysis.session.index import Row
from wsreplay.captures.event import Event
from wsreplay.captures.harmless import harmless
from wsreplay.captures.units import TimeOfDay, duration, size
from wsreplay.debugger.palette import Palette

_STUCK = "\N{BOX DRAWINGS LIGHT DIAGONAL CROSS}"
_WIDE = 100
"""Columns from which on there is room for everything."""
_BAD_KINDS = ("fault", "gap", "incident", "raw")


class Marks(NamedTuple):
    """What stands before a line."""

    joint: str = " "
    """Part of the bracket that joins a request and its reply."""
    sign: str = " "
    """``!`` evidence of an incident, ``*`` a note."""
    loud: bool = False
    """Evidence of the incident that is told at the top."""


class LaneLines:
    """Writes rows as lines of a given width."""

    def __init__(self, palette: Palette, *, dated: bool, address_width: int, relayed: bool) -> None:
        self._palette = palette
        self._time = TimeOfDay(dated)
        self._address_width = address_width
        self._relayed = relayed
        """Whether this capture knows of each message if it was handed on."""

    def line(self, row: Row, event: Event | None, since_ns: int | None, marks: Marks, width: int) -> list[Segment]:
        """The line. ``event``: None as long as it was not fetched; ``since_ns``: time since the line before."""
        look = self._palette
        wide = width >= _WIDE
        facts = facts_of(event, self._relayed) if event is not None else None
        bad = facts.bad if facts is not None else row.kind in _BAD_KINDS or row.role == "error"
        address = f"{row.seq:>{self._address_width}}{f'.{row.part}' if row.part else '':<2}"
        moment = self._time(row.at_ns)
        since = "" if since_ns is None else f"{'+' if since_ns >= 0 else ''}{duration(since_ns)}"
        conn = f"c{row.conn}" if row.conn else ""
        side = look.bad if bad else getattr(look, row.sender)
        start = f"{address} {moment if wide else moment[:-3]} {since:>9} {conn:>3} "
        weight = f" {size(row.size) if row.size is not None else '':>7}" if wide else ""
        room = 28 if wide else 20
        lane = self._lane(row, event, facts, room, side)
        left = max(width - 2 - len(start) - room - 1 - len(weight), 0)
        return [
            Segment(marks.joint, look.strong),
            Segment(marks.sign, look.bad if marks.loud or marks.sign == "!" else look.strong),
            Segment(start, look.strong if marks.loud else look.dim),
            *lane,
            Segment(" "),
            *self._facts(facts, left, bad),
            Segment(weight, look.dim),
        ]

    def _lane(self, row: Row, event: Event | None, facts: Facts | None, room: int, side: Style) -> list[Segment]:
        """The arrow. What was never handed on ends in a cross, and not in a head."""
        inner = room - 2
        label = _cells(harmless(facts.what if facts is not None else row.op or row.kind), inner - 4)
        border = Segment("│", self._palette.dim)
        taken = cell_len(label)
        if row.part and row.kind == "fact":
            return [border, Segment(_cells(f" · {label}", inner, fill=True), self._palette.dim), border]
        if row.sender == "proxy" or row.kind in ("open", "end", "incident", "fault", "gap"):
            left = max((inner - taken) // 2, 0)
            return [border, Segment(" " * left + label + " " * (inner - left - taken), side), border]
        stuck = (
            self._relayed and event is not None and event.relay_ns is None and event.kind in ("text", "binary", "close")
        )
        fill = "─" * max(inner - taken - 2, 0)
        if row.sender == "client":
            return [border, Segment(f"─{label}{fill}{_STUCK if stuck else '→'}", side), border]
        return [border, Segment(f"{_STUCK if stuck else '←'}{fill}{label}─", side), border]

    def _facts(self, facts: Facts | None, room: int, bad: bool) -> list[Segment]:
        if facts is None or not room:
            return [Segment(" " * room)]
        said = _cells(harmless(facts.said), room)
        taken = cell_len(said)
        found = [Segment(said, self._palette.bad if bad else self._palette.plain)]
        if facts.payload and room - taken > 8:
            head = facts.payload[:room]
            payload = head.hex(" ") if isinstance(head, bytes) else harmless(head)
            gap = "  " if said else ""
            found.append(Segment(gap + _cells(payload, room - taken - len(gap), fill=True), self._palette.dim))
        else:
            found.append(Segment(" " * (room - taken)))
        return found


def _cells(text: str, room: int, *, fill: bool = False) -> str:
    """The text in so many columns at most, or exactly."""
    room = max(room, 0)
    if text.isascii():
        if len(text) > room:
            return text[: room - 1] + "…" if room else ""
        return text.ljust(room) if fill else text
    if cell_len(text) > room:
        return set_cell_size(text, room - 1) + "…" if room else ""
    return set_cell_size(text, room) if fill else text
