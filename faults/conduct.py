"""What a scenario's bot does when a recording is replayed and things go wrong: it is less careful than it should be."""

from __future__ import annotations

from typing import Literal

import msgspec

from wsreplay.faults.moment import Moment

type AfterCut = Literal["stop", "resume", "resend", "forget"]
type Kept = Literal["id", "nonce", "token"]


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """How the client of ``run`` behaves. The defaults are those of a replay without a scenario."""

    after_cut: AfterCut = "stop"
    """When a line ended under it. ``stop``: it says nothing more there. ``resume``: it opens the line again, logs in
    and subscribes to what was on. ``resend``: it also sends every request again that was not answered. ``forget``: it
    opens the line and logs in, and subscribes to nothing."""
    after_silence: Literal["wait", "resend"] = "wait"
    """When a reply does not come for as long as its patience lasts, or not at all: it goes on, or first sends the
    request again."""
    looks_up: tuple[str, ...] = ()
    """REST operations that it asks anew before it sends a request again: what gives it the next number, for one."""
    loses_answer: Moment | None = None
    """The REST request whose answer never reaches it (``before reply``): faults strike at WebSocket lines only."""
    asks_twice: Moment | None = None
    """The request that it sends twice: at once (``after request``), or when the first is answered (``after reply``)."""
    keeps: tuple[Kept, ...] = ()
    """What it does not renew: in the second of two requests its ``id`` or its ``nonce``; at a login its ``token``."""
    pongs: Literal["lived", "never", "twice"] = "lived"
    """How often it answers pings that are messages."""
    stays_ns: int = 0
    """How much longer it stays before it takes leave, at any speed."""


EXEMPLARY = Conduct()
