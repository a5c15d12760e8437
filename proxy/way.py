"""One direction through a gate: what was cut out of the bytes waits, is handed on or lost, on record either way."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wsreplay.captures.wire import What
from wsreplay.faults.corruption import corrupt
from wsreplay.faults.effects import Corrupt
from wsreplay.faults.firing import Firing
from wsreplay.faults.passage import Passage
from wsreplay.proxy.framing import Cutter, Unit
from wsreplay.proxy.gated_wire import GateWire
from wsreplay.proxy.relay import Note
from wsreplay.proxy.scheduler import Timer
from wsreplay.venues.envelope import Sender

_RESERVED_BIT = 0x10


class Passing:
    """A message or frame on its way."""

    __slots__ = ("after", "copies", "unit", "wire")

    def __init__(self, unit: Unit, after: tuple[Firing, ...] = ()) -> None:
        self.unit = unit
        self.after = after
        """What fires once it has been handed on."""
        self.copies = 1
        self.wire = unit.wire
        """What is handed on for it."""

    def damage(self, effect: Corrupt, firing: Firing) -> str:
        """Damage what is handed on; in words, how."""
        if effect.how == "frame":
            self.wire = self.unit.reframed(self.unit.payload, reserved=_RESERVED_BIT)
            return "a reserved bit of its frame is set"
        payload, damage = corrupt(effect.how, self.unit.payload, firing.draw)
        self.wire = self.unit.reframed(payload)
        return damage


class Way:
    """What is read from one wire, and handed on to the other."""

    def __init__(self, wire: GateWire, to: GateWire, conn: int, note: Note, mono_ns: Callable[[], int]) -> None:
        self.wire = wire
        self.to = to
        self.sender: Sender = "venue" if wire.venue_side else "client"
        self.cutter = Cutter()
        self.passage = Passage[Passing]()
        self.timer: Timer | None = None
        """Wakes what waits in the passage."""
        self.astray_told = False
        self._conn = conn
        self._note = note
        self._mono_ns = mono_ns

    def hand_on(self, passing: Passing) -> bool:
        """Send it, as often as it is to be sent; whether somebody was there to get it."""
        if self.to.gone:
            self.lose([passing])
            return False
        for _ in range(passing.copies):
            self.to.send(passing.wire)
        handed_on = self._mono_ns()
        for data, at_ns, mono_ns in passing.unit.chunks:
            self._note(What.DATA, self.wire.venue_side, self._conn, at_ns, mono_ns, handed_on - mono_ns, data)
        return True

    def lose(self, lost: Iterable[Passing]) -> None:
        """These are never handed on, and on record as such."""
        for passing in lost:
            for data, at_ns, mono_ns in passing.unit.chunks:
                self._note(What.DATA, self.wire.venue_side, self._conn, at_ns, mono_ns, -1, data)

    def give_up(self) -> None:
        """Nothing more is handed on: all that waits is lost, and what was no whole frame yet."""
        self.lose(self.passage.drain())
        if rest := self.cutter.rest():
            self.lose([Passing(rest)])
