"""A process that listens for us and says where, such as a simulated venue."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from wsreplay.captures.errors import UserError

_LISTENING = re.compile(r"^listening (?:(?P<name>\S+) )?on (?P<url>\S+)$")
PATIENCE = 10.0


class Companion:
    """Started as a process of its own, so that what it does costs the recorder nothing; ended with the block."""

    def __init__(self, command: Sequence[str], listeners: int) -> None:
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, start_new_session=True
        )
        self.urls: dict[str, str] = {}
        """Where it listens, by name."""
        try:
            self._hear(command[-1], listeners)
        except BaseException:
            # It has a session of its own: no Ctrl-C reaches it but through us.
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._end()

    def _hear(self, name: str, listeners: int) -> None:
        assert self._process.stdout is not None
        while len(self.urls) < listeners:
            line = self._process.stdout.readline()
            if not line:
                raise UserError(f"{name} could not be started ({self._how_it_ended()}); its own message stands above")
            if match := _LISTENING.match(line.strip()):
                self.urls[match["name"] or ""] = match["url"]

    def _how_it_ended(self) -> str:
        try:
            return f"exit code {self._process.wait(1)}"
        except subprocess.TimeoutExpired:
            return "it closed its output and went on"

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
