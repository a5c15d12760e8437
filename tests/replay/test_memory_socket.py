"""Connections in memory behave as those of the system do: the same scenes are played on both, and compared."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.replay.memory_socket import HELD, connected
from wsreplay.replay.virtual_loop import VirtualLoop

type Action = tuple[bool, str, int]
"""Which end does it (the server's: True), what, and how many bytes."""


class End(asyncio.Protocol):
    """One end, and what it saw."""

    transport: asyncio.Transport

    def __init__(self, *, stays: bool = False) -> None:
        self.stays = stays
        """It goes on when the other has said its last word."""
        self.seen: list[str | bytes] = []
        self._said_end = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.seen and isinstance(self.seen[-1], bytes):
            self.seen[-1] += data
        else:
            self.seen.append(data)

    def eof_received(self) -> bool:
        self.seen.append("end")
        return self.stays

    def connection_lost(self, exc: Exception | None) -> None:
        self.seen.append(f"lost: {type(exc).__name__}" if exc else "closed")

    def pause_writing(self) -> None:
        self.seen.append("full")

    def resume_writing(self) -> None:
        self.seen.append("room")

    def reset(self) -> None:
        handle = self.transport.get_extra_info("socket")
        if not self.transport.is_closing():
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def do(self, what: str, size: int) -> None:
        transport = self.transport
        match what:
            case "write":
                if not transport.is_closing() and not self._said_end:
                    transport.write(bytes(range(256)) * (size // 256) + bytes(range(size % 256)))
            case "fin":
                self._said_end = True
                # asyncio raises where the system knows of a reset that it has not told the protocol yet.
                with contextlib.suppress(OSError):
                    transport.write_eof()
            case "reset":
                self.reset()
            case "pause":
                transport.pause_reading()
            case "resume":
                transport.resume_reading()
            case _:
                getattr(transport, what)()


async def scene(actions: list[Action], stays: tuple[bool, bool], settle: Callable[[], Any]) -> list[list[str | bytes]]:
    loop = asyncio.get_running_loop()
    ends = End(stays=stays[0]), End(stays=stays[1])
    server = await loop.create_server(lambda: ends[1], "127.0.0.1", 0)
    await loop.create_connection(lambda: ends[0], "127.0.0.1", server.sockets[0].getsockname()[1])
    await settle()
    for whose, what, size in actions:
        ends[whose].do(what, size)
        await settle()
    seen = [list(end.seen) for end in ends]
    for end in ends:
        if not end.transport.is_closing():
            end.transport.abort()
    server.close()
    await settle()
    return seen


async def turns() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


async def moments() -> None:
    """Loopback delivers at once, but the system may have something else to do."""
    await turns()
    await asyncio.sleep(0.0005)
    await turns()


def in_memory(actions: list[Action], stays: tuple[bool, bool]) -> list[list[str | bytes]]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scene(actions, stays, turns))


def on_sockets(actions: list[Action], stays: tuple[bool, bool]) -> list[list[str | bytes]]:
    with asyncio.Runner() as runner:
        return runner.run(scene(actions, stays, moments))


ACTIONS = st.tuples(
    st.booleans(),
    st.sampled_from(["write", "write", "write", "fin", "close", "abort", "reset", "pause", "resume"]),
    st.integers(1, 3000),
)


@settings(max_examples=150)
@given(st.lists(ACTIONS, max_size=8), st.tuples(st.booleans(), st.booleans()))
def test_both_ends_see_in_memory_what_they_see_on_sockets(actions: list[Action], stays: tuple[bool, bool]) -> None:
    assert in_memory(actions, stays) == on_sockets(actions, stays)


@pytest.mark.parametrize(
    ("actions", "seen"),
    [
        ([(False, "write", 3), (True, "write", 2)], [[b"\0\1"], [b"\0\1\2"]]),
        ([(False, "write", 3), (False, "fin", 0), (True, "write", 1)], [[b"\0"], [b"\0\1\2", "end"]]),
        ([(False, "fin", 0), (True, "close", 0)], [["end"], ["end", "closed"]]),
        ([(False, "reset", 0)], [["closed"], ["lost: ConnectionResetError"]]),
        ([(False, "write", 1), (False, "reset", 0)], [["closed"], [b"\0", "lost: ConnectionResetError"]]),
        ([(False, "abort", 0)], [["closed"], ["end"]]),
        ([(True, "pause", 0), (False, "write", 9), (True, "close", 0)], [["lost: ConnectionResetError"], ["closed"]]),
    ],
    ids=["both-ways", "half-closed", "closed", "reset", "reset-after-words", "abort-is-a-fin", "closed-unread"],
)
def test_how_a_connection_ends(actions: list[Action], seen: list[list[str | bytes]]) -> None:
    assert in_memory(actions, (True, True)) == seen
    assert on_sockets(actions, (True, True)) == seen


def flows(new: Callable[[], asyncio.AbstractEventLoop], settle: Callable[[], Any]) -> list[list[str | bytes]]:
    size = 24 << 20
    actions = [(True, "pause", 0), (False, "write", size), (False, "close", 0), (True, "resume", 0)]
    actions += [(True, "resume", 0)] * 40
    with asyncio.Runner(loop_factory=new) as runner:
        return runner.run(scene(actions, (False, False), settle))


def test_a_reader_that_pauses_makes_the_writer_pause_and_nothing_is_lost() -> None:
    async def long() -> None:
        await asyncio.sleep(0.005)

    in_memory, on_sockets = flows(VirtualLoop, turns), flows(asyncio.new_event_loop, long)
    assert in_memory == on_sockets
    assert in_memory[0] == ["full", "room", "closed"]
    assert [len(each) if isinstance(each, bytes) else each for each in in_memory[1]] == [24 << 20, "end", "closed"]


@given(st.lists(st.integers(1, 3 * HELD), max_size=6), st.lists(st.sampled_from(["pause", "resume"]), max_size=12))
def test_whatever_is_written_arrives_in_order(sizes: list[int], reading: list[str]) -> None:
    async def story() -> tuple[bytes, bytes]:
        ends = End(), End()
        ours, theirs = connected(asyncio.get_running_loop(), *ends)
        for transport in (theirs, ours):
            transport.begin()
        await turns()
        said = b""
        for number, size in enumerate(sizes):
            part = bytes([number]) * size
            said += part
            ours.write(part)
            for what in reading[number * 2 : number * 2 + 2]:
                ends[1].do(what, 0)
                await asyncio.sleep(0)
        ends[1].do("resume", 0)
        while ours.get_write_buffer_size():  # noqa: ASYNC110
            await asyncio.sleep(0)
        ours.close()
        await turns()
        await turns()
        return said, b"".join(each for each in ends[1].seen if isinstance(each, bytes))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        said, heard = runner.run(story())
    assert said == heard


def test_what_a_protocol_does_wrong_ends_its_connection_and_is_told() -> None:
    class Wrong(End):
        def data_received(self, data: bytes) -> None:
            raise ValueError("no")

    async def story() -> None:
        loop = asyncio.get_running_loop()
        told: list[str] = []
        loop.set_exception_handler(lambda _, about: told.append(str(about["exception"])))
        ends = End(), Wrong()
        for transport in connected(loop, *ends):
            transport.begin()
        await turns()
        ends[0].do("write", 5)
        await turns()
        assert told == ["no"]
        assert ends[1].seen == ["lost: ValueError"]
        assert ends[0].seen == ["end", "closed"]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story())


def test_an_error_that_waits_is_seen_once_by_asking() -> None:
    async def story() -> None:
        ends = End(), End()
        for transport in connected(asyncio.get_running_loop(), *ends):
            transport.begin()
        await turns()
        ends[1].do("pause", 0)
        ends[0].do("reset", 0)
        await turns()
        handle = ends[1].transport.get_extra_info("socket")
        asked = [handle.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) for _ in range(2)]
        assert asked == [104, 0]
        assert ends[1].seen == []

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story())
