"""kill -9 in the middle of traffic: of the proxy, of the scribe, of both. The capture opens and nothing is hidden."""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from captures.traffic import DEFLATE, Compressing, cut, data, frame, handshake, over, text_frame
from msgspec import structs

from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event
from wsreplay.captures.handover import HandOver
from wsreplay.captures.recover import recover
from wsreplay.captures.scribe_process import Assignment, ScribeProcess
from wsreplay.captures.wire import Exchange, Record, What, as_json
from wsreplay.captures.working_folder import is_recording

WRITER = '''
"""A proxy at full speed: numbered messages, compressed, cut anywhere; after each record it notes how many are whole."""
import mmap, sys, time
sys.path.insert(0, sys.argv[1])
from captures.traffic import DEFLATE, Compressing, data, handshake
from wsreplay.captures.handover import HandOver
from wsreplay.captures.recover import recover
from wsreplay.captures.scribe_process import Assignment, ScribeProcess

hand_over = HandOver(int(sys.argv[2]))
scribe = ScribeProcess.start(hand_over, Assignment(out=sys.argv[3]))
print(scribe.pid, scribe.folder, flush=True)
whole = memoryview(mmap.mmap(int(sys.argv[4]), 4096)).cast("Q")
deflate = Compressing()

def put(r):
    while not hand_over.put(r.what, r.venue_side, r.conn, time.time_ns(), time.monotonic_ns(), 1, r.body):
        time.sleep(0.001)  # not even a slow machine may lose anything here: that would be another test

put(handshake(extensions=DEFLATE))
n = 0
while True:
    first, second = deflate.frame(b'{"n":%d,"price":"1.5"}' % n), deflate.frame(b'{"n":%d,"price":"1.5"}' % (n + 1))
    middle = n % len(second)
    put(data(first + second[:middle]))
    whole[0] = n + 1
    put(data(second[middle:]))
    n += 2
    whole[0] = n
    if n % 20 == 0:
        time.sleep(0.002)
'''


class Proxy:
    """The process above, with all that a test wants to know after its death."""

    def __init__(self, out: Path, capacity: int = 8 << 20) -> None:
        self._hand_over = HandOver.create(capacity)
        self._counter = os.memfd_create("whole")
        os.ftruncate(self._counter, 4096)
        self._whole = mmap.mmap(self._counter, 4096)
        tests = str(Path(__file__).parent.parent)
        fds = [self._hand_over.fd, self._counter]
        command = [sys.executable, "-P", "-c", WRITER, tests, str(fds[0]), str(out), str(fds[1])]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=fds)
        assert self.process.stdout is not None
        scribe, folder = self.process.stdout.readline().decode().split(maxsplit=1)
        self.scribe = int(scribe)
        self.folder = Path(folder.strip())

    @property
    def whole(self) -> int:
        """Messages that are in the hand-over to their last byte, or one less."""
        return int.from_bytes(self._whole[:8], sys.byteorder)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self._whole.close()
        os.close(self._counter)
        self._hand_over.close()


@contextmanager
def traffic(out: Path, moment: float) -> Iterator[Proxy]:
    """Traffic that has gone on for a moment."""
    proxy = Proxy(out)
    try:
        wait_until(lambda: proxy.whole >= 500)
        time.sleep(moment)
        yield proxy
    finally:
        proxy.close()


def numbers_in(events: list[Event]) -> list[int]:
    """The numbers in the venue's messages."""
    return [json.loads(e.text)["n"] for e in events if e.kind == "text" and e.sender == "venue" and e.text]


def events_of(path: Path) -> list[Event]:
    with Capture.open(path) as capture:
        return list(capture.events())


def moments(count: int) -> list[float]:
    chance = random.Random()
    return [round(chance.uniform(0, 0.25), 4) for _ in range(count)]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.002)


@pytest.mark.parametrize("moment", moments(2))
def test_a_proxy_that_is_killed_loses_nothing_that_it_handed_over(tmp_path: Path, moment: float) -> None:
    with traffic(tmp_path, moment) as proxy:
        proxy.process.kill()
        proxy.process.wait()
        handed_over = proxy.whole
        path = tmp_path / f"{proxy.folder.name.removesuffix('.live')}.parquet"
        wait_until(path.exists)

    events = events_of(path)
    seen = numbers_in(events)
    assert seen == list(range(len(seen)))
    assert len(seen) in (handed_over, handed_over + 1)
    assert not [event for event in events if event.kind == "gap"]
    with Capture.open(path) as capture:
        assert capture.ended == "cut off: the proxy ended without a word"


def conversation(count: int, seed: int) -> list[Record]:
    """Orders and replies, both sides compressed, fragments, pings between them, and reads that end anywhere."""
    chance = random.Random(seed)
    venue, bot = Compressing(), Compressing("client")
    wire = b""
    for n in range(count):
        payload = venue.payload(b'{"n":%d,"id":%d,"ok":true,"filler":"%s"}' % (n, n, b"abc" * chance.randrange(30)))
        first, second = payload[: len(payload) // 2], payload[len(payload) // 2 :]
        if chance.random() < 0.5:
            wire += frame(1, payload, compressed=True)
        else:
            wire += frame(1, first, final=False, compressed=True) + frame(9, b"!") + frame(0, second)
    chunks = cut(wire, [chance.randrange(len(wire)) for _ in range(count)])
    records = [handshake(extensions=DEFLATE)]
    for n, chunk in enumerate(chunks):
        # Several requests over REST wait at any time, one a connection.
        rest = 10 + n // 40 % 5
        asked = Exchange(method="POST", url=f"https://venue.example/{n - n % 200}", asked_mono_ns=2000 + n)
        if n % 40 == 0:
            if n >= 200:
                answer = structs.replace(asked, status=200, response_body=b'{"n":"%d"}' % n).without_request()
                records.append(Record(What.HTTP, True, rest, 10**18 + n, 2000 + n, -1, as_json(answer)))
            records.append(Record(What.ASKED, False, rest, 10**18 + n, 2000 + n, -1, as_json(asked)))
        if n % 3 == 0:
            records.append(data(bot.frame(b'{"id":%d,"op":"order"}' % (n + 300)), sender="client", mono_ns=2000 + n))
        records.append(data(chunk, mono_ns=2000 + n))
    return [*records, over()]


@pytest.mark.parametrize("seed", [random.randrange(10**6)])
def test_a_scribe_that_is_killed_again_and_again_is_not_noticed_in_the_capture(tmp_path: Path, seed: int) -> None:
    records = conversation(8_000, seed)
    chance = random.Random(seed)
    kills = sorted(chance.randrange(len(records)) for _ in range(3))
    captures: list[list[Event]] = []
    for disturbed in (False, True):
        hand_over = HandOver.create(64 << 20)
        told: list[str] = []
        scribe = ScribeProcess.start(hand_over, Assignment(out=str(tmp_path / str(disturbed))), tell=told.append)
        for at, record in enumerate(records):
            assert hand_over.put(
                record.what, record.venue_side, record.conn, record.at_ns, record.mono_ns, record.relay_ns, record.body
            )
            if disturbed and at in kills:
                kill_soon(scribe, chance)
        captures.append(events_of(scribe.finish()))
        assert scribe.restarts == (3 if disturbed else 0)
        assert (scribe.status.rows, scribe.status.gaps) == (len(captures[-1]), 0)
        hand_over.close()

    undisturbed, disturbed_three_times = captures
    assert len(numbers_in(undisturbed)) == 8_000
    assert sum(event.reply_to is not None for event in undisturbed) > 300
    requests = [event for event in undisturbed if event.kind == "http_request"]
    responses = [event for event in undisturbed if event.kind == "http_response"]
    assert len(responses) == len(requests) - 5 > 100
    assert [event.reply_to for event in responses] == [event.seq for event in requests[:-5]]
    assert disturbed_three_times == undisturbed


@pytest.mark.parametrize("moment", [round(random.uniform(0, 0.1), 4) for _ in range(2)])
def test_a_scribe_that_is_killed_while_it_finishes_is_finished_for(tmp_path: Path, moment: float) -> None:
    hand_over = HandOver.create(16 << 20)
    scribe = ScribeProcess.start(hand_over, Assignment(out=str(tmp_path)))
    for record in [handshake(), *(data(text_frame(f'{{"n":{n}}}')) for n in range(10_000))]:
        assert hand_over.put(record.what, record.venue_side, record.conn, record.at_ns, record.mono_ns, 1, record.body)
    wait_until(lambda: hand_over.released == hand_over.written)
    killer = threading.Timer(moment, kill_unless_gone, [scribe.pid])
    killer.start()
    path = scribe.finish("the bot ended")
    killer.join()
    hand_over.close()

    assert path.is_file()
    assert numbers_in(events_of(path)) == list(range(10_000))
    with Capture.open(path) as capture:
        assert capture.ended == "the bot ended"


def kill_unless_gone(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def kill_soon(scribe: ScribeProcess, chance: random.Random) -> None:
    """Kill the scribe that is there now, while it starts or while it works, and wait until there is another."""
    time.sleep(chance.uniform(0, 0.8))
    pid = scribe.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: scribe.pid != pid)


@pytest.mark.parametrize("moment", moments(2))
def test_when_both_are_killed_only_what_was_not_released_is_missing(tmp_path: Path, moment: float) -> None:
    with traffic(tmp_path, moment) as proxy:
        died_at = time.monotonic_ns()
        os.kill(proxy.scribe, signal.SIGSTOP)  # two signals are never quite simultaneous: it must not notice the first
        proxy.process.kill()
        os.kill(proxy.scribe, signal.SIGKILL)
        proxy.process.wait()
        handed_over = proxy.whole
        wait_until(lambda: not is_recording(proxy.folder))

    with Capture.open(proxy.folder) as capture:
        events = list(capture.events())
        assert capture.ended is None
    seen = numbers_in(events)
    assert seen == list(range(len(seen)))
    assert len(seen) <= handed_over + 1
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    # 100 ms on a machine that has nothing else to do; other tests may run beside this one.
    assert died_at - events[-1].mono_ns < 1_000_000_000

    with Capture.open(recover(proxy.folder)) as capture:
        assert capture.ended == "cut off"
        *before, gap = capture.events()
    assert before == events
    assert gap.kind == "gap"
    assert gap.seq == events[-1].seq + 1
