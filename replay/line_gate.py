"""The gate on a line of a replay: besides the plan, it keeps from the bot what the recording kept from it.

A reply that never reached the recorded bot must not reach its replay either, or the bot's next step would not be its
own any more. The replay's engine knows which those are; it still hears of them, and they are on record as never handed
on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from wsreplay.proxy.framing import Cutter, Unit
from wsreplay.proxy.gate import Gate
from wsreplay.proxy.relay import Wire
from wsreplay.proxy.way import Passing, Way
from wsreplay.replay.listeners import Screen


class LineGate(Gate):
    """A gate whose bot is one of the replay's own lines."""

    def __init__(self, *args: Any, line: int, screen: Screen, **more: Any) -> None:
        super().__init__(*args, **more)
        self._line = line
        self._screen = screen
        self._withdrawn = False

    def withdraw(self, how: str) -> None:
        """The bot's end is gone, as it went in the recording; what the venue still says is read on until it is cut."""
        # What the bot said before is read in this turn of the event loop.
        asyncio.get_running_loop().call_soon(self._withdraw, how)

    def ended(self, wire: Wire, how: str) -> None:
        """A side has ended. The line of a bot that had withdrawn is cut for the venue in the same breath."""
        if not (self._withdrawn and wire is self.bot):
            super().ended(wire, how)
            return
        wire.gone = True
        if self.venue.gone:
            return
        if how == "rst":
            self.venue.reset()
        else:
            self.venue.close()

    def _withdraw(self, how: str) -> None:
        if not self._withdrawn and not self._cut and not self.bot.heard_end:
            self._withdrawn = self.bot.heard_end = True
            self._note_end(self.bot, how)
            for way in self._ways.values():
                self._keep(way, way.passage.drain())

    def _meet(self, way: Way, unit: Unit) -> None:
        if self._withdrawn and way.wire is self.venue:
            self._keep(way, [Passing(unit)])
        else:
            super()._meet(way, unit)

    def _hand_on(self, way: Way, passing: Passing) -> bool:
        if way.wire is self.venue and not way.to.gone:
            message = _message(passing)
            if message is not None and self._screen.keeps(self._line, message):
                self._keep(way, [passing])
                return False
        return super()._hand_on(way, passing)

    def _keep(self, way: Way, kept: Sequence[Passing]) -> None:
        """These do not reach the bot, and the replay knows that they have come."""
        way.lose(kept)
        if way.wire is self.venue:
            for passing in kept:
                if (message := _message(passing)) is not None:
                    self._screen.kept(self._line, message)


def _message(passing: Passing) -> str | bytes | None:
    """What a passing message says, as it is handed on: a fault may have damaged it."""
    unit = passing.unit
    if unit.kind not in ("text", "binary"):
        return None
    if passing.wire != unit.wire:
        unit = next(iter(Cutter().feed(passing.wire, 0, 0)), unit)
    return unit.payload.decode(errors="replace") if unit.kind == "text" else unit.payload
