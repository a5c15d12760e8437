"""``wsreplay run --speed step``: shows what the client does next, and waits for a line that says how to go on."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from math import inf
from threading import Thread
from typing import TYPE_CHECKING

import click

from wsreplay.captures.errors import CaptureError
from wsreplay.cli.event_line import COLOURED, PLAIN, EventLines
from wsreplay.cli.terminal import columns, in_colour
from wsreplay.replay.gate import Decision, Next, Proceed, Stop

if TYPE_CHECKING:
    from wsreplay.captures.capture import Capture
    from wsreplay.replay.script import Script, Step

HELP = "Enter: take this step; c: go on at the recorded speed; m: go on at once; q: stop here and compare"


class Stepping:
    """A gate that is a person at a terminal, or a program at our standard input."""

    def __init__(self, capture: Capture, script: Script) -> None:
        self._capture = capture
        self._places = {step.seq: place for place, step in enumerate(script.steps, 1)}
        self._lines = EventLines(width=_width(), style=COLOURED if in_colour() else PLAIN)
        self._said: asyncio.Queue[str | None] | None = None

    async def before(self, step: Step) -> Decision:
        """Show the step, and wait for a word about it."""
        if self._said is None:
            self._said = self._listen()
            click.echo(f"wsreplay: {HELP}", err=True)
        click.echo(self._shown(step), err=True)
        while True:
            word = await self._said.get()
            match word:
                case None:  # nobody is there to say more
                    return Stop()
                case "" | "n" | "next":
                    return Next()
                case "c" | "continue":
                    return Proceed(1.0)
                case "m" | "max":
                    return Proceed(inf)
                case "q" | "quit":
                    return Stop()
                case _:
                    click.echo(f"wsreplay: {HELP}", err=True)

    def _shown(self, step: Step) -> str:
        seq = abs(step.seq)  # what a scenario's bot says twice has the first one's address, below zero
        place = f"[{self._places[seq]}/{len(self._places)}{', once more' if step.seq < 0 else ''}] "
        try:
            return place + self._lines.line(self._capture.at(seq))
        except CaptureError:
            return place + f"#{seq}"

    def _listen(self) -> asyncio.Queue[str | None]:
        """The lines of standard input as they come, and None at its end.

        They are read by a thread, since only some kinds of input can be watched by an event loop; and without Python's
        own buffer, whose lock such a thread would hold when the program ends.
        """
        said: asyncio.Queue[str | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(word: str | None) -> bool:
            if loop.is_closed():
                return False
            loop.call_soon_threadsafe(said.put_nowait, word)
            return True

        def read() -> None:
            for line in _lines_of_input():
                if not tell(line.strip().lower()):
                    return
            tell(None)

        Thread(target=read, name="stepping", daemon=True).start()
        return said


def _lines_of_input() -> Iterator[str]:
    try:
        source = sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):
        yield from sys.stdin or ()
        return
    held = b""
    while piece := os.read(source, 4096):
        *whole, held = (held + piece).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
    if held:
        yield held.decode(errors="replace")


def _width() -> int | None:
    width = columns()
    return None if width is None else max(width - 12, 40)
