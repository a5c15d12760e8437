"""Which live request is which recorded one, and what the recorded answers become for it. Sans-I/O."""

from __future__ import annotations

from functools import partial

import msgspec

from wsreplay.replay.served.orders import LiveOrder, LiveOrders, Swap
from wsreplay.replay.served.patching import patched, swaps_between, swaps_between_http, with_live_orders
from wsreplay.replay.served.script import Said, Wish
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage


class Pair(msgspec.Struct, frozen=True):
    """A live request and the recorded one that it is."""

    wish: Wish
    swaps: tuple[Swap, ...]
    """What it says otherwise."""
    orders: tuple[LiveOrder, ...] = ()

    @property
    def order_id(self) -> str | None:
        """The one order that it made, as the client knows it."""
        return self.orders[0].live_id if len(self.orders) == 1 else None


class Pairs:
    """Kept over one session."""

    def __init__(self, dialect: Dialect, orders: LiveOrders) -> None:
        self._dialect = dialect
        self._orders = orders
        self._pairs: dict[tuple[int, int], Pair] = {}
        """The first of each recorded request on each line; under line 0 the last of all."""

    def pair(self, wish: Wish, payload: str | bytes, envelope: Envelope, line: int) -> Pair:
        """A message is this recorded one."""
        return self._paired(wish, envelope, swaps_between(wish.payload, payload, wish.envelope, envelope), line)

    def pair_http(self, wish: Wish, http: HttpMessage, envelope: Envelope) -> Pair:
        """A REST request is this recorded one."""
        assert wish.http is not None
        return self._paired(wish, envelope, swaps_between_http(wish.http, http, wish.envelope, envelope), 0)

    def fitting(self, said: Said, pair: Pair | None, line: int, now_ns: int) -> str | bytes:
        """What the venue said, made to fit this line and this time.

        Without a ``pair`` it is that of the request that it answers, or that it came of.
        """
        if isinstance(said.payload, bytes):
            return said.payload
        if pair is None:
            requests = (said.answers,) if said.answers is not None else reversed(said.causes)
            pairs = (self._pairs.get((line, each)) or self._pairs.get((0, each)) for each in requests)
            pair = next((pair for pair in pairs if pair is not None), None)
        read = partial(self._dialect.decode, sender="venue")
        text = patched(said.payload, pair.swaps if pair is not None else (), read, now_ns - said.at_ns, said.at_ns)
        if said.envelope.order_id is not None or said.envelope.parts:
            text = with_live_orders(text, self._orders, line, read)
        return text

    def fitting_http(self, pair: Pair, now_ns: int) -> bytes:
        """The body of a REST answer, made to fit."""
        wish = pair.wish
        assert wish.response is not None
        assert wish.reply is not None
        read = partial(self._read_http, wish)
        try:
            text = wish.response.body.decode()
        except UnicodeDecodeError:
            return wish.response.body
        text = patched(text, pair.swaps, read, now_ns - wish.reply.at_ns, wish.reply.at_ns)
        return with_live_orders(text, self._orders, None, read).encode()

    def _paired(self, wish: Wish, envelope: Envelope, swaps: list[Swap], line: int) -> Pair:
        self._orders.met(wish.envelope, envelope)
        orders = tuple(self._orders.make(each, swaps, line) for each in wish.order_ids) if wish.accepted else ()
        new_ids = (swap for order in orders for swap in order.swaps if swap not in swaps)
        pair = Pair(wish, (*swaps, *new_ids), orders)
        self._pairs[0, wish.seq] = pair
        if line:
            # What is asked again is answered by its own pair; the line's course is that of the first.
            self._pairs.setdefault((line, wish.seq), pair)
        return pair

    def _read_http(self, wish: Wish, text: str) -> Envelope:
        assert wish.response is not None
        return self._dialect.decode_http(msgspec.structs.replace(wish.response, body=text.encode()), wish.http)
