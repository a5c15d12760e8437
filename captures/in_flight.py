"""What is in flight on one connection: the requests that wait for their reply, and which of them a reply answers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from wsreplay.captures.event import Event
    from wsreplay.captures.shown_order import ShownOrder
    from wsreplay.venues.envelope import Answers, Role

LIMIT = 65_536
"""Of requests that wait on one connection. Beyond it the oldest are given up on, and stay pending in the capture."""

type _Kind = tuple[str | None, ...]


class Request:
    """A request that was sent, and all that its outcome may need to know about it."""

    __slots__ = (
        "account",
        "at_ns",
        "channel",
        "client_order_id",
        "conn",
        "intent",
        "key",
        "mono_ns",
        "op",
        "order",
        "order_id",
        "price",
        "qty",
        "reached_venue",
        "seq",
        "side",
        "state",
        "symbol",
    )

    def __init__(self, event: Event, *, reached_venue: bool) -> None:
        self.seq = event.seq
        self.conn = event.conn
        self.at_ns = event.at_ns
        self.mono_ns = event.mono_ns
        self.op = event.op
        self.key = event.key
        self.channel = event.channel
        self.symbol = event.symbol
        self.account = event.account
        self.side = event.side
        self.price = event.price
        self.qty = event.qty
        self.order_id = event.order_id
        self.client_order_id = event.client_order_id
        self.intent = event.intent
        self.reached_venue = reached_venue
        self.state: Literal["in flight", "answered", "unknown"] = "in flight"
        self.order: ShownOrder | None = None
        """The order that it is known to have made, before any reply said so."""


class Waits(Protocol):
    """What waits, as far as it matters which reply it gets."""

    seq: int
    key: str | None
    op: str | None
    channel: str | None


class Reply(Protocol):
    """What answers, as far as it matters which request."""

    @property
    def role(self) -> Role | None:
        """A reply, or an error."""
        ...

    @property
    def key(self) -> str | None:
        """The correlation key."""
        ...

    @property
    def op(self) -> str | None:
        """The operation."""
        ...

    @property
    def channel(self) -> str | None:
        """The channel."""
        ...


class InFlight[R: Waits]:
    """The requests in flight on one connection. Each step costs the same, however many wait."""

    def __init__(self) -> None:
        self._all: OrderedDict[int, R] = OrderedDict()
        self._by_key: dict[str, list[R]] = {}
        # Without a key a reply finds its request by operation and channel; one that names only half of it, by that
        # half. OrderedDict, since a plain dict that is only ever emptied from the front grows slow to look into.
        self._by_kind: dict[_Kind, OrderedDict[int, R]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._all.values()))

    def add(self, request: R) -> R | None:
        """A request was sent; returns the one that had to be given up on for it, if the table was full."""
        given_up = None
        if len(self._all) >= LIMIT:
            given_up = next(iter(self._all.values()))
            self.remove(given_up)
        self._all[request.seq] = request
        if request.key is not None:
            waiting = self._by_key.get(request.key)
            if waiting is None:
                self._by_key[request.key] = [request]
            else:
                waiting.append(request)
        else:
            for kind in _kinds(request):
                self._by_kind.setdefault(kind, OrderedDict())[request.seq] = request
        return given_up

    def find(self, reply: Reply, which: Answers) -> R | None:
        """The request that a reply answers, by its key, or by operation and channel where it has none.

        A reply without a key answers a request without one, and in this order of trust: one of the same operation and
        channel; of the same channel, where the venue has another word for the answer ("subscribe" and
        "subscription_response"); where it names no channel, of the same operation on whatever channel (a refusal often
        forgets it). An error that names neither, and an answer without any word, may be to any request; where it is
        said to mean the newest, rather to the oldest of those that had no channel to name.
        """
        if which == "none":
            return None
        if reply.key is not None:
            waiting = self._by_key.get(reply.key)
            if not waiting:
                return None
            return waiting[0] if which == "oldest" else waiting[-1]
        if not self._by_kind:
            return None
        op, channel = reply.op, reply.channel
        kinds: tuple[_Kind, ...]
        if channel is not None:
            kinds = ("both", op, channel), ("channel", channel)
        elif op is None or reply.role == "error":
            kinds = ("both", op, None), ("op", op), ("any",)
        else:
            kinds = ("both", op, None), ("op", op), ("channel", None)
        if channel is None and which == "newest" and reply.role == "error":
            # Where errors name channels, what had none is answered among its like, and in order.
            unnamed = self._by_kind.get(("channel", None))
            if unnamed:
                return next(iter(unnamed.values()))
        for kind in kinds:
            requests = self._by_kind.get(kind)
            if requests:
                return next(iter(requests.values()) if which == "oldest" else reversed(requests.values()))
        return None

    def remove(self, request: R) -> None:
        """The request waits no longer."""
        if self._all.pop(request.seq, None) is None:
            return
        if request.key is not None:
            waiting = self._by_key[request.key]
            if len(waiting) == 1:
                del self._by_key[request.key]
            elif waiting[-1] is request:
                waiting.pop()
            else:
                waiting.remove(request)
            return
        for kind in _kinds(request):
            requests = self._by_kind[kind]
            del requests[request.seq]
            if not requests:
                del self._by_kind[kind]


def _kinds(request: Waits) -> tuple[_Kind, ...]:
    op, channel = request.op, request.channel
    return ("both", op, channel), ("op", op), ("channel", channel), ("any",)
