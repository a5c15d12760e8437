"""The script: what the client of a recording did, step by step, and what each step waited for. Sans-I/O.

A bot is one actor: what it had seen on any of its lines may have moved it. So the steps have one order, that in which
the client took them, and each waits for every reply that had reached the bot before it. Replies that never reached it
(its line was cut, a fault kept them) are waited for by nobody but the end of the line.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import msgspec

from wsreplay.replay.redacted import Blank
from wsreplay.venues.envelope import Envelope, HttpMessage

type How = Literal["close", "rst", "fin"]
type Who = Literal["client", "venue", "fault"]


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that the client did."""

    seq: int
    """The event that shows it."""
    at_ns: int
    """When, by the clock on the wall."""
    gap_ns: int = 0
    """How long after what came before it: the reply to :attr:`after`, or the step before."""
    after: int | None = None
    """The request whose reply was the last thing that happened before it; None: it was the step before."""
    awaits: tuple[int, ...] = ()
    """The requests whose replies reached the bot between the step before and this one."""
    rest_ns: int = 0
    """How much longer it waits, whatever the speed; nothing in a recording does."""
    redacted: bool = False
    """Whether tokens stand in it where the client sent secrets."""


class Open(Step, frozen=True, kw_only=True, gc=False):
    """It opened a line."""

    line: int
    upstream: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 101
    """What the handshake was answered with; 0: not at all."""


class Say(Step, frozen=True, kw_only=True, gc=False):
    """It sent a message."""

    line: int
    payload: str | bytes
    binary: bool = False
    signer: str | None = None
    signature_ok: bool | None = None
    token_expires: int | None = None
    asks: Envelope | None = None
    """How it was read, if a reply to it is on record: as long as it is sent as it was, it need not be read again."""


class Ask(Step, frozen=True, kw_only=True, gc=False):
    """It made a REST request."""

    upstream: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    op: str | None = None
    lost: bool = False
    """Whether the answer is lost on its way back; no recording says so of itself."""


class Leave(Step, frozen=True, kw_only=True, gc=False):
    """Its line ended: by itself, or under it."""

    line: int
    how: How
    by: Who = "client"
    code: int | None = None
    reason: str = ""
    owed: tuple[tuple[int, int], ...] = ()
    """Requests that the bot had no reply to, each with how long it had waited."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue answered to a request in the recording."""

    seq: int
    delivered: bool
    """Whether it reached the bot."""
    latency_ns: int
    envelope: Envelope
    """What it said of an order; ``parts``: the orders that it listed."""
    answer: HttpMessage | None = None
    """The whole of it, if it came over REST."""
    blanks: tuple[Blank, ...] = ()
    """Where secrets stood in it."""
    header_blanks: tuple[Blank, ...] = ()


class Script(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A recording as the client's part in it."""

    steps: tuple[Step, ...]
    replies: dict[int, Reply]
    """By the ``seq`` of the request."""
    requests: frozenset[int]
    """The requests that are sent again."""
    followed: frozenset[int] | None = None
    """Those of them whose replies must be told from others: one of them is in the recording, or was kept from the bot,
    or could be taken for one that is. None: all."""
    whole: bool = True
    """Whether nothing was left out."""
    held_back: tuple[int, ...] = ()
    """Messages that never reached the venue in the recording, and are not sent."""
    gaps: int = 0
    """How often the recording states that it lost something: what that was is not sent."""
    pong: str | None = None
    """What the client says to a ping that is a message of its own; protocol pings need no words."""
    accounts: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    """What the client traded with; a simulator must know them."""

    @cached_property
    def owed(self) -> frozenset[int]:
        """The requests whose line ended before their reply reached the bot."""
        return frozenset(seq for step in self.steps if isinstance(step, Leave) for seq, _ in step.owed)

    def before(self, seq: int) -> Script:
        """The part of it that comes before the step with this address."""
        at = next((index for index, step in enumerate(self.steps) if step.seq == seq), len(self.steps))
        steps = self.steps[:at]
        taken = frozenset(step.seq for step in steps)
        return msgspec.structs.replace(self, steps=steps, requests=self.requests & taken, whole=False)

    @property
    def length_ns(self) -> int:
        """How long it lasts at the original speed, if nobody is late."""
        return sum(step.gap_ns for step in self.steps)

    @property
    def size(self) -> int:
        """The bytes that are sent, about."""
        return sum(len(step.payload) + 64 for step in self.steps if isinstance(step, Say))

    @property
    def lines(self) -> int:
        """How many lines are opened."""
        return sum(isinstance(step, Open) for step in self.steps)
