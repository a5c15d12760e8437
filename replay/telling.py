"""All of a capture that a comparison looks at: requests and their orders, lines and how they ended, channels. Sans-I/O.

What is noise is left out: times, ids that the venue gives, other people's orders, heartbeats, the data itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Literal

import msgspec

from wsreplay.analysis.incidents.lines import Line, Lines
from wsreplay.analysis.incidents.subscribed import Asking, OnLine, Topic
from wsreplay.captures.event import Event
from wsreplay.captures.wire import Handshake
from wsreplay.replay.tales import Requests, Tale

type By = Literal["bot", "venue", "fault"]

_handshake = msgspec.json.Decoder(Handshake).decode


class LineTale(msgspec.Struct, frozen=True, kw_only=True):
    """A line: whether it came up, and how it ended."""

    seq: int
    """Of its opening."""
    upstream: str
    path: str
    refused: str | None = None
    """What the handshake was answered with, if not 101."""
    by: By | None = None
    """Who ended it; None: it went on for as long as was recorded."""
    how: str | None = None
    """``close``, ``fin``, ``rst`` or ``timeout``."""
    code: int | None = None
    ended_seq: int | None = None
    fault: str | None = None

    @property
    def end(self) -> str:
        """How it ended, in words."""
        if self.by is None:
            return "it went on to the end"
        if self.by == "fault":
            return f"the fault plan cut it ({self.fault})"
        who = f"the {self.by}"
        if self.how == "close":
            return f"{who} closed it {'without a code' if self.code is None else f'with {self.code}'}"
        return {"rst": f"{who} reset it", "timeout": f"{who}'s side timed out"}.get(
            self.how or "", f"{who} ended it without a close frame"
        )


class ChannelTale(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription: whether anything came of it."""

    seq: int
    """Of the request."""
    line: int
    """Which of the lines, by its place among them."""
    channel: str | None
    name: str
    pushed_seq: int | None
    """The first message that came of it."""
    waited_ns: int
    """How long that took; without one, how long it was waited for."""


class Telling(msgspec.Struct, kw_only=True):
    """A capture, as far as it is compared."""

    requests: list[Tale]
    lines: list[LineTale]
    channels: list[ChannelTale]
    until: int
    """The last event of the client's own doing: what came later, another run need not wait for."""


def tell(
    events: Iterable[Event], wanted: AbstractSet[int] | None = None, noise: AbstractSet[str] = frozenset()
) -> Telling:
    """What these events tell. ``wanted``: the requests that matter; ``noise``: columns that differ from run to run."""
    teller = Teller(wanted, noise)
    for event in events:
        teller.see(event)
    return teller.telling()


class Teller:
    """The same, shown one event after the other."""

    def __init__(self, wanted: AbstractSet[int] | None = None, noise: AbstractSet[str] = frozenset()) -> None:
        self._requests = Requests(wanted, noise)
        self._noise = noise
        self._lines = Lines()
        self._opened: list[tuple[Line, Handshake]] = []
        self._amidst: dict[int | None, Line] = {}
        """Lines that were open before the recording began."""
        self._on: dict[int | None, tuple[int, OnLine]] = {}
        self._topics: list[tuple[int, Topic]] = []
        self._asking: Asking | None = None
        self._until = 0
        self._now_ns = 0

    def see(self, event: Event) -> None:
        """Take note of an event."""
        self._requests.see(event)
        self._now_ns = max(self._now_ns, event.mono_ns)
        line = self._lines.see(event)
        kind = event.kind
        if kind == "open" and line is not None:
            self._amidst.pop(event.conn, None)
            self._open(event, line)
        elif event.conn in self._amidst and kind in ("close", "end", "fault") and not event.part:
            self._amidst[event.conn].see(event)
        elif kind == "fact":
            if event.op in ("subscribe", "unsubscribe") and event.sender == "client" and event.of_seq is None:
                self._change(event)
        elif event.role == "request" and event.sender == "client" and not event.part:
            self._until = event.seq
            on_a_line = kind == "text" or kind == "binary"
            self._asking = Asking(event, reached=True) if on_a_line else None
            if on_a_line and event.conn not in self._on:
                self._found_open(event)
        elif event.role == "push" and event.sender == "venue" and event.conn in self._on:
            for topic in self._on[event.conn][1].of_push(event):
                topic.push(event)

    def telling(self) -> Telling:
        """All that is known by now."""
        return Telling(
            requests=self._requests.tales(),
            lines=[_line_tale(line, handshake) for line, handshake in self._opened],
            channels=[
                ChannelTale(
                    seq=topic.asking.seq,
                    line=number,
                    channel=None if "channel" in self._noise else topic.name,
                    name=topic.name,
                    pushed_seq=topic.pushed_seq,
                    waited_ns=self._waited(number, topic),
                )
                for number, topic in self._topics
            ],
            until=self._until,
        )

    def _waited(self, number: int, topic: Topic) -> int:
        until_ns = topic.pushed_mono_ns or topic.off_mono_ns
        if until_ns is None:
            end = self._opened[number][0].first_end if number >= 0 else None
            until_ns = end.mono_ns if end is not None else self._now_ns
        return until_ns - topic.asking.mono_ns

    def _open(self, event: Event, line: Line) -> None:
        try:
            handshake = _handshake(event.text or "{}")
        except msgspec.MsgspecError:
            return
        self._on[event.conn] = len(self._opened), OnLine(line.url)
        self._opened.append((line, handshake))
        self._until = event.seq

    def _found_open(self, event: Event) -> None:
        line = self._amidst[event.conn] = Line(event.conn)
        line.opened_seq = event.seq
        self._on[event.conn] = len(self._opened), OnLine("")
        self._opened.append((line, Handshake(url="", status=101)))

    def _change(self, fact: Event) -> None:
        number, on_line = self._on.get(fact.conn, (-1, None))
        if on_line is None:
            on_line = OnLine("")
            self._on[fact.conn] = number, on_line
        if fact.op == "unsubscribe":
            on_line.end(fact.channel, fact.symbol, fact.account, fact.mono_ns)
        elif self._asking is not None and self._asking.seq == fact.seq:
            topic = Topic(self._asking, (fact.channel, fact.symbol, fact.account))
            on_line.begin(topic, apart=False)
            on_line.bound()
            self._topics.append((number, topic))


def _line_tale(line: Line, handshake: Handshake) -> LineTale:
    first = line.first_end
    by: By | None = None
    how = None
    if first is not None:
        if line.fault is not None and line.fault.startswith("drop"):
            by = "fault"
        elif first.kind == "close":
            by, how = "bot" if first.sender == "client" else "venue", "close"
        elif line.ended_by is not None:
            by, how = "bot" if first.sender == "client" else "venue", line.ended_by
    return LineTale(
        seq=line.opened_seq,
        upstream=handshake.upstream,
        path=_path_of(handshake.url),
        refused=line.refused,
        by=by,
        how=how,
        code=line.close_code if how == "close" else None,
        ended_seq=first.seq if first is not None and by is not None else None,
        fault=line.fault,
    )


def _path_of(url: str) -> str:
    address = url.partition("?")[0].partition("#")[0].partition("://")[2]
    return address.partition("/")[2].rstrip("/")
