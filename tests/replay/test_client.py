"""The replay on real sockets, against servers that do not do what the recorded venue did."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from math import inf
from typing import Any

import pytest
from replay.recording import MS, Recording, reply
from replay.test_engine_time import PingingDialect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from wsreplay.captures.event import Event
from wsreplay.captures.transcript import Transcript
from wsreplay.captures.wire import Record
from wsreplay.replay.client import Client
from wsreplay.replay.engine import Engine
from wsreplay.replay.gate import Decision, Next, Proceed, Stop
from wsreplay.replay.script import Leave, Open, Say, Step
from wsreplay.replay.targets import Targets
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.registry import dialect

type Handler = Callable[[ServerConnection], Awaitable[None]]


class Replayed:
    """What a replay noted, and what it put on record."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.notes: list[str] = []

    def note(self, *record: Any) -> None:
        self.records.append(Record(*record))

    def rows(self) -> list[Event]:
        transcript = Transcript()
        return [event for record in self.records for event in transcript.see(record)]

    def kinds(self) -> list[str]:
        return [f"{row.sender} {row.ended_by or row.close_code or row.kind}" for row in self.rows()]


async def replay(
    recording: Recording,
    url: str,
    patience_ms: int = 2_000,
    client: type[Client] = Client,
    venue: Dialect | None = None,
    halting: bool = False,
    **more: Any,
) -> Replayed:
    replayed = Replayed()
    engine = Engine(
        recording.script(venue=venue),
        venue or dialect("reya"),
        speed=inf,
        halting=halting,
        patience_ns=patience_ms * MS,
    )
    async with asyncio.timeout(20):
        await client(engine, Targets([url], {}), replayed.note, **more).run()
    replayed.notes = [note.text for note in engine.notes]
    return replayed


@contextlib.asynccontextmanager
async def venue(handler: Handler, **options: Any) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


@contextlib.asynccontextmanager
async def raw_venue(says: bytes, *, then_ends: bool = True) -> AsyncIterator[str]:
    """A server that answers whatever it hears with these bytes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(says)
        with contextlib.suppress(OSError):
            await writer.drain()
            if not then_ends:
                await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def answering(line: ServerConnection) -> None:
    async for message in line:
        await line.send(reply(json.loads(message)["id"]))


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_what_was_sent_and_received_is_on_record(compression: str | None) -> None:
    async def story() -> None:
        recording = Recording().open().ask("a").wait(1).answer("a").ask("b").wait(1).answer("b").close(4001)
        async with venue(answering, compression=compression) as url:
            replayed = await replay(recording, url)
        assert replayed.notes == []
        texts = [(row.sender, json.loads(row.text or "")["id"]) for row in replayed.rows() if row.kind == "text"]
        assert texts == [("client", "a"), ("venue", "a"), ("client", "b"), ("venue", "b")]
        assert replayed.kinds()[-4:] == ["client 4001", "venue 4001", "venue fin", "client fin"]

    asyncio.run(story())


def test_a_rest_request_is_on_record_before_its_answer_and_before_what_it_causes() -> None:
    async def story() -> None:
        replayed = Replayed()
        at_the_venue: list[list[str]] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            at_the_venue.append(replayed.kinds())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            rest = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            engine = Engine(Recording().rest("/v2/x", [], took_ms=1).script(), dialect("reya"), speed=inf)
            async with asyncio.timeout(20):
                await Client(engine, Targets([f"rest={rest}"], {}), replayed.note).run()
        assert at_the_venue == [["client http_request"]]
        assert replayed.kinds() == ["client http_request", "venue http_response"]
        asked, answered = replayed.rows()
        assert json.loads(asked.text or "")["url"] == f"{rest}/v2/x"
        assert json.loads(answered.text or "")["status"] == 200

    asyncio.run(story())


def test_pings_are_answered_while_the_replay_waits() -> None:
    async def pinging(line: ServerConnection) -> None:
        message = await line.recv()
        for _ in range(3):
            await (await line.ping())
        await line.send(reply(json.loads(message)["id"]))
        await line.wait_closed()

    async def story() -> None:
        recording = Recording().open().ask("a").wait(1).answer("a").ping()
        async with venue(pinging) as url:
            replayed = await replay(recording, url)
        assert replayed.notes == []
        assert [row.sender for row in replayed.rows() if row.kind == "pong"] == ["client"] * 3

    asyncio.run(story())


def test_a_venue_that_closes_early_is_noted_and_nothing_hangs() -> None:
    async def closing(line: ServerConnection) -> None:
        await line.recv()
        await line.close(1012, "restart")

    async def story() -> None:
        recording = Recording().open().ask("a").wait(1).answer("a").ask("b")
        async with venue(closing) as url:
            replayed = await replay(recording, url)
        assert replayed.notes == [
            "the line ended (fin) before it was answered",
            "the line is gone: this and what follows on it could not be sent",
        ]
        assert "venue 1012" in replayed.kinds()

    asyncio.run(story())


def test_a_reset_is_told_from_a_goodbye() -> None:
    async def resetting(line: ServerConnection) -> None:
        await line.recv()
        sock = line.transport.get_extra_info("socket")
        sock.setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")  # SOL_SOCKET, SO_LINGER: on, for no time
        line.transport.abort()

    async def story() -> None:
        async with venue(resetting) as url:
            replayed = await replay(Recording().open().ask("a").wait(1).answer("a"), url)
        assert replayed.notes == ["the line ended (rst) before it was answered"]
        assert "venue rst" in replayed.kinds()

    asyncio.run(story())


def test_a_line_that_was_reset_is_reset_for_the_venue_too() -> None:
    seen: list[BaseException | None] = []

    async def watching(line: ServerConnection) -> None:
        try:
            await answering(line)
        except ConnectionClosedError as error:
            seen.append(error.__cause__)

    async def story() -> None:
        recording = Recording().open().ask("a").wait(1).end("rst").answer("a", delivered=False)
        async with venue(watching) as url:
            replayed = await replay(recording, url)
        rows = replayed.rows()
        assert replayed.kinds()[-3:] == ["client rst", "venue text", "venue proxy"]
        assert rows[-2].relay_ns is None, "the reply did not reach the bot"

    asyncio.run(story())
    assert len(seen) == 1
    assert isinstance(seen[0], ConnectionResetError)


@pytest.mark.parametrize(
    ("says", "status"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy", 503),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101),
        (b"what?\r\n\r\n", 0),
        (b"", 0),
    ],
)
def test_a_handshake_that_fails_is_on_record_as_such(says: bytes, status: int) -> None:
    async def story() -> None:
        async with raw_venue(says) as url:
            replayed = await replay(Recording().open().ask("a"), url)
        (opened,) = (row for row in replayed.rows() if row.kind == "open")
        assert json.loads(opened.text or "")["status"] == status
        assert replayed.notes[0].startswith("the handshake was answered with 101 in the recording, and ")

    asyncio.run(story())


def test_a_venue_that_is_not_there_is_noted() -> None:
    replayed = asyncio.run(replay(Recording().open().ask("a"), "ws://127.0.0.1:1"))
    assert "not answered now" in replayed.notes[0]


def test_a_venue_that_reads_slowly_is_waited_for_and_loses_nothing() -> None:
    heard: list[str] = []
    waited = asyncio.Event()

    class Watched(Client):
        def full(self, line: int, is_full: bool) -> None:
            super().full(line, is_full)
            waited.set()

    async def slow(line: ServerConnection) -> None:
        line.transport.pause_reading()
        await waited.wait()
        line.transport.resume_reading()
        heard.extend([json.loads(message)["id"] async for message in line])

    async def story() -> None:
        recording = Recording().open()
        for number in range(5_000):
            recording.say(json.dumps({"type": "note", "id": str(number), "pad": "x" * 4_000}))
        async with venue(slow) as url:
            await replay(recording, url, client=Watched)

    asyncio.run(story())
    assert heard == [str(number) for number in range(5_000)]


def test_a_reply_that_never_comes_does_not_keep_the_replay_for_ever() -> None:
    async def silent(line: ServerConnection) -> None:
        await line.wait_closed()

    async def story() -> None:
        began = time.monotonic()
        async with venue(silent) as url:
            replayed = await replay(Recording().open().ask("a").wait(1).answer("a").ask("b"), url, patience_ms=100)
        assert replayed.notes == ["the reply never came"]
        assert time.monotonic() - began < 10

    asyncio.run(story())


def test_a_mistake_of_our_own_ends_the_replay_instead_of_hanging_it() -> None:
    class Broken(Client):
        async def _connect(self, step: Open) -> None:
            raise ArithmeticError(step.url)

    with pytest.raises(ArithmeticError):
        asyncio.run(replay(Recording().open().ask("a"), "ws://127.0.0.1:1", client=Broken))


def test_pings_that_are_messages_are_answered_one_by_one_with_their_own_words() -> None:
    heard: list[str] = []

    async def pinging(line: ServerConnection) -> None:
        message = json.loads(await line.recv())
        for number in range(20):
            await line.send(f"ping{number}")
        heard.extend([str(await line.recv()).split(" at ")[0] for _ in range(20)])
        await line.send(reply(message["id"]))
        heard.extend([str(message) async for message in line])

    async def story() -> None:
        recording = Recording().open().ask("a").say("pong0").say("pong1").wait(1).answer("a")
        async with venue(pinging) as url:
            await replay(recording, url, venue=PingingDialect())

    asyncio.run(story())
    assert heard[:20] == [f"pong{number}" for number in range(20)]
    assert not [message for message in heard[20:] if message.startswith("pong")]


class Script:
    """A gate that has been told beforehand what to say."""

    def __init__(self, *decisions: Decision) -> None:
        self._decisions = list(decisions)
        self.asked: list[Step] = []

    async def before(self, step: Step) -> Decision:
        self.asked.append(step)
        await asyncio.sleep(0)
        return self._decisions.pop(0)


def test_somebody_decides_step_by_step() -> None:
    async def story() -> None:
        gate = Script(Next(), Next(), Proceed())
        recording = Recording().open().ask("a").wait(1).answer("a").ask("b").ask("c").close()
        async with venue(answering) as url:
            replayed = await replay(recording, url, halting=True, gate=gate)
        assert [type(step) for step in gate.asked] == [Open, Say, Say]
        texts = [row.text for row in replayed.rows() if row.sender == "client" and row.kind == "text"]
        said = [json.loads(text or "")["id"] for text in texts]
        assert said == ["a", "b", "c"]

    asyncio.run(story())


def test_who_stops_leaves_in_order() -> None:
    async def story() -> None:
        gate = Script(Next(), Next(), Stop())
        recording = Recording().open().ask("a").wait(1).answer("a").ask("b").end("rst")
        async with venue(answering) as url:
            replayed = await replay(recording, url, halting=True, gate=gate)
        assert not isinstance(gate.asked[-1], Leave)
        assert replayed.notes == []
        assert [row.text for row in replayed.rows() if row.kind == "text" and row.sender == "client"] == [
            json.dumps({"type": "cancelAll", "id": "a", "payload": {}})
        ]
        assert "client 1000" in replayed.kinds()

    asyncio.run(story())


def test_nothing_is_sent_while_its_record_would_be_lost() -> None:
    records: list[int] = []
    asked = 0

    def ready() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    async def story() -> None:
        recording = Recording().open().wait(1).ask("a").wait(1).answer("a")
        async with venue(answering) as url:
            engine = Engine(recording.script(), dialect("reya"), speed=1000.0)
            note = lambda what, side, *rest: records.append(asked)  # noqa: E731
            await Client(engine, Targets([url], {}), note, ready=ready).run()
        assert engine.notes == []

    asyncio.run(asyncio.wait_for(story(), 20))
    assert asked > 3


def test_what_comes_waits_at_the_door_while_its_record_would_be_lost() -> None:
    kept: list[int] = []
    looks = 0

    class Recorded(Replayed):
        def note(self, *record: Any) -> None:
            super().note(*record)
            kept.append(looks)

    def ready() -> bool:
        nonlocal looks
        looks += 1
        return not 10 <= looks < 20

    async def talking(line: ServerConnection) -> None:
        message = await line.recv()
        for number in range(500):
            await line.send(json.dumps({"n": number, "pad": "x" * 10_000}))
        await line.send(reply(json.loads(message)["id"]))
        await line.wait_closed()

    async def story() -> None:
        recorded = Recorded()
        async with venue(talking, compression=None) as url:
            engine = Engine(Recording().open().ask("a").wait(1).answer("a").script(), dialect("reya"))
            await Client(engine, Targets([url], {}), recorded.note, ready=ready).run()
        assert engine.notes == []
        assert len([row for row in recorded.rows() if row.kind == "text" and row.sender == "venue"]) == 501
        # What had been read already when there was no more room is put on record all the same: one read's worth.
        assert len([look for look in kept if 10 <= look < 20]) < 100

    asyncio.run(asyncio.wait_for(story(), 20))
    assert looks >= 20


def test_a_stream_keeps_its_times_twenty_times_better_than_sleeping_does() -> None:
    gap_ns, count = MS, 50
    recording = Recording().open()
    for number in range(count):
        recording.wait(1).ask(str(number))

    async def lateness(url: str) -> tuple[int, int]:
        """The median of a replay, against the message that is least late, and that of as many sleeps."""
        replayed = Replayed()
        engine = Engine(recording.script(), dialect("reya"), speed=1.0, patience_ns=0)
        await Client(engine, Targets([url], {}), replayed.note).run()
        sent = [row.mono_ns - number * gap_ns for number, row in enumerate(said(replayed))]
        began_ns = time.monotonic_ns()
        slept = []
        for number in range(1, count + 1):
            await asyncio.sleep(max(0, began_ns + number * gap_ns - time.monotonic_ns()) / 1e9)
            slept.append(time.monotonic_ns() - began_ns - number * gap_ns)
        return sorted(sent)[count // 2] - min(sent), sorted(slept)[count // 2]

    def said(replayed: Replayed) -> list[Event]:
        return [row for row in replayed.rows() if row.kind == "text" and row.sender == "client"]

    async def listening(line: ServerConnection) -> None:
        async for _ in line:
            pass

    async def story() -> float:
        best = 0.0
        async with venue(listening, compression=None) as url:
            # Others are at work on the machine, too: one short round that they leave alone shows what the code does.
            for _ in range(20):
                ours, theirs = await lateness(url)
                best = max(best, theirs / max(ours, 1))
                if best >= 20:
                    break
        return best

    assert asyncio.run(asyncio.wait_for(story(), 60)) >= 20
