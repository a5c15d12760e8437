"""Subscriptions as a recording tells of them: what was asked for on each line, whether it was answered, what came.

A request that begins or ends subscriptions lists a fact a channel (:class:`wsreplay.venues.envelope.Envelope`). Pushes
belong to the subscription of their channel, or to the request whose key they carry.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Any

import msgspec

from wsreplay.captures.event import Event

ON_A_LINE = 4_096
"""Subscriptions of one line that are remembered. Beyond it the oldest are forgotten."""

type Identity = tuple[str | None, str | None, str | None]
"""Channel, symbol, account."""

_json = msgspec.json.Decoder(type=dict[str, msgspec.Raw]).decode


class Asking:
    """A request that begins subscriptions."""

    __slots__ = (
        "answered",
        "answered_mono_ns",
        "answered_seq",
        "at_ns",
        "conn",
        "key",
        "mono_ns",
        "op",
        "reached",
        "seq",
        "topics",
        "words",
    )

    def __init__(self, event: Event, *, reached: bool) -> None:
        self.seq = event.seq
        self.conn = event.conn
        self.at_ns = event.at_ns
        self.mono_ns = event.mono_ns
        self.op = event.op
        self.key = event.key
        self.reached = reached
        self.words = words_of(event)
        """What it says, its id aside: two of equal words ask for the same."""
        self.answered: bool | None = None
        """Whether the venue took it; None: nothing was said of it."""
        self.answered_seq: int | None = None
        self.answered_mono_ns: int | None = None
        self.topics: list[Topic] = []


class Topic:
    """One channel that a request asked for."""

    __slots__ = (
        "asking",
        "first",
        "identity",
        "keyed",
        "last_push",
        "off_mono_ns",
        "pushed_mono_ns",
        "pushed_seq",
        "twice",
    )

    def __init__(self, asking: Asking, identity: Identity) -> None:
        self.asking = asking
        self.identity = identity
        self.pushed_seq: int | None = None
        """The first push that came of it."""
        self.pushed_mono_ns: int | None = None
        self.keyed = False
        """Its pushes name the request that they belong to."""
        self.off_mono_ns: int | None = None
        """When it was ended, if it was."""
        self.first: Topic | None = None
        """The same, which was on already."""
        self.last_push: tuple[int, str | None] | None = None
        self.twice: tuple[int, int] | None = None
        """Two equal pushes in a row, where it was asked for again."""

    @property
    def known(self) -> bool:
        """Whether the venue is known to have heard it."""
        return self.known_mono_ns is not None

    @property
    def known_mono_ns(self) -> int | None:
        """Since when that is known."""
        answered = self.asking.answered_mono_ns if self.asking.answered else None
        times = [time for time in (answered, self.pushed_mono_ns) if time is not None]
        return min(times, default=None)

    @property
    def name(self) -> str:
        """The channel, and what else tells it from others."""
        channel, symbol, account = self.identity
        more = [word for word in (symbol, account) if word and word not in (channel or "")]
        return " ".join([channel or "everything", *more])

    def push(self, event: Event) -> None:
        """Something came of it."""
        if self.pushed_seq is None:
            self.pushed_seq, self.pushed_mono_ns = event.seq, event.mono_ns
        if self.first is None or self.twice is not None:
            return
        if self.last_push is not None and event.text is not None and event.text == self.last_push[1]:
            self.twice = self.last_push[0], event.seq
        self.last_push = event.seq, event.text


class OnLine:
    """The subscriptions of one line."""

    __slots__ = ("_by_channel", "_by_request", "_on", "repeats", "url")

    def __init__(self, url: str) -> None:
        self.url = url
        self.repeats: dict[Topic, None] = {}
        """Those that were asked for while they were on, of which more may become known."""
        self._on: OrderedDict[tuple[Identity, bytes], Topic] = OrderedDict()
        self._by_channel: dict[str | None, list[Topic]] = {}
        self._by_request: OrderedDict[int, Asking] = OrderedDict()

    @property
    def on(self) -> list[Topic]:
        """Those that were begun and not ended."""
        return list(self._on.values())

    @property
    def askings(self) -> list[Asking]:
        """The requests that began subscriptions here, and of which more may come."""
        return list(self._by_request.values())

    def begun(self, identity: Identity, words: bytes) -> Topic | None:
        """The subscription that is on with this identity: one of the same words first."""
        return self._on.get((identity, words)) or self._on.get((identity, b""))

    def begin(self, topic: Topic, *, apart: bool) -> None:
        """It was asked for; ``apart``: beside another of this identity, else in its place."""
        label = topic.identity, topic.asking.words if apart else b""
        before = self._on.pop(label, None)
        self._on[label] = topic
        there = self._by_channel.setdefault(topic.identity[0], [])
        if before is not None and before in there:
            there.remove(before)
        there.append(topic)
        self._by_request.setdefault(topic.asking.seq, topic.asking).topics.append(topic)

    def end(self, channel: str | None, symbol: str | None, account: str | None, mono_ns: int) -> list[Topic]:
        """It was ended; without a channel all are. What the words leave open holds for all of these."""
        ended = []
        for label, topic in list(self._on.items()):
            (named, about, whose), _ = label
            if (
                (channel is None or named == channel)
                and (symbol is None or about in (None, symbol))
                and (account is None or whose in (None, account))
            ):
                topic.off_mono_ns = mono_ns
                del self._on[label]
                self._by_channel[named].remove(topic)
                if not self._by_channel[named]:
                    del self._by_channel[named]
                ended.append(topic)
        return ended

    def of_request(self, seq: int | None) -> Asking | None:
        """The request with this address, if it began subscriptions here."""
        return None if seq is None else self._by_request.get(seq)

    def of_push(self, event: Event) -> list[Topic]:
        """The subscriptions that a push belongs to."""
        asking = self._by_request.get(event.reply_to) if event.reply_to is not None else None
        if asking is not None:
            for topic in asking.topics:
                topic.keyed = True
            return [topic for topic in asking.topics if topic.identity[0] in (None, event.channel)] or asking.topics
        topics = self._by_channel.get(event.channel)
        if topics is None:
            return []
        return [topic for topic in topics if event.symbol is None or topic.identity[1] in (None, event.symbol)]

    def repeated(self, topic: Topic, before: Topic) -> list[Topic]:
        """It was on already, as ``before``. Those of which nothing more can become known are given back."""
        # As long as nobody knows of the one before, it is the one before that which counts.
        topic.first = before.first if before.first is not None and not before.known else before
        before.off_mono_ns = topic.asking.mono_ns
        over = [before] if before.known else []
        if len(self.repeats) >= ON_A_LINE:
            over.append(next(iter(self.repeats)))
        self.repeats[topic] = None
        return over

    def refused(self, asking: Asking) -> None:
        """The venue did not take it: none of it is on, and what was before still is."""
        for label, topic in list(self._on.items()):
            if topic.asking is asking:
                del self._on[label]
                there = self._by_channel[topic.identity[0]]
                there.remove(topic)
                if topic.first is not None:
                    topic.first.off_mono_ns = None
                    self._on[label] = topic.first
                    there.append(topic.first)
                elif not there:
                    del self._by_channel[topic.identity[0]]

    def forget(self, asking: Asking) -> None:
        """Nothing more is to be said of this request."""
        self._by_request.pop(asking.seq, None)

    def bound(self) -> None:
        """Forget the oldest, if there are too many."""
        while len(self._by_request) > ON_A_LINE:
            self._by_request.popitem(last=False)
        while len(self._on) > ON_A_LINE:
            topic = self._on.popitem(last=False)[1]
            self._by_channel[topic.identity[0]].remove(topic)


def words_of(event: Event) -> bytes:
    """A hash of what a request says, its id aside, in whatever order it says it."""
    said: Any = event.text if event.text is not None else event.data
    try:
        fields = _json(said or "")
        said = sorted((name, bytes(raw)) for name, raw in fields.items() if not _is_key(raw, event.key))
    except msgspec.MsgspecError:
        pass
    return blake2b(repr(said).encode(), digest_size=8).digest()


def _is_key(raw: msgspec.Raw, key: str | None) -> bool:
    return key is not None and bytes(raw).strip(b'"') == key.encode()
