"""The relay: what one side does, the other meets, and the record says who was first."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from proxy.line import ANSWER, HELLO, ORDER, End, Line, line, run

from wsreplay.captures.wire import What

CLOSE_1012 = b"\x88\x02\x03\xf4"
CLOSE_BARE = b"\x88\x00"
SIDES = ("bot", "venue")


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ssl.SSLContext, Path] | None:
    return venue_tls(tmp_path) if request.param == "tls" else None


def venue_tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    ca.cert_pem.write_to_path(folder / "venue-ca.pem")
    return context, folder / "venue-ca.pem"


def sides(made: Line, first: str) -> tuple[End, End]:
    return (made.bot, made.venue) if first == "bot" else (made.venue, made.bot)


def other(side: str) -> str:
    return "venue" if side == "bot" else "bot"


def test_bytes_cross_untouched_and_are_recorded(tmp_path: Path, tls: tuple[ssl.SSLContext, Path] | None) -> None:
    async def scene() -> None:
        async with line(tmp_path, tls=tls) as made:
            await made.bot.send(ORDER)
            assert await made.venue.hears(len(ORDER)) == ORDER
            await made.venue.send(HELLO * 3)
            assert await made.bot.hears(len(HELLO) * 3) == HELLO * 3
            await made.recorded(What.DATA, 2)
            assert made.said(by_venue=False) == ORDER
            assert made.said(by_venue=True) == HELLO * 3
            assert made.proxy.tap.relays, "the sockets were not taken over"
            assert all(n.relay_ns > 0 for n in made.notes if n.what == What.DATA)

    run(scene())


def test_frames_in_the_breath_of_the_101_are_neither_lost_nor_reordered(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path, answer=ANSWER + HELLO) as made:
            await made.venue.send(CLOSE_1012)
            assert await made.bot.hears(len(HELLO + CLOSE_1012)) == HELLO + CLOSE_1012
            await made.recorded(What.DATA, 2)
            assert made.said(by_venue=True) == HELLO + CLOSE_1012

    run(scene())


@pytest.mark.parametrize("first", SIDES)
def test_a_reset_is_passed_on_as_a_reset(tmp_path: Path, tls: tuple[ssl.SSLContext, Path] | None, first: str) -> None:
    async def scene() -> None:
        async with line(tmp_path, tls=tls, read_on=0) as made:
            await made.venue.send(HELLO)
            await made.bot.hears(len(HELLO))
            one, two = sides(made, first)
            one.reset()
            assert await two.hears_end() == "rst"
            assert await made.ends() == [(first, "rst"), (other(first), "proxy")]

    run(scene())


@pytest.mark.parametrize("first", SIDES)
def test_a_plain_end_is_passed_on_as_a_plain_end(
    tmp_path: Path, tls: tuple[ssl.SSLContext, Path] | None, first: str
) -> None:
    async def scene() -> None:
        async with line(tmp_path, tls=tls) as made:
            one, two = sides(made, first)
            one.close()
            assert await two.hears_end() == "fin"
            two.close()
            assert await made.ends() == [(first, "fin"), (other(first), "fin")]

    run(scene())


@pytest.mark.parametrize("frame", [CLOSE_1012, CLOSE_BARE], ids=["1012", "without code"])
@pytest.mark.parametrize("first", SIDES)
def test_a_close_frame_is_passed_on_to_the_byte(tmp_path: Path, first: str, frame: bytes) -> None:
    async def scene() -> None:
        async with line(tmp_path) as made:
            one, two = sides(made, first)
            sent = frame if first == "venue" else bytes([frame[0], frame[1] | 0x80, 0, 0, 0, 0]) + frame[2:]
            await one.send(sent)
            one.close()
            assert await two.hears(len(sent)) == sent
            assert await two.hears_end() == "fin"
            two.close()
            assert await made.ends() == [(first, "fin"), (other(first), "fin")]
            assert made.said(by_venue=first == "venue") == sent

    run(scene())


@pytest.mark.parametrize("then", ["rst", "fin"])
def test_an_end_right_after_the_101_is_passed_on_as_what_it_was(tmp_path: Path, then: str) -> None:
    async def scene() -> None:
        async with line(tmp_path, then=then) as made:
            assert await made.bot.hears_end() == then
            made.bot.close()
            assert (await made.ends())[0] == ("venue", then)

    run(scene())


@pytest.mark.parametrize("first", SIDES)
def test_a_half_close_is_carried(tmp_path: Path, first: str) -> None:
    async def scene() -> None:
        async with line(tmp_path) as made:
            one, two = sides(made, first)
            one.fin()
            assert await two.hears_end() == "fin"
            await two.send(HELLO)
            assert await one.hears(len(HELLO)) == HELLO
            two.close()
            assert await one.hears_end() == "fin"
            assert await made.ends() == [(first, "fin"), (other(first), "fin")]

    run(scene())


def test_a_reply_to_a_bot_that_is_gone_is_on_record_as_never_handed_on(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path, read_on=0.5) as made:
            await made.bot.send(ORDER)
            await made.venue.hears(len(ORDER))
            made.bot.reset()
            await made.recorded(What.END)
            await made.venue.send(HELLO)
            assert await made.venue.hears_end() == "rst"
            reply = [n for n in made.notes if n.what == What.DATA and n.venue_side]
            assert [(n.body, n.relay_ns) for n in reply] == [(HELLO, -1)]
            assert await made.ends() == [("bot", "rst"), ("venue", "proxy")]

    run(scene())


def test_a_bot_that_has_long_been_silent_is_reset_at_once(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path, read_on=60) as made:
            made.bot.reset()
            assert await made.venue.hears_end() == "rst"

    run(scene())


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_a_slow_reader_still_gets_the_end(tmp_path: Path, tls: tuple[ssl.SSLContext, Path] | None, how: str) -> None:
    async def scene() -> None:
        async with line(tmp_path, tls=tls) as made:
            made.bot.stop_reading()
            await flood(made)
            assert made.proxy.tap.relays
            if how == "rst":
                made.venue.reset()
                assert (await made.recorded(What.END))[0].body == b"rst"
            else:
                made.venue.close()
            made.bot.read_again()
            assert await made.bot.hears_end() == how

    async def flood(made: Line) -> None:
        """Send until nothing moves any more: all buffers between venue and bot are full."""
        stuck = 0
        while stuck < 5:
            before = len(made.notes)
            try:
                await asyncio.wait_for(made.venue.send(HELLO * 10_000), 0.1)
            except TimeoutError:
                stuck = stuck + 1 if len(made.notes) == before else 0

    run(scene())


def test_memory_stays_bounded_before_a_reader_that_never_reads(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path) as made:
            made.bot.stop_reading()
            for _ in range(40):
                try:
                    await asyncio.wait_for(made.venue.send(b"\x00" * (1 << 20)), 0.05)
                except TimeoutError:
                    continue
            [relay] = made.proxy.tap.relays
            assert relay.venue.paused, "the venue does not feel that nobody reads"
            assert relay.bot.transport.get_write_buffer_size() < 1 << 20

    run(scene())


def test_a_clean_stop_ends_both_sides_in_order(tmp_path: Path, tls: tuple[ssl.SSLContext, Path] | None) -> None:
    async def scene() -> None:
        async with line(tmp_path, tls=tls) as made:
            await made.bot.send(ORDER)
            await made.venue.hears(len(ORDER))
            await made.proxy.stop(patience=2)
            assert await made.bot.hears_end() == "fin"
            assert await made.venue.hears_end() == "fin"
            assert await made.ends() == [("bot", "proxy"), ("venue", "proxy")]

    run(scene())


def test_nothing_of_a_connection_is_kept_once_it_is_over(tmp_path: Path) -> None:
    async def scene() -> None:
        async with line(tmp_path) as made:
            made.bot.close()
            await made.venue.hears_end()
            made.venue.close()
            await made.ends()
            tap = made.proxy.tap
            await until(lambda: not made.proxy.connections)
            assert not tap.relays
            assert not any((tap._conns, tap._legs, tap._sessions, tap._upgraded, tap._by_hook))

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    run(scene())
