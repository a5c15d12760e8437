"""The venue's side of a recording: what it said, and what each thing that it said waited for."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import msgspec

from wsreplay.venues.envelope import Envelope, HttpMessage

type SaidKind = Literal["message", "ping", "close", "fin", "rst"]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the venue said on a line, or how it ended it."""

    seq: int
    index: int
    """The how manieth thing that the venue did on its line."""
    at_ns: int
    mono_ns: int
    kind: SaidKind = "message"
    payload: str | bytes = ""
    envelope: Envelope = Envelope()
    answers: int | None = None
    """The request to which it is the reply."""
    before: int = 0
    """How many of its line's requests had come before it."""
    after: int | None = None
    """The request that came right before it, if nothing else did."""
    orders: int = 0
    """How many requests about orders had come before it, on all lines and over REST."""
    causes: tuple[int, ...] = ()
    """The requests without which it would not have been said: the one that made its order, or of which it speaks."""
    channel: str | None = None
    """The channel to which the client had subscribed for it."""
    late: bool = False
    """The subscription had ended by then."""
    code: int = 1000
    reason: str = ""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the recorded client, and what the venue answered."""

    seq: int
    line: int
    """0: it was made over REST."""
    upstream: str = ""
    at_ns: int
    mono_ns: int
    envelope: Envelope
    payload: str | bytes = ""
    http: HttpMessage | None = None
    index: int = 0
    """How many things the venue had said before it, on its line."""
    number: int = 0
    """How many requests had come before it, on its line."""
    reply: Said | None = None
    response: HttpMessage | None = None
    """The answer, if it came over REST."""
    order_ids: tuple[str, ...] = ()
    """The orders that it made."""
    unknown: str = ""
    """Why the recording does not know what the venue says to it; empty: it does, be it nothing."""

    @property
    def latency_ns(self) -> int:
        """How long its reply took."""
        return 0 if self.reply is None else max(0, self.reply.mono_ns - self.mono_ns)

    @property
    def answered(self) -> bool:
        """Whether there is an answer, or none was to be expected: who asks over REST waits for one."""
        return self.http is None or self.response is not None

    @property
    def about_orders(self) -> bool:
        """Whether it makes an order, or does something with one."""
        return any(
            each.intent is not None or each.order_id is not None for each in (self.envelope, *self.envelope.parts)
        )

    @property
    def accepted(self) -> bool:
        """Whether the venue said yes, or at least not no."""
        return self.reply is None or self.reply.envelope.error_code is None


class ServedLine(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A recorded connection, as the venue lived it."""

    conn: int
    seq: int
    upstream: str
    url: str
    mono_ns: int
    """When it was opened."""
    status: int = 101
    headers: tuple[tuple[str, str], ...] = ()
    """What its handshake was answered with."""
    body: str = ""
    said: tuple[Said, ...] = ()
    wishes: tuple[int, ...] = ()
    """Its requests, in their order."""
    end_by_rule: Said | None = None
    """How the venue ended it, where that followed from signs of life: it comes by the rule, not in its place."""
    pongs: tuple[tuple[str | bytes, Said], ...] = ()
    """Each sign of life of the client with the answer that it was given, where both are messages."""

    @cached_property
    def channels(self) -> frozenset[str]:
        """The channels to which the client subscribed on it, and that brought something."""
        return frozenset(each.channel for each in self.said if each.channel is not None)

    @cached_property
    def pings(self) -> tuple[Said, ...]:
        """The venue's pings, be they frames or messages."""
        return tuple(each for each in self.said if each.kind == "ping" or is_ping(each.envelope))


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One address at which the venue is played."""

    name: str
    """As the upstream was named; empty for the only or first one."""
    origin: str
    """Scheme, host and port of the recorded one."""
    path: str = ""
    """What belongs to the upstream's URL."""
    sockets: bool = True
    """Whether lines were opened there, or REST calls made alone."""


class ServedScript(msgspec.Struct, frozen=True, kw_only=True):
    """A recording as the venue's part in it."""

    stages: tuple[Stage, ...]
    lines: dict[int, ServedLine]
    """By their number, in the order in which they were opened."""
    wishes: dict[int, Wish]
    """Requests over sockets and REST alike, by their ``seq``."""
    makers: dict[str, int]
    """Which request made an order, by the venue's id of it."""
    orders: tuple[int, ...] = ()
    """The requests about orders that the venue answered, in their time."""
    accounts: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    gaps: int = 0
    """How often the recording states that it lost something."""

    @property
    def slowest_ns(self) -> int:
        """How long the slowest reply took."""
        return max((wish.latency_ns for wish in self.wishes.values()), default=0)


def is_ping(envelope: Envelope) -> bool:
    """Whether a sign of life asks for another."""
    return envelope.role == "heartbeat" and "pong" not in (envelope.op or "").lower()


def sendable(code: int | None) -> int:
    """The close code that can be sent for a recorded one; there was none, or it stood for that: 1000."""
    if code is not None and ((1000 <= code <= 1014 and code not in (1004, 1005, 1006)) or 3000 <= code < 5000):
        return code
    return 1000


def subscriptions(envelope: Envelope) -> list[tuple[str, bool]]:
    """The channels that a request begins (True) or ends; "*" for all of them."""
    parts = [each for each in envelope.parts if each.op in ("subscribe", "unsubscribe")]
    if parts:
        return [(each.channel or "*", each.op == "subscribe") for each in parts]
    op = (envelope.op or "").lower()
    if envelope.channel is None or "sub" not in op:
        return []
    begins = "unsub" not in op
    return [(channel, begins) for channel in envelope.channel.split(",")]
