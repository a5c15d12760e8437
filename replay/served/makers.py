"""Which recorded request made which order. Sans-I/O."""

from __future__ import annotations

from wsreplay.replay.served.script import Said
from wsreplay.venues.envelope import Envelope


class Makers:
    """Told of requests that make orders, and of what became known of these."""

    def __init__(self) -> None:
        self.by_order: dict[str, int] = {}
        """The request, by the venue's id of its order."""
        self.orders: dict[int, list[str]] = {}
        """The orders, by their request."""
        self._wanted: set[int] = set()
        self._by_client: dict[str, int] = {}

    def wanted(self, seq: int, envelope: Envelope) -> None:
        """A request was made; if it wants an order, that is remembered."""
        for order in (envelope, *envelope.parts):
            if order.intent is not None:
                self._wanted.add(seq)
                if order.client_order_id is not None:
                    self._by_client[order.client_order_id] = seq

    def made(self, seq: int, answer: Envelope) -> None:
        """What a request was answered names the orders that it made."""
        for order in (answer, *answer.parts):
            if order.error_code is None:
                self.known(seq, order.order_id)

    def known(self, seq: int, order_id: str | None) -> None:
        """An order of this request is known by this id."""
        if seq in self._wanted and order_id is not None and order_id not in self.by_order:
            self.by_order[order_id] = seq
            self.orders.setdefault(seq, []).append(order_id)

    def maker(self, said: Said) -> int | None:
        """The request that made the one order of which the venue speaks here; None: it is older, or there are several.

        A list is one of the orders that there are, be it none; what is said of one order needs it.
        """
        orders = [each for each in (said.envelope, *said.envelope.parts) if each.order_id or each.client_order_id]
        if said.envelope.role != "push" or len(orders) != 1:
            return None
        if orders[0].order_id is not None:
            maker = self.by_order.get(orders[0].order_id)
        else:
            maker = self._by_client.get(orders[0].client_order_id or "")
        return maker if maker is not None and maker < said.seq else None
