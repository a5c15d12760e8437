"""Which order came from which request: what a push or a list of orders proves about requests without a reply.

An order that the venue shows is proof that a request was accepted only if no other explanation is left. A request that
creates an order therefore *claims* orders, from when it is sent until its own is known, and an order that is shown is
held against all claims that it could satisfy:

- An order whose request is known (a reply named it) proves nothing for another, nor does one that was there before the
  request was sent: seen earlier in the capture, or older by the venue's time.
- What makes an order one that a request could have made, :mod:`.shown_order` says.
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
from typing import TYPE_CHECKING

from wsreplay.captures.shown_order import Kind, Shown, ShownOrder, client_label, kinds_of_request

if TYPE_CHECKING:
    from wsreplay.captures.event import Event
    from wsreplay.captures.in_flight import Request

CLAIMS = 10_000
SEEN = 200_000
_RIVALS = 16
"""Claims and orders of one kind that are weighed against each other; among more, nothing is proven."""


class Group:
    """Claims that one kind of order could satisfy, and the orders of this kind that wait for an explanation."""

    __slots__ = ("claims", "kind", "orders")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.claims: dict[int, Request] = {}
        self.orders: dict[str, ShownOrder] = {}


class _Seen:
    """What is known of an order id, or of a client order id."""

    __slots__ = ("first_seq", "has_id", "known", "order")

    def __init__(self, first_seq: int) -> None:
        self.first_seq = first_seq
        self.has_id = False
        """Of a client order id: the venue has named its order."""
        self.known = False
        """Its request is known."""
        self.order: ShownOrder | None = None


type Proof = tuple["Request", ShownOrder]
"""A request of unknown outcome, and the order that proves what became of it."""


class Claims:
    """Keeps claims and the orders that were shown, and says which proves which."""

    def __init__(self) -> None:
        self._groups: dict[Kind, Group] = {}
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._lasting: OrderedDict[int, Request] = OrderedDict()
        """Claims of requests that are not in flight any more."""

    # What happens to requests

    def claim(self, request: Request) -> None:
        """A request that creates an order was handed to the venue."""
        for kind in kinds_of_request(request):
            group = self._groups.get(kind)
            if group is None:
                group = self._groups[kind] = Group(kind)
            group.claims[request.seq] = request

    def accepted(self, request: Request, order_id: str | None, seq: int) -> list[Proof]:
        """Its reply came. If that names no order, the request may still explain one that turns up."""
        if request.client_order_id is not None:
            self._see(client_label(request.client_order_id), seq)
            if order_id is not None:
                self._named(request.client_order_id, seq)
        if order_id is None:
            self._keep(request)
            return []
        seen = self._see(order_id, seq)
        seen.known = True
        groups = self._drop(request)
        if seen.order is not None and seen.order.group is not None:
            groups.append(seen.order.group)
        _put_aside(seen)
        return self._settle(groups)

    def refused(self, request: Request) -> list[Proof]:
        """It made no order: others may explain what it could have."""
        return self._settle(self._drop(request))

    def give_up(self, request: Request) -> None:
        """Nobody waits for its reply any more, and still it may explain an order."""
        self._keep(request)

    def lost(self, request: Request) -> list[Proof]:
        """It will have no reply."""
        self._keep(request)
        if request.order is not None:
            request.state = "answered"
            return [(request, request.order)]
        return self._settle([group for kind in kinds_of_request(request) if (group := self._groups.get(kind))])

    # What the venue shows

    def show(self, events: Iterable[Event], shown: Shown) -> list[Proof]:
        """The venue showed these orders, in one message."""
        groups = []
        for event in events:
            group = self._place(event, shown)
            if group is not None:
                groups.append(group)
        return self._settle(groups) if groups else []

    def _place(self, event: Event, shown: Shown) -> Group | None:
        """Put an order that needs an explanation where claims can meet it."""
        client_order_id = event.client_order_id
        seen = None
        if event.order_id is not None:
            seen = self._see(event.order_id, event.seq)
            if seen.known:
                return None
        by_client = None if client_order_id is None else self._see(client_label(client_order_id), event.seq)
        if seen is None:
            # Without its id it could be any order of that client id, so it counts only before one was named.
            if by_client is None or by_client.known or by_client.has_id:
                return None
            seen = by_client
        first_seq = seen.first_seq
        if by_client is not None and by_client is not seen and not by_client.has_id:
            # Shown before without its id, it is no new order now that it has one.
            by_client.has_id = True
            first_seq = min(first_seq, by_client.first_seq)
            _put_aside(by_client)
            if by_client.known:
                seen.known = True
                return None
        _put_aside(seen)
        if not self._groups:
            return None
        order = ShownOrder(event, shown, first_seq)
        for kind in order.kinds(event):
            group = self._groups.get(kind)
            if group is None or len(group.claims) > _RIVALS:
                continue
            if any(order.could_be_of(claim) for claim in group.claims.values()):
                if len(group.orders) > _RIVALS:
                    return None
                order.group, seen.order = group, order
                group.orders[order.label] = order
                return group
        return None

    # What follows

    def _settle(self, groups: Sequence[Group]) -> list[Proof]:
        """Draw all conclusions in groups that changed; each may lead to others."""
        proofs: list[Proof] = []
        waiting = list(groups)
        while waiting:
            for request, order in _conclusions(waiting.pop()):
                order.leave()
                seen = self._seen.get(order.label)
                if seen is not None:
                    seen.known, seen.order = True, None
                if order.order_id is not None:
                    # Shown without its id, it may be shown by its id alone later: that must not count for another.
                    waiting += self._drop(request)
                    if request.client_order_id is not None:
                        self._named(request.client_order_id, order.first_seq)
                if request.state == "unknown":
                    request.state = "answered"
                    proofs.append((request, order))
                elif request.state == "in flight":
                    request.order = order
        return proofs

    def _drop(self, request: Request) -> list[Group]:
        """The request claims nothing any more; the groups in which others are left with what it could explain."""
        self._lasting.pop(request.seq, None)
        changed = []
        for kind in kinds_of_request(request):
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
        if any(kind in self._groups and request.seq in self._groups[kind].claims for kind in kinds_of_request(request)):
            self._lasting[request.seq] = request
            if len(self._lasting) > CLAIMS:
                self._drop(next(iter(self._lasting.values())))

    def _named(self, client_order_id: str, seq: int) -> None:
        """The order of this client order id has an id: shown without, it is no further order."""
        by_client = self._see(client_label(client_order_id), seq)
        by_client.has_id = True
        _put_aside(by_client)

    def _see(self, label: str, seq: int) -> _Seen:
        seen = self._seen.get(label)
        if seen is None:
            seen = self._seen[label] = _Seen(seq)
            if len(self._seen) > SEEN:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(label)
        return seen


def _put_aside(seen: _Seen) -> None:
    if seen.order is not None:
        seen.order.leave()
        seen.order = None


def _conclusions(group: Group) -> list[Proof]:
    """Each claim of which it is certain that one of the waiting orders is its own."""
    if not group.orders or len(group.claims) > _RIVALS:
        return []
    if not any(claim.state == "unknown" for claim in group.claims.values()):
        return []  # replies may still tell
    possible: dict[str, set[int]] = {}
    for label, order in list(group.orders.items()):
        claims = {claim.seq for claim in group.claims.values() if order.could_be_of(claim)}
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
