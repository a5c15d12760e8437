"""What a fault does: to the line, to the frame that its moment names, or to the handshake."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal, get_args

import msgspec

from wsreplay.faults.durations import LONGEST_NS, UNITS

type Side = Literal["bot", "venue", "both"]
type ActsOn = Literal["line", "frame", "handshake"]
type Draw = Callable[[str], float]
"""A seeded number between 0 and 1 for a purpose; the same purpose gives the same number."""

SIDES: tuple[str, ...] = get_args(Side.__value__)


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What all effects have in common."""

    word: ClassVar[str]
    acts_on: ClassVar[ActsOn] = "frame"


class Drop(Effect, frozen=True, kw_only=True):
    """The line is cut, on the bot's leg unless ``side`` says otherwise; the venue is read on meanwhile."""

    word = "drop"
    acts_on = "line"

    how: Literal["rst", "fin", "close"] = "rst"
    code: int | None = None
    """Of the close frame; only and always with ``close``."""
    reason: str = ""
    side: Side = "bot"

    def __post_init__(self) -> None:
        if self.how == "close":
            if self.code is None or not 1000 <= self.code <= 4999:
                raise ValueError("drop close takes a code from 1000 to 4999, such as close 1012")
            if len(self.reason.encode(errors="replace")) > 123:
                raise ValueError("the reason of a close frame has at most 123 bytes")
        elif self.code is not None or self.reason:
            raise ValueError(f"a code and a reason belong to drop close; drop {self.how} takes none")


class Delay(Effect, frozen=True, kw_only=True):
    """The frame is handed on later, and what its sender says next waits behind it: a line keeps its order."""

    word = "delay"

    time_ns: int
    up_to_ns: int | None = None
    """Each time somewhere between the two, drawn from the plan's seed."""

    def __post_init__(self) -> None:
        if not 1 <= self.time_ns <= LONGEST_NS or not (self.up_to_ns is None or self.up_to_ns <= LONGEST_NS):
            raise ValueError("a time lies between 1ns and a year")
        if self.up_to_ns is not None and self.up_to_ns <= self.time_ns:
            raise ValueError("the second time of a delay is the longer one")

    def drawn_ns(self, draw: Draw) -> int:
        """How long it is this time."""
        if self.up_to_ns is None:
            return self.time_ns
        return self.time_ns + round((self.up_to_ns - self.time_ns) * draw("delay"))


class Stall(Effect, frozen=True, kw_only=True):
    """Messages of a side stop, for a time or for good; heartbeats go on."""

    word = "stall"
    acts_on = "line"

    time_ns: int | None = None
    side: Side = "venue"

    def __post_init__(self) -> None:
        if self.time_ns is not None and not 1 <= self.time_ns <= LONGEST_NS:
            raise ValueError("a time lies between 1ns and a year")


class Withhold(Effect, frozen=True, kw_only=True):
    """The frame never comes."""

    word = "withhold"


class Duplicate(Effect, frozen=True, kw_only=True):
    """The frame comes twice."""

    word = "duplicate"


class Reorder(Effect, frozen=True, kw_only=True):
    """The frame comes after the next messages of its sender, or after a while if there are none."""

    word = "reorder"

    by: int = 1
    within_ns: int = UNITS["s"]

    def __post_init__(self) -> None:
        if not 1 <= self.by <= 1000:
            raise ValueError("reorder lets from 1 to 1000 messages pass first")
        if not 1 <= self.within_ns <= LONGEST_NS:
            raise ValueError("a time lies between 1ns and a year")


class Corrupt(Effect, frozen=True, kw_only=True):
    """The frame comes damaged."""

    word = "corrupt"

    how: Literal["byte", "cut", "utf8", "frame"] = "byte"
    """One character is another, the message ends early, a byte is no UTF-8, or the frame's header is invalid."""


class Reject(Effect, frozen=True, kw_only=True):
    """The handshake is answered with a refusal, and never reaches the venue."""

    word = "reject"
    acts_on = "handshake"

    status: int = 503
    body: str = ""

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError("a handshake is refused with an HTTP status from 200 to 599, such as 401 or 503")


EFFECTS: dict[str, type[Effect]] = {
    kind.word: kind for kind in (Drop, Delay, Stall, Withhold, Duplicate, Reorder, Corrupt, Reject)
}
HOWS: dict[str, tuple[str, ...]] = {"drop": ("rst", "fin", "close"), "corrupt": ("byte", "cut", "utf8", "frame")}
"""The manners of an effect that has several."""
