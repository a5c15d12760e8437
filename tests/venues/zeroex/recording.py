"""Recordings of the bot in front of a simulated relayer, each by real processes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cli.recorder import Recorder

from wsreplay.captures.capture import Capture

BOT = [sys.executable, str(Path(__file__).with_name("bot.py")), "{url}", "{url:rest}"]


LOSING_RELAYER = [sys.executable, str(Path(__file__).with_name("losing_relayer.py"))]


def record(out: Path, *bot: str, venue: str = "zeroex", fault: str | None = None) -> Capture:
    """In front of the venue's own simulator."""
    faults = ("--fault", fault) if fault else ()
    return _recorded(out, "--venue", venue, "--sim", *faults, "--", *BOT, *bot)


def record_at(relayer: list[str], out: Path, *bot: str) -> Capture:
    """In front of one that is a process of its own."""
    with _running(relayer) as (socket, rest):
        return _recorded(out, "--venue", "zeroex", "--to", socket, "--to", f"rest={rest}", "--", *BOT, *bot)


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[tuple[str, str]]:
    """A relayer's WebSocket and its REST API."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as relayer:
        assert relayer.stdout is not None
        try:
            socket, rest = (relayer.stdout.readline().split()[-1] for _ in range(2))
            yield socket, rest
        finally:
            relayer.terminate()
            relayer.wait(20)


def _recorded(out: Path, *arguments: str) -> Capture:
    with Recorder(out, *arguments) as recorder:
        recorder.url()
        recorder.url("rest")
        code, capture = recorder.end(None)
        assert code == 0, recorder.errors()
        return capture
