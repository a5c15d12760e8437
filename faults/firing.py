"""A fault that fires: what struck, and at what."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from wsreplay.faults.effects import Effect
from wsreplay.faults.fault import Fault
from wsreplay.faults.short_form import write
from wsreplay.venues.envelope import Envelope, Sender

_TOLD_BY = ("op", "key", "channel", "symbol", "order_id", "client_order_id")


class Firing(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that fires now."""

    fault: Fault
    number: int
    """The fault's place in the plan, from 1."""
    occurrence: int
    """The how manieth frame it is that the fault's moment speaks of."""
    lot: str
    """What all its chances are drawn from."""
    frame: str
    """What it strikes: a message's role, a control frame, ``open`` or ``time``."""
    sender: Sender | None = None
    envelope: Envelope | None = None
    request: Envelope | None = None
    """What the frame answers."""

    @property
    def effect(self) -> Effect:
        """What happens."""
        return self.fault.effect

    def draw(self, purpose: str) -> float:
        """A seeded number from 0 up to 1, for a purpose."""
        return chance(self.lot, purpose)

    def as_json(self, **more: Any) -> dict[str, Any]:
        """For the capture's ``fault`` row: which fault, what fired it, and what else is worth telling."""
        told: dict[str, Any] = {
            "fault": write(self.fault),
            "effect": self.effect.word,
            "number": self.number,
            "occurrence": self.occurrence,
            "when": self.fault.moment.when,
            "frame": self.frame,
        }
        if self.sender is not None:
            told["sender"] = self.sender
        for name in _TOLD_BY:
            found = (getattr(source, name) for source in (self.envelope, self.request) if source is not None)
            value = next((value for value in found if value is not None), None)
            if value is not None:
                told[name] = value
        return told | more


def chance(lot: str, purpose: str) -> float:
    """A number from 0 up to 1 that is the same for the same lot and purpose, on every machine."""
    return int.from_bytes(blake2b(f"{lot}/{purpose}".encode(), digest_size=8).digest()) / 2**64
