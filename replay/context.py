"""What happened around an event: enough to see a divergence in its place."""

from __future__ import annotations

from typing import Any

import msgspec

from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event
from wsreplay.replay.verdict import Verdict

BEFORE = 3
AFTER = 3
_FAR = 2_000
"""So many events away nothing is called near."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One capture, around the event that matters."""

    capture: str
    seq: int
    events: tuple[Event, ...]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Both captures, around the first divergence."""

    recorded: Side
    replayed: Side | None
    """None: the replay has nothing there."""


def context_of(verdict: Verdict, recording: Capture, replay: Capture) -> Context | None:
    """What happened around the first divergence; None if there is none."""
    first = verdict.first
    if first is None:
        return None
    there = first.replay_seq if first.replay_seq is not None else first.near_seq
    side = None if there is None else Side(capture=str(replay.path), seq=there, events=around(replay, there))
    here = Side(capture=str(recording.path), seq=first.seq, events=around(recording, first.seq))
    return Context(recorded=here, replayed=side)


def around(capture: Capture, seq: int) -> tuple[Event, ...]:
    """The event with this address and the few before and after it; without heartbeats, and the data of other lines."""
    events = [event for event in capture.events(max(seq - _FAR, 0), seq + _FAR) if event.part == 0]
    conn = next((event.conn for event in events if event.seq == seq), None)
    near = [
        event
        for event in events
        if event.seq == seq or (event.role != "heartbeat" and (event.conn == conn or event.role != "push"))
    ]
    place = next((at for at, event in enumerate(near) if event.seq >= seq), len(near))
    return tuple(near[max(place - BEFORE, 0) : place + AFTER + 1])


def side_json(side: Side) -> dict[str, Any]:
    """A side as programs read it: the addresses, and of each event what it is."""
    return {
        "capture": side.capture,
        "seq": side.seq,
        "events": [
            {name: value for name in _TOLD if (value := getattr(event, name)) is not None} for event in side.events
        ],
    }


_TOLD = (
    "seq", "at_ns", "conn", "sender", "kind", "role", "op", "key", "reply_to", "channel", "symbol", "side", "qty",
    "price", "order_id", "client_order_id", "status", "error_code", "close_code", "close_reason", "ended_by",
)  # fmt: skip
