"""An event as a line: its address, when, who to whom, what, the facts that matter, and as much payload as fits.

    seq          time     since  conn     what                size  facts  payload
     12  14:03:22.118204  +12.4 ms  c1 → createOrder         328 B  BTC-PERP buy 0.5 @ 64210.5, key 7  {"id":7,…

Plain strings: a table library takes a hundred times as long, and a capture has many lines. All text of strangers goes
through :func:`~wsreplay.cli.harmless.harmless`.
"""

from __future__ import annotations

from typing import NamedTuple

from wsreplay.analysis.event_facts import Facts, facts_of
from wsreplay.captures.event import Event
from wsreplay.cli.harmless import harmless
from wsreplay.cli.units import TimeOfDay, duration, size

_ARROWS = {"client": "→", "venue": "←", "proxy": "·"}
_WHAT_WIDTH = 18
_SEPARATION = "  "
_LEAST_PAYLOAD = 8
"""Columns below which a piece of payload says nothing."""


class Style(NamedTuple):
    """The colours of a line, as terminal sequences; all empty where there are none."""

    client: str = ""
    venue: str = ""
    proxy: str = ""
    bad: str = ""
    bold: str = ""
    dim: str = ""
    off: str = ""


PLAIN = Style()
COLOURED = Style(
    client="\x1b[36m",
    venue="\x1b[32m",
    proxy="\x1b[33m",
    bad="\x1b[1;31m",
    bold="\x1b[1m",
    dim="\x1b[2m",
    off="\x1b[0m",
)


class EventLines:
    """Writes events as lines, each with the time since the line before."""

    def __init__(
        self,
        *,
        width: int | None,
        style: Style = PLAIN,
        dated: bool = False,
        address_width: int = 6,
        relayed: bool = True,
    ) -> None:
        self._width = width
        """Columns that a line may take; None: as many as it needs."""
        self._style = style
        self._time = TimeOfDay(dated)
        self._address_width = address_width
        self._relayed = relayed
        """Whether this capture knows of each message if it was handed on."""
        self._before: int | None = None

    def line(self, event: Event) -> str:
        """The event's line."""
        style = self._style
        before, self._before = self._before, event.mono_ns
        since = ""
        if before is not None and not event.part:
            since = f"{'+' if event.mono_ns >= before else ''}{duration(event.mono_ns - before)}"
        address = f"{event.seq:>{self._address_width}}{f'.{event.part}' if event.part else '  ':<2}"
        conn = f"c{event.conn}" if event.conn is not None else ""
        facts = facts_of(event, self._relayed)
        weight = f"{size(event.size) if event.size is not None else '':>7}"
        start = f"{address} {self._time(event.at_ns)} {since:>10} {conn:>4}"
        arrow = f"{_ARROWS[event.sender]} {_in_column(harmless(facts.what))} {weight}"
        taken = len(start) + _WHAT_WIDTH + len(weight) + len(" →  ")  # cells of "what", which may be fewer characters
        line = self._fitted(facts, None if self._width is None else self._width - taken)
        if style is PLAIN:
            return f"{start} {arrow}{line}".rstrip()
        side = style.bad if facts.bad else getattr(style, event.sender)
        return f"{style.dim}{start}{style.off} {side}{arrow}{style.off}{line}"

    def _fitted(self, facts: Facts, room: int | None) -> str:
        """Facts and payload, cut to the room that there is."""
        style = self._style
        line = ""
        if facts.said:
            said, room = _cut(harmless(facts.said), room)
            colour = style.bad if facts.bad else style.bold
            line = f"{_SEPARATION}{colour}{said}{style.off}" if said else ""
        if facts.payload and (room is None or room >= _LEAST_PAYLOAD):
            # The room is full long before a payload of megabytes ends.
            payload = facts.payload if room is None else facts.payload[:room]
            shown, _ = _cut(payload.hex(" ") if isinstance(payload, bytes) else harmless(payload), room)
            line += f"{_SEPARATION}{style.dim}{shown}{style.off}"
        return line


def _in_column(what: str) -> str:
    if not what.isascii():
        from rich.cells import set_cell_size

        return set_cell_size(what, _WHAT_WIDTH)
    return what[: _WHAT_WIDTH - 1] + "…" if len(what) > _WHAT_WIDTH else f"{what:<{_WHAT_WIDTH}}"


def _cut(text: str, room: int | None) -> tuple[str, int | None]:
    """As much of the text as fits behind a separation, and the room that is left then."""
    if room is None:
        return text, None
    room -= len(_SEPARATION)
    if room <= 0:
        return "", 0
    if text.isascii():
        columns = len(text)
        if columns > room:
            return text[: room - 1] + "…", 0
        return text, room - columns
    return _cut_by_cells(text, room)


def _cut_by_cells(text: str, room: int) -> tuple[str, int]:
    """The same where characters are two columns wide, or none."""
    from rich.cells import cell_len, set_cell_size

    columns = cell_len(text)
    if columns > room:
        return set_cell_size(text, room - 1) + "…", 0
    return text, room - columns
