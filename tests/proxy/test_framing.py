"""The cutter: whole messages out of bytes however they are cut, and not a byte of them changed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from wsreplay.proxy.framing import LIMIT, Cutter, Unit, close_frame, frame

DATA, CONTROL = (Opcode.TEXT, Opcode.BINARY), (Opcode.PING, Opcode.PONG, Opcode.CLOSE)
KINDS = {Opcode.TEXT: "text", Opcode.BINARY: "binary", Opcode.PING: "ping", Opcode.PONG: "pong", Opcode.CLOSE: "close"}


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[bytes], list[tuple[str, bytes, bytes]], bool]:
    """Frames of one side as websockets writes them, the messages that they make up in the order of their ends."""
    masked = draw(st.booleans())
    wire: list[bytes] = []
    messages: list[tuple[str, bytes, bytes]] = []

    def write(opcode: Opcode, payload: bytes, fin: bool = True) -> bytes:
        wire.append(Frame(opcode, payload, fin=fin).serialize(mask=masked))
        return wire[-1]

    for _ in range(draw(st.integers(0, 4))):
        opcode = draw(st.sampled_from(DATA))
        pieces = draw(st.lists(st.binary(max_size=200) | st.just(bytes(70_000)), min_size=1, max_size=3))
        own = b""
        for place, piece in enumerate(pieces):
            own += write(opcode if place == 0 else Opcode.CONT, piece, fin=place == len(pieces) - 1)
            if place < len(pieces) - 1 and draw(st.booleans()):
                control, body = draw(st.sampled_from(CONTROL)), draw(st.binary(max_size=125))
                messages.append((KINDS[control], body, write(control, body)))
        messages.append((KINDS[opcode], b"".join(pieces), own))
    return wire, messages, masked


def fed(cutter: Cutter, data: bytes, cuts: list[int]) -> list[Unit]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [
        unit for start, end in pairwise(places) for unit in cutter.feed(data[start:end], at_ns=start, mono_ns=start)
    ]


@given(conversations(), st.lists(st.integers(0, 10**6), max_size=8))
def test_messages_come_whole_however_their_bytes_come(
    conversation: tuple[list[bytes], list[tuple[str, bytes, bytes]], bool], cuts: list[int]
) -> None:
    wire, messages, masked = conversation
    cutter = Cutter()
    units = fed(cutter, b"".join(wire), cuts)
    assert [(unit.kind, unit.payload, unit.wire) for unit in units] == messages
    assert all(unit.masked is masked for unit in units)
    assert cutter.rest() is None


@given(st.binary(), st.lists(st.integers(0, 10**6), max_size=8))
def test_no_byte_is_lost_or_added_whatever_comes(data: bytes, cuts: list[int]) -> None:
    cutter = Cutter()
    units = fed(cutter, data, cuts)
    if rest := cutter.rest():
        units.append(rest)
    assert sum(unit.size for unit in units) == len(data)
    # Control frames may overtake a message whose fragments they come between.
    assert sorted(b"".join(unit.wire for unit in units)) == sorted(data)


def test_every_chunk_keeps_the_time_when_it_was_read() -> None:
    cutter = Cutter()
    whole = frame(0x1, b"hello", masked=True)
    assert not list(cutter.feed(whole[:4], 10, 1))
    assert not list(cutter.feed(whole[4:7], 20, 2))
    first, second = cutter.feed(whole[7:] + whole, 30, 3)
    assert [(len(data), at_ns, mono_ns) for data, at_ns, mono_ns in first.chunks] == [
        (4, 10, 1),
        (3, 20, 2),
        (4, 30, 3),
    ]
    assert [(data, mono_ns) for data, _, mono_ns in second.chunks] == [(whole, 3)]


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (b"\x83\x00", ["other"]),
        (b"\xc1\x01x", ["other"]),
        (b"\x80\x01x", ["other"]),
        (b"\x01\x01a\x81\x01b", ["other", "text"]),
        (b"\x01\x01a\x40\x01b\x80\x01c", ["other"]),
    ],
    ids=["reserved opcode", "reserved bit", "continuation of nothing", "message in a message", "odd continuation"],
)
def test_what_breaks_the_protocol_is_cut_out_and_not_understood(data: bytes, kinds: list[str]) -> None:
    units = list(Cutter().feed(data, 0, 0))
    assert [unit.kind for unit in units] == kinds
    assert b"".join(unit.wire for unit in units) == data


def test_a_frame_that_is_too_long_lets_all_bytes_pass() -> None:
    cutter = Cutter()
    endless = b"\x81\x7f" + (LIMIT + 1).to_bytes(8)
    assert [unit.wire for unit in cutter.feed(b"\x81\x01x" + endless, 0, 0)] == [b"\x81\x01x", endless]
    assert cutter.astray
    assert [unit.kind for unit in cutter.feed(b"\x81\x01x", 0, 0)] == ["other"]


@given(st.sampled_from([0x1, 0x2, 0x9]), st.binary(max_size=300) | st.just(bytes(70_000)), st.booleans())
def test_a_frame_of_our_own_says_what_it_should(opcode: int, payload: bytes, masked: bool) -> None:
    [unit] = Cutter().feed(frame(opcode, payload, masked=masked), 0, 0)
    assert (unit.payload, unit.masked) == (payload, masked)
    assert unit.reframed(payload) == unit.wire


def test_a_close_frame_of_our_own_has_its_code_and_reason() -> None:
    [unit] = Cutter().feed(close_frame(1012, "restart", masked=True), 0, 0)
    assert (unit.kind, unit.payload) == ("close", b"\x03\xf4restart")
