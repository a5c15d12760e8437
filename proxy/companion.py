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
        assert self._process.stdout is not None
        while len(self.urls) < listeners:
            line = self._process.stdout.readline()
            if not line:
                code = self._process.wait()
                raise UserError(f"{command[-1]} could not be started (exit code {code}); its own message stands above")
            if match := _LISTENING.match(line.strip()):
                self.urls[match["name"] or ""] = match["url"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
