"""A venue's own rules about lines, logins and subscriptions, as far as an analysis or a replay must know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

MS = 1_000_000
SECOND = 1_000_000_000


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """How the venue finds out whether a client still lives."""

    frame: Literal["protocol", "message"]
    """Whether it pings with ping frames or with messages of its own."""
    every_ns: int | None = None
    """How often it pings; None: not said."""
    within_ns: int | None = None
    """Without an answer for so long, it ends the line."""
    surplus_ends: bool = False
    """Whether more answers than pings end the line."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue asks of its clients. The defaults ask for nothing."""

    heartbeat: Heartbeat | None = None
    idle_ns: int | None = None
    """Without anything from the client for so long, the venue ends the line."""
    login: str | None = None
    """The operation that must be answered well before anything else is sent; None: there is no login on the line."""
    confirms_subscriptions: bool = True
    """Whether a subscription is answered; False: only what comes of it shows that it was heard."""
    max_connections: int | None = None
    max_subscriptions: int | None = None
    """On one connection."""
    messages_per_s: int | None = None
    """From one connection."""
    advice: Mapping[str, str] = {}
    """What to do, by the kind of incident: one sentence that the venue's own rules give."""


NO_RULES = Rules()


def rules_of(dialect: object) -> Rules:
    """The rules that a dialect states, if it does."""
    stated = getattr(dialect, "rules", None)
    return stated if isinstance(stated, Rules) else NO_RULES
