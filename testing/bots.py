"""A bot as it is: any program, told where its venue is by its arguments and its environment."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from wsreplay.cli.harmless import harmless
from wsreplay.proxy.bot import arguments, environment, program_of

PATIENCE_S = 5.0
"""How long a bot has to end after it was asked to."""
_LAST_LINES = 12


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A bot that has ended."""

    command: tuple[str, ...]
    exit_code: int
    """Ended by signal N it is 128 + N, as shells say it."""
    output: str
    """What it printed, on both of its outputs."""
    log: Path
    """The same, as a file."""

    @property
    def last_words(self) -> str:
        """Its last lines, indented, safe to print."""
        lines = self.output.splitlines()[-_LAST_LINES:]
        return "\n".join(f"    {harmless(line)}" for line in lines)

    def __repr__(self) -> str:
        return f"<bot {harmless(shlex.join(self.command))}: exit code {self.exit_code}>"

    def __str__(self) -> str:
        words = f"; its last words:\n{self.last_words}" if self.output.strip() else "; it printed nothing"
        return f"{harmless(shlex.join(self.command))} ended with exit code {self.exit_code}{words}"


class StillRunningError(AssertionError):
    """A bot did not end in its time; it was ended."""


class Running:
    """A bot that runs, until it ends or the block is left."""

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        urls: Mapping[str, str],
        log: Path,
        *,
        env: Mapping[str, str],
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        """``{url}`` and ``{url:NAME}`` in its arguments become where the venue listens."""
        words = [os.fspath(word) for word in command]
        self._command = arguments(words, urls)
        self._log = log
        self.ended: Ended | None = None
        """How it ended, once it has."""
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [program_of(words), *self._command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**environment(urls), **env},
                cwd=cwd,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(errors="replace")

    def wait(self, timeout: float) -> Ended:
        """Wait until it ends by itself; after ``timeout`` seconds that is a failure, and it is ended."""
        try:
            return self._over(self._process.wait(timeout))
        except subprocess.TimeoutExpired:
            ended = self.stop()
        told = harmless(shlex.join(self._command))
        words = f"; its last words:\n{ended.last_words}" if ended.output.strip() else "; it printed nothing"
        raise StillRunningError(
            f"{told} was still running after {timeout:g} s (give it more with timeout=, or, if it is to run for ever, "
            f"lasting=){words}"
        )

    def last(self, seconds: float) -> Ended:
        """Let it run for so long, or until it ends, and then ask it to end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.stop()

    def stop(self) -> Ended:
        """Ask it to end, as Ctrl-C would, and insist after a while; with all that it started."""
        for signum, patience in ((signal.SIGINT, PATIENCE_S), (signal.SIGTERM, 1.0), (signal.SIGKILL, None)):
            if self._process.poll() is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        return self._over(self._process.wait())

    def _over(self, code: int) -> Ended:
        if self.ended is None:
            self.ended = Ended(
                command=tuple(self._command),
                exit_code=code if code >= 0 else 128 - code,
                output=self.output,
                log=self._log,
            )
        return self.ended
