"""A fault: an effect and its moment, and which effects go with which moments."""

from __future__ import annotations

import msgspec

from wsreplay.faults.effects import Delay, Drop, Effect
from wsreplay.faults.moment import Moment


class Fault(msgspec.Struct, frozen=True):
    """One thing that goes wrong, and when."""

    effect: Effect
    moment: Moment

    def __post_init__(self) -> None:
        problem = _mismatch(self.effect, self.moment)
        if problem:
            raise ValueError(problem)

    @property
    def strikes_answer(self) -> bool:
        """Whether its moment names a request, and what it strikes is the reply to it."""
        return self.effect.acts_on == "frame" and self.moment.when == "after"


def _mismatch(effect: Effect, moment: Moment) -> str:
    """Why this can't happen then; empty if it can."""
    word, when, what = effect.word, moment.when, moment.what
    if effect.acts_on == "handshake":
        return "" if (when, what) == ("before", "open") else f"{word} answers a handshake: say before open"
    if effect.acts_on == "line":
        if (when, what) != ("before", "open"):
            return ""
        if not isinstance(effect, Drop):
            return f"before open there is nothing to {word}: say after open"
        if effect.how == "close":
            return "before open there is no WebSocket that a close frame could end: say after open, or drop rst"
        return "" if effect.side == "bot" else "before open there is no line to the venue: only the bot's can be cut"
    if what == "time":
        return f"{word} strikes a frame: name one in place of a time"
    if what == "open":
        if not isinstance(effect, Delay):
            return f"{word} strikes a frame, and a handshake is none"
        return "" if when == "before" else "a handshake can only be delayed before it is open"
    if when == "after" and what != "request":
        return f"{word} strikes the frame that it names: leave out after (after request strikes the reply to it)"
    return ""
