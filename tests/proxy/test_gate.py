"""The gate: what a fault plan says happens on real sockets, and the record tells it in its order."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from proxy.faulty import (
    BINARY,
    PING,
    PONG,
    SECOND,
    TEXT,
    Clock,
    asked,
    fault_rows,
    faulty,
    gate,
    held,
    pushed,
    replied,
    said,
    story,
)
from proxy.line import ANSWER, Line, line, run
from proxy.test_relay import venue_tls

from wsreplay.captures.wire import What
from wsreplay.faults.plan import FaultPlan
from wsreplay.faults.short_form import parse
from wsreplay.proxy.framing import close_frame, frame
from wsreplay.proxy.gates import GateFactory
from wsreplay.venues.envelope import Envelope, Sender

ORDER, REPLY = asked(client_order_id="7"), replied(order_id="1007")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the proxy keeps its CA; to make one takes longer than most of these tests."""
    return tmp_path_factory.mktemp("ca")


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ssl.SSLContext, Path] | None:
    return venue_tls(tmp_path) if request.param == "tls" else None


async def bot_says(made: Line, *frames: bytes) -> None:
    """The bot says it, and the venue hears it."""
    await made.bot.send(b"".join(frames))
    assert await made.venue.hears(len(b"".join(frames))) == b"".join(frames)


async def venue_says(made: Line, *frames: bytes) -> None:
    """The venue says it, and the bot hears it."""
    await made.venue.send(b"".join(frames))
    assert await made.bot.hears(len(b"".join(frames))) == b"".join(frames)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


# drop


def test_a_reset_before_a_reply(folder: Path, tls: tuple[ssl.SSLContext, Path] | None) -> None:
    fault = "drop rst before reply createOrder where client_order_id = 7"

    async def scene() -> None:
        async with faulty(folder, fault, tls=tls) as made:
            await venue_says(made, pushed())
            await bot_says(made, ORDER)
            await made.venue.send(REPLY)
            assert await made.bot.hears_end() == "rst"
            await made.recorded(What.END)
            await made.venue.send(pushed())
            assert await made.venue.hears_end() == "rst"
            await made.recorded(What.OVER)
            assert story(made) == [
                ("venue", pushed()),
                ("bot", ORDER),
                ("fault", fault),
                ("venue, lost", REPLY),
                ("bot ended", "proxy"),
                ("venue, lost", pushed()),
                ("venue ended", "proxy"),
            ]

    run(scene())


def test_a_plain_end_after_a_reply(folder: Path, tls: tuple[ssl.SSLContext, Path] | None) -> None:
    fault = "drop fin after reply createOrder"

    async def scene() -> None:
        async with faulty(folder, fault, tls=tls) as made:
            await bot_says(made, ORDER)
            await venue_says(made, REPLY)
            assert await made.bot.hears_end() == "fin"
            await made.bot.send(ORDER)
            await made.recorded(What.DATA, 3)
            made.bot.close()
            await made.recorded(What.END)
            await made.venue.send(pushed())
            assert await made.venue.hears_end() == "fin"
            made.venue.close()
            await made.recorded(What.OVER)
            assert story(made) == [
                ("bot", ORDER),
                ("venue", REPLY),
                ("fault", fault),
                ("bot, lost", ORDER),
                ("bot ended", "proxy"),
                ("venue, lost", pushed()),
                ("venue ended", "proxy"),
            ]

    run(scene())


def test_a_close_frame_in_place_of_a_reply(folder: Path, tls: tuple[ssl.SSLContext, Path] | None) -> None:
    fault = 'drop close 1012 "service restart" before reply createOrder #2'
    close, echo = (close_frame(1012, "service restart", masked=masked) for masked in (False, True))

    async def scene() -> None:
        async with faulty(folder, fault, tls=tls) as made:
            await bot_says(made, asked(key="a"), asked(key="b"))
            await venue_says(made, replied("b"))
            await made.venue.send(replied("a") + pushed())
            assert await made.bot.hears(len(close)) == close
            await made.bot.send(echo)
            assert await made.bot.hears_end() == "fin"
            made.bot.close()
            assert await made.venue.hears_end() == "fin"
            made.venue.close()
            await made.recorded(What.OVER)
            assert story(made)[2:] == [
                ("venue", replied("b")),
                ("fault", fault),
                ("venue, lost", replied("a")),
                ("venue, lost", pushed()),
                ("bot, lost", echo),
                ("bot ended", "proxy"),
                ("venue ended", "proxy"),
            ]

    run(scene())


def test_a_bot_that_does_not_answer_the_close_frame_is_left_after_a_while(folder: Path) -> None:
    clock = Clock()
    close = close_frame(1001, "", masked=False)

    async def scene() -> None:
        async with faulty(folder, "drop close 1001 after open", clock=clock, read_on=60) as made:
            assert await made.bot.hears(len(close)) == close
            clock.go_on(2 * SECOND)
            assert await made.bot.hears_end() == "fin"
            await made.venue.send(pushed())
            await made.recorded(What.DATA)
            clock.go_on(58 * SECOND)
            assert await made.venue.hears_end() == "fin"

    run(scene())


def test_a_request_that_is_cut_before_it_passes_never_reaches_the_venue(folder: Path) -> None:
    fault = "drop rst before request createOrder"

    async def scene() -> None:
        async with faulty(folder, fault) as made:
            await bot_says(made, asked("cancelOrder"))
            await made.bot.send(ORDER)
            assert await made.bot.hears_end() == "rst"
            with pytest.raises(ConnectionResetError):
                assert await made.venue.reader.read() == b""
            assert story(made)[1:3] == [("fault", fault), ("bot, lost", ORDER)]

    run(scene())


def test_after_a_request_the_venue_has_it(folder: Path) -> None:
    fault = "drop rst after request createOrder #2"

    async def scene() -> None:
        async with faulty(folder, fault) as made:
            await bot_says(made, ORDER, ORDER)
            assert await made.bot.hears_end() == "rst"
            await made.venue.send(REPLY)
            assert await made.venue.hears_end() == "rst"
            assert story(made)[:3] == [("bot", ORDER), ("bot", ORDER), ("fault", fault)]
            assert ("venue, lost", REPLY) in story(made)

    run(scene())


def test_a_venue_that_is_cut_off_leaves_the_bot_with_a_line_that_leads_nowhere(folder: Path) -> None:
    fault = "drop rst on venue after request createOrder"

    async def scene() -> None:
        async with faulty(folder, fault) as made:
            await made.bot.send(ORDER)
            assert await made.venue.hears_end() == "rst"
            await made.recorded(What.END)
            await made.bot.send(ORDER)
            await made.recorded(What.DATA, 2)
            made.bot.close()
            await made.recorded(What.OVER)
            assert story(made) == [
                ("bot", ORDER),
                ("fault", fault),
                ("venue ended", "proxy"),
                ("bot, lost", ORDER),
                ("bot ended", "fin"),
            ]

    run(scene())


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_both_sides_are_cut_at_once(folder: Path, how: str) -> None:
    clock = Clock()

    async def scene() -> None:
        async with faulty(folder, f"drop {how} on both after 30s", clock=clock) as made:
            await bot_says(made, ORDER)
            clock.go_on(30 * SECOND)
            for end in (made.bot, made.venue):
                assert await end.hears_end() == how
                end.close()
            assert sorted(await made.ends()) == [("bot", "proxy"), ("venue", "proxy")]

    run(scene())


def test_what_a_bot_that_is_cut_off_was_told_before_still_reaches_it(folder: Path) -> None:
    async def scene() -> None:
        async with faulty(folder, "drop fin after push done") as made:
            everything = [said(role="push", op="trade", qty=str(number)) for number in range(5000)]
            await made.venue.send(b"".join([*everything, pushed("done")]))
            whole = b"".join(everything) + pushed("done")
            assert await made.bot.hears(len(whole)) == whole
            assert await made.bot.hears_end() == "fin"

    run(scene())


# withhold


def test_a_reply_that_never_comes(folder: Path) -> None:
    fault = "withhold reply createOrder"

    async def scene() -> None:
        async with faulty(folder, fault) as made:
            await bot_says(made, asked(key="a"), asked(key="b"))
            await made.venue.send(replied("a"))
            await venue_says(made, pushed(), replied("b"))
            assert story(made)[2:] == [
                ("fault", fault),
                ("venue, lost", replied("a")),
                ("venue", pushed()),
                ("venue", replied("b")),
            ]
            times = [note.mono_ns for note in made.notes if note.what in (What.FAULT, What.DATA)]
            assert times == sorted(times)
            [told] = fault_rows(made.notes)
            assert (told["key"], told["op"], told["occurrence"]) == ("a", "createOrder", 1)

    run(scene())


def test_the_reply_to_the_second_request_never_comes_wherever_it_stands(folder: Path) -> None:
    async def scene() -> None:
        async with faulty(folder, "withhold after request createOrder #2") as made:
            await bot_says(made, asked(key="a"), asked(key="b"))
            await made.venue.send(replied("b"))
            await venue_says(made, replied("a"))
            assert ("venue, lost", replied("b")) in story(made)

    run(scene())


def test_a_pong_that_never_comes(folder: Path) -> None:
    pongs = [frame(PONG, payload, masked=True) for payload in (b"1", b"2", b"3")]

    async def scene() -> None:
        async with faulty(folder, "withhold pong from bot #2") as made:
            await made.bot.send(b"".join(pongs))
            assert await made.venue.hears(len(pongs[0] + pongs[2])) == pongs[0] + pongs[2]
            assert ("bot, lost", pongs[1]) in story(made)

    run(scene())


# frames


def masked_message(text: bytes, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    return bytes([0x81, 0x80 | len(text)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text))


def test_what_no_fault_names_crosses_to_the_byte_however_it_is_cut(folder: Path) -> None:
    ours = [
        masked_message(b'{"op": "createOrder"}'),
        frame(PING, b"?", masked=True),
        frame(BINARY, bytes(300), masked=True),
    ]
    theirs = [frame(TEXT, b"x" * 70_000, masked=False), b"\x01\x02{}", b"\x89\x00", b"\x80\x00", b"\x83\x01?"]

    async def scene() -> None:
        async with faulty(folder, "withhold request neverAsked") as made:
            for byte in b"".join(ours):
                await made.bot.send(bytes([byte]))
                await asyncio.sleep(0)
            assert await made.venue.hears(len(b"".join(ours))) == b"".join(ours)
            await made.venue.send(b"".join(theirs))
            # The ping does not wait for the message between whose fragments it stands.
            crossed = b"".join([theirs[0], theirs[2], theirs[1], theirs[3], theirs[4]])
            assert await made.bot.hears(len(crossed)) == crossed
            assert made.said(by_venue=False) == b"".join(ours)
            assert made.said(by_venue=True) == crossed
            assert all(note.relay_ns >= 0 for note in made.notes if note.what == What.DATA)

    run(scene())


def test_a_message_in_fragments_is_lost_with_all_of_them(folder: Path) -> None:
    reply = b'{"role": "reply", "op": "createOrder"}'
    fragments = [bytes([0x01, 10]) + reply[:10], bytes([0x00, 10]) + reply[10:20], bytes([0x80, 18]) + reply[20:]]
    ping = frame(PING, b"", masked=False)

    async def scene() -> None:
        async with faulty(folder, "withhold reply createOrder") as made:
            await made.venue.send(fragments[0])
            await venue_says(made, ping)
            await made.venue.send(fragments[1] + fragments[2])
            await venue_says(made, pushed())
            told = story(made)
            assert told[:2] == [("venue", ping), ("fault", "withhold reply createOrder")]
            assert {who for who, _ in told[2:-1]} == {"venue, lost"}
            assert b"".join(made_of for _, made_of in told[2:-1] if isinstance(made_of, bytes)) == b"".join(fragments)
            assert told[-1] == ("venue", pushed())

    run(scene())


def test_frames_in_the_breath_of_the_101_meet_the_plan(folder: Path) -> None:
    hello = said(role="push", op="hello")

    async def scene() -> None:
        async with faulty(folder, "withhold message from venue #1", answer=ANSWER + hello + pushed()[:9]) as made:
            await made.venue.send(pushed()[9:])
            assert await made.bot.hears(len(pushed())) == pushed()
            assert story(made)[:2] == [("fault", "withhold message from venue #1"), ("venue, lost", hello)]

    run(scene())


def test_bytes_that_are_no_frames_pass_as_they_come_and_the_record_says_that_faults_do_not(folder: Path) -> None:
    endless = b"\x81\x7f" + (1 << 40).to_bytes(8)

    async def scene() -> None:
        async with faulty(folder, "withhold every message from venue") as made:
            await venue_says(made, endless, b"and so on")
            await venue_says(made, pushed())
            assert [set(row) for row in fault_rows(made.notes)] == [{"off"}]

    run(scene())


def test_a_decoder_that_fails_stops_nobody(folder: Path) -> None:
    def broken(payload: str | bytes, sender: Sender) -> Envelope:
        raise KeyError("venue")

    made_of = GateFactory(FaultPlan(faults=(parse("withhold message #2"),)), broken)

    async def scene() -> None:
        async with line(folder, gate=made_of) as made:
            await venue_says(made, pushed())
            await made.venue.send(pushed("two"))
            await venue_says(made, pushed("three"))

    run(scene())


# delay, stall, duplicate, reorder, corrupt


def test_what_is_delayed_comes_later_and_the_end_after_it(
    folder: Path, tls: tuple[ssl.SSLContext, Path] | None
) -> None:
    clock = Clock()

    async def scene() -> None:
        async with faulty(folder, "delay 2s reply createOrder", clock=clock, tls=tls) as made:
            await bot_says(made, ORDER)
            await made.venue.send(REPLY + pushed())
            made.venue.close()
            await until(lambda: held(made) == 2)
            clock.go_on(2 * SECOND - 1)
            assert held(made) == 2
            clock.go_on(1)
            assert await made.bot.hears(len(REPLY + pushed())) == REPLY + pushed()
            assert await made.bot.hears_end() == "fin"
            made.bot.close()
            assert await made.ends() == [("venue", "fin"), ("bot", "fin")]
            assert [row["delay_ns"] for row in fault_rows(made.notes)] == [2 * SECOND]

    run(scene())


def test_heartbeats_go_on_while_the_venue_is_stalled(folder: Path) -> None:
    clock = Clock()
    ping = frame(PING, b"!", masked=False)
    beat = said(role="heartbeat", op="ping")

    async def scene() -> None:
        async with faulty(folder, "stall 30s after request createOrder", clock=clock) as made:
            await bot_says(made, ORDER)
            await made.venue.send(REPLY)
            await venue_says(made, ping, beat)
            await bot_says(made, asked("cancelOrder"))
            assert held(made) == 1
            clock.go_on(30 * SECOND)
            assert await made.bot.hears(len(REPLY)) == REPLY
            await venue_says(made, pushed())

    run(scene())


def test_a_stall_holds_the_very_message_that_it_came_before(folder: Path) -> None:
    clock = Clock()

    async def scene() -> None:
        async with faulty(folder, "stall 1s before push trade #2", clock=clock) as made:
            await venue_says(made, pushed())
            await made.venue.send(pushed() + pushed("book"))
            await until(lambda: held(made) == 2)
            clock.go_on(SECOND)
            assert await made.bot.hears(len(pushed() + pushed("book"))) == pushed() + pushed("book")

    run(scene())


def test_a_venue_that_closes_while_it_is_stalled_never_said_the_rest(folder: Path) -> None:
    close = close_frame(1001, "", masked=False)

    async def scene() -> None:
        async with faulty(folder, "stall after open") as made:
            await made.venue.send(pushed())
            await venue_says(made, close)
            assert story(made)[1:] == [("venue, lost", pushed()), ("venue", close)]

    run(scene())


def test_a_message_comes_twice_and_is_on_record_once(folder: Path) -> None:
    async def scene() -> None:
        async with faulty(folder, "duplicate push trade") as made:
            await made.venue.send(pushed() + pushed("book"))
            both = pushed() + pushed() + pushed("book")
            assert await made.bot.hears(len(both)) == both
            assert story(made)[1:] == [("venue", pushed()), ("venue", pushed("book"))]

    run(scene())


def test_messages_come_in_another_order(folder: Path) -> None:
    async def scene() -> None:
        async with faulty(folder, "reorder every push trade") as made:
            await made.venue.send(pushed(qty="1") + pushed(qty="2") + pushed(qty="3") + pushed("book"))
            turned = pushed(qty="2") + pushed(qty="1") + pushed("book") + pushed(qty="3")
            assert await made.bot.hears(len(turned)) == turned
            assert len(fault_rows(made.notes)) == 2

    run(scene())


@pytest.mark.parametrize("how", ["byte", "cut", "utf8", "frame"])
def test_a_message_comes_damaged_and_is_on_record_as_it_was(folder: Path, how: str) -> None:
    async def scene() -> None:
        async with faulty(folder, f"corrupt {how} request createOrder") as made:
            await made.bot.send(ORDER + asked("cancelOrder"))
            damaged = (await made.venue.reader.readuntil(asked("cancelOrder")))[: -len(asked("cancelOrder"))]
            assert damaged != ORDER
            assert damaged[1] & 0x80, "a client's frame is masked"
            assert (damaged[0] & 0x70 != 0) is (how == "frame")
            assert story(made)[1] == ("bot", ORDER)
            [row] = fault_rows(made.notes)
            assert row["damage"]

    run(scene())


# The line, and its ends


def test_a_bot_that_resets_loses_what_was_held_for_it_and_the_record_says_so(folder: Path) -> None:
    async def scene() -> None:
        async with faulty(folder, "delay 1h push", read_on=0) as made:
            await made.venue.send(pushed())
            await until(lambda: held(made) == 1)
            made.bot.reset()
            assert await made.venue.hears_end() == "rst"
            await made.recorded(What.OVER)
            assert story(made)[1:] == [
                ("venue, lost", pushed()),
                ("bot ended", "rst"),
                ("venue ended", "proxy"),
            ]

    run(scene())


def test_a_frame_that_is_never_completed_is_on_record(folder: Path) -> None:
    async def scene() -> None:
        async with faulty(folder, "withhold reply") as made:
            await made.bot.send(ORDER[:10])
            made.bot.fin()
            assert await made.venue.hears(10) == ORDER[:10]
            assert await made.venue.hears_end() == "fin"
            await made.venue.send(pushed()[:5])
            [relay] = made.proxy.tap.relays
            await until(lambda: relay.venue.heard_mono_ns)
            made.venue.reset()
            await made.recorded(What.OVER)
            assert story(made)[0] == ("bot", ORDER[:10])
            assert ("venue, lost", pushed()[:5]) in story(made)

    run(scene())


def test_a_venue_is_not_read_further_than_can_be_held(folder: Path) -> None:
    async def scene() -> None:
        async with faulty(folder, "stall after open") as made:
            sending = asyncio.create_task(made.venue.send(frame(BINARY, bytes(1 << 20), masked=False) * 40))
            await until(lambda: held(made) == 16)
            [relay] = made.proxy.tap.relays
            assert relay.venue.paused, "the venue does not feel that nothing passes"
            sending.cancel()

    run(scene())


def test_after_a_stall_a_slow_bot_still_gets_everything(folder: Path) -> None:
    clock = Clock()
    megabyte = frame(BINARY, bytes(1 << 20), masked=False)

    async def scene() -> None:
        async with faulty(folder, "stall 1s after open", clock=clock) as made:
            sending = asyncio.create_task(made.venue.send(megabyte * 40))
            await until(lambda: held(made) == 16)
            made.bot.stop_reading()
            clock.go_on(SECOND)
            made.bot.read_again()
            for _ in range(40):
                assert await made.bot.hears(len(megabyte)) == megabyte
            await sending

    run(scene())


def test_a_clean_stop_puts_on_record_what_was_held(folder: Path) -> None:
    async def scene() -> None:
        async with faulty(folder, "delay 1h every push") as made:
            await made.venue.send(pushed())
            await until(lambda: held(made) == 1)
            await made.proxy.stop(patience=2)
            assert ("venue, lost", pushed()) in story(made)
            assert await made.ends() == [("bot", "proxy"), ("venue", "proxy")]

    run(scene())


def test_nothing_of_a_connection_is_kept_once_it_is_over(folder: Path) -> None:
    factory = gate("delay 1h push", "drop rst after 1h", "withhold reply")

    async def scene() -> None:
        async with line(folder, gate=factory, read_on=0, answer=ANSWER + pushed()) as made:
            await bot_says(made, ORDER)
            made.bot.reset()
            await made.recorded(What.OVER)
            assert not factory._matcher._connections
            assert not made.proxy.tap._early

    run(scene())
