"""``wsreplay simulate``: a venue as a process of its own; ``record --sim`` puts the recorder in front of it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cli.recorder import Recorder
from cli.story import run
from websockets.sync.client import connect

from wsreplay.venues.simulation import simulated, simulator

NAIVE = [sys.executable, "-m", "wsreplay.demo.naive_bot", "{url}", "{url:rest}"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_simulated_venue_listens_answers_and_drains(signum: int) -> None:
    command = [sys.executable, "-m", "wsreplay", "simulate", "reya"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as venue:
        assert venue.stdout is not None
        first, second = venue.stdout.readline(), venue.stdout.readline()
        assert first.startswith("listening on ws://127.0.0.1:")
        assert second.startswith("listening rest on http://127.0.0.1:")
        with connect(first.split()[-1], proxy=None) as bot:
            bot.send('{"type": "ping", "id": "7"}')
            assert json.loads(bot.recv(10)) == {"type": "pong", "id": "7"}
            venue.send_signal(signum)
            for _ in bot:
                pass
            assert (bot.close_code, bot.close_reason) == (1001, "SERVER_SHUTTING_DOWN")
        assert venue.wait(20) == 0


def test_every_simulator_that_is_named_can_be_made() -> None:
    for name in simulated():
        assert simulator(name)(host="127.0.0.1", port=0).urls.keys() >= set(simulator(name).siblings)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["simulate", "nowhere"], "reya"),
        (["simulate", "reya", "--listen", "0.0.0.0:0"], "--listen-anywhere"),
        (["record", "--sim"], "--venue"),
        (["record", "--sim", "--venue", "generic"], "reya"),
        (["record", "--sim", "--venue", "reya", "--to", "ws://127.0.0.1:1"], "--to"),
    ],
)
def test_wrong_use_gets_one_line(arguments: list[str], word: str) -> None:
    done = subprocess.run([sys.executable, "-m", "wsreplay", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert word in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_recorder_brings_its_own_venue(tmp_path: Path) -> None:
    with Recorder(tmp_path, "--venue", "reya", "--sim", "--", *NAIVE) as recorder:
        assert recorder.url().startswith("ws://127.0.0.1:")
        assert recorder.url("rest").startswith("http://127.0.0.1:")
        code, capture = recorder.end(None)
    assert code == 0
    with capture:
        creates = [e for e in capture.events() if e.op == "createOrder" and e.role == "request"]
        assert {e.signature_ok for e in creates} == {True}
        assert not [e for e in capture.events() if e.kind == "incident"]


@pytest.mark.parametrize(
    ("fault", "incidents"),
    [
        ("drop rst before reply createOrder #2", {"duplicate-order", "blind-retry", "lost-response", "disconnect"}),
        (
            "drop close 1012 before reply createOrder #2",
            {"duplicate-order", "blind-retry", "lost-response", "disconnect"},
        ),
    ],
)
def test_a_fault_on_the_line_is_recorded_with_what_came_of_it(tmp_path: Path, fault: str, incidents: set[str]) -> None:
    with Recorder(tmp_path, "--venue", "reya", "--sim", "--fault", fault, "--", *NAIVE) as recorder:
        recorder.url()
        recorder.url("rest")
        code, capture = recorder.end(None)
    assert code == 0
    with capture:
        assert capture.metadata.fault_plan["faults"] == [fault]
        events = list(capture.events())
        [struck] = [e for e in events if e.kind == "fault"]
        assert json.loads(struck.text or "")["fault"] == fault
        assert {e.op for e in events if e.kind == "incident"} >= incidents


def test_a_fault_at_production_is_refused_before_anything_listens(tmp_path: Path) -> None:
    wanted = ["--to", "wss://venue.test", "--fault", "drop rst after request"]
    done = subprocess.run(
        [sys.executable, "-m", "wsreplay", "record", "--out", tmp_path, *wanted],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "--allow-production venue.test" in done.stderr


def test_an_address_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run("simulate", "reya", "--listen", address)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"wsreplay: can't listen on {address}: address already in use; name another with --listen\n"
