"""The replay as a capture of its own, written in the replay's own process, for virtual time; and one that is no file.

There writing keeps nobody waiting, and no other process is there whose doings would differ from run to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.finishers import found_by
from wsreplay.captures.pipeline import Pipeline
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.schema import FINISHED, Clocks, Metadata
from wsreplay.captures.session import Session
from wsreplay.captures.wire import Record, What
from wsreplay.replay.clock import Clock
from wsreplay.venues.dialect import Dialect

_FLUSH_ROWS = 1000


class ReplayRecorder:
    """Takes records from the replay, and writes them at once."""

    has_room = True
    """Nothing is ever missing: what came is written before anything else comes."""

    def __init__(
        self,
        out: Path,
        dialect: Dialect,
        *,
        upstreams: dict[str, str],
        notes: dict[str, Any],
        clock: Clock,
        key: bytes,
        name: str = "",
        mode: str = "run",
        fault_plan: Any = None,
        finishers: Sequence[str] = (),
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """``key`` turns secrets into tokens; ``secrets``: those that are known beforehand, each with its token.

        ``name``: the recording's, if it is not to have that of its folder. ``mode``: how the traffic came to us.
        """
        redactor = Redactor(key, dialect.secrets)
        redactor.learn(dict(secrets or {}))
        self._pipeline = Pipeline(dialect, redactor)
        self._finishers = finishers
        wall_ns, mono_ns = clock.now()
        metadata = Metadata(
            clocks=Clocks(wall_ns=wall_ns, mono_ns=mono_ns),
            venue=dialect.name,
            dialect_version=dialect.version,
            upstreams=upstreams,
            mode=mode,
            fault_plan=fault_plan,
            recording=name,
            notes=notes,
        )
        self._session = Session.create(out, metadata)
        self._unflushed = 0
        self._failure: Exception | None = None

    def note(
        self, what: What, venue_side: bool, conn: int, at_ns: int, mono_ns: int, relay_ns: int, body: bytes
    ) -> None:
        """Take one record."""
        if self._failure is not None:
            return
        try:
            rows = self._pipeline.see(Record(what, venue_side, conn, at_ns, mono_ns, relay_ns, body))
            self._session.stage.append(rows)
            self._unflushed += len(rows)
            if self._unflushed >= _FLUSH_ROWS:
                self._session.stage.flush()
                self._unflushed = 0
        except Exception as error:  # told when the replay ends: it goes on meanwhile
            self._failure = error

    def finish(self, ended: str = FINISHED) -> Path:
        """Write what is left, run the finishers, and give the capture its place."""
        if self._failure is not None:
            self._session.abandon()
            raise CaptureError(f"the replay could not be recorded: {self._failure}") from self._failure
        stage = self._session.stage
        stage.append(self._pipeline.end())
        stage.flush()
        for finisher in self._finishers:
            stage.append(found_by(finisher, self._session.folder))
            stage.flush()
        return self._session.publish(ended)


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
