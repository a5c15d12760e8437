"""Handshakes under a fault plan, and what a recording keeps of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from proxy.faulty import SECOND, Clock, fault_rows, faulty, gate, pushed
from proxy.line import ANSWER, REQUEST, End, Note, proxied, run
from proxy.test_tap import bodies, venue_that_answers

from wsreplay.captures.transcript import Transcript
from wsreplay.captures.wire import Record, What
from wsreplay.faults.short_form import parse

OFFERED = REQUEST[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\nsec-websocket-extensions: x-other\r\n\r\n"


def rows(head: bytes) -> list[tuple[bytes, bytes]]:
    """Names and values of a head's rows."""
    split = (row.partition(b":") for row in head.split(b"\r\n"))
    return [(name.lower(), value.strip()) for name, _, value in split]


async def asks_for_a_handshake(port: int) -> End:
    bot = End(*await asyncio.open_connection("127.0.0.1", port))
    await bot.send(OFFERED)
    return bot


def test_with_a_plan_the_offer_of_extensions_is_left_out_and_nothing_else(tmp_path: Path) -> None:
    async def scene() -> None:
        async with (
            venue_that_answers(ANSWER) as (port, heads),
            proxied(tmp_path, f"http://127.0.0.1:{port}", gate=gate("withhold reply")) as (_, listening, notes, _),
        ):
            bot = await asks_for_a_handshake(listening)
            await bot.reader.readuntil(b"\r\n\r\n")
            bot.close()
            assert [row for row in rows(heads[0]) if row[0] != b"host"] == [
                row for row in rows(REQUEST) if row[0] != b"host"
            ]
            assert not fault_rows(notes)

    run(scene())


def test_without_a_plan_the_offer_is_passed_on(tmp_path: Path) -> None:
    async def scene() -> None:
        async with (
            venue_that_answers(ANSWER) as (port, heads),
            proxied(tmp_path, f"http://127.0.0.1:{port}") as (_, listening, _, _),
        ):
            bot = await asks_for_a_handshake(listening)
            await bot.reader.readuntil(b"\r\n\r\n")
            bot.close()
            assert b"permessage-deflate" in heads[0]

    run(scene())


def test_a_handshake_is_rejected_and_the_venue_never_hears_of_it(tmp_path: Path) -> None:
    fault = 'reject 401 "no key" before open #2'

    async def scene() -> None:
        async with (
            venue_that_answers(ANSWER) as (port, heads),
            proxied(tmp_path, f"http://127.0.0.1:{port}", gate=gate(fault)) as (_, listening, notes, _),
        ):
            first = await asks_for_a_handshake(listening)
            assert (await first.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            second = await asks_for_a_handshake(listening)
            head = await second.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 401 Unauthorized")
            assert await second.reader.readexactly(6) == b"no key"
            assert len(heads) == 1
            later = [note for note in notes if note.conn == 2]
            assert [note.what for note in later] == [What.FAULT, What.OPEN, What.OVER]
            assert json.loads(later[0].body)["fault"] == fault
            [_, refused] = bodies(notes, What.OPEN)
            assert (refused["status"], refused["body"]) == (401, "no key")
            first.close()
            second.close()

    run(scene())


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_a_line_is_cut_before_it_opens(tmp_path: Path, how: str) -> None:
    async def scene() -> None:
        async with (
            venue_that_answers(ANSWER) as (port, heads),
            proxied(tmp_path, f"http://127.0.0.1:{port}", gate=gate(f"drop {how} before open")) as made,
        ):
            _, listening, notes, _ = made
            bot = await asks_for_a_handshake(listening)
            assert await bot.hears_end() == how
            bot.close()
            assert not heads
            assert [note.what for note in notes] == [What.FAULT, What.OPEN, What.OVER]
            assert bodies(notes, What.OPEN)[0]["status"] == 0

    run(scene())


def test_a_handshake_is_delayed(tmp_path: Path) -> None:
    clock = Clock()

    async def scene() -> None:
        async with (
            venue_that_answers(ANSWER) as (port, heads),
            proxied(tmp_path, f"http://127.0.0.1:{port}", gate=gate("delay 2s open", clock=clock)) as made,
        ):
            _, listening, notes, _ = made
            bot = await asks_for_a_handshake(listening)
            async with asyncio.timeout(5):
                while not fault_rows(notes):  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            assert not heads
            clock.go_on(2 * SECOND)
            assert (await bot.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            bot.close()

    run(scene())


def test_a_line_is_cut_right_after_it_opened(tmp_path: Path) -> None:
    async def scene() -> None:
        async with faulty(tmp_path, "drop rst after open", answer=ANSWER + pushed()) as made:
            assert await made.bot.hears_end() == "rst"
            assert await made.venue.hears_end() == "rst"
            data = [note for note in made.notes if note.what == What.DATA]
            assert [(note.body, note.relay_ns) for note in data] == [(pushed(), -1)]

    run(scene())


def test_a_plan_counts_over_all_connections_of_a_recording(tmp_path: Path) -> None:
    factory = gate("reject before open #2", "withhold push trade #2")

    async def scene() -> None:
        async with (
            venue_that_answers(ANSWER + pushed(), ANSWER + pushed()) as (port, _),
            proxied(tmp_path, f"http://127.0.0.1:{port}", gate=factory) as (_, listening, notes, _),
        ):
            bots = []
            for heard in (b"HTTP/1.1 101", b"HTTP/1.1 503", b"HTTP/1.1 101"):
                bots.append(await asks_for_a_handshake(listening))
                assert (await bots[-1].reader.readuntil(b"\r\n\r\n")).startswith(heard)
            await bots[0].hears(len(pushed()))
            async with asyncio.timeout(5):
                while len(fault_rows(notes)) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            assert [(row["effect"], row["occurrence"]) for row in fault_rows(notes)] == [("reject", 2), ("withhold", 2)]
            for bot in bots:
                bot.close()

    run(scene())


def test_the_transcript_shows_faults_between_the_frames_where_they_fired(tmp_path: Path) -> None:
    fault = "withhold push trade #2"
    notes: list[Note] = []

    async def scene() -> None:
        async with faulty(tmp_path, fault) as made:
            await made.venue.send(pushed(qty="1") + pushed(qty="2") + pushed(qty="3"))
            await made.bot.hears(len(pushed(qty="1") + pushed(qty="3")))
            notes.extend(made.notes)

    run(scene())
    transcript = Transcript()
    events = [event for note in notes for event in transcript.see(Record(What(note.what), *note[1:]))]
    assert [(event.kind, event.relay_ns is None) for event in events] == [
        ("open", True),
        ("text", False),
        ("fault", True),
        ("text", True),
        ("text", False),
    ]
    told = json.loads(events[2].text or "")
    assert parse(told["fault"]) == parse(fault)


def test_where_the_sockets_stay_with_mitmproxy_everything_crosses_and_the_user_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsreplay.proxy.tap.PATIENCE", 0)

    async def scene() -> None:
        async with faulty(tmp_path, "withhold every push", answer=ANSWER + pushed("one")) as made:
            assert await made.bot.hears(len(pushed("one"))) == pushed("one")
            await made.venue.send(pushed("two"))
            assert await made.bot.hears(len(pushed("two"))) == pushed("two")
            assert made.said(by_venue=True) == pushed("one") + pushed("two")
            assert not fault_rows(made.notes)
            assert any("no fault will strike" in text for text in made.told)

    run(scene())
