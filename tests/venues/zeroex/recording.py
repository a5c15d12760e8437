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


@contextlib.contextmanager
def reference_server() -> Iterator[tuple[str, str]]:
    """The launch kit as a process: its WebSocket and its REST API."""
    command = [sys.executable, "-m", "wsreplay", "simulate", "zeroex-launch-kit"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as venue:
        assert venue.stdout is not None
        try:
            socket, rest = (venue.stdout.readline().split()[-1] for _ in range(2))
            yield socket, rest
        finally:
            venue.terminate()
            venue.wait(20)


def record(out: Path, *bot: str, fault: str | None = None) -> Capture:
    """In front of a relayer by the standard."""
    faults = ("--fault", fault) if fault else ()
    return _recorded(out, "--sim", *faults, "--", *BOT, *bot)


def record_at_reference_server(out: Path, *bot: str) -> Capture:
    """In front of the reference server."""
    with reference_server() as (socket, rest):
        return _recorded(out, "--to", socket, "--to", f"rest={rest}", "--", *BOT, *bot)


def _recorded(out: Path, *arguments: str) -> Capture:
    with Recorder(out, "--venue", "zeroex", *arguments) as recorder:
        recorder.url()
        recorder.url("rest")
        code, capture = recorder.end(None)
        assert code == 0, recorder.errors()
        return capture
