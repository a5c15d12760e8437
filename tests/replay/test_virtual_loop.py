"""Virtual time: nothing is waited for, timers come at their time, and what can't go on says so."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from wsreplay.replay.virtual_loop import StandstillError, VirtualLoop
from wsreplay.replay.virtual_run import on_virtual_time

S = 10**9
BEGAN_NS = 1_795_242_445_000_000_000


def run[T](main: Callable[[], Coroutine[Any, Any, T]], **options: Any) -> T:
    return on_virtual_time(main, **options)


def test_an_hour_of_sleep_takes_no_time_and_all_clocks_show_it() -> None:
    async def story() -> tuple[int, int, float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        await asyncio.sleep(3600)
        return loop.wall_ns(), loop.mono_ns(), loop.time()

    began = time.monotonic()
    wall_ns, mono_ns, seconds = run(story, wall_ns=BEGAN_NS, mono_ns=7 * S)
    assert time.monotonic() - began < 5
    assert (wall_ns, mono_ns, seconds) == (BEGAN_NS + 3600 * S, 3607 * S, 3607.0)


@given(st.lists(st.integers(0, 90 * 24 * 3600 * S), max_size=30), st.integers(0, 10**16))
def test_timers_come_in_order_and_to_the_nanosecond(delays_ns: list[int], mono_ns: int) -> None:
    came: list[tuple[int, int]] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)

        def come(due_ns: int) -> None:
            came.append((due_ns, loop.mono_ns() - mono_ns))

        for delay_ns in delays_ns:
            loop.call_later(delay_ns / S, come, delay_ns)
        await asyncio.sleep(91 * 24 * 3600)

    run(story, mono_ns=mono_ns)
    # A float of seconds can't say more of so large a number.
    grain_ns = 2 + 4 * math.ulp(mono_ns / S + 91 * 24 * 3600) * S
    assert all(abs(due - at) <= grain_ns for due, at in came)
    assert [at for _, at in came] == sorted(at for _, at in came)
    assert sorted(due for due, _ in came) == sorted(delays_ns)


def test_what_can_never_happen_is_told_with_who_waits_for_it() -> None:
    async def patient() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StandstillError, match=r"nothing can happen any more; waiting: .*patient.*test_virtual_loop"):
        run(patient)


def test_a_run_that_only_ticks_is_given_up_after_the_time_it_was_allowed() -> None:
    async def ticking() -> None:
        while True:  # noqa: ASYNC110 - that is the point
            await asyncio.sleep(1)

    with pytest.raises(StandstillError, match="no end after all the virtual time that was allowed"):
        run(ticking, limit_s=3600)


def test_what_would_be_another_thread_is_done_here_and_its_errors_come_back() -> None:
    async def story() -> None:
        assert await asyncio.to_thread(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)

    run(story)


def test_streams_and_servers_work_as_ever() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            await asyncio.sleep(60)
            writer.write(data)
        writer.close()

    async def story() -> float:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("localhost", port)
        assert writer.get_extra_info("peername") == ("127.0.0.1", port)
        for word in (b"one", b"two"):
            writer.write(word)
            assert await reader.read(100) == word
        server.close()
        closed = asyncio.ensure_future(server.wait_closed())
        await asyncio.sleep(5)
        assert not closed.done(), "a client is still there"
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await closed
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        return asyncio.get_running_loop().time()

    assert run(story) == 125


def test_ports_are_the_same_in_every_run_and_a_taken_one_is_refused() -> None:
    async def story() -> list[int]:
        servers = [await asyncio.start_server(lambda *_: None, "127.0.0.1", port) for port in (0, 0, 49_154, 0)]
        with pytest.raises(OSError, match="49154 is taken"):
            await asyncio.start_server(lambda *_: None, "127.0.0.1", 49_154)
        return [server.sockets[0].getsockname()[1] for server in servers]

    assert run(story) == run(story) == [49_152, 49_153, 49_154, 49_155]


def test_nothing_beyond_this_process_is_ever_reached() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        for host in ("venue.example", "203.0.113.7"):
            with pytest.raises(OSError, match="nothing but this process"):
                await asyncio.open_connection(host, 443)
            with pytest.raises(OSError, match="nothing but this process"):
                await loop.getaddrinfo(host, 443)
        with pytest.raises(OSError, match="nothing but this process"):
            await asyncio.start_server(lambda *_: None, "203.0.113.7", 0)
        with pytest.raises(NotImplementedError, match="no TLS"):
            await asyncio.open_connection("127.0.0.1", 1, ssl=True)
        assert (await loop.getaddrinfo("localhost", 80))[0][4] == ("127.0.0.1", 80)

    run(story)


async def conversation() -> list[bytes]:
    """A client and a server of the WebSocket library, with pings and compression, and every byte of the client."""

    async def answering(line: ServerConnection) -> None:
        async for message in line:
            await asyncio.sleep(0.5)
            await line.send(message)

    said: list[bytes] = []
    async with serve(answering, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", proxy=None, ping_interval=20) as line:
            write = line.transport.write

            def writes(data: bytes | bytearray | memoryview) -> None:
                said.append(bytes(data))
                write(data)

            line.transport.write = writes  # type: ignore[method-assign]
            for number in range(200):
                await line.send(f"message {number}" * 10)
                assert await line.recv() == f"message {number}" * 10
            await (await line.ping())
    return said


def test_the_websocket_library_runs_on_it_and_the_seed_decides_every_byte() -> None:
    one, again, other = (run(conversation, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert len(one) == len(other) > 200


def test_a_reset_in_the_middle_of_a_message_is_one_for_the_websocket_library_too() -> None:
    async def cutting(line: ServerConnection) -> None:
        await line.recv()
        line.transport.write(b"\x81\x7ehalf")
        handle = line.transport.get_extra_info("socket")
        handle.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")
        line.transport.abort()

    async def story() -> None:
        async with serve(cutting, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}", proxy=None) as line:
                await line.send("x")
                with pytest.raises(ConnectionClosedError) as closed:
                    await line.recv()
        assert isinstance(closed.value.__cause__, ConnectionResetError)

    run(story)


def test_a_server_that_serves_for_ever_does_so_until_it_is_cancelled_and_can_turn_its_clients_out() -> None:
    async def story() -> None:
        accepted: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(lambda _, writer: accepted.append(writer), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        serving = asyncio.ensure_future(server.serve_forever())
        readers = [(await asyncio.open_connection("127.0.0.1", port)) for _ in range(2)]
        assert server.is_serving()
        cast(Any, server).close_clients()  # from Python 3.13 on
        assert [await reader.read() for reader, _ in readers] == [b"", b""]
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert not server.is_serving()
        assert server.sockets == ()
        for _, writer in readers:
            writer.close()
        await server.wait_closed()
        assert len(accepted) == 2

    run(story)


def test_protocols_that_bring_their_own_buffer_get_their_bytes_in_it() -> None:
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self) -> None:
            self.buffer = bytearray(3)
            self.heard = b""

        def get_buffer(self, sizehint: int) -> bytearray:
            return self.buffer

        def buffer_updated(self, nbytes: int) -> None:
            self.heard += self.buffer[:nbytes]

    async def story() -> bytes:
        protocol = Buffered()
        server = await asyncio.get_running_loop().create_server(lambda: protocol, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        writer.writelines([b"more than ", b"three bytes"])
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        return protocol.heard

    assert run(story) == b"more than three bytes"
