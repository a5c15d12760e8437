"""The addon in plain mitmdump: it records what the documented hooks show, and says what they do not."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.recorder import echoing_venue
from websockets.sync.client import ClientConnection, connect

import wsreplay
from wsreplay.captures.capture import Capture
from wsreplay.proxy import addon


@pytest.fixture
def venue() -> Iterator[str]:
    with echoing_venue() as url:
        yield url


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def patiently(url: str) -> ClientConnection:
    """Connect once mitmdump listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return connect(url, proxy=None)
        except (ConnectionRefusedError, ConnectionResetError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def recorded(tmp_path: Path, venue: str, *options: str) -> Capture:
    port = free_port()
    mitmdump = subprocess.Popen(
        [
            Path(sys.executable).with_name("mitmdump"),
            *("-q", "-s", addon.__file__, "--mode", f"reverse:{venue.replace('ws:', 'http:')}@127.0.0.1:{port}"),
            *("--set", f"wsreplay_out={tmp_path}", "--set", f"confdir={tmp_path / 'ca'}", *options),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with patiently(f"ws://127.0.0.1:{port}/feed") as bot:
            bot.send(json.dumps({"id": 9007199254740993, "op": "order"}))
            bot.recv()
            bot.send(b"\x00binary" * 20_000)
            bot.recv()
            bot.ping("beat").wait(10)
            bot.close(1001, "enough")
    finally:
        mitmdump.send_signal(signal.SIGINT)
        mitmdump.communicate(timeout=30)
    [path] = tmp_path.glob("*.parquet")
    return wsreplay.open(path)


def test_messages_are_recorded_and_what_is_missing_is_named(tmp_path: Path, venue: str) -> None:
    with recorded(tmp_path, venue) as capture:
        events = list(capture.events())
        assert capture.metadata.mode == "mitmdump"
        assert capture.metadata.notes["blind"] == list(addon.BLIND)
        texts = [e for e in events if e.kind == "text"]
        assert [(e.sender, e.key) for e in texts] == [("client", "9007199254740993"), ("venue", "9007199254740993")]
        assert texts[1].reply_to == texts[0].seq
        assert [len(e.data or b"") for e in events if e.kind == "binary"] == [140_000, 140_000]
        assert [(e.sender, e.close_code, e.close_reason) for e in events if e.kind == "close"] == [
            ("client", 1001, "enough")
        ]
        assert {e.ended_by for e in events if e.kind == "end"} == {None}
        assert not [e for e in events if e.kind in ("ping", "pong")]
        assert not [e for e in events if e.op == "malformed"]


def test_with_websocket_false_nothing_is_missing(tmp_path: Path, venue: str) -> None:
    with recorded(tmp_path, venue, "--set", "websocket=false") as capture:
        events = list(capture.events())
        assert "blind" not in capture.metadata.notes
        assert ("client", "ping") in {(e.sender, e.kind) for e in events}
        assert [(e.sender, e.close_code) for e in events if e.kind == "close"] == [("client", 1001), ("venue", 1001)]
        assert "fin" in {e.ended_by for e in events if e.kind == "end"}
