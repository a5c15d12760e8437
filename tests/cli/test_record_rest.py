"""A REST request that waits for its answer while the proxy, the scribe or the recording ends: it is told once."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from cli.recorder import Recorder

import wsreplay
from wsreplay.captures.event import Event
from wsreplay.captures.recover import recover

ORDER = b"POST /order HTTP/1.1\r\nHost: venue\r\nContent-Length: 13\r\n\r\n" + b'{"qty":"1.5"}'


class Venue(ThreadingHTTPServer):
    """It answers when it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers = threading.Event()
        super().__init__(("127.0.0.1", 0), Slow)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Slow(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Venue)
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.answers.wait(30):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


@pytest.fixture
def venue() -> Iterator[Venue]:
    with Venue() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.answers.set()
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def waiting(out: Path, recorder: Recorder) -> Iterator[socket.socket]:
    """A bot whose order is on record and without an answer; its line."""
    url = urlsplit(recorder.url())
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=30) as bot:
        bot.sendall(ORDER)
        until(lambda: [event.kind for event in rows(live(out))] == ["http_request"])
        yield bot


def live(out: Path) -> Path:
    [folder] = out.glob("*.live")
    return folder


def rows(path: Path) -> list[Event]:
    with wsreplay.open(path) as capture:
        return [event for event in capture.events() if event.part == 0]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def scribe_of(recorder: Recorder) -> psutil.Process:
    [scribe] = [p for p in psutil.Process(recorder.process.pid).children() if "wsreplay.captures.scribe" in p.cmdline()]
    return scribe


def test_the_proxy_is_killed(tmp_path: Path, venue: Venue) -> None:
    with Recorder(tmp_path, "--to", venue.url) as recorder, waiting(tmp_path, recorder):
        recorder.process.kill()
        until(lambda: list(tmp_path.glob("*.parquet")))
    [path] = tmp_path.glob("*.parquet")
    [asked] = rows(path)
    assert (asked.kind, asked.seq, asked.outcome) == ("http_request", 1, None)
    assert '"qty\\":\\"1.5' in (asked.text or "")


def test_both_are_killed(tmp_path: Path, venue: Venue) -> None:
    with Recorder(tmp_path, "--to", venue.url) as recorder, waiting(tmp_path, recorder):
        scribe = scribe_of(recorder)
        scribe.suspend()  # two signals are never quite simultaneous
        recorder.process.kill()
        scribe.kill()
        recorder.process.wait()
        until(lambda: not wsreplay.open(live(tmp_path)).live)
    assert [event.kind for event in rows(recover(live(tmp_path)))] == ["http_request", "gap"]


def test_the_scribe_is_killed_and_the_next_one_tells_of_the_answer_alone(tmp_path: Path, venue: Venue) -> None:
    with Recorder(tmp_path, "--to", venue.url) as recorder, waiting(tmp_path, recorder) as bot:
        scribe = scribe_of(recorder)
        scribe.kill()
        venue.answers.set()
        assert bot.recv(1 << 16).startswith(b"HTTP/1.0 200")
        until(lambda: [event.kind for event in rows(live(tmp_path))] == ["http_request", "http_response"])
        code, capture = recorder.end()
    assert code == 0
    with capture:
        asked, answered, *more = (event for event in capture.events() if event.kind != "incident")
    assert (asked.kind, answered.kind, answered.reply_to) == ("http_request", "http_response", asked.seq)
    assert [(fact.of_seq, fact.outcome) for fact in more] == [(asked.seq, "ok")]


def test_the_recording_ends(tmp_path: Path, venue: Venue) -> None:
    with Recorder(tmp_path, "--to", venue.url) as recorder, waiting(tmp_path, recorder):
        _, capture = recorder.end()
    with capture:
        asked, answered = (event for event in capture.events() if event.part == 0)
    assert (asked.kind, answered.kind, answered.reply_to) == ("http_request", "http_response", asked.seq)
    assert '"error"' in (answered.text or "")
    assert '"status"' not in (answered.text or "")
