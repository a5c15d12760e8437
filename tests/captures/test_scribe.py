"""The scribe as a process: fed through a real hand-over, it leaves a capture, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from captures.traffic import DEFLATE, Compressing, data, end, frame, handshake, over, text_frame

from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.handover import HandOver, HandOverReader
from wsreplay.captures.scribe import Scribe
from wsreplay.captures.scribe_process import Assignment, ScribeProcess, Status
from wsreplay.captures.stage import StageWriter
from wsreplay.captures.wire import Record, What

CAPACITY = 4 << 20


@pytest.fixture
def hand_over() -> Iterator[HandOver]:
    hand_over = HandOver.create(CAPACITY)
    yield hand_over
    hand_over.close()


@pytest.fixture
def start(hand_over: HandOver, tmp_path: Path) -> Iterator[Callable[..., ScribeProcess]]:
    """Starts a scribe that writes to ``tmp_path``; what it tells is in ``told``."""
    started: list[ScribeProcess] = []

    def start(told: list[str] | None = None, **assignment: object) -> ScribeProcess:
        wanted = Assignment(**{"out": str(tmp_path), **assignment})  # type: ignore[arg-type]
        tell = print if told is None else told.append
        started.append(ScribeProcess.start(hand_over, wanted, tell=tell))
        return started[-1]

    yield start
    for scribe in started:
        scribe.kill()


def put(hand_over: HandOver, *records: Record) -> None:
    for record in records:
        assert hand_over.put(
            record.what, record.venue_side, record.conn, record.at_ns, record.mono_ns, record.relay_ns, record.body
        )


def texts(count: int, first: int = 0) -> list[Record]:
    return [data(text_frame(f'{{"n":{n}}}'), mono_ns=2000 + n) for n in range(first, first + count)]


def numbers_in(events: list[Event]) -> list[int]:
    return [json.loads(event.text)["n"] for event in events if event.kind == "text" and event.text]


def events_of(path: Path) -> list[Event]:
    with Capture.open(path) as capture:
        return list(capture.events())


def eventually(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def test_what_was_said_is_in_the_capture(hand_over: HandOver, start: Callable[..., ScribeProcess]) -> None:
    scribe = start(upstreams={"": "wss://venue.example/ws"}, notes={"bot": "mine"})
    put(hand_over, handshake(), *texts(500), data(frame(8, b"\x03\xf4")), end("rst"), over())

    path = scribe.finish("the bot ended")

    events = events_of(path)
    assert [event.seq for event in events if event.part == 0] == list(range(1, 504))
    assert [events[0].kind, events[-2].kind, events[-1].kind] == ["open", "close", "end"]
    assert numbers_in(events) == list(range(500))
    with Capture.open(path) as capture:
        assert capture.ended == "the bot ended"
        assert capture.metadata.upstreams == {"": "wss://venue.example/ws"}
        assert capture.metadata.notes == {"bot": "mine"}
    assert scribe.status.rows == len(events)
    assert path.stat().st_mode & 0o077 == 0


def test_it_can_be_read_while_it_is_recorded(hand_over: HandOver, start: Callable[..., ScribeProcess]) -> None:
    scribe = start()
    put(hand_over, handshake(), *texts(3))
    with Capture.open(scribe.folder) as capture:
        assert capture.live
        eventually(lambda: numbers_in(list(capture.events())) == [0, 1, 2])
        put(hand_over, *texts(1, first=3))
        eventually(lambda: numbers_in(list(capture.events())) == [0, 1, 2, 3])
    scribe.finish()


def test_secrets_reach_no_disk_unless_the_user_says_so(
    hand_over: HandOver, start: Callable[..., ScribeProcess], tmp_path: Path
) -> None:
    login = data(text_frame('{"op":"login","apiKey":"AKIA-77-very-secret-indeed"}', "client"), sender="client")
    scribe = start()
    put(hand_over, handshake(url="wss://venue.example/ws?apiKey=AKIA-77-very-secret-indeed"), login)
    eventually(lambda: scribe.status.rows >= 2)
    for file in scribe.folder.iterdir():
        assert b"very-secret" not in file.read_bytes()
    redacted = events_of(scribe.finish())
    assert not any("very-secret" in (event.text or "") for event in redacted)

    keeping = start(keep_secrets=True, out=str(tmp_path / "kept"))
    put(hand_over, handshake(), login)
    assert any("very-secret" in (event.text or "") for event in events_of(keeping.finish()))


def test_a_secret_that_is_known_beforehand_is_replaced_under_a_harmless_name_too(
    hand_over: HandOver, start: Callable[..., ScribeProcess]
) -> None:
    scribe = start(secrets={"AKIA-77-very-secret-indeed": "redacted-key-0123456789abcdef"})
    put(hand_over, handshake(), data(text_frame('{"n":1,"note":"AKIA-77-very-secret-indeed"}')))
    assert events_of(scribe.finish())[-1].text == '{"n":1,"note":"redacted-key-0123456789abcdef"}'


def test_a_map_in_the_notes_says_how_to_read(hand_over: HandOver, start: Callable[..., ScribeProcess]) -> None:
    scribe = start(venue="acme", notes={"map": 'name = "acme"\n'})
    put(hand_over, handshake(), *texts(1))
    with Capture.open(scribe.finish()) as capture:
        assert capture.metadata.venue == "acme"


def test_records_may_lie_while_there_is_room_and_are_read_at_once_when_the_end_is_near(
    hand_over: HandOver, start: Callable[..., ScribeProcess]
) -> None:
    scribe = start(unread_ms=3_600_000)
    put(hand_over, handshake(), *texts(1000))
    time.sleep(0.2)
    assert hand_over.released == 0
    count = 1000
    while hand_over.written <= CAPACITY // 2:
        put(hand_over, *texts(100, first=count))
        count += 100
    eventually(lambda: hand_over.released)
    put(hand_over, *texts(1, first=count))
    assert numbers_in(events_of(scribe.finish())) == list(range(count + 1))


def test_signals_to_everyone_do_not_end_it_before_the_proxy_does(
    hand_over: HandOver, start: Callable[..., ScribeProcess]
) -> None:
    scribe = start()
    assert scribe.pid is not None
    assert os.getsid(scribe.pid) != os.getsid(0)
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(scribe.pid, signum)
    put(hand_over, handshake(), *texts(5))
    assert numbers_in(events_of(scribe.finish())) == [0, 1, 2, 3, 4]
    assert scribe.restarts == 0


def test_a_long_recording_is_a_folder_of_segments(hand_over: HandOver, start: Callable[..., ScribeProcess]) -> None:
    scribe = start(rotate="20kB")
    put(hand_over, handshake())
    for batch in range(4):
        put(hand_over, *texts(1500, first=1500 * batch))
        eventually(lambda batch=batch: scribe.folder.joinpath(f"{batch + 2:04}.stage").exists())  # type: ignore[misc]
    path = scribe.finish()

    assert path.is_dir()
    assert len(list(path.glob("*.parquet"))) >= 5
    events = events_of(path)
    assert numbers_in(events) == list(range(6000))
    assert [event.seq for event in events] == list(range(1, 6002))


def test_a_segment_that_can_t_be_begun_is_tried_again(
    hand_over: HandOver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[Path] = []

    class Refusing(StageWriter):
        def __init__(self, path: Path, after: int | None = None) -> None:
            if path.name == "0002.stage" and len(refused) < 3:
                refused.append(path)
                raise CaptureError("no room")
            super().__init__(path, after)

    monkeypatch.setattr("wsreplay.captures.session.StageWriter", Refusing)
    put(hand_over, handshake(), *texts(100))
    assignment = Assignment(out=str(tmp_path), venue="generic", rotate="1kB", began_at_ns=1, began_mono_ns=1)
    lifeline, proxy = os.pipe()
    listening, voice = os.pipe()
    scribe = Scribe(assignment, HandOverReader(os.dup(hand_over.fd)), lifeline, voice)
    os.close(proxy)  # the proxy is gone; all that it handed over is there

    path = scribe.run()

    said = [msgspec.json.decode(line, type=Status) for line in os.read(listening, 1 << 16).splitlines()]
    for fd in (lifeline, listening, voice):
        os.close(fd)
    assert len(refused) == 3
    assert [status.trouble for status in said if status.trouble or status.rows] == ["no room", None, None]
    assert numbers_in(events_of(path)) == list(range(100))
    assert sorted(file.name for file in path.iterdir()) == ["0001.parquet", "0002.parquet"]


PROXY = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from captures.traffic import DEFLATE, Compressing, data, handshake, text_frame
from wsreplay.captures.handover import HandOver, HandOverReader
from wsreplay.captures.scribe import Scribe
from wsreplay.captures.scribe_process import Assignment, ScribeProcess, Status
from wsreplay.captures.stage import StageWriter
hand_over = HandOver.create(4 << 20)
scribe = ScribeProcess.start(hand_over, Assignment(out=sys.argv[1]))
print(scribe.folder, flush=True)
for r in [handshake(), *(data(text_frame('{"n":%d}' % n)) for n in range(1000)), data(text_frame("unfinished")[:7])]:
    hand_over.put(r.what, r.venue_side, r.conn, r.at_ns, r.mono_ns, r.relay_ns, r.body)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_when_the_proxy_dies_the_scribe_reads_to_the_end_and_finishes_by_itself(tmp_path: Path) -> None:
    tests = str(Path(__file__).parent.parent)
    command = [sys.executable, "-P", "-c", PROXY, str(tmp_path), tests]
    proxy = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    assert proxy.returncode == -signal.SIGKILL
    path = Path(proxy.stdout.decode().strip().removesuffix(".live") + ".parquet")
    eventually(path.exists)

    events = events_of(path)
    assert numbers_in(events) == list(range(1000))
    assert (events[-2].kind, events[-2].data) == ("raw", text_frame("unfinished")[:7])
    with Capture.open(path) as capture:
        assert capture.ended == "cut off: the proxy ended without a word"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux sets another process' limits")
def test_a_disk_that_refuses_is_told_and_waited_for(hand_over: HandOver, start: Callable[..., ScribeProcess]) -> None:
    told: list[str] = []
    scribe = start(told)
    put(hand_over, handshake(), *texts(100))
    eventually(lambda: scribe.status.rows >= 101)

    with full_disk(scribe):
        put(hand_over, *texts(400, first=100))
        eventually(lambda: scribe.status.trouble)
        assert "can't be written" in told[0]
    eventually(lambda: len(told) == 2)
    assert told[1] == "the capture can be written again"

    events = events_of(scribe.finish())
    assert numbers_in(events) == list(range(500))
    assert scribe.status.gaps == 0


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux sets another process' limits")
def test_what_the_hand_over_could_not_hold_meanwhile_is_stated_to_the_record(
    hand_over: HandOver, start: Callable[..., ScribeProcess]
) -> None:
    scribe = start()
    put(hand_over, handshake())
    eventually(lambda: scribe.status.rows >= 1)
    kept: list[int] = []
    count = 0
    with full_disk(scribe):
        while count - len(kept) < 100:
            record = data(text_frame(json.dumps({"n": count, "fill": "x" * 5000})))
            if hand_over.put(What.DATA, True, 1, record.at_ns, record.mono_ns, 1, record.body):
                kept.append(count)
            count += 1
    eventually(lambda: scribe.status.trouble is None and scribe.status.rows >= len(kept))
    put(hand_over, *texts(1, first=count))

    events = events_of(scribe.finish())
    assert numbers_in(events) == [*kept, count]
    gaps = [json.loads(event.text or "") for event in events if event.kind == "gap"]
    assert sum(gap["records"] for gap in gaps) == count - len(kept)
    assert all(gap["connections"] == [1] for gap in gaps)


class full_disk:  # noqa: N801 - reads as a state
    """While it lasts, the scribe's files can't grow."""

    def __init__(self, scribe: ScribeProcess) -> None:
        assert scribe.pid is not None
        self._pid = scribe.pid

    def __enter__(self) -> None:
        self._before = resource.prlimit(self._pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (1, self._before[1]))

    def __exit__(self, *_: object) -> None:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, self._before)


def test_a_scribe_that_could_not_leave_enough_to_the_next_one_says_so(tmp_path: Path) -> None:
    """Three compressed connections have more history than the notes of this small hand-over hold."""
    hand_over = HandOver.create(1 << 16)
    scribe = ScribeProcess.start(hand_over, Assignment(out=str(tmp_path)))
    venues = [Compressing() for _ in range(3)]
    put(hand_over, *(handshake(conn, DEFLATE) for conn in range(1, 4)))
    for n in range(60):
        for conn, venue in enumerate(venues, 1):
            message = json.dumps({"n": n, "filler": os.urandom(500).hex()}).encode()
            put(hand_over, data(venue.frame(message), conn=conn))
        eventually(lambda: scribe.status.rows and hand_over.released > hand_over.written - 20_000)
    eventually(lambda: hand_over.released == hand_over.written)
    pid = scribe.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: scribe.pid != pid)
    put(hand_over, data(text_frame('{"n":60}'), conn=1))
    events = events_of(scribe.finish())
    hand_over.close()

    assert sorted(numbers_in(events)) == sorted([*range(60)] * 3 + [60])
    (gap,) = [json.loads(event.text or "") for event in events if event.kind == "gap"]
    assert "scribe was killed" in gap["reason"]
    assert gap["connections"] == [1, 2, 3]


def test_a_message_longer_than_the_hand_over_passes_through_it(tmp_path: Path) -> None:
    hand_over = HandOver.create(1 << 16)
    scribe = ScribeProcess.start(hand_over, Assignment(out=str(tmp_path)))
    put(hand_over, handshake())
    wire = text_frame(json.dumps({"n": 0, "filler": "x" * 300_000}))
    for start in range(0, len(wire), 10_000):
        eventually(lambda: hand_over.written - hand_over.released < 30_000)
        put(hand_over, data(wire[start : start + 10_000]))
    events = events_of(scribe.finish())
    hand_over.close()

    assert numbers_in(events) == [0]
    assert events[-1].size == len(wire)


FINISHER = """
from wsreplay.captures.event import Event

def longest(events):
    events = [event for event in events if event.text]
    found = max(events, key=lambda event: len(event.text))
    for word in ("first", "second"):
        yield Event(seq=found.seq, at_ns=1, mono_ns=1, first_mono_ns=1, sender="proxy", kind="incident", op=word)

def broken(events):
    raise RuntimeError("no idea")
"""


def test_finishers_see_the_whole_recording_and_add_to_it(
    hand_over: HandOver, start: Callable[..., ScribeProcess], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "finishers_of_mine.py").write_text(FINISHER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    scribe = start(finishers=["finishers_of_mine:broken", "finishers_of_mine:longest"])
    put(hand_over, handshake(), *texts(5), data(text_frame("x" * 5000)), *texts(5, first=5))

    path = scribe.finish()

    incidents = [event for event in events_of(path) if event.kind == "incident"]
    assert [(event.seq, event.op) for event in incidents] == [(7, "first"), (7, "second")]
    assert len({(event.seq, event.part) for event in events_of(path)}) == len(events_of(path))
    with Capture.open(path) as capture:
        assert capture.metadata.notes == {"finishers_of_mine:broken failed": "RuntimeError: no idea"}


def test_a_folder_that_can_t_be_written_is_an_error_before_anything_is_recorded(
    start: Callable[..., ScribeProcess], tmp_path: Path
) -> None:
    (tmp_path / "a file").write_text("in the way")
    with pytest.raises(CaptureError, match="a file"):
        start(out=str(tmp_path / "a file" / "captures"))


def test_a_venue_that_nobody_knows_is_an_error_before_anything_is_recorded(
    start: Callable[..., ScribeProcess],
) -> None:
    with pytest.raises(CaptureError, match="atlantis"):
        start(venue="atlantis")


SHOWS_REYA = '{"type":"cancelAll","id":"1","payload":{"accountId":1,"signature":"0x00","nonce":"1"}}'


def test_a_segment_does_not_end_before_it_is_known_who_reads_it(
    hand_over: HandOver, start: Callable[..., ScribeProcess]
) -> None:
    scribe = start(rotate="1kB")
    put(hand_over, handshake(), *texts(40))
    eventually(lambda: scribe.status.rows >= 41)
    put(hand_over, *texts(40, first=40))
    eventually(lambda: scribe.status.rows >= 81)
    put(hand_over, data(text_frame(SHOWS_REYA, "client"), sender="client", mono_ns=9000))
    eventually(lambda: scribe.status.rows >= 82)
    eventually(lambda: (scribe.folder / "0002.stage").exists())
    put(hand_over, *texts(2, first=80), over())
    path = scribe.finish()
    assert path.is_dir()
    with Capture.open(path) as capture:
        assert {segment.metadata.venue for segment in capture.segments} == {"reya"}
        assert {row.venue for row in capture.events()} == {"reya"}
