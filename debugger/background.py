"""Work off the interface thread: a thread for each sort of it, in which the newest job replaces older ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from textual.message import Message
from textual.message_pump import MessagePump


class Finished(Message):
    """A job is done; whoever gets this on the interface thread calls ``deliver``."""

    def __init__(self, deliver: Callable[[], None]) -> None:
        super().__init__()
        self.deliver = deliver


class Background:
    """A thread that works on the newest job that it was given. Results arrive on the interface thread."""

    def __init__(self, pump: MessagePump, name: str, failed: Callable[[Exception], None]) -> None:
        self.name = name
        self._pump = pump
        self._failed = failed
        self._change = threading.Condition()
        self._job: tuple[Callable[[], Any], Callable[[Any], None]] | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._since: float | None = None

    @property
    def busy(self) -> bool:
        """Whether there is work that has not been delivered."""
        return self._since is not None

    def slow(self, seconds: float) -> bool:
        """Whether it has been busy for that long."""
        since = self._since
        return since is not None and time.monotonic() - since > seconds

    def run[T](self, job: Callable[[], T], done: Callable[[T], None]) -> None:
        """Do this next; a job that still waits is forgotten. ``done`` gets the result on the interface thread."""
        with self._change:
            if self._stopping:
                return
            self._job = (job, done)
            self._since = self._since or time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"wsreplay {self.name}", daemon=True)
                self._thread.start()
            self._change.notify()

    def stop(self, seconds: float) -> bool:
        """Take no more jobs, and wait for the one that is being done; whether it was over by then."""
        with self._change:
            self._stopping = True
            self._job = None
            self._change.notify()
        if self._thread is not None:
            self._thread.join(seconds)
            return not self._thread.is_alive()
        return True

    def _work(self) -> None:
        while True:
            with self._change:
                while self._job is None and not self._stopping:
                    self._change.wait()
                if self._job is None:
                    return
                job, done = self._job
                self._job = None
            try:
                deliver = self._delivery(done, job())
            except Exception as error:
                deliver = self._delivery(self._failed, error)
            self._pump.post_message(Finished(deliver))

    def _delivery[T](self, done: Callable[[T], None], result: T) -> Callable[[], None]:
        def deliver() -> None:
            with self._change:
                if self._stopping:
                    return
                if self._job is None:
                    self._since = None
            done(result)

        return deliver
