"""The orders of the recording that were wanted now, and under which ids they live. Sans-I/O.

The first order that a recorded request makes keeps the id that the venue gave it. Where one recorded request stands for
several live ones, the others get ids that look like it and that nobody has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count

import msgspec

from wsreplay.replay.served.script import ServedScript
from wsreplay.venues.envelope import Envelope

_RUN = re.compile(r"[0-9]+$|[0-9a-fA-F]+$")


class Swap(msgspec.Struct, frozen=True):
    """A value of the recording, and what stands for it now."""

    name: str
    """Of the field that carries it."""
    recorded: str
    live: str
    quoted: bool = True
    """Whether the live one was written as a text."""
    fact: bool = False
    """Whether it is a request's id, an order's or the client's own for it: what correlation lives from."""
    path: tuple[str | int, ...] = ()


class LiveOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was wanted now."""

    recorded_id: str
    live_id: str
    line: int = 0
    """The live line on which it was wanted; 0: over REST."""
    swaps: tuple[Swap, ...] = ()
    """What its request said otherwise than the recorded one."""


class LiveOrders:
    """Kept over one session."""

    def __init__(self, script: ServedScript) -> None:
        self._makers = script.makers
        self._live: dict[str, list[LiveOrder]] = {}
        """By the recorded id."""
        self._recorded: dict[str, str] = {}
        """Recorded ids, by those made up now."""
        self._clients: dict[str, str] = {}
        """The recorded client order ids, by the live ones."""
        self._taken = set(script.makers)

    def make(self, recorded_id: str, swaps: Iterable[Swap], line: int) -> LiveOrder:
        """An order is made by the recorded request that made this one."""
        orders = self._live.setdefault(recorded_id, [])
        live_id = self._fresh(recorded_id) if orders else recorded_id
        swaps = tuple(swaps)
        if live_id != recorded_id:
            self._recorded[live_id] = recorded_id
            swaps = (*swaps, Swap("", recorded_id, live_id, fact=True))
        order = LiveOrder(recorded_id=recorded_id, live_id=live_id, line=line, swaps=swaps)
        orders.append(order)
        return order

    def met(self, recorded: Envelope, live: Envelope) -> None:
        """A recorded request came again: the client may call its order by another id."""
        if recorded.client_order_id is not None and live.client_order_id is not None:
            self._clients[live.client_order_id] = recorded.client_order_id

    def recorded_id(self, order_id: str) -> str:
        """How the recording calls an order that is live under this id."""
        return self._recorded.get(order_id, order_id)

    def recorded_client_id(self, client_order_id: str) -> str:
        """How the recording's client called an order that is called so now."""
        return self._clients.get(client_order_id, client_order_id)

    def of(self, recorded_id: str, line: int | None = None) -> list[LiveOrder] | None:
        """What a recorded order is now, on this line if it has one there; None: nobody in the recording made it."""
        if recorded_id not in self._makers and recorded_id not in self._live:
            return None
        orders = self._live.get(recorded_id, [])
        return [order for order in orders if order.line == line] or orders

    def _fresh(self, like: str) -> str:
        """An id that nobody has, as long as this one and of the same letters."""
        run = _RUN.search(like)
        if run is None:
            fresh = next(each for n in count(2) if (each := f"{like}-{n}") not in self._taken)
            self._taken.add(fresh)
            return fresh
        base = 10 if run[0].isdigit() else 16
        number, width = int(run[0], base), len(run[0])
        for step in count(1):
            value = (number + step) % base**width
            digits = f"{value:0{width}d}" if base == 10 else f"{value:0{width}x}"
            fresh = like[: run.start()] + (digits.upper() if run[0].isupper() else digits)
            if fresh not in self._taken:
                self._taken.add(fresh)
                return fresh
        raise AssertionError("unreachable")
