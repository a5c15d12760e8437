"""The scribe: the process that reads the hand-over and writes the capture.

    python -m wsreplay.captures.scribe FD

FD is the hand-over's memory. Standard input holds one line, the :class:`~wsreplay.captures.scribe_process.Assignment`,
and then nothing: its end tells that the proxy is gone. Standard output takes
:class:`~wsreplay.captures.scribe_process.Status` lines.

It may be killed at any moment. Rows are staged first; then the hand-over is told what it need not keep any more, with
notes for a successor, which reads on from there and leaves out the rows that are staged already.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from wsreplay.captures.columns import events_of
from wsreplay.captures.errors import CaptureError, UserError
from wsreplay.captures.event import Event
from wsreplay.captures.handover import HandOverReader
from wsreplay.captures.pipeline import Pipeline, reason_in
from wsreplay.captures.read_by import dialect_in, notes_of_map
from wsreplay.captures.recognition import RECOGNISED, Recogniser, candidates
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.redaction_key import load_or_create_key
from wsreplay.captures.schema import CUT_OFF, Clocks, Metadata
from wsreplay.captures.scribe_process import Assignment, Status
from wsreplay.captures.session import Rotation, Session
from wsreplay.captures.stage import StageReader
from wsreplay.captures.succession import publish_for_the_dead
from wsreplay.captures.wire import Loss
from wsreplay.captures.working_folder import description
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.errors import VenueError
from wsreplay.venues.registry import GENERIC, dialect_described

FLUSH_NS = 50_000_000
"""Rows are staged when the oldest has waited this long; with the longest nap and one read, 100 ms at most."""
READ_BYTES = 256 << 10
LYING_SHARE = 2
"""Where records may lie, they may not fill more than this part of the hand-over."""
RECALLED = 200_000
"""So many of the last rows are shown to the decoder of a successor, for what is in flight."""
LARGE_NOTES = 1 << 20
_NAP_S, _LONGEST_NAP_S, _TROUBLED_NAP_S = 0.001, 0.02, 0.25
BROKEN_OFF = "a scribe was killed while more was in progress on the connections than it could leave to the next one"
NOTHING_LOST = Loss(records=0, bytes=0, from_mono_ns=0, to_mono_ns=0)
LIFE_NS = 5_000_000_000
"""However little happens, so often the proxy hears that its scribe lives."""
PATIENCE_NS = 10_000_000_000
"""How long the end of a recording waits for a disk that refuses to write."""


class Scribe:
    """One scribe, from the first record it reads to the capture."""

    def __init__(self, assignment: Assignment, reader: HandOverReader, lifeline: int, voice: int) -> None:
        self._assignment = assignment
        self._reader = reader
        self._lifeline = lifeline
        self._voice = voice
        venue = dialect_in(assignment.notes) or dialect_described(self._venue_so_far(), assignment.map_file)
        redactor = Redactor(load_or_create_key(), venue.secrets, keep=assignment.keep_secrets)
        redactor.learn(assignment.secrets)
        rotation = Rotation.parse(assignment.rotate) if assignment.rotate else None
        unknown = assignment.venue is None and assignment.map_file is None and venue.name == GENERIC
        recogniser = Recogniser(candidates()) if unknown else None
        self._pipeline = Pipeline(venue, redactor, reader.notes if assignment.folder else b"", recogniser)
        self._staged_before = 0
        self._turning = False
        self._finishers_ran = False
        if assignment.folder is None:
            self._session = Session.create(Path(assignment.out), metadata_of(assignment, venue, redactor), rotation)
        else:
            self._session = Session.resume(Path(assignment.folder), rotation)
            self._recall()
            last = self._session.last_seq or 0
            if self._pipeline.resumed_out_of_step:  # brief notes are written right after staging
                self._pipeline.transcript.next_seq = last + 1
            else:
                self._staged_before = last
        self._named = False
        self._rows: list[Event] = []
        self._unkept = True
        """Whether anything was read that is neither staged nor in the notes."""
        self._oldest_ns = time.monotonic_ns()
        if self._pipeline.resumed_out_of_step:
            self._rows += self._pipeline.lose(BROKEN_OFF, NOTHING_LOST, time.time_ns(), time.monotonic_ns())
        self._trouble: str | None = None
        self._proxy_gone = False
        self._in_hurry = not assignment.unread_ms
        self._lying_since_ns: int | None = None
        self._gone_since_ns = 0
        self._said_ns = 0
        self._said = Status()

    def run(self) -> Path:
        """Read until the recording ends, and give the capture's place."""
        self._say(Status(recording=str(self._session.folder)))
        if not self._assignment.folder:
            threading.Thread(target=self._reader.prefault, daemon=True).start()
        nap = _NAP_S
        while self._pipeline.finished is None:
            busy = self._trouble is None and self._is_time() and self._read()
            now = time.monotonic_ns()
            if self._trouble or (self._unkept and now - self._oldest_ns >= FLUSH_NS):
                self._keep(now)
            self._report(now)
            if busy:
                nap = _NAP_S
                continue
            if self._proxy_gone and self._trouble is None:
                break
            self._wait(_TROUBLED_NAP_S if self._trouble else nap)
            nap = min(2 * nap, _LONGEST_NAP_S)
        return self._finish()

    def _is_time(self) -> bool:
        """Whether to read what is there, or to let it lie for a while."""
        if self._in_hurry or self._proxy_gone:
            return True
        backlog = self._reader.backlog
        if not backlog:
            self._lying_since_ns = None
            return False
        now = time.monotonic_ns()
        if self._lying_since_ns is None:
            self._lying_since_ns = now
        return (
            backlog > self._reader.capacity // LYING_SHARE
            or now - self._lying_since_ns >= self._assignment.unread_ms * 1_000_000
        )

    def _read(self) -> bool:
        """Make rows of what is there; False if nothing was."""
        records = self._reader.read(READ_BYTES)
        if not records:
            return False
        if not self._unkept:
            self._unkept, self._oldest_ns = True, time.monotonic_ns()
        see, after, rows = self._pipeline.see, self._staged_before, self._rows
        for record in records:
            rows += see(record, after)
        if after and self._pipeline.transcript.next_seq > after:
            self._staged_before = 0
        return True

    def _keep(self, now: int) -> None:
        """Stage the rows, let go of what they came from, and begin a new segment where it is time to."""
        self._trouble = None
        try:
            if self._turning:
                self._turn()
            self._stage()
            self._let_go()
            # Only after letting go: everything before the new segment is then on record for good.
            # And only once it is known who reads it: a finished segment is not decoded again.
            if self._session.due(now) and not self._pipeline.undecided:
                self._turn()
        except CaptureError as error:
            # Reading stops, the hand-over fills, and when it overflows the proxy counts and states what is lost.
            self._trouble = str(error)

    def _let_go(self) -> None:
        self._oldest_ns = time.monotonic_ns()
        notes = self._pipeline.notes()
        costly = LARGE_NOTES < len(notes) <= self._reader.room_for_notes
        if costly and self._reader.unreleased < self._reader.capacity // 8:
            return  # what was read can still be read again
        if not self._reader.release(notes):
            self._reader.release(self._pipeline.notes(brief=True))
        self._unkept = False

    def _turn(self) -> None:
        """Begin a new segment; what fails half-way is tried again."""
        self._turning = True
        self._session.rotate()
        self._turning = False

    def _venue_so_far(self) -> str | None:
        """The venue that was named, or the one that a scribe before recognised."""
        if self._assignment.venue is None and self._assignment.folder is not None:
            return description(Path(self._assignment.folder)).venue
        return self._assignment.venue

    def _name_the_venue(self) -> None:
        """Say in the capture whose traffic it turned out to be, before any row says so."""
        if self._pipeline.recognised is not None and not self._named:
            found, seq = self._pipeline.recognised
            notes = self._session.metadata.notes | {RECOGNISED: seq}
            self._session.describe(venue=found.name, dialect_version=found.version, notes=notes)
            self._named = True

    def _stage(self) -> None:
        self._name_the_venue()
        rows, self._rows = self._rows, []
        self._session.stage.append(rows)
        self._session.stage.flush()  # what the disk refuses is kept there for the next attempt

    def _recall(self) -> None:
        """Read what the scribe before has staged: what a successor must not stage again, and what is in flight."""
        stage = self._session.stage
        skip = stage.rows - RECALLED
        with StageReader(stage.path) as staged:
            for batch in staged.batches():
                skip -= batch.num_rows
                if skip >= 0:
                    continue
                for event in events_of(batch):
                    self._finishers_ran = self._finishers_ran or event.kind == "incident"
                    self._pipeline.recall(event)

    def _wait(self, seconds: float) -> None:
        if self._proxy_gone:
            # A disk that refuses is not waited for for ever: nobody is left who would notice.
            if time.monotonic_ns() - self._gone_since_ns > PATIENCE_NS:
                raise CaptureError(self._trouble or "the proxy is gone")
            time.sleep(seconds)
        elif select.select([self._lifeline], [], [], seconds)[0]:
            if os.read(self._lifeline, 4096):
                self._in_hurry = True
            else:
                self._proxy_gone = True
                self._gone_since_ns = time.monotonic_ns()

    def _finish(self) -> Path:
        """All is read: state what is to be stated, run the finishers, publish."""
        pipeline = self._pipeline
        ended = reason_in(pipeline.finished)
        rows = []
        if pipeline.finished is None:
            ended = f"{CUT_OFF}: the proxy ended without a word"
            if loss := self._reader.unstated_loss():
                rows = pipeline.lose("the hand-over was full", loss, time.time_ns(), time.monotonic_ns())
        self._rows += rows + pipeline.end()
        self._persist()
        if not self._finishers_ran:
            for finisher in self._assignment.finishers:
                self._find(finisher)
            self._pipeline.rows += len(self._rows)
            self._persist()
        path = self._session.publish(ended)
        self._say(Status(done=str(path), rows=self._pipeline.rows, gaps=pipeline.gaps))
        return path

    def _find(self, finisher: str) -> None:
        """Add the rows that a finisher gives. If it fails, the capture says so, and is whole without it."""
        try:
            from wsreplay.captures.finishers import found_by  # with a database that takes its time to load

            self._rows += found_by(finisher, self._session.folder)
        except Exception as error:
            failure = {f"{finisher} failed": f"{type(error).__name__}: {error}"}
            self._session.describe(notes=self._session.metadata.notes | failure)

    def _persist(self) -> None:
        """Stage the last rows, with patience for a disk that is full."""
        deadline = time.monotonic_ns() + PATIENCE_NS
        while True:
            self._keep(now := time.monotonic_ns())
            self._report(now)
            if self._trouble is None:
                return
            if now > deadline:
                raise CaptureError(self._trouble)
            time.sleep(_TROUBLED_NAP_S)

    def _report(self, now: int, often_ns: int = 1_000_000_000) -> None:
        """Tell the proxy where we are: at once about trouble, once a second about progress."""
        status = Status(
            rows=self._pipeline.rows - len(self._rows),
            gaps=self._pipeline.gaps,
            behind=self._reader.backlog,
            trouble=self._trouble,
            venue=self._session.metadata.venue if self._named else None,
        )
        silent_ns = now - self._said_ns
        if (
            (status.trouble, status.venue) != (self._said.trouble, self._said.venue)
            or (status != self._said and silent_ns >= often_ns)
            or silent_ns >= LIFE_NS
        ):
            self._said, self._said_ns = status, now
            self._say(status)

    def _say(self, status: Status) -> None:
        with suppress(BrokenPipeError):  # the proxy is gone, and the lifeline will tell
            os.write(self._voice, msgspec.json.encode(status) + b"\n")


def metadata_of(assignment: Assignment, venue: Dialect, redactor: Redactor) -> Metadata:
    """What the capture says about itself from the beginning."""
    return Metadata(
        clocks=Clocks(wall_ns=assignment.began_at_ns, mono_ns=assignment.began_mono_ns),
        venue=venue.name,
        dialect_version=venue.version,
        upstreams={name: redactor.redact_url(url) for name, url in assignment.upstreams.items()},
        redaction="kept" if assignment.keep_secrets else "redacted",
        fault_plan=assignment.fault_plan,
        mode=assignment.mode,
        notes=assignment.notes | notes_of_map(assignment.map_file),
    )


def _assigned(lifeline: int) -> Assignment:
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(lifeline, 1 << 16)
        if not piece:
            raise CaptureError("the proxy was gone before it said what to record")
        line += piece
    return msgspec.json.decode(line, type=Assignment)


def main() -> int:
    """Be the scribe that standard input describes."""
    # The proxy decides when a recording ends. Signals to a whole group or service must not be faster.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    # What some library prints must not get between the status lines.
    voice = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    lifeline = sys.stdin.fileno()
    try:
        assignment, reader = _assigned(lifeline), HandOverReader(int(sys.argv[1]))
        done = publish_for_the_dead(Path(assignment.folder), reader.notes) if assignment.folder else None
        if done is None:
            Scribe(assignment, reader, lifeline, voice).run()
        else:
            os.write(voice, msgspec.json.encode(done) + b"\n")
    except (UserError, VenueError) as error:
        with suppress(BrokenPipeError):
            os.write(voice, msgspec.json.encode(Status(failed=str(error))) + b"\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
