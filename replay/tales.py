"""Tales: what became of each request, and what a venue told of the orders that it made. Sans-I/O."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Literal

import msgspec

from wsreplay.captures.event import Event

type Identity = tuple[str | None, ...]
type Fate = Literal["accepted", "refused"]

_DECIDED: dict[str, Fate] = {"ok": "accepted", "rejected": "refused"}
_LONGEST = 60
_ORDERS = 65_536
"""Orders of which nobody knows yet whose they are."""
_ID_IN_PATH = re.compile(
    r"(?<=/)(\d{4,}|(0x)?[0-9a-f]{16,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/|$)", re.IGNORECASE
)


class Tale(msgspec.Struct, kw_only=True):
    """What became of one request."""

    seq: int
    op: str | None
    label: str
    """What it wanted, in words."""
    identity: Identity
    intent: str | None
    facts: tuple[tuple[str, str], ...] = ()
    """What else it said: requests that only differ in these may be the same wish, uttered otherwise."""
    kind: Identity = ()
    """What those have in common."""
    answered: bool | None = None
    """Whether the bot had an answer; None: not before it had given up, or before the recording ended."""
    lost: bool = False
    """Whether the line ended, or a gateway gave up, before the answer came."""
    fate: Fate | None = None
    """What the venue made of it, where that is known."""
    status: str | None = None
    error_code: str | None = None
    listed: tuple[tuple[str, str | None], ...] = ()
    """The orders that the answer lists, as intent and status."""
    told: tuple[tuple[int, str], ...] = ()
    """What pushes said of its order: where, and the status that it had then."""

    @property
    def outcome(self) -> str:
        """The outcome in words."""
        detail = self.error_code or self.status
        if self.answered is False or self.fate is None:
            return f"no answer, but {self.fate}" if self.fate else "no answer"
        words = self.fate if self.answered else f"{self.fate} too late"
        return f"{words} ({detail})" if detail else words


class Requests:
    """Gathers the tales of a recording, event by event."""

    def __init__(self, wanted: AbstractSet[int] | None = None, noise: AbstractSet[str] = frozenset()) -> None:
        """``wanted``: the ``seq`` of those that are told of; ``noise``: columns that no comparison looks at."""
        self._wanted = wanted
        self._noise = noise
        self._told: dict[int, Tale] = {}
        self._listed: dict[int, list[tuple[str, str | None]]] = {}
        self._answers: dict[int, int] = {}
        self._statuses: OrderedDict[str, list[tuple[int, str]]] = OrderedDict()
        """By the name of an order: what was said of it."""
        self._orders: dict[str, Tale] = {}
        """By the same: the request that made it."""
        self._push = 0
        """The last message that answered nothing."""

    def see(self, event: Event) -> None:
        """Take note of an event, or of a fact."""
        if event.part == 0:
            if event.role == "request" and event.sender == "client":
                if self._wanted is None or event.seq in self._wanted:
                    self._begin(event)
            elif event.role == "push":
                self._push = event.seq
                self._shown(event)
            if event.reply_to is not None and event.role != "push":
                self._answers[event.seq] = event.reply_to
        elif event.kind != "fact":
            return
        elif event.outcome is not None:
            if event.of_seq in self._told:
                self._learn(self._told[event.of_seq], event)
        elif event.seq == self._push:
            self._shown(event)
        elif event.order_id is not None and event.intent is not None:
            self._listed.setdefault(event.seq, []).append((event.intent, event.status))

    def tales(self) -> list[Tale]:
        """All of them, as far as they are known now."""
        own = {tale.intent for tale in self._told.values() if tale.intent is not None}
        for seq, orders in self._listed.items():
            if (request := self._told.get(self._answers.get(seq, 0))) is not None:
                # Other orders on the account are none of this recording's business.
                request.listed = tuple(sorted((order for order in orders if order[0] in own), key=str))
        return list(self._told.values())

    def _begin(self, event: Event) -> None:
        tale = self._told[event.seq] = tale_of(event, self._noise)
        if event.intent is not None and event.client_order_id is not None:
            self._owns(f"client {event.client_order_id}", tale)

    def _learn(self, tale: Tale, fact: Event) -> None:
        _fold(tale, fact)
        if tale.intent is not None and fact.order_id is not None:
            self._owns(f"order {fact.order_id}", tale)

    def _owns(self, order: str, tale: Tale) -> None:
        """This order is that request's."""
        before = self._statuses.pop(order, None)
        self._orders[order] = tale
        for seq, status in before or ():
            if seq > tale.seq:
                _tell(tale, seq, status)

    def _shown(self, order: Event) -> None:
        if order.status is None:
            return
        names = [
            name
            for name in (
                order.order_id and f"order {order.order_id}",
                order.client_order_id and f"client {order.client_order_id}",
            )
            if name
        ]
        for name in names:
            if (tale := self._orders.get(name)) is not None:
                _tell(tale, order.seq, order.status)
                return
        if names:
            self._statuses.setdefault(names[0], []).append((order.seq, order.status))
            if len(self._statuses) > _ORDERS:
                self._statuses.popitem(last=False)


def tales(
    events: Iterable[Event], wanted: AbstractSet[int] | None = None, noise: AbstractSet[str] = frozenset()
) -> list[Tale]:
    """What became of the requests in these events, of all or of those with the wanted ``seq``."""
    requests = Requests(wanted, noise)
    for event in events:
        requests.see(event)
    return requests.tales()


def tale_of(event: Event, noise: AbstractSet[str] = frozenset()) -> Tale:
    """The tale of a request of which nothing is known yet."""
    names = ("intent",) if event.intent is not None else _WITHOUT_INTENT
    order = f"{event.qty or '?'} @ {event.price or 'market'}" if event.side is not None else None
    on_a_line = event.side is None and event.kind != "http_request"
    words = (event.op or "request", event.symbol, event.side, order, _short(event.channel) if on_a_line else None)
    return Tale(
        seq=event.seq,
        op=event.op,
        label=" ".join(word for word in words if word),
        identity=(_plain(event.op), *(None if name in noise else getattr(event, name) for name in names)),
        intent=event.intent,
        facts=tuple(
            (name, value) for name in _FACTS if name not in noise and (value := getattr(event, name)) is not None
        ),
        kind=(_plain(event.op), *(None if name in noise else getattr(event, name) for name in _KIND)),
    )


_FACTS = ("account", "price", "qty", "client_order_id")
_KIND = ("symbol", "side", "channel")
_WITHOUT_INTENT = ("symbol", "account", "side", "channel", "price", "qty", "client_order_id")


def _short(channel: str | None) -> str | None:
    """A request may name dozens of channels."""
    return channel if channel is None or len(channel) <= _LONGEST else f"{channel[: _LONGEST - 1]}…"


def _plain(op: str | None) -> str | None:
    """An operation without the ids that stand in a path of REST: they are given anew each time."""
    return op if op is None or "/" not in op else _ID_IN_PATH.sub("*", op)


def _tell(tale: Tale, seq: int, status: str) -> None:
    if not tale.told or tale.told[-1][1] != status:
        tale.told = (*tale.told, (seq, status))


def _fold(tale: Tale, fact: Event) -> None:
    """Take note of what became known of a request."""
    tale.status = fact.status or tale.status
    tale.error_code = fact.error_code or tale.error_code
    if fact.outcome == "late":
        tale.answered = False if fact.resolved_by == "undelivered-reply" else None
        tale.fate = "accepted" if fact.error_code is None else "refused"
    elif fact.outcome in _DECIDED:
        # After an unknown outcome a reply to another request can tell what became of this one.
        if fact.resolved_by == "reply" and not tale.lost:
            tale.answered = True
        tale.fate = _DECIDED[fact.outcome]
    else:
        tale.answered, tale.lost = False, True
