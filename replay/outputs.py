"""What the engine says is to be done, what it is told of REST, and what it notes."""

from __future__ import annotations

import msgspec

from wsreplay.replay.script import Ask, Open, Step


class Connect(msgspec.Struct, frozen=True):
    """Open a line, as this step did."""

    step: Open


class Send(msgspec.Struct, frozen=True, gc=False):
    """Send a message."""

    line: int
    payload: str | bytes
    """Bytes in a text message are no UTF-8, as the client's were not."""
    binary: bool = False


class Request(msgspec.Struct, frozen=True):
    """Make a REST request, as this step did; its body is one for now."""

    step: Ask


class Close(msgspec.Struct, frozen=True):
    """Say goodbye in order."""

    line: int
    code: int | None = 1000
    reason: str = ""


class Withdraw(msgspec.Struct, frozen=True):
    """The bot's end of this line is gone: from here on nothing reaches it, though the venue is still read."""

    line: int
    how: str


class Cut(msgspec.Struct, frozen=True):
    """End the line without a goodbye, by ``rst`` or ``fin``."""

    line: int
    how: str


class Withheld(msgspec.Struct, frozen=True):
    """What was just received did not reach the bot in the recording, and counts as not delivered now."""

    line: int


class Wake(msgspec.Struct, frozen=True):
    """Tell the engine when it is this time, unless something happens before."""

    at_ns: int


class Halted(msgspec.Struct, frozen=True):
    """Nothing more happens until somebody has decided what becomes of this step."""

    step: Step


type Output = Connect | Send | Request | Close | Withdraw | Cut | Withheld | Wake | Halted


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a REST request was answered with; no status: nothing."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""


class Note(msgspec.Struct, frozen=True):
    """Something that did not go as in the recording."""

    seq: int
    """The event of the recording where it shows."""
    text: str
    decides: bool = False
    """It is a divergence by itself; else it explains one, if the outcome is another."""
