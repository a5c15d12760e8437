"""Which order came from which request: what a push or a list of orders proves about requests without a reply.

An order that the venue shows is proof that a request was accepted only if no other explanation is left. A request that
creates an order therefore *claims* orders, from when it is sent until its own is known, and an order that is shown is
held against all claims that it could satisfy:

- An order whose request is known (a reply named it) proves nothing for another, nor does one that was there before the
  request was sent: seen earlier in the capture, or older by the venue's time.
- An order id or a client order id that both carry decides. Without one, the intent does, or the same account, symbol,
  side, exact price and exact quantity; then the venue must have said when (for an order of a list: when it was
  created), or it might be an old order like the new one.
- What both name must agree: account, symbol, side, client order id.
- One order and one claim are a proof. Several claims stay open until as many orders are there that nobody else can have
  made: two lost requests for the same order, and one such order, say that one was accepted but not which.

A cancel or a change claims nothing: that an order is gone or different does not say who did it.

One thing can't be excluded: somebody else trading on the account wants the very same order in the same moment.

Bounded: of the requests that are not in flight any more the oldest claims are dropped beyond :data:`CLAIMS`, of the
orders that were seen the oldest are forgotten beyond :data:`SEEN`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from wsreplay.venues.envelope import exact_decimal

if TYPE_CHECKING:
    from wsreplay.captures.event import Event
    from wsreplay.captures.in_flight import Request

CLAIMS = 10_000
SEEN = 100_000
_RIVALS = 16
"""Claims and orders of one kind that are weighed against each other; among more, nothing is proven."""
_CLOCKS_APART_NS = 1_000_000_000
"""How much the venue's clock may be behind ours."""

# Prices and sizes repeat endlessly.
_exact = lru_cache(maxsize=65_536)(exact_decimal)

type Shown = Literal["push", "rest", "reply"]
type _Kind = tuple[str | None, ...]


class Order:
    """An order as the venue showed it, of which the request is not known."""

    __slots__ = (
        "account",
        "client_order_id",
        "error_code",
        "first_seq",
        "group",
        "label",
        "order_id",
        "shown",
        "side",
        "status",
        "symbol",
        "venue_at_ns",
    )

    def __init__(self, event: Event, shown: Shown, label: str, first_seq: int) -> None:
        # What the proof needs, and not the event: its payload would stay in memory with it.
        self.order_id = event.order_id
        self.client_order_id = event.client_order_id
        self.account = event.account
        self.symbol = event.symbol
        self.side = event.side
        self.status = event.status
        self.error_code = event.error_code
        self.venue_at_ns = event.venue_at_ns
        self.shown = shown
        self.label = label
        self.first_seq = first_seq
        self.group: _Group | None = None

    def leave(self) -> None:
        """It needs no explanation any more, or another one."""
        if self.group is not None:
            self.group.orders.pop(self.label, None)
            self.group = None


class _Group:
    """Claims that one kind of order could satisfy, and the orders of this kind that wait for an explanation."""

    __slots__ = ("claims", "kind", "orders")

    def __init__(self, kind: _Kind) -> None:
        self.kind = kind
        self.claims: dict[int, Request] = {}
        self.orders: dict[str, Order] = {}


class _Seen:
    __slots__ = ("first_seq", "known", "order")

    def __init__(self, first_seq: int) -> None:
        self.first_seq = first_seq
        self.known = False
        """Its request is known."""
        self.order: Order | None = None


type Proof = tuple["Request", Order]
"""A request of unknown outcome, and the order that proves what became of it."""


class Claims:
    """Keeps claims and the orders that were shown, and says which proves which."""

    def __init__(self) -> None:
        self._groups: dict[_Kind, _Group] = {}
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._lasting: OrderedDict[int, Request] = OrderedDict()
        """Claims of requests that are not in flight any more."""

    # What happens to requests

    def claim(self, request: Request) -> None:
        """A request that creates an order was handed to the venue."""
        for kind in _kinds_of(request):
            group = self._groups.get(kind)
            if group is None:
                group = self._groups[kind] = _Group(kind)
            group.claims[request.seq] = request

    def accepted(self, request: Request, order_id: str | None, seq: int) -> list[Proof]:
        """Its reply came. If that names no order, the request may still explain one that turns up."""
        if order_id is None:
            if request.order is None:
                self._keep(request)
            return []
        seen = self._see(order_id, seq)
        seen.known = True
        groups = self._drop(request)
        if seen.order is not None:
            if seen.order.group is not None:
                groups.append(seen.order.group)
            seen.order.leave()
        return self._settle(groups)

    def refused(self, request: Request) -> list[Proof]:
        """It made no order: others may explain what it could have."""
        return self._settle(self._drop(request))

    def give_up(self, request: Request) -> None:
        """Nobody waits for its reply any more, and still it may explain an order."""
        self._keep(request)

    def lost(self, request: Request) -> list[Proof]:
        """It will have no reply."""
        if request.order is not None:
            return [(request, request.order)]
        self._keep(request)
        return self._settle([group for kind in _kinds_of(request) if (group := self._groups.get(kind))])

    # What the venue shows

    def show(self, events: Iterable[Event], shown: Shown) -> list[Proof]:
        """The venue showed these orders, in one message."""
        groups = []
        for event in events:
            group = self._place(event, shown)
            if group is not None:
                groups.append(group)
        return self._settle(groups) if groups else []

    def _place(self, event: Event, shown: Shown) -> _Group | None:
        """Put an order that needs an explanation where claims can meet it."""
        label = event.order_id or _client_label(event.client_order_id)
        if label is None:
            return None
        seen = self._see(label, event.seq)
        if seen.known or not self._groups:
            return None
        first_seq = seen.first_seq
        if event.order_id is not None and event.client_order_id is not None:
            # Shown before without its id, it is no new order now that it has one.
            before = self._seen.get(f"client {event.client_order_id}")
            if before is not None:
                first_seq = min(first_seq, before.first_seq)
        order = Order(event, shown, label, first_seq)
        if seen.order is not None:
            seen.order.leave()
            seen.order = None
        for kind in _kinds_of_shown(event, shown):
            group = self._groups.get(kind)
            if group is None or len(group.claims) > _RIVALS:
                continue
            if any(_could_be(order, claim) for claim in group.claims.values()):
                if len(group.orders) > _RIVALS:
                    return None
                order.group, seen.order = group, order
                group.orders[label] = order
                return group
        return None

    # What follows

    def _settle(self, groups: Sequence[_Group]) -> list[Proof]:
        """Draw all conclusions in groups that changed; each may lead to others."""
        proofs: list[Proof] = []
        waiting = list(groups)
        while waiting:
            for request, order in _conclusions(waiting.pop()):
                order.leave()
                seen = self._seen.get(order.label)
                if seen is not None:
                    seen.known, seen.order = True, None
                waiting += self._drop(request)
                if request.state == "unknown":
                    proofs.append((request, order))
                elif request.state == "in flight":
                    request.order = order
        return proofs

    def _drop(self, request: Request) -> list[_Group]:
        """The request claims nothing any more; the groups in which others are left with what it could explain."""
        self._lasting.pop(request.seq, None)
        changed = []
        for kind in _kinds_of(request):
            group = self._groups.get(kind)
            if group is None or group.claims.pop(request.seq, None) is None:
                continue
            if group.claims:
                changed.append(group)
            else:
                del self._groups[kind]
                for order in group.orders.values():
                    order.group = None
        return changed

    def _keep(self, request: Request) -> None:
        if any(kind in self._groups and request.seq in self._groups[kind].claims for kind in _kinds_of(request)):
            self._lasting[request.seq] = request
            if len(self._lasting) > CLAIMS:
                self._drop(next(iter(self._lasting.values())))

    def _see(self, order_id: str, seq: int) -> _Seen:
        seen = self._seen.get(order_id)
        if seen is None:
            seen = self._seen[order_id] = _Seen(seq)
            if len(self._seen) > SEEN:
                self._seen.popitem(last=False)
        return seen


def _conclusions(group: _Group) -> list[Proof]:
    """Each claim of which it is certain that one of the waiting orders is its own."""
    if not group.orders or len(group.claims) > _RIVALS:
        return []
    if not any(claim.state == "unknown" for claim in group.claims.values()):
        return []  # replies may still tell
    possible: dict[str, set[int]] = {}
    for label, order in list(group.orders.items()):
        claims = {claim.seq for claim in group.claims.values() if _could_be(order, claim)}
        if claims:
            possible[label] = claims
        else:
            order.leave()
    for claims in possible.values():
        # As many orders as claims, and none of the orders can be anybody else's: each claim has its order.
        rivals = [group.orders[label] for label, others in possible.items() if others <= claims]
        if len(rivals) != len(claims) or (len(rivals) > 1 and any(order.error_code for order in rivals)):
            continue
        rivals.sort(key=lambda order: (order.first_seq, order.label))
        return [(group.claims[seq], order) for seq, order in zip(sorted(claims), rivals, strict=True)]
    return []


def _could_be(order: Order, claim: Request) -> bool:
    """Whether this request may have made this order."""
    return (
        order.first_seq > claim.seq
        and (order.venue_at_ns is None or order.venue_at_ns >= claim.at_ns - _CLOCKS_APART_NS)
        and _agree(order.account, claim.account)
        and _agree(order.symbol, claim.symbol)
        and _agree(order.side, claim.side)
        and _agree(order.client_order_id, claim.client_order_id)
    )


def _agree(shown: str | None, wanted: str | None) -> bool:
    return shown is None or wanted is None or shown == wanted


def _kinds_of(request: Request) -> list[_Kind]:
    kinds: list[_Kind] = [("intent", request.intent)]
    if request.order_id is not None:
        kinds.append(("order", request.order_id))
    if request.client_order_id is not None:
        kinds.append(("client", request.client_order_id))
    facts = _facts(request)
    if facts is not None:
        kinds.append(facts)
    return kinds


def _kinds_of_shown(event: Event, shown: Shown) -> list[_Kind]:
    """The claims to hold an order against, the surest first."""
    kinds: list[_Kind] = []
    if event.order_id is not None:
        kinds.append(("order", event.order_id))
    if event.client_order_id is not None:
        kinds.append(("client", event.client_order_id))
    if event.order_id is None or event.venue_at_ns is None or event.error_code is not None:
        return kinds
    if event.intent is not None:
        kinds.append(("intent", event.intent))
    elif event.account is not None or shown == "rest":
        # A push that names no account may be anybody's: venues publish whole books, order by order.
        facts = _facts(event)
        if facts is not None:
            kinds.append(facts)
    return kinds


def _facts(wish: Request | Event) -> _Kind | None:
    if wish.symbol is None or wish.side is None or wish.price is None or wish.qty is None:
        return None
    price, qty = _exact(wish.price), _exact(wish.qty)
    if price is None or qty is None:
        return None
    return "facts", wish.account, wish.symbol, wish.side, price, qty


def _client_label(client_order_id: str | None) -> str | None:
    return None if client_order_id is None else f"client {client_order_id}"
