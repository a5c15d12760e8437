"""``wsreplay record`` as a user runs it: a real process, in front of a real venue."""

from __future__ import annotations

import contextlib
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from websockets.sync.server import ServerConnection, serve

import wsreplay
from wsreplay.captures.capture import Capture


class Recorder:
    """A running ``wsreplay record``; the lines it printed so far are read as they come."""

    def __init__(self, out: Path, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wsreplay", "record", "--out", out, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        """The next line on standard output."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline().rstrip("\n")
        self.lines.append(text)
        return text

    def url(self, name: str = "") -> str:
        """Where the listener of this name is."""
        line = self.line()
        prefix = f"listening {name} on " if name else "listening on "
        assert line.startswith(prefix), f"{line!r}; standard error: {self.errors() if not line else ''}"
        return line.removeprefix(prefix)

    def errors(self) -> str:
        """All of standard error, once the process has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def end(self, signum: int | None = signal.SIGINT) -> tuple[int, Capture]:
        """Ask it to end (or wait for it, without a signal); its exit code, and the capture that its last line names."""
        if signum is not None:
            self.process.send_signal(signum)
        out, _ = self.process.communicate(timeout=60)
        last = out.splitlines()[-1]
        assert last.startswith("capture ")
        return self.process.returncode, wsreplay.open(last.removeprefix("capture "))


@contextlib.contextmanager
def echoing_venue(tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A venue that says everything back; its URL."""

    def answer(line: ServerConnection) -> None:
        for message in line:
            line.send(message)

    with serve(answer, "127.0.0.1", 0, max_size=None, ssl=tls) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{'wss' if tls else 'ws'}://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()
