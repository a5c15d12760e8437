"""The gate: the relay of a connection on which faults are to strike.

Only a recording with a fault plan has one; the extension offer is then taken out of handshakes, so that frames are
plain. Bytes are cut into whole messages and frames, each is shown to the plan's matcher, and what it says is done:
handed on, twice, later, damaged, never, or the line is cut. What was read is on record as it came, and as never handed
on (``relay_ns`` -1) where it was not; every fault that fires stands between the frames where it fired.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from wsreplay.captures.wire import What, as_json
from wsreplay.faults.effects import Corrupt, Delay, Drop, Duplicate, Reorder, Stall, Withhold
from wsreplay.faults.firing import Firing
from wsreplay.faults.matcher import NOTHING, Firings, Matcher
from wsreplay.faults.passage import FOR_EVER
from wsreplay.proxy.framing import Unit, close_frame
from wsreplay.proxy.gated_wire import GateWire
from wsreplay.proxy.relay import Note, Relay, Wire
from wsreplay.proxy.scheduler import Scheduler, Timer
from wsreplay.proxy.way import Passing, Way
from wsreplay.venues.envelope import Envelope, Sender

type Decode = Callable[[str | bytes, Sender], Envelope]
"""A dialect's ``decode``: the gate knows no venue."""

HELD = 16 << 20
"""Bytes that faults may hold back in one direction before their sender is read no more."""
LAST_WORD_NS = 2 * 10**9
"""How long a side that a fault sent a FIN or a close frame has to end by itself."""


class Early(NamedTuple):
    """Bytes that came in the breath of the 101, before the sockets were taken over."""

    venue_side: bool
    data: bytes
    at_ns: int
    mono_ns: int


class Gate(Relay):
    """A relay that does what the fault plan says."""

    def __init__(
        self,
        conn: int,
        note: Note,
        bot: GateWire,
        venue: GateWire,
        *,
        read_on: float,
        when_over: Callable[[], None],
        matcher: Matcher,
        decode: Decode,
        scheduler: Scheduler,
        upstream: str = "",
        early: Sequence[Early] = (),
    ) -> None:
        """``early`` is met first of all, as soon as the relay begins."""
        super().__init__(conn, note, bot, venue, read_on=read_on, when_over=when_over)
        self._matcher = matcher
        self._decode = decode
        self._scheduler = scheduler
        self._upstream = upstream
        self._early = early
        self._ways: dict[Wire, Way] = {
            bot: Way(bot, venue, conn, note, scheduler.now_ns),
            venue: Way(venue, bot, conn, note, scheduler.now_ns),
        }
        self._cut: dict[Wire, str] = {}
        """The sides that a fault has cut off, and how. From then on nothing is handed on, and nothing else fires."""
        self._timers: list[Timer] = []
        bot.gate = venue.gate = self

    def begin(self) -> None:
        """Take the sockets over; the handshake is the first thing that a fault can follow."""
        super().begin()
        for firing in self._matcher.opened(self.conn, self._upstream):
            self._strike(firing)
        for number, elapsed_ns in self._matcher.times():
            self._later(elapsed_ns, partial(self._time_has_come, number))
        for early in self._early:
            self.arrived(self.venue if early.venue_side else self.bot, early.data, early.at_ns, early.mono_ns)
        self._early = ()

    # What the wires tell.

    def now(self) -> tuple[int, int]:
        """The time of day and the monotonic time, by the scheduler's clocks."""
        return self._scheduler.wall_ns(), self._scheduler.now_ns()

    def arrived(self, wire: Wire, data: bytes, at_ns: int, mono_ns: int) -> None:
        """Bytes of this wire's peer were read."""
        way = self._ways[wire]
        for unit in way.cutter.feed(data, at_ns, mono_ns):
            self._meet(way, unit)
        if way.cutter.astray and not way.astray_told:
            way.astray_told = True
            told = {"off": "a frame claims too many bytes: faults meet this side no more"}
            self.note(What.FAULT, wire.venue_side, self.conn, at_ns, mono_ns, -1, as_json(told))
        if not self.has_room(wire):
            wire.pause()

    def has_room(self, wire: Wire) -> bool:
        """Whether more of what this wire's peer says can be held."""
        return self._ways[wire].passage.size <= HELD

    def ended(self, wire: Wire, how: str) -> None:
        """A side has ended. If it did in order, what it said before goes first."""
        way = self._ways[wire]
        if wire in self._cut:
            # This answers our own end, and that is noted when the socket is closed.
            if how == "fin" and self._cut[wire] != "rst" and not wire.transport.is_closing():
                wire.transport.close()
        elif how != "fin":
            self._give_up(way)
            super().ended(wire, how)
        elif not (wire.heard_end or way.wire.end_waits):
            now = self._scheduler.now_ns()
            if rest := way.cutter.rest():
                way.passage.put(Passing(rest), now, size=rest.size)
            way.lose(way.passage.close(now))
            way.wire.end_waits = True
            self._flow(way)

    def closed(self, wire: Wire) -> None:
        """A socket is closed for good: what was held of it, or for it, is lost."""
        self._give_up(self._ways[wire])
        super().closed(wire)
        if self._over:
            self._matcher.ended(self.conn)
            for timer in (*self._timers, *(way.timer for way in self._ways.values() if way.timer)):
                timer.cancel()

    # Through the gate.

    def _meet(self, way: Way, unit: Unit) -> None:
        """Ask the plan about this message or frame, do what it says, and put it on its way."""
        passing = Passing(unit)
        if self._cut or way.to.gone:
            way.lose([passing])
            if unit.kind == "close" and self._cut.get(way.wire) == "close":
                way.wire.send_end()
            return
        firings, heartbeat = self._ask(way, unit)
        passing.after = firings.after
        waits: dict[str, int] = {}
        for firing in firings.before:
            effect = firing.effect
            if isinstance(effect, Delay):
                delay_ns = effect.drawn_ns(firing.draw)
                waits["delay_ns"] = waits.get("delay_ns", 0) + delay_ns
                self._tell(firing, unit, delay_ns=delay_ns)
            elif isinstance(effect, Duplicate):
                passing.copies += 1
                self._tell(firing, unit)
            elif isinstance(effect, Corrupt):
                self._tell(firing, unit, damage=passing.damage(effect, firing))
            elif isinstance(effect, Reorder):
                # One at a time: what would be set aside as well is what the first one waits for.
                if not way.passage.sets_aside:
                    waits |= {"behind": effect.by, "within_ns": effect.within_ns}
                    self._tell(firing, unit)
            else:
                self._strike(firing, unit)
                if self._cut or isinstance(effect, Withhold):
                    way.lose([passing])
                    return
        now = self._scheduler.now_ns()
        if unit.kind == "close":
            # Nothing may follow a close frame: what is stalled until then never comes.
            way.lose(way.passage.close(now))
        way.passage.put(passing, now, size=unit.size, heartbeat=heartbeat, **waits)
        self._flow(way)

    def _ask(self, way: Way, unit: Unit) -> tuple[Firings, bool]:
        """What fires at it, and whether it is a sign of life."""
        if unit.kind == "other":
            return NOTHING, False
        if unit.kind != "text" and unit.kind != "binary":
            return self._matcher.control(self.conn, way.sender, unit.kind), unit.kind != "close"
        payload: str | bytes = unit.payload
        if unit.kind == "text":
            with contextlib.suppress(UnicodeDecodeError):
                payload = unit.payload.decode()
        try:
            envelope = self._decode(payload, way.sender)
        except Exception:  # it may be another package's dialect: trading goes on whatever it raises
            envelope = Envelope()
        return self._matcher.message(self.conn, way.sender, envelope), envelope.role == "heartbeat"

    def _flow(self, way: Way) -> None:
        """Hand on what is ready, and come back when more will be."""
        now = self._scheduler.now_ns()
        while (passing := way.passage.ready(now)) is not None:
            if self._hand_on(way, passing):
                for firing in passing.after:
                    if not self._cut:
                        self._strike(firing)
        if way.timer is not None:
            way.timer.cancel()
            way.timer = None
        if (wake := way.passage.wake_ns()) is not None:
            way.timer = self._scheduler.call_later(max(0, wake - now), partial(self._flow, way))
        if way.wire.end_waits and not len(way.passage):
            way.wire.end_waits = False
            super().ended(way.wire, "fin")
        if way.wire.paused and way.passage.size <= HELD // 2 and not way.to.full:
            way.wire.resume()

    def _hand_on(self, way: Way, passing: Passing) -> bool:
        """Hand it on; whether it was. A replay's gate may know better."""
        return way.hand_on(passing)

    def _give_up(self, way: Way) -> None:
        """This way's wire is gone: nothing more of it is handed on, nor to it."""
        way.give_up()
        back = self._ways[way.to]
        back.lose(back.passage.drain())
        self._flow(way)

    # What strikes at the line.

    def _time_has_come(self, number: int) -> None:
        if not self._cut and (firing := self._matcher.elapsed(self.conn, number)) is not None:
            self._strike(firing)

    def _strike(self, firing: Firing, unit: Unit | None = None) -> None:
        self._tell(firing, unit)
        effect = firing.effect
        if isinstance(effect, Drop):
            self._drop(effect)
        elif isinstance(effect, Stall):
            until = FOR_EVER if effect.time_ns is None else self._scheduler.now_ns() + effect.time_ns
            for wire in self._wires(effect.side):
                self._ways[wire].passage.stall(until)

    def _drop(self, drop: Drop) -> None:
        """Cut the line. Where it is the bot's alone, the venue is read on before it is left, too."""
        for wire in self._wires(drop.side):
            if wire.gone:
                continue
            self._cut[wire] = drop.how
            if drop.how == "rst":
                wire.reset()
                continue
            if drop.how == "fin":
                wire.send_end()
            else:
                wire.send(close_frame(drop.code or 1000, drop.reason, masked=wire.venue_side))
            wire.gone = True
            self._later(LAST_WORD_NS, partial(self._close, wire))
        for way in self._ways.values():
            way.lose(way.passage.drain())
            way.wire.resume()
        if self.bot in self._cut and self.venue not in self._cut:
            leave = self._reset if drop.how == "rst" else self._close
            self._later(round(self._read_on * 1e9), partial(leave, self.venue))

    def _wires(self, side: str) -> tuple[Wire, ...]:
        return (self.bot, self.venue) if side == "both" else (self.bot,) if side == "bot" else (self.venue,)

    def _close(self, wire: Wire) -> None:
        if not wire.transport.is_closing():
            wire.close()

    def _later(self, delay_ns: int, callback: Callable[[], None]) -> None:
        self._timers.append(self._scheduler.call_later(delay_ns, callback))

    def _tell(self, firing: Firing, before: Unit | None = None, **more: Any) -> None:
        """Note it, at the time when the frame was read that it came before, else now."""
        at_ns, mono_ns = before.chunks[-1][1:] if before else self.now()
        told = as_json(firing.as_json(**more))
        self.note(What.FAULT, firing.sender == "venue", self.conn, at_ns, mono_ns, -1, told)
