"""Other people's client libraries, unmodified, recorded through the modes that they can use."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from websockets.sync.server import ServerConnection, serve

import wsreplay

BOTS = Path(__file__).parent / "bots"
HOST = "127.0.0.2"
"""Loopback, and yet none of the names for which libraries pass their proxy by."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(params=["ws", "wss"])
def venue(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[str]:
    """A venue that answers every order; its URL."""
    context = None
    if request.param == "wss":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST).configure_cert(context)

    def answer(line: ServerConnection) -> None:
        for message in line:
            line.send(json.dumps({"id": json.loads(message)["id"], "ok": True}))

    with serve(answer, HOST, 0, ssl=context) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"{request.param}://{HOST}:{server.socket.getsockname()[1]}/v1?stream=x"
        server.shutdown()
        thread.join()


def command_of(library: str) -> list[str]:
    if library == "node":
        if not shutil.which("node") or not os.environ.get("WSREPLAY_NODE_MODULES"):
            pytest.skip("needs Node and its ws package in the folder that WSREPLAY_NODE_MODULES names")
        return ["node", str(BOTS / "node_bot.cjs")]
    return [sys.executable, str(BOTS / f"{library}_bot.py")]


def recorded(tmp_path: Path, authority: trustme.CA, arguments: list[str]) -> wsreplay.captures.capture.Capture:
    """Run ``wsreplay record`` as a user would, and open what it says it made."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "wsreplay",
            "record",
            "--out",
            tmp_path / "out",
            "--trust",
            tmp_path / "ca.pem",
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("listening on ")
    assert last.startswith("capture ")
    return wsreplay.open(last.removeprefix("capture "))


def assert_the_whole_story(capture: wsreplay.captures.capture.Capture, venue: str) -> None:
    events = [e for e in capture.events() if e.kind != "fact"]
    [opened] = [e for e in events if e.kind == "open"]
    handshake = json.loads(opened.text or "")
    assert handshake["status"] == 101
    assert handshake["url"] == venue
    said = [(e.sender, e.kind) for e in events if e.kind in ("text", "ping", "pong")]
    turn = [("client", "text"), ("venue", "text")]
    assert [s for s in said if s[1] == "text"] == turn * 2
    assert ("client", "ping") in said
    orders = [e for e in events if e.kind == "text" and e.sender == "client"]
    assert [json.loads(e.text or "")["text"] for e in orders] == ["grüße"] * 2
    assert [e.op for e in orders] == ["order"] * 2
    replies = [e for e in events if e.kind == "text" and e.sender == "venue"]
    assert [e.reply_to for e in replies] == [e.seq for e in orders]
    assert all(e.latency_ns and e.latency_ns > 0 for e in replies)
    assert [(e.sender, e.close_code) for e in events if e.kind == "close"] == [("client", 1000), ("venue", 1000)]
    assert {(e.sender, e.ended_by) for e in events if e.kind == "end"} >= {("venue", "fin")}


@pytest.mark.parametrize("library", ["websocket_client", "aiohttp", "node"])
def test_recorded_by_url(tmp_path: Path, authority: trustme.CA, venue: str, library: str) -> None:
    capture = recorded(tmp_path, authority, ["--to", venue, "--", *command_of(library), "{url}"])
    assert_the_whole_story(capture, venue)


@pytest.mark.parametrize("library", ["websocket_client", "aiohttp"])
def test_recorded_as_the_http_proxy_of_the_environment(
    tmp_path: Path, authority: trustme.CA, venue: str, library: str
) -> None:
    arguments = ["--mode", "regular", "--allow-host", HOST, "--", *command_of(library), venue]
    assert_the_whole_story(recorded(tmp_path, authority, arguments), venue)


def test_recorded_as_a_socks_proxy(tmp_path: Path, authority: trustme.CA, venue: str) -> None:
    arguments = ["--mode", "socks5", "--allow-host", HOST, "--", *command_of("websocket_client"), venue]
    assert_the_whole_story(recorded(tmp_path, authority, arguments), venue)


@pytest.mark.parametrize("mode", ["regular", "socks5"])
def test_a_host_that_was_not_allowed_is_not_reached(tmp_path: Path, venue: str, mode: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "wsreplay",
            "record",
            "--out",
            tmp_path / "out",
            "--mode",
            mode,
            "--allow-host",
            "venue.test",
            "--",
            *command_of("websocket_client"),
            venue,
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    last = done.stdout.splitlines()[-1]
    events = list(wsreplay.open(last.removeprefix("capture ")).events())
    assert not any(e.kind == "text" for e in events)
