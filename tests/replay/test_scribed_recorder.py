"""A replay's records go to a scribe in another process, and none is lost while somebody waits for room."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from captures.traffic import data, handshake, text_frame

from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.wire import Record
from wsreplay.replay.scribed_recorder import ScribedRecorder
from wsreplay.venues.registry import dialect


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[ScribedRecorder]:
    recorder = ScribedRecorder(
        tmp_path,
        dialect("generic"),
        upstreams={"": "ws://127.0.0.1:1"},
        notes={"speed": "max"},
        secrets={"planted-key-0815": "redacted-key-0123456789abcdef"},
    )
    yield recorder
    recorder.kill()


def put(recorder: ScribedRecorder, record: Record) -> None:
    recorder.note(
        record.what, record.venue_side, record.conn, record.at_ns, record.mono_ns, record.relay_ns, record.body
    )


def test_the_capture_says_whose_it_is_and_holds_no_given_secret(recorder: ScribedRecorder) -> None:
    put(recorder, handshake())
    put(recorder, data(text_frame('{"note":"planted-key-0815"}')))
    with Capture.open(recorder.finish("the script ended")) as capture:
        assert (capture.metadata.mode, capture.ended) == ("run", "the script ended")
        assert capture.metadata.notes["speed"] == "max"
        assert [event.text for event in capture.events()][1:] == ['{"note":"redacted-key-0123456789abcdef"}']


def test_there_is_no_room_while_the_scribe_is_behind(recorder: ScribedRecorder) -> None:
    pid = recorder.pid
    assert pid is not None
    put(recorder, handshake())
    message = data(text_frame("x" * (1 << 20)))
    os.kill(pid, signal.SIGSTOP)
    count = 0
    while recorder.has_room:
        put(recorder, message)
        count += 1
    assert count == 48, "three quarters of 64 MiB"
    os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 60
    while not recorder.has_room:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with Capture.open(recorder.finish()) as capture:
        assert [event.kind for event in capture.events()].count("text") == count


def test_nobody_waits_for_a_scribe_that_is_gone_for_good(recorder: ScribedRecorder) -> None:
    put(recorder, handshake())
    recorder.kill()
    for _ in range(70):
        put(recorder, data(text_frame("x" * (1 << 20))))
    assert recorder.has_room
    with pytest.raises(CaptureError, match="recover"):
        recorder.finish()
