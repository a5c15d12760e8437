"""Whatever is said and whatever strikes: every byte is on record once, and truly as handed on or not, and all ends."""

from __future__ import annotations

import json
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st
from proxy.faulty import BINARY, PING, PONG, SECOND, Clock, decode, said
from proxy.line import Note

from wsreplay.captures.wire import What
from wsreplay.faults.fault import Fault
from wsreplay.faults.matcher import Matcher
from wsreplay.faults.plan import FaultPlan
from wsreplay.faults.short_form import parse
from wsreplay.proxy.framing import close_frame, frame
from wsreplay.proxy.gate import Gate
from wsreplay.proxy.gated_wire import GatedWire


class Socket:
    """A transport that goes nowhere and remembers what it was given."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.closed = ""
        self.told = False
        """Its wire knows that it is closed."""
        self.silent = False
        """Its peer has hung up."""
        self.wire: GatedWire

    def set_protocol(self, wire: GatedWire) -> None:
        self.wire = wire

    def write(self, data: bytes) -> None:
        assert not self.closed, "something is sent to a line that is closed"
        self.sent += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> None:
        return None

    def is_closing(self) -> bool:
        return self.closed != ""

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        self.closed = self.closed or "closed"

    def abort(self) -> None:
        self.closed = "aborted"


class Scene:
    """A gate between two such sockets, its clock, and its record."""

    def __init__(self, plan: FaultPlan) -> None:
        self.notes: list[Note] = []
        self.clock = Clock()
        self.over = False
        self.sockets = {False: Socket(), True: Socket()}
        self.arrived = {False: bytearray(), True: bytearray()}
        self.matcher = Matcher(plan)
        self.gate = Gate(
            1,
            self.note,
            GatedWire(cast(Any, self.sockets[False]), False),
            GatedWire(cast(Any, self.sockets[True]), True),
            read_on=0,
            when_over=self.end,
            matcher=self.matcher,
            decode=decode,
            scheduler=self.clock,
        )
        self.gate.begin()

    def note(self, *args: Any) -> bool:
        self.notes.append(Note(*args))
        return True

    def end(self) -> None:
        self.over = True

    def says(self, venue_side: bool, data: bytes) -> None:
        """Bytes come, unless this side can't say anything any more."""
        socket = self.sockets[venue_side]
        if not socket.closed and not socket.silent:
            self.arrived[venue_side] += data
            socket.wire.data_received(data)

    def hangs_up(self, venue_side: bool, how: str) -> None:
        """A side ends by itself."""
        socket = self.sockets[venue_side]
        if socket.closed or (socket.silent and how == "fin"):
            return
        socket.silent = True
        if how == "fin":
            socket.wire.eof_received()
        else:
            socket.closed = how
            socket.told = True
            socket.wire.connection_lost(ConnectionResetError())

    def settle(self) -> None:
        """What the event loop does once a transport is closed."""
        for socket in self.sockets.values():
            if socket.closed and not socket.told:
                socket.told = True
                socket.wire.connection_lost(None)

    def finish(self) -> None:
        """Both ends hang up; time goes on until nothing is left to wait for."""
        for venue_side in (False, True):
            self.hangs_up(venue_side, "fin")
            self.settle()
        self.clock.go_on(400 * 24 * 3600 * SECOND)
        self.settle()
        for socket in self.sockets.values():
            socket.close()
        self.settle()

    def recorded(self, *, venue_side: bool, handed_on: bool | None = None) -> bytes:
        data = (note for note in self.notes if note.what == What.DATA and note.venue_side is venue_side)
        return b"".join(n.body for n in data if handed_on is None or (n.relay_ns >= 0) is handed_on)


OPS, KEYS = st.sampled_from(["createOrder", "cancelOrder"]), st.sampled_from(["a", "b", "c"])


@st.composite
def spoken(draw: st.DrawFn) -> tuple[bool, bytes]:
    """Who says it, and the frame."""
    venue_side = draw(st.booleans())
    masked = not venue_side
    role = draw(st.sampled_from(["request", "reply", "push", "error", "heartbeat", "binary", "ping", "pong", "close"]))
    if role == "close":
        return venue_side, close_frame(1000, "", masked=masked)
    if role in ("ping", "pong", "binary"):
        opcode = {"ping": PING, "pong": PONG, "binary": BINARY}[role]
        return venue_side, frame(opcode, draw(st.binary(max_size=20)), masked=masked)
    return venue_side, said(role=role, op=draw(OPS), key=draw(KEYS), masked=masked)


TALK = st.lists(st.one_of(spoken(), spoken(), st.integers(1, 5 * SECOND)), min_size=6, max_size=30)
"""Frames, and time that goes on."""
ENDS = st.tuples(st.booleans(), st.sampled_from(["fin", "rst"]))
HAPPENINGS = (
    st.builds(lambda talk, end, more: [*talk, end, *more], TALK, ENDS, st.lists(spoken() | ENDS, max_size=6)) | TALK
)
"""The same, and perhaps a side that ends, and what is still said then."""

EFFECTS = {
    "drop": ["rst", "fin", "close 1012", "rst on venue", "fin on venue", "rst on both", "close 1001 on both"],
    "delay": ["1s", "1s to 9s"],
    "stall": ["", "2s", "3s from bot", "from both"],
    "withhold": [""],
    "duplicate": [""],
    "reorder": ["", "by 2 within 5s"],
    "corrupt": ["", "cut", "utf8", "frame"],
}
FRAMES = ["request", "reply createOrder", "push", "error", "heartbeat", "message from venue", "ping", "pong", "close"]
COUNTS = ["every", "#2", "#3", "every with probability 0.5"]


def plans(*words: str) -> st.SearchStrategy[list[Fault]]:
    """Some faults with these effects, of the kind that strikes in conversations like these."""
    found: dict[str, list[Fault]] = {}
    for word in words:
        moments = [*FRAMES, "after request"]
        if word in ("drop", "stall"):
            moments = [f"before {each}" for each in FRAMES] + [f"after {each}" for each in (*FRAMES, "open", "7s")]
        found[word] = [
            parse(f"{word} {how} {moment} {count}") for how in EFFECTS[word] for moment in moments for count in COUNTS
        ]
    return st.lists(st.sampled_from(words).flatmap(lambda word: st.sampled_from(found[word])), min_size=1, max_size=5)


def played(plan: list[Fault], happenings: list[Any], seed: int = 0) -> Scene:
    scene = Scene(FaultPlan(faults=tuple(plan), seed=seed))
    for happening in happenings:
        scene.settle()
        if isinstance(happening, int):
            scene.clock.go_on(happening)
        elif isinstance(happening[1], bytes):
            scene.says(*happening)
        else:
            scene.hangs_up(*happening)
    scene.finish()
    return scene


@settings(max_examples=200)
@given(plans(*EFFECTS), HAPPENINGS)
def test_every_byte_that_came_is_on_record_once_and_the_line_ends(plan: list[Fault], happenings: list[Any]) -> None:
    scene = played(plan, happenings)
    for venue_side in (False, True):
        assert sorted(scene.recorded(venue_side=venue_side)) == sorted(scene.arrived[venue_side])
    assert scene.over
    assert not scene.matcher._connections
    ends = [note.venue_side for note in scene.notes if note.what == What.END]
    assert set(ends) == {False, True}
    assert scene.notes[-1].what == What.OVER


@settings(max_examples=200)
@given(plans("delay", "stall", "withhold"), HAPPENINGS)
def test_what_is_on_record_as_handed_on_is_what_the_other_side_got(plan: list[Fault], happenings: list[Any]) -> None:
    scene = played(plan, happenings)
    for venue_side in (False, True):
        assert scene.sockets[not venue_side].sent == scene.recorded(venue_side=venue_side, handed_on=True)


@given(TALK)
def test_without_a_fault_everything_crosses_untouched_and_in_order(happenings: list[Any]) -> None:
    scene = played([], happenings)
    for venue_side in (False, True):
        assert scene.sockets[not venue_side].sent == scene.arrived[venue_side]
        assert scene.recorded(venue_side=venue_side, handed_on=True) == scene.arrived[venue_side]


@given(plans(*EFFECTS), HAPPENINGS, st.integers())
def test_the_same_plan_and_seed_do_the_same_again(plan: list[Fault], happenings: list[Any], seed: int) -> None:
    first, second = (played(plan, happenings, seed) for _ in range(2))
    assert [fault_row(note) for note in first.notes] == [fault_row(note) for note in second.notes]
    for venue_side in (False, True):
        assert first.sockets[venue_side].sent == second.sockets[venue_side].sent


def fault_row(note: Note) -> tuple[int, bool, bytes | dict[str, Any]]:
    """A record without its times."""
    return note.what, note.venue_side, json.loads(note.body) if note.what == What.FAULT else note.body
