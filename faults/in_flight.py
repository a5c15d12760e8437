"""Requests in flight, so that a reply can be told by the request that it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsreplay.venues.envelope import Envelope

if TYPE_CHECKING:
    from wsreplay.faults.firing import Firing

type Slot = tuple[str | None, ...]


class Request:
    """A request that is not answered yet."""

    __slots__ = ("envelope", "marks")

    def __init__(self, envelope: Envelope, marks: tuple[Firing, ...] = ()) -> None:
        self.envelope = envelope
        self.marks = marks
        """Which faults wait for its answer."""


class InFlight:
    """The requests of one connection, a bounded number of them: a bot whose requests nobody answers costs no memory."""

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._slots: dict[Slot, list[Request]] = {}
        self._ages: dict[Request, Slot] = {}
        """All of them, the oldest first."""

    def __len__(self) -> int:
        return len(self._ages)

    def sent(self, request: Request) -> None:
        """A request has passed; it is kept unless its venue never answers such."""
        if not request.envelope.replies:
            return
        slot = _slot(request.envelope)
        self._slots.setdefault(slot, []).append(request)
        self._ages[request] = slot
        if len(self._ages) > self._limit:
            self._forget(next(iter(self._ages)))

    def answered(self, answer: Envelope) -> Request | None:
        """The request that this reply or error ends; it is in flight no longer."""
        if answer.answers == "none":
            return None
        waiting = self._slots.get(_slot(answer))
        if not waiting:
            return None
        request = waiting[-1 if answer.answers == "newest" else 0]
        self._forget(request)
        return request

    def _forget(self, request: Request) -> None:
        slot = self._ages.pop(request)
        waiting = self._slots[slot]
        waiting.remove(request)
        if not waiting:
            del self._slots[slot]


def _slot(envelope: Envelope) -> Slot:
    """By its key; at a venue without keys, first in, first out by operation and channel."""
    return (envelope.key,) if envelope.key is not None else (envelope.op, envelope.channel)
