"""Replays on virtual time: a venue that answers as it is told to, what both sides sent, and what is on record."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from math import inf
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from replay.recording import MS, Recording, reply
from websockets.asyncio.server import ServerConnection, serve

from wsreplay.captures.event import Event
from wsreplay.captures.transcript import Transcript
from wsreplay.captures.wire import Record, What
from wsreplay.faults.fault import Fault
from wsreplay.faults.plan import FaultPlan
from wsreplay.faults.short_form import parse
from wsreplay.proxy.framing import Cutter, Unit
from wsreplay.replay.client import Client
from wsreplay.replay.clock import running_clock
from wsreplay.replay.engine import Engine
from wsreplay.replay.line import Line
from wsreplay.replay.memory_socket import MemoryTransport
from wsreplay.replay.middle import Middle
from wsreplay.replay.targets import Targets
from wsreplay.replay.virtual_run import on_virtual_time
from wsreplay.venues.registry import dialect

type Side = tuple[str, bool]
"""A line by its path, and whether it is the venue that speaks."""
type Handler = Callable[[ServerConnection], Awaitable[None]]

_QUIET = logging.getLogger("a venue whose lines are cut")
_QUIET.disabled = True
ALLOWED_S = 40 * 24 * 3600
"""More virtual time than any of these replays needs: one that goes on for longer hangs."""


async def answering(line: ServerConnection) -> None:
    """A venue that answers whatever it is asked, in 2 ms."""
    async for message in line:
        await asyncio.sleep(0.002)
        await line.send(reply(json.loads(message)["id"]))


class Played:
    """A replay that is over."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.sent: dict[Side, bytearray] = defaultdict(bytearray)
        """All bytes that each side gave its socket, handshakes included."""
        self.notes: list[str] = []
        self.took_ms = 0.0

    def note(self, *record: Any) -> None:
        self.records.append(Record(*record))

    def rows(self) -> list[Event]:
        transcript = Transcript()
        return [event for record in self.records for event in transcript.see(record)]

    def kinds(self) -> list[str]:
        """What is on record, in short: who said what, and whether it was handed on."""
        told = []
        for row in self.rows():
            if row.kind == "fault":
                told.append(f"fault {json.loads(row.text or '')['effect']}")
            elif row.kind == "text":
                lost = "" if row.relay_ns is not None else ", lost"
                told.append(f"{row.sender} {json.loads(row.text or '').get('id')}{lost}")
            elif row.kind == "open":
                told.append(f"open {json.loads(row.text or '')['status']}")
            else:
                told.append(f"{row.sender} {row.ended_by or row.close_code or row.kind}")
        return told

    def paths(self) -> dict[int, str]:
        opened = (record for record in self.records if record.what == What.OPEN)
        return {record.conn: urlsplit(json.loads(record.body)["url"]).path for record in opened}

    def recorded(self, side: Side) -> bytes:
        """All bytes on record of one side of a line, in the order of the record."""
        conns = {conn for conn, path in self.paths().items() if path == side[0]}
        said = (r for r in self.records if r.what == What.DATA and r.conn in conns and r.venue_side is side[1])
        return b"".join(record.body for record in said)

    def ends(self, side: Side) -> list[str]:
        conns = {conn for conn, path in self.paths().items() if path == side[0]}
        told = (r for r in self.records if r.what == What.END and r.conn in conns and r.venue_side is side[1])
        return [record.body.decode() for record in told]


def frames(data: bytes) -> Counter[bytes]:
    """The frames in these bytes, however they are ordered."""
    cutter = Cutter()
    units: list[Unit] = list(cutter.feed(data, 0, 0))
    return Counter(unit.wire for unit in units)


def plan_of(*faults: str | Fault, seed: int = 0) -> FaultPlan:
    return FaultPlan(faults=tuple(parse(each) if isinstance(each, str) else each for each in faults), seed=seed)


def play(
    recording: Recording,
    *faults: str | Fault,
    handler: Handler = answering,
    speed: float = inf,
    seed: int = 1,
    plan_seed: int = 0,
    patience_ms: int = 5_000,
) -> Played:
    """Replay on virtual time against this venue, with these faults on the lines (none at all: without a middle)."""

    async def run() -> Played:
        played = Played()
        clock = running_clock()
        engine = Engine(recording.script(), dialect("reya"), speed=speed, patience_ns=patience_ms * MS)
        middle = None
        if faults:
            middle = Middle(plan_of(*faults, seed=plan_seed), dialect("reya").decode, played.note, clock=clock)
        began_ns = clock.mono_ns()
        async with venue(handler) as url:
            await Client(engine, Targets([url], {}), played.note, clock=clock, middle=middle).run()
            if middle is not None:
                await middle.finish()
        played.took_ms = (clock.mono_ns() - began_ns) / MS
        played.notes = [note.text for note in engine.notes]
        return played

    with overheard() as sent:
        played = on_virtual_time(run, seed=seed, mono_ns=10**9, wall_ns=10**18, limit_s=ALLOWED_S)
    played.sent = sent
    return played


@contextlib.asynccontextmanager
async def venue(handler: Handler) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, compression=None, ping_interval=None, logger=_QUIET) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@contextlib.contextmanager
def overheard() -> Iterator[dict[Side, bytearray]]:
    """What bots and venues give their sockets after the handshake, while the block lasts."""
    sent: dict[Side, bytearray] = defaultdict(bytearray)
    write = MemoryTransport.write

    def writes(transport: MemoryTransport, data: bytes | bytearray | memoryview) -> None:
        protocol = transport.get_protocol()
        if isinstance(protocol, Line):
            side = urlsplit(protocol._url).path, False
        elif isinstance(protocol, ServerConnection) and protocol.request is not None:
            side = protocol.request.path, True
        else:
            side = "", False
        if side[0] and data[:5] not in (b"GET /", b"HTTP/") and not transport.is_closing():
            sent[side] += data
        write(transport, data)

    with mock.patch.object(MemoryTransport, "write", writes):
        yield sent
