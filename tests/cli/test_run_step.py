"""``wsreplay run --speed step``: what the client does next is shown, and somebody says how it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.recorder import Recorder, echoing_venue
from click.testing import CliRunner, Result

import wsreplay
from wsreplay.captures.capture import Capture
from wsreplay.cli.app import wsreplay as command

BOT = """
import sys
from websockets.sync.client import connect
with connect(sys.argv[1], proxy=None, compression=None) as line:
    for n in range(3):
        line.send('{"op": "hello", "id": %d}' % n)
        line.recv()
"""


@pytest.fixture(scope="module")
def venue() -> Iterator[str]:
    with echoing_venue() as url:
        yield url


@pytest.fixture(scope="module")
def hello(tmp_path_factory: pytest.TempPathFactory, venue: str) -> Path:
    """A bot that said hello three times."""
    out = tmp_path_factory.mktemp("hello")
    with (
        pytest.MonkeyPatch.context() as patch,
        Recorder(out, "--to", venue, "--", sys.executable, "-P", "-c", BOT, "{url}") as recorder,
    ):
        patch.setenv("XDG_CONFIG_HOME", str(out))
        _, capture = recorder.end(None)
    return capture.path


def step(hello: Path, venue: str, out: Path, said: str) -> tuple[Result, Capture]:
    arguments = ["run", str(hello), "--to", venue, "--speed", "step", "--out", str(out)]
    done = CliRunner().invoke(command, arguments, input=said)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    *_, last = done.stdout.splitlines()
    return done, wsreplay.open(last.removeprefix("capture "))


def sent(capture: Capture) -> list[int]:
    return [json.loads(e.text or "")["id"] for e in capture.events() if e.kind == "text" and e.sender == "client"]


def shown(done: Result) -> list[str]:
    return [line for line in done.stderr.splitlines() if line.startswith("[")]


def test_each_line_of_input_takes_one_step(hello: Path, venue: str, tmp_path: Path) -> None:
    done, capture = step(hello, venue, tmp_path, "\nn\nnext\n\n\n")
    assert done.exit_code == 0, done.output
    assert sent(capture) == [0, 1, 2]
    assert [line.split("]")[0] for line in shown(done)] == ["[1/5", "[2/5", "[3/5", "[4/5", "[5/5"]
    assert '{"op": "hello", "id": 1}' in shown(done)[2]
    assert capture.metadata.notes["speed"] == "step"


@pytest.mark.parametrize("word", ["c", "m", "continue"])
def test_one_word_lets_it_run_to_the_end(hello: Path, venue: str, tmp_path: Path, word: str) -> None:
    done, capture = step(hello, venue, tmp_path, f"\nwhat?\n{word}\n")
    assert done.exit_code == 0, done.output
    assert sent(capture) == [0, 1, 2]
    assert len(shown(done)) == 2


@pytest.mark.parametrize("said", ["\n\nq\n", "\n\n"])
def test_who_stops_or_says_no_more_ends_in_order_with_what_was_sent(
    hello: Path, venue: str, tmp_path: Path, said: str
) -> None:
    done, capture = step(hello, venue, tmp_path, said)
    assert done.exit_code == 0, done.output
    assert "reproduced" in done.stdout
    assert sent(capture) == [0]
    assert capture.ended == "the replay was stopped"
    assert [e.close_code for e in capture.events() if e.kind == "close" and e.sender == "client"] == [1000]


def test_ctrl_c_ends_it_at_once_with_a_capture_and_no_traceback(hello: Path, venue: str, tmp_path: Path) -> None:
    arguments = ["run", str(hello), "--to", venue, "--speed", "step", "--out", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-m", "wsreplay", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        assert "Enter" in process.stderr.readline()
        assert process.stderr.readline().startswith("[1/5]")
        process.stdin.write("\n\n")
        process.stdin.flush()
        assert process.stderr.readline().startswith("[2/5]")
        assert process.stderr.readline().startswith("[3/5]")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors == ""
    (path,) = tmp_path.glob("*.parquet")
    with wsreplay.open(path) as capture:
        assert capture.ended == "interrupted"
        assert sent(capture) == [0]


def test_a_venue_takes_no_steps(hello: Path) -> None:
    done = CliRunner().invoke(command, ["serve", str(hello), "--speed", "step"])
    assert done.exit_code == 2
    assert "'step' is no speed: give original, max, or a multiple" in done.stderr
