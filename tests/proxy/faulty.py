"""A line on which faults strike, and what its two sides say there."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from proxy.line import ANSWER, Line, Note, line

from wsreplay.captures.wire import What
from wsreplay.faults.plan import FaultPlan
from wsreplay.faults.short_form import parse
from wsreplay.proxy.framing import frame
from wsreplay.proxy.gate import Gate
from wsreplay.proxy.gates import GateFactory
from wsreplay.venues.envelope import Envelope, Sender

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
SECOND = 10**9


class Clock:
    """Time that goes on when a test says so."""

    def __init__(self) -> None:
        self._now = 0
        self._alarms: list[tuple[int, int, _Alarm]] = []
        self._turns = itertools.count()

    def now_ns(self) -> int:
        return self._now

    def wall_ns(self) -> int:
        return self._now

    def call_later(self, delay_ns: int, callback: Callable[[], object]) -> _Alarm:
        alarm = _Alarm(callback)
        heapq.heappush(self._alarms, (self._now + delay_ns, next(self._turns), alarm))
        return alarm

    def go_on(self, duration_ns: int) -> None:
        until = self._now + duration_ns
        while self._alarms and self._alarms[0][0] <= until:
            self._now, _, alarm = heapq.heappop(self._alarms)
            if alarm.callback is not None:
                alarm.callback()
        self._now = until


class _Alarm:
    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


def decode(payload: str | bytes, sender: Sender) -> Envelope:
    """A venue whose messages are envelopes in JSON."""
    try:
        return Envelope(**json.loads(payload))
    except (ValueError, TypeError):
        return Envelope()


def asked(op: str = "createOrder", key: str = "a", **facts: Any) -> bytes:
    """A request, framed as a client does."""
    return said(role="request", op=op, key=key, **facts, masked=True)


def replied(key: str = "a", **facts: Any) -> bytes:
    """A reply that says nothing of its request but its key."""
    return said(role="reply", key=key, **facts)


def pushed(op: str = "trade", **facts: Any) -> bytes:
    return said(role="push", op=op, **facts)


def said(*, masked: bool = False, **facts: Any) -> bytes:
    return frame(TEXT, json.dumps(facts).encode(), masked=masked)


def gate(*faults: str, clock: Clock | None = None, seed: int = 0) -> GateFactory:
    plan = FaultPlan(faults=tuple(parse(text) for text in faults), seed=seed)
    return GateFactory(plan, decode, scheduler=clock)


@contextlib.asynccontextmanager
async def faulty(
    folder: Path,
    *faults: str,
    clock: Clock | None = None,
    read_on: float = 0.2,
    answer: bytes = ANSWER,
    tls: tuple[ssl.SSLContext, Path] | None = None,
) -> AsyncIterator[Line]:
    """An upgraded line with these faults on it."""
    async with line(folder, gate=gate(*faults, clock=clock), read_on=read_on, answer=answer, tls=tls) as made:
        yield made


def story(made: Line) -> list[tuple[str, object]]:
    """What is on record, in order: faults in their short form, bytes by who said them and whether they went on."""
    told: list[tuple[str, object]] = []
    for note in made.notes:
        match note.what:
            case What.FAULT:
                told.append(("fault", json.loads(note.body).get("fault")))
            case What.DATA:
                who = "venue" if note.venue_side else "bot"
                told.append((who if note.relay_ns >= 0 else f"{who}, lost", note.body))
            case What.END:
                told.append((f"{'venue' if note.venue_side else 'bot'} ended", note.body.decode()))
    return told


def held(made: Line) -> int:
    """How many messages and frames the gate holds."""
    gates = [relay for relay in made.proxy.tap.relays if isinstance(relay, Gate)]
    return sum(len(way.passage) for each in gates for way in each._ways.values())


def fault_rows(notes: list[Note]) -> list[dict[str, Any]]:
    return [json.loads(note.body) for note in notes if note.what == What.FAULT]
