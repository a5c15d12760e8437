"""The pacer wakes at its time: never early, hardly late, and with the sockets served in between."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

import pytest

from wsreplay.proxy.loop import new_loop
from wsreplay.replay.pacer import EARLY_NS, LoopPacer, Pacer, SpinningPacer, TimerPacer, pacer_for

MS = 1_000_000
LOOPS = pytest.mark.parametrize("loop", [new_loop, asyncio.new_event_loop])
PACERS = pytest.mark.parametrize("make", [TimerPacer, SpinningPacer])


def on(loop: Callable[[], asyncio.AbstractEventLoop], story: Callable[[], object]) -> None:
    async def told() -> None:
        async with asyncio.timeout(20):
            await story()  # type: ignore[misc]

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(told())


async def late_by(make: Callable[[Callable[[], None]], Pacer], gap_ns: int, count: int) -> list[int]:
    """How late each of so many wakings was, at an even pace."""
    late: list[int] = []
    over = asyncio.get_running_loop().create_future()
    began_ns = time.monotonic_ns() + MS

    def wake() -> None:
        late.append(time.monotonic_ns() - began_ns - len(late) * gap_ns)
        if len(late) == count:
            over.set_result(None)
        else:
            pacer.wake_at(began_ns + len(late) * gap_ns)

    pacer = make(wake)
    pacer.wake_at(began_ns)
    await over
    pacer.close()
    return late


async def slept(gap_ns: int, count: int) -> list[int]:
    began_ns = time.monotonic_ns()
    late = []
    for number in range(1, count + 1):
        due_ns = began_ns + number * gap_ns
        await asyncio.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
        late.append(time.monotonic_ns() - due_ns)
    return late


def p99(late: list[int]) -> int:
    return sorted(late)[int(len(late) * 0.99)]


@LOOPS
@PACERS
def test_nobody_is_woken_early(
    make: Callable[[Callable[[], None]], Pacer], loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def story() -> None:
        for gap_ns in (2 * MS, MS // 10, MS // 100):
            assert min(await late_by(make, gap_ns, 50)) >= 0

    on(loop, story)


def test_it_is_twenty_times_less_late_than_asyncio_sleep() -> None:
    # Others are at work on the machine, too: one short round that they leave alone shows what the code does.
    ratios = []

    async def story() -> None:
        for _ in range(100):
            theirs = p99(await slept(MS, 30))
            ours = p99(await late_by(TimerPacer, MS, 30))
            ratios.append(theirs / max(ours, 1))
            if ratios[-1] >= 20:
                return

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(story())
    assert max(ratios) >= 20, ratios


@LOOPS
@PACERS
def test_a_long_wait_costs_nothing(
    make: Callable[[Callable[[], None]], Pacer], loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def story() -> None:
        used = time.process_time()
        await late_by(make, 200 * MS, 3)
        assert time.process_time() - used < 0.1, "of 0.4 s"

    on(loop, story)


@LOOPS
@PACERS
def test_sockets_have_their_turn_between_wakings_that_follow_one_another(
    make: Callable[[Callable[[], None]], Pacer], loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def story() -> None:
        here, there = socket.socketpair()
        here.setblocking(False)
        woken, unread = 0, 0
        most = 0
        over = asyncio.get_running_loop().create_future()

        def wake() -> None:
            nonlocal woken, unread, most
            woken += 1
            most = max(most, unread)
            if woken == 50:
                over.set_result(None)
                return
            there.send(b".")
            unread += 1
            pacer.wake_at(time.monotonic_ns() + EARLY_NS // 10)

        def read() -> None:
            nonlocal unread
            unread -= len(here.recv(99))

        asyncio.get_running_loop().add_reader(here, read)
        pacer = make(wake)
        pacer.wake_at(time.monotonic_ns())
        await over
        asyncio.get_running_loop().remove_reader(here)
        pacer.close()
        here.close()
        there.close()
        assert most <= 2, "wakings that a byte had to wait for"

    on(loop, story)


@LOOPS
@PACERS
def test_only_the_last_time_counts(
    make: Callable[[Callable[[], None]], Pacer], loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def story() -> None:
        woken: list[int] = []
        over = asyncio.get_running_loop().create_future()

        def wake() -> None:
            woken.append(time.monotonic_ns())
            over.set_result(None)

        pacer = make(wake)
        began_ns = time.monotonic_ns()
        # Sooner, later, much later than the one before, and in between: what was armed for must not decide.
        for ms in (500, 5, 900, 30):
            pacer.wake_at(began_ns + ms * MS)
        await over
        assert 30 * MS <= woken[0] - began_ns < 400 * MS
        pacer.wake_at(time.monotonic_ns() + MS)
        pacer.close()
        await asyncio.sleep(0.02)
        assert len(woken) == 1, "after the end nobody is woken"

    on(loop, story)


def test_a_clock_that_is_not_the_machines_is_left_to_the_loop() -> None:
    async def story() -> None:
        woken = asyncio.Event()
        pacer = pacer_for(woken.set, lambda: 5)
        assert isinstance(pacer, LoopPacer)
        pacer.wake_at(5)
        await woken.wait()
        pacer.close()

    asyncio.run(story())


def test_on_linux_the_kernel_keeps_the_time() -> None:
    async def story() -> None:
        pacer = pacer_for(lambda: None, time.monotonic_ns)
        assert isinstance(pacer, TimerPacer)
        pacer.close()

    asyncio.run(story())
