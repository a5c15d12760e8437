"""The replay as a capture of its own: what was really sent and received, written down as a recording is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.finishers import found_by
from wsreplay.captures.pipeline import Pipeline
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.redaction_key import load_or_create_key
from wsreplay.captures.schema import FINISHED, Clocks, Metadata
from wsreplay.captures.session import Session
from wsreplay.captures.wire import Record, What
from wsreplay.venues.dialect import Dialect

_FLUSH_ROWS = 1000


class ReplayRecorder:
    """Takes records from the replay's loop, and writes them in a thread of its own."""

    def __init__(self, out: Path, dialect: Dialect, *, upstreams: dict[str, str], notes: dict[str, Any]) -> None:
        redactor = Redactor(load_or_create_key(), dialect.secrets)
        self._pipeline = Pipeline(dialect, redactor)
        metadata = Metadata(
            clocks=Clocks(wall_ns=time.time_ns(), mono_ns=time.monotonic_ns()),
            venue=dialect.name,
            dialect_version=dialect.version,
            upstreams=upstreams,
            mode="run",
            notes=notes,
        )
        self._session = Session.create(out, metadata)
        self._records: SimpleQueue[Record | None] = SimpleQueue()
        self._failure: Exception | None = None
        self._thread = Thread(target=self._write, name="replay-recorder", daemon=True)
        self._thread.start()

    def note(
        self, what: What, venue_side: bool, conn: int, at_ns: int, mono_ns: int, relay_ns: int, body: bytes
    ) -> None:
        """Take one record; never wait."""
        self._records.put(Record(what, venue_side, conn, at_ns, mono_ns, relay_ns, body))

    def finish(self, ended: str = FINISHED, finishers: Sequence[str] = ()) -> Path:
        """Write what is left, run the finishers, and give the capture its place."""
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
        stage = self._session.stage
        unflushed = 0
        try:
            while (record := self._records.get()) is not None:
                rows = self._pipeline.see(record)
                stage.append(rows)
                unflushed += len(rows)
                if self._records.empty() or unflushed >= _FLUSH_ROWS:
                    stage.flush()
                    unflushed = 0
        except Exception as error:  # told when the replay ends: it goes on meanwhile
            self._failure = error
