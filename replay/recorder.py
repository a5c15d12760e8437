"""The replay as a capture of its own: what was really sent and received, written down as a recording is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.finishers import found_by
from wsreplay.captures.pipeline import Pipeline
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.redaction_key import load_or_create_key
from wsreplay.captures.schema import FINISHED, Clocks, Metadata
from wsreplay.captures.session import Session
from wsreplay.captures.wire import Record, What
from wsreplay.replay.clock import SYSTEM, Clock
from wsreplay.venues.dialect import Dialect

_FLUSH_ROWS = 1000


class ReplayRecorder:
    """Takes records from the replay's loop, and writes them in a thread of its own.

    On virtual time it writes at once: there is no other thread whose doings would differ from run to run, and nobody
    whom writing would keep waiting.
    """

    def __init__(
        self,
        out: Path,
        dialect: Dialect,
        *,
        upstreams: dict[str, str],
        notes: dict[str, Any],
        fault_plan: Any = None,
        clock: Clock = SYSTEM,
        key: bytes | None = None,
        name: str = "",
    ) -> None:
        """``key`` turns secrets into tokens; without one it is the user's. ``name``: the recording's, if it has one."""
        self._pipeline = Pipeline(dialect, Redactor(key or load_or_create_key(), dialect.secrets))
        wall_ns, mono_ns = clock.now()
        metadata = Metadata(
            clocks=Clocks(wall_ns=wall_ns, mono_ns=mono_ns),
            venue=dialect.name,
            dialect_version=dialect.version,
            upstreams=upstreams,
            mode="run",
            fault_plan=fault_plan,
            recording=name,
            notes=notes,
        )
        self._session = Session.create(out, metadata)
        self._unflushed = 0
        self._failure: Exception | None = None
        self._records: SimpleQueue[Record | None] = SimpleQueue()
        self._thread: Thread | None = None
        if clock is SYSTEM:
            self._thread = Thread(target=self._write, name="replay-recorder", daemon=True)
            self._thread.start()

    def note(
        self, what: What, venue_side: bool, conn: int, at_ns: int, mono_ns: int, relay_ns: int, body: bytes
    ) -> None:
        """Take one record; never wait."""
        record = Record(what, venue_side, conn, at_ns, mono_ns, relay_ns, body)
        if self._thread is not None:
            self._records.put(record)
        elif self._failure is None:
            try:
                self._take(record)
            except Exception as error:  # told when the replay ends: it goes on meanwhile
                self._failure = error

    def finish(self, ended: str = FINISHED, finishers: Sequence[str] = ()) -> Path:
        """Write what is left, run the finishers, and give the capture its place."""
        if self._thread is not None:
            self._records.put(None)
            self._thread.join()
        if self._failure is not None:
            self._session.abandon()
            raise CaptureError(f"the replay could not be recorded: {self._failure}") from self._failure
        stage = self._session.stage
        stage.append(self._pipeline.end())
        stage.flush()
        for finisher in finishers:
            stage.append(found_by(finisher, self._session.folder))
            stage.flush()
        return self._session.publish(ended)

    def _write(self) -> None:
        try:
            while (record := self._records.get()) is not None:
                self._take(record)
                if self._records.empty():
                    self._flush()
        except Exception as error:  # told when the replay ends: it goes on meanwhile
            self._failure = error

    def _take(self, record: Record) -> None:
        rows = self._pipeline.see(record)
        self._session.stage.append(rows)
        self._unflushed += len(rows)
        if self._unflushed >= _FLUSH_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._session.stage.flush()
        self._unflushed = 0


class Remembered:
    """The same rows, kept in memory and nowhere else: for replays by the thousand of which few are worth a file."""

    def __init__(self, dialect: Dialect, key: bytes) -> None:
        self._pipeline = Pipeline(dialect, Redactor(key, dialect.secrets))
        self._events: list[Event] = []

    def note(
        self, what: What, venue_side: bool, conn: int, at_ns: int, mono_ns: int, relay_ns: int, body: bytes
    ) -> None:
        """Take one record."""
        self._events += self._pipeline.see(Record(what, venue_side, conn, at_ns, mono_ns, relay_ns, body))

    def events(self) -> list[Event]:
        """All rows, once no more records come."""
        self._events += self._pipeline.end()
        return self._events
