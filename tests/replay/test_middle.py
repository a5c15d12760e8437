"""Faults in a replay: they strike as on a live line, everything is on record, and nothing hangs."""

from __future__ import annotations

import asyncio
import json
import ssl
from math import inf
from typing import Any

import pytest
import trustme
from faults.any_faults import faults
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proxy.test_gate_laws import EFFECTS, plans
from replay.recording import MS, Recording, reply
from replay.virtual import Handler, Played, answering, frames, plan_of, play, venue
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from wsreplay.faults.fault import Fault
from wsreplay.proxy.loop import new_loop
from wsreplay.replay.client import Client
from wsreplay.replay.clock import running_clock
from wsreplay.replay.engine import Engine
from wsreplay.replay.middle import Middle
from wsreplay.replay.targets import Place, Targets
from wsreplay.replay.virtual_run import on_virtual_time
from wsreplay.venues.registry import dialect


def two_requests() -> Recording:
    return Recording().open().ask("a").wait(2).answer("a").wait(1).ask("b").wait(2).answer("b").wait(1).close()


OPEN, A, B = ["open 101"], ["client a", "venue a"], ["client b", "venue b"]
GOODBYE = ["client 1000", "venue 1000", "venue fin", "client fin"]
READ_ON = 3_000
"""Milliseconds that the venue is read on when a bot's line is cut."""


@pytest.mark.parametrize(
    ("fault", "told", "took_ms"),
    [
        ("drop rst before reply #2", [*OPEN, *A, "client b", "fault drop", "venue b, lost"], READ_ON),
        ("drop rst after reply #2", [*OPEN, *A, *B, "fault drop"], READ_ON),
        ("drop fin after reply #2", [*OPEN, *A, *B, "fault drop"], READ_ON),
        (
            'drop close 1012 "restart" before reply #2',
            [*OPEN, *A, "client b", "fault drop", "venue b, lost", "client 1012"],
            READ_ON,
        ),
        ("drop rst on venue after request #2", [*OPEN, *A, "client b", "fault drop", "venue proxy"], 7_002),
        ("drop rst on both after request #2", [*OPEN, *A, "client b", "fault drop"], 2),
        ("delay 500ms reply", [*OPEN, "client a", "fault delay", "venue a", *B, *GOODBYE], 504),
        ("stall 1s after request", [*OPEN, "client a", "fault stall", "venue a", *B, *GOODBYE], 1_002),
        ("withhold reply", [*OPEN, "client a", "fault withhold", "venue a, lost", *B, *GOODBYE], 5_004),
        ("duplicate reply", [*OPEN, "client a", "fault duplicate", "venue a", *B, *GOODBYE], 4),
        ("reorder reply", [*OPEN, "client a", "fault reorder", "venue a", *B, *GOODBYE], 1_004),
        ("corrupt reply", [*OPEN, "client a", "fault corrupt", "venue a", *B, *GOODBYE], None),
        ("corrupt frame reply", [*OPEN, "client a", "fault corrupt", "venue a", "client 1002"], None),
        ("corrupt utf8 reply", [*OPEN, "client a", "fault corrupt", "venue a", *B], None),
        ('reject 401 "no key" before open', ["fault reject", "open 401"], 0),
        ("delay 2s before open", ["fault delay", *OPEN, *A, *B, *GOODBYE], 2_004),
        ("drop rst before open", ["fault drop", "open 0"], 0),
        ("drop fin before open", ["fault drop", "open 0"], 0),
    ],
)
def test_each_fault_strikes_and_is_on_record(fault: str, told: list[str], took_ms: float | None) -> None:
    played = play(two_requests(), fault)
    assert played.kinds()[: len(told)] == told
    if took_ms is not None:
        assert took_ms <= played.took_ms <= took_ms + 10


@pytest.mark.parametrize(
    ("fault", "note"),
    [
        ("drop rst before reply #1", "the line ended (rst) before it was answered"),
        ("drop fin before reply #1", "the line ended (fin) before it was answered"),
        ("withhold reply", "the reply never came"),
        (
            "delay 31s before open",
            "answered with 101 in the recording, and not answered now (no answer to the handshake",
        ),
        (
            'reject 401 "no key" before open',
            "answered with 101 in the recording, and answered with 401 now (Unauthorized)",
        ),
        ("drop rst before open", "and not answered now (connection reset by peer)"),
        ("drop rst after request #1", "the line is gone: this and what follows on it could not be sent"),
    ],
)
def test_the_replay_says_what_came_of_it(fault: str, note: str) -> None:
    assert any(note in told for told in play(two_requests(), fault).notes)


def test_a_venue_that_can_not_be_reached_or_refuses_is_told_through_the_middle_as_without_it() -> None:
    async def run(faults: tuple[str, ...], port: int) -> list[str]:
        records: list[Any] = []
        engine = Engine(two_requests().script(), dialect("reya"))
        clock = running_clock()

        def note(*record: Any) -> None:
            records.append(record)

        middle = Middle(plan_of(*faults), dialect("reya").decode, note, clock=clock) if faults else None
        await Client(engine, Targets([f"ws://127.0.0.1:{port}"], {}), note, clock=clock, middle=middle).run()
        if middle is not None:
            await middle.finish()
        opened = [json.loads(record[-1]) for record in records if record[0].name == "OPEN"]
        return [each.text for each in engine.notes] + [str(opened[0]["status"]), opened[0].get("body", "")]

    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 429 Slow Down\r\nContent-Length: 4\r\n\r\nbusy")
        await reader.read()
        writer.close()

    async def refuses_at_length(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 500000\r\n\r\n")
        for _ in range(50):
            writer.write(b"x" * 10_000)
            await asyncio.sleep(0.01)
        writer.close()

    async def vanishes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def story(faults: tuple[str, ...]) -> list[list[str]]:
        told = [await run(faults, 1)]
        for serves in (refuses, vanishes, refuses_at_length):
            server = await asyncio.start_server(serves, "127.0.0.1", 0)
            told.append(await run(faults, server.sockets[0].getsockname()[1]))
        return told

    plain = on_virtual_time(lambda: story(()))
    through = on_virtual_time(lambda: story(("drop rst after 1h",)))
    assert plain[:3] == through[:3]
    assert plain[3][:-1] == through[3][:-1]
    assert len(through[3][-1]) == 64 << 10, "so much of a refusal is kept"
    assert "connection refused" in plain[0][0]
    assert plain[1][-2:] == ["429", "busy"]
    assert "the connection ended during the handshake" in plain[2][0]


def test_a_plan_that_never_strikes_changes_nothing() -> None:
    recording = two_requests()
    with_plan, without = play(recording, "drop rst after 1h"), play(recording)
    assert with_plan.kinds() == without.kinds()
    assert with_plan.notes == without.notes == []


def test_what_the_recording_kept_from_its_bot_is_kept_from_the_replays_bot_and_the_cut_comes_after_it() -> None:
    recording = Recording().open().ask("a").wait(2).answer("a").ask("b").wait(1).end("rst").wait(1)
    recording.answer("b", delivered=False).open(2).ask("c", conn=2).wait(1).answer("c", conn=2)
    with_plan, without = play(recording, "drop rst after 1h"), play(recording)
    assert with_plan.kinds() == without.kinds()
    assert "venue b, lost" in with_plan.kinds()
    assert with_plan.took_ms == without.took_ms < 100, "its coming is heard of, and not waited for any longer"
    assert with_plan.kinds().index("venue b, lost") < with_plan.kinds().index("open 101", 1)


def test_a_damaged_reply_counts_for_the_replay_as_it_reached_its_bot() -> None:
    played = play(two_requests(), "corrupt cut reply", patience_ms=700)
    assert played.notes == ["the reply never came"]


def test_the_offer_of_compression_never_reaches_the_venue() -> None:
    recording = Recording()
    recording.open()
    headers = json.dumps({"url": "wss://venue.example/", "status": 101})
    row = recording._rows[0]
    row.text = json.dumps(
        json.loads(row.text or headers) | {"request": [["Sec-WebSocket-Extensions", "permessage-deflate"]]}
    )
    recording.ask("a").wait(2).answer("a")
    seen: list[str | None] = []

    async def looking(line: ServerConnection) -> None:
        assert line.request is not None
        seen.append(line.request.headers.get("Sec-WebSocket-Extensions"))
        await answering(line)

    play(recording, "drop rst after 1h", handler=looking)
    assert seen == [None]


def test_a_certificate_that_nobody_vouches_for_is_named_as_the_reason() -> None:
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(server_side)

    async def story(*plan: str) -> str:
        played = Played()
        engine = Engine(two_requests().script(), dialect("reya"))
        middle = Middle(plan_of(*plan), dialect("reya").decode, played.note) if plan else None
        async with serve(answering, "127.0.0.1", 0, ssl=server_side) as server:
            targets = Targets([f"wss://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"], {})
            await Client(engine, targets, played.note, middle=middle).run()
        return engine.notes[0].text

    for plan in ((), ("drop rst after 1h",)):
        assert "its certificate is not trusted: unable to get local issuer" in asyncio.run(story(*plan))


async def bot(url: str) -> list[str]:
    """An ordinary bot in this process: asks twice, and tells how it went."""
    told = []
    try:
        async with connect(url, proxy=None) as line:
            for key in "ab":
                await line.send(json.dumps({"type": "cancelAll", "id": key, "payload": {}}))
                told.append(json.loads(await line.recv())["id"])
    except InvalidStatus as refused:
        told.append(str(refused.response.status_code))
    except (ConnectionClosed, ConnectionResetError) as closed:
        told.append(type(closed.__cause__ or closed).__name__)
    return told


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("drop rst after 1h", ["a", "b"]),
        ("drop rst before reply #2", ["a", "ConnectionResetError"]),
        ("reject 429 before open", ["429"]),
        ("duplicate reply", ["a", "a"]),
    ],
)
def test_a_bot_in_this_process_meets_the_same_faults_through_a_doorway(fault: str, told: list[str]) -> None:
    async def story() -> list[str]:
        records: list[Any] = []
        middle = Middle(plan_of(fault), dialect("reya").decode, lambda *r: records.append(r), clock=running_clock())
        async with venue(answering) as url:
            place = Place(host="127.0.0.1", port=int(url.rpartition(":")[2]), secure=False, target="/")
            server = await asyncio.get_running_loop().create_server(lambda: middle.doorway(place, 1), "127.0.0.1", 0)
            said = await bot(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
            await middle.finish()
            server.close()
        assert any(record[0].name == "OPEN" for record in records)
        return said

    assert on_virtual_time(story) == told


# Laws

STORIES = st.lists(st.tuples(st.sampled_from(["ask", "answer", "lose", "cut", "wait"]), st.integers(1, 3)), max_size=16)


def told_story(story: list[tuple[str, int]]) -> Recording:
    """A recording in which lines are opened when they are first used, and again after they were cut."""
    recording, asked, conn_of, conns = Recording(), 0, dict.fromkeys(range(1, 4), 0), 0
    waiting: dict[int, list[str]] = {}
    for what, line in story:
        recording.wait(1)
        if what != "wait" and not conn_of[line]:
            conns += 1
            conn_of[line], waiting[conns] = conns, []
            recording.open(conns, url=f"wss://venue.example/{conns}").wait(1)
        conn = conn_of[line]
        if what == "ask":
            asked += 1
            waiting[conn].append(str(asked))
            recording.ask(str(asked), "createOrder", conn=conn)
        elif what == "cut":
            recording.end("rst", conn=conn)
            conn_of[line] = 0
        elif what in ("answer", "lose") and waiting[conn]:
            recording.answer(waiting[conn].pop(0), "createOrder", conn=conn, delivered=what == "answer")
    return recording


BEHAVIOURS = st.lists(
    st.sampled_from(["answer", "answer", "answer", "push", "silent", "late", "close", "reset", "ping"])
)


def behaving(behaviours: list[str]) -> Handler:
    """A venue that does these things one after another, and then answers."""
    left = list(behaviours)

    async def handler(line: ServerConnection) -> None:
        async for message in line:
            match left.pop(0) if left else "answer":
                case "answer":
                    await line.send(reply(json.loads(message)["id"], "createOrder"))
                case "late":
                    await asyncio.sleep(7)
                    await line.send(reply(json.loads(message)["id"], "createOrder"))
                case "push":
                    await line.send(json.dumps({"type": "orderUpdate", "payload": {"n": len(left)}}))
                case "ping":
                    await line.ping()
                case "close":
                    await line.close(1012, "restart")
                case "reset":
                    line.transport.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")
                    line.transport.abort()

    return handler


def check(
    story: list[tuple[str, int]], plan: list[Fault], behaviours: list[str], speed: float, plan_seed: int = 0
) -> None:
    recording = told_story(story)
    if not recording._rows:
        return
    played = play(recording, *plan, handler=behaving(behaviours), speed=speed, plan_seed=plan_seed, patience_ms=900)
    conns = played.paths()
    for path in set(conns.values()):
        for venue_side in (False, True):
            side = path, venue_side
            sent, recorded = frames(bytes(played.sent[side])), frames(played.recorded(side))
            assert not recorded - sent, "what nobody sent is on record"
            if played.ends(side)[:1] == ["fin"]:
                # It ended by itself and in order: all that it had said was read.
                assert recorded == sent
    over = [record.conn for record in played.records if record.what.name == "OVER"]
    assert sorted(over) == sorted(conns), "every line ends, once"


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(STORIES, plans(*EFFECTS), BEHAVIOURS, st.sampled_from([1.0, inf]), st.integers(0, 9))
def test_every_frame_that_either_side_sent_is_on_record_and_nothing_hangs(
    story: list[tuple[str, int]], plan: list[Fault], behaviours: list[str], speed: float, plan_seed: int
) -> None:
    check(story, plan, behaviours, speed, plan_seed)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(STORIES, st.lists(faults(), min_size=1, max_size=4), BEHAVIOURS)
def test_nor_does_it_with_any_plan_that_can_be_written(
    story: list[tuple[str, int]], plan: list[Fault], behaviours: list[str]
) -> None:
    check(story, plan, behaviours, 1.0)


@settings(max_examples=40, deadline=None)
@given(STORIES.filter(len), plans(*EFFECTS), BEHAVIOURS)
def test_the_same_replay_comes_out_the_same_to_the_byte(
    story: list[tuple[str, int]], plan: list[Fault], behaviours: list[str]
) -> None:
    recording = told_story(story)
    if not recording._rows:
        return
    one, other = (play(recording, *plan, handler=behaving(behaviours), speed=1.0) for _ in range(2))
    assert one.records == other.records


# On real sockets


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, new_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("delay 50ms reply", [*OPEN, "client a", "fault delay", "venue a", *B, "client 1000", "venue 1000"]),
        ("drop rst before reply #2", [*OPEN, *A, "client b", "fault drop", "venue b, lost"]),
        ('reject 401 "no key" before open', ["fault reject", "open 401"]),
    ],
)
def test_faults_strike_on_real_sockets_too(fault: str, told: list[str], secure: bool, loop: Any) -> None:
    authority = trustme.CA()
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)

    async def story() -> Played:
        played = Played()
        engine = Engine(two_requests().script(), dialect("reya"), patience_ns=10_000 * MS)
        middle = Middle(plan_of(fault), dialect("reya").decode, played.note, read_on_s=0.3)
        async with serve(answering, "127.0.0.1", 0, ssl=server_side if secure else None, compression=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            targets = Targets([f"{'wss' if secure else 'ws'}://127.0.0.1:{port}"], {})
            async with asyncio.timeout(20):
                await Client(engine, targets, played.note, tls=client_side, middle=middle).run()
                await middle.finish()
        return played

    with asyncio.Runner(loop_factory=loop) as runner:
        played = runner.run(story())
    assert played.kinds()[: len(told)] == told
    assert [record.what.name for record in played.records].count("OVER") == 1
