"""The venue and its recorder, as a process of their own: ``wsreplay serve`` or ``record``, held on a lifeline.

In place of a bot the command is given a small program that reads from us until we let go. So the recorder ends as it
does when its bot has ended, with all last words on record; and it ends so as well when our own process is killed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import msgspec

from wsreplay.errors import UserError

_READY = "wsreplay: the lifeline is held"
_LIFELINE = ("-I", "-S", "-c", f"import sys; print({_READY!r}, flush=True); sys.stdin.buffer.read()")
_LISTENING = re.compile(r"listening (?:(?P<name>\S+) )?on (?P<url>\S+)")
_CAPTURE = "capture "
_CALLS = "wsreplay: "
PATIENCE_S = 60.0
"""How long it may take to start, and to end: for machines that are busy with something else."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the command said in the end."""

    capture: Path
    verdict: dict[str, Any] | None
    """How what the bot did compares with the recording that was served; None where none was."""


class Host:
    """A venue that listens on this machine, from when it is made until :meth:`finish`."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.urls: dict[str, str] = {}
        """Where it listens, by name."""
        self._said: list[str] = []
        self._lines: Queue[str | None] = Queue()
        command = [sys.executable, "-P", "-m", "wsreplay", *arguments, "--", sys.executable, *_LIFELINE]
        # A session of its own: Ctrl-C reaches it through us alone, when the test has been told.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = Thread(target=self._read, name="wsreplay-host", daemon=True)
        self._reader.start()
        try:
            self._hear()
        except BaseException:
            self.abandon()
            raise

    @property
    def said(self) -> list[str]:
        """What it had to say to people, line by line."""
        return [line.removeprefix(_CALLS) for line in self._said if line.startswith(_CALLS)]

    def finish(self) -> Outcome:
        """Let go, and wait for the capture."""
        self._let_go()
        try:
            while (line := self._line()) is not None:
                self._said.append(line)
        except Empty:
            self.abandon()
            raise UserError(f"the recorder did not end within {PATIENCE_S:g} s{self._words()}") from None
        self._process.wait()
        self._close()
        capture = next((line for line in reversed(self._said) if line.startswith(_CAPTURE)), None)
        if capture is None:
            raise UserError(f"the recorder ended without a capture{self._words()}")
        verdict = next((line for line in reversed(self._said) if line.startswith('{"verdict"')), None)
        return Outcome(
            capture=Path(capture.removeprefix(_CAPTURE)), verdict=None if verdict is None else json.loads(verdict)
        )

    def abandon(self) -> None:
        """End it at once; there may be no capture."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._close()

    def _hear(self) -> None:
        while True:
            try:
                line = self._line()
            except Empty:
                raise UserError(f"the venue did not come up within {PATIENCE_S:g} s{self._words()}") from None
            if line is None:
                raise UserError(f"the venue did not come up{self._words()}")
            if line == _READY:
                return
            self._said.append(line)
            if match := _LISTENING.fullmatch(line):
                self.urls[match["name"] or ""] = match["url"]

    def _words(self) -> str:
        words = self.said or self._said[-5:]
        return f": {'; '.join(words)}" if words else ""

    def _line(self) -> str | None:
        return self._lines.get(timeout=PATIENCE_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _let_go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def _close(self) -> None:
        assert self._process.stdout is not None
        self._let_go()
        self._reader.join(PATIENCE_S)
        self._process.stdout.close()
