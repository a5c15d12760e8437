"""Stories of :mod:`.bot`, recorded through the real proxy in front of the simulator."""

from __future__ import annotations

import sys
from pathlib import Path

from cli.recorder import Recorder

from wsreplay.captures.capture import Capture

BOT = [sys.executable, "-P", str(Path(__file__).with_name("bot.py"))]


def record(out: Path, story: str, *, fault: str | None = None) -> Capture:
    """The capture of one story; a bot that fails fails its test."""
    plan = [] if fault is None else ["--fault", fault]
    command = ["--", *BOT, story, "{url}", "{url:rest}"]
    with Recorder(out, "--venue", "loopring", "--sim", "--read-on", "0.5", *plan, *command) as recorder:
        code, capture = recorder.end(None)
        assert code == 0, recorder.errors()
    return capture
