"""``kill -9`` of the proxy, of the scribe, and of both, under traffic: the capture opens and says what it lacks."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from cli.recorder import Recorder, echoing_venue
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

import wsreplay
from wsreplay.captures.capture import Capture
from wsreplay.captures.recover import recover

MANY = 2000


@pytest.fixture
def venue() -> Iterator[str]:
    with echoing_venue() as url:
        yield url


def scribe_of(recorder: Recorder) -> psutil.Process:
    [scribe] = [p for p in psutil.Process(recorder.process.pid).children() if "wsreplay.captures.scribe" in p.cmdline()]
    return scribe


def talk(url: str, first: int, count: int) -> int:
    """Say numbered messages and hear them back; the number up to which every one came back."""
    number = first
    try:
        with connect(url, proxy=None, compression=None) as bot:
            for number in range(first, first + count):
                bot.send(json.dumps({"id": number}))
                bot.recv()
    except ConnectionClosed:
        return number
    return number + 1


def numbers(capture: Capture, sender: str) -> list[int]:
    return [json.loads(e.text or "")["id"] for e in capture.events() if e.kind == "text" and e.sender == sender]


def until_staged(folder: Path) -> None:
    """Until the scribe has something on record; a machine may be too busy to have let it."""
    [live] = folder.glob("*.live")
    while True:
        with wsreplay.open(live) as capture:
            if numbers(capture, "client"):
                return


def published(folder: Path) -> Path:
    """The capture, once the scribe that was left alone has made it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := list(folder.glob("*.parquet")):
            return found[0]
        time.sleep(0.01)
    raise AssertionError("the scribe did not finish by itself")


def test_the_proxy_is_killed_and_the_scribe_finishes_the_capture(tmp_path: Path, venue: str) -> None:
    with Recorder(tmp_path, "--to", venue) as recorder:
        url = recorder.url()
        with connect(url, proxy=None, compression=None) as bot:
            for number in range(MANY):
                bot.send(json.dumps({"id": number}))
                bot.recv()
            recorder.process.kill()
        with wsreplay.open(published(tmp_path)) as capture:
            assert numbers(capture, "client") == list(range(MANY)), "something was lost"
            # Bytes are handed on first and noted afterwards: the very last reply may have been heard, and not noted.
            assert numbers(capture, "venue") in (list(range(MANY)), list(range(MANY - 1)))
            assert "cut off" in (capture.metadata.ended or "")


def test_the_scribe_is_killed_and_another_goes_on_without_a_gap(tmp_path: Path, venue: str) -> None:
    with Recorder(tmp_path, "--to", venue) as recorder:
        url = recorder.url()
        said = 0
        for _ in range(3):
            said = talk(url, said, MANY // 4)
            scribe = scribe_of(recorder)
            scribe.kill()
            said = talk(url, said, MANY // 4)
            deadline = time.monotonic() + 30
            while scribe_or_none(recorder) in (None, scribe) and time.monotonic() < deadline:
                time.sleep(0.01)
        code, capture = recorder.end()
    assert code == 0
    with capture:
        assert numbers(capture, "client") == numbers(capture, "venue") == list(range(said))
        assert not [e for e in capture.events() if e.kind == "gap"]


def scribe_or_none(recorder: Recorder) -> psutil.Process | None:
    try:
        return scribe_of(recorder)
    except (ValueError, psutil.Error):
        return None


def test_both_are_killed_and_what_is_missing_is_stated(tmp_path: Path, venue: str) -> None:
    with Recorder(tmp_path, "--to", venue) as recorder:
        url = recorder.url()
        with connect(url, proxy=None, compression=None) as bot:
            for number in range(MANY):
                bot.send(json.dumps({"id": number}))
                bot.recv()
            scribe = scribe_of(recorder)
            until_staged(tmp_path)
            before_ns = time.time_ns()
            recorder.process.send_signal(signal.SIGSTOP)  # so that it can't replace the scribe
            scribe.kill()
            recorder.process.kill()
        scribe.wait()
    [folder] = tmp_path.glob("*.live")
    with wsreplay.open(folder) as unfinished:
        assert not unfinished.live
        assert numbers(unfinished, "client")
    with wsreplay.open(recover(folder)) as capture:
        said = numbers(capture, "client")
        assert said == list(range(len(said))), "what is there has no holes"
        last_ns = max(e.at_ns for e in capture.events())
        assert before_ns - last_ns < 1_000_000_000, "more than the last moment is missing"
        assert "cut off" in (capture.metadata.ended or "")
