"""A disk that is full or read-only, a scribe that stands still: the traffic goes on, and the user hears of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from cli.recorder import Recorder, echoing_venue
from websockets.sync.client import ClientConnection, connect

from wsreplay.captures import scribe_process
from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.handover import HandOver
from wsreplay.captures.recover import recover
from wsreplay.captures.scribe_process import Assignment, ScribeProcess
from wsreplay.captures.vigil import Vigil
from wsreplay.captures.wire import What

FILL = "x" * 10_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command: list[str | Path] = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("beyond what can be installed: no mount on this machine")
    if done.returncode:
        pytest.skip(f"beyond what can be installed: no disk may be mounted here ({done.stderr.strip()})")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def say(bot: ClientConnection, first: int, count: int) -> int:
    for number in range(first, first + count):
        bot.send(json.dumps({"id": number, "fill": FILL}))
        assert json.loads(bot.recv())["id"] == number
    return first + count


def numbers(capture: Capture, sender: str) -> list[int]:
    return [json.loads(e.text or "")["id"] for e in capture.events() if e.kind == "text" and e.sender == sender]


def eventually(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


@contextmanager
def told_to(recorder: Recorder) -> Iterator[Callable[[], str]]:
    """What the recorder says to people, while it goes on."""
    assert recorder.process.stderr is not None
    fd = recorder.process.stderr.fileno()
    os.set_blocking(fd, False)
    said: list[bytes] = []

    def heard() -> str:
        with suppress(BlockingIOError):
            while piece := os.read(fd, 65536):
                said.append(piece)
        return b"".join(said).decode()

    yield heard
    os.set_blocking(fd, True)


def fill(disk: Path) -> Path:
    """Leave no byte free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"0" * 4096):
            pass
    return ballast


def test_on_a_full_disk_the_traffic_goes_on_and_nothing_is_lost_once_there_is_room(small_disk: Path) -> None:
    with echoing_venue() as venue, Recorder(small_disk / "out", "--to", venue) as recorder:
        url = recorder.url()
        with told_to(recorder) as heard, connect(url, proxy=None, compression=None) as bot:
            said = say(bot, 0, 10)
            ballast = fill(small_disk)
            said = say(bot, said, 50)
            eventually(lambda: "No space left on device" in heard())
            said = say(bot, said, 10)
            ballast.unlink()
            eventually(lambda: "the capture can be written again" in heard())
        code, capture = recorder.end()
    assert code == 0
    with capture:
        assert numbers(capture, "client") == numbers(capture, "venue") == list(range(said))
        assert not [event for event in capture.events() if event.kind == "gap"]


def test_a_disk_that_stays_full_ends_with_a_word_and_what_was_written_can_be_recovered(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe_process, "_PATIENCE_S", 0.5)
    hand_over = HandOver.create(1 << 20)
    scribe = ScribeProcess.start(hand_over, Assignment(out=str(small_disk / "out")))
    count = 0

    def put() -> bool:
        nonlocal count
        count += 1
        body = json.dumps({"n": count, "fill": FILL}).encode()
        return hand_over.put(What.FAULT, False, 0, time.time_ns(), time.monotonic_ns(), -1, body)

    while count < 20:
        assert put()
    eventually(lambda: scribe.status.rows == count)
    ballast = fill(small_disk)
    while put():
        pass
    eventually(lambda: scribe.status.trouble)
    with pytest.raises(CaptureError, match=r"No space left on device.*`wsreplay recover`"):
        scribe.finish()
    hand_over.close()
    ballast.unlink()
    with Capture.open(recover(scribe.folder)) as capture:
        *there, gap = capture.events()
        assert capture.ended == "cut off"
    assert [json.loads(event.text or "")["n"] for event in there][:20] == list(range(1, 21))
    assert gap.kind == "gap"


def test_a_scribe_that_stands_still_is_replaced_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe_process, "Vigil", lambda: Vigil(stalled_s=1))
    told: list[str] = []
    hand_over = HandOver.create(8 << 20)
    scribe = ScribeProcess.start(hand_over, Assignment(out=str(tmp_path)), tell=told.append)
    first = scribe.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    for number in range(1000):
        hand_over.put(What.FAULT, False, 0, time.time_ns(), time.monotonic_ns(), -1, b'{"n":%d}' % number)
    eventually(lambda: scribe.pid != first and hand_over.released == hand_over.written)
    path = scribe.finish()
    hand_over.close()
    assert "does not move any more" in told[0]
    with Capture.open(path) as capture:
        assert [json.loads(event.text or "")["n"] for event in capture.events()] == list(range(1000))


def test_while_a_scribe_stands_still_the_traffic_goes_on_and_the_gap_is_stated_and_told(tmp_path: Path) -> None:
    with echoing_venue() as venue, Recorder(tmp_path, "--to", venue, "--hand-over", "1") as recorder:
        url = recorder.url()
        [scribe] = psutil.Process(recorder.process.pid).children()
        with told_to(recorder) as heard, connect(url, proxy=None, compression=None) as bot:
            said = say(bot, 0, 10)
            scribe.suspend()
            said = say(bot, said, 200)  # four times what the hand-over holds
            eventually(lambda: "what comes now is passed on and not recorded" in heard())
            assert "MB behind" in heard()
            scribe.resume()
            eventually(lambda: say(bot, 10_000, 1) and "what comes is recorded again" in heard())
        code, capture = recorder.end()
    assert code == 0
    with capture:
        events = list(capture.events())
        there = numbers(capture, "client")
    assert there[:10] == list(range(10))
    missing = said - sum(number < 10_000 for number in there)
    assert missing > 0
    gaps = [json.loads(event.text or "") for event in events if event.kind == "gap"]
    assert sum(gap["records"] for gap in gaps) >= missing
    assert all(gap["connections"] == [1] for gap in gaps)
