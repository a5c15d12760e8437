"""From records to rows that may be written: transcript, dialect, witness, redaction. Sans-I/O.

A row leaves here complete and without secrets. Whatever goes wrong in between costs the row what could not be worked
out, never the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import DERIVED, Event
from wsreplay.captures.recognition import Recogniser
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.schema import FINISHED
from wsreplay.captures.transcript import Transcript, TranscriptNotes
from wsreplay.captures.wire import Loss, Record
from wsreplay.captures.witnessing import Witnessing
from wsreplay.venues.dialect import Dialect

_seq = attrgetter("seq")


class PipelineNotes(msgspec.Struct, array_like=True):
    """All that a successor needs besides the rows that are staged."""

    transcript: TranscriptNotes
    rows: int
    gaps: int
    secrets: dict[str, str]
    """Long-lived secrets, as they are: these notes are in memory only."""


class Pipeline:
    """Takes the records of a recording in their order."""

    def __init__(
        self, dialect: Dialect, redactor: Redactor, notes: bytes = b"", recogniser: Recogniser | None = None
    ) -> None:
        """``notes``: those of a scribe that died; the pipeline then goes on where that one wrote them.

        ``recogniser``: finds out whose traffic it is, where ``dialect`` is only the generic one.
        """
        self._witnessing = Witnessing(dialect)
        self._decoder = Decoder(dialect)
        self._redactor = redactor
        self._witnesses = True
        self._recogniser = recogniser
        self._unnamed = dialect.secrets
        if recogniser is not None:
            redactor.suspect(recogniser.secrets)
        self.recognised: tuple[Dialect, int] | None = None
        """The venue that showed itself, and where."""
        self.transcript = Transcript()
        self.rows = self.gaps = 0
        """Rows so far, and how many of them are gaps; those of the scribes before included."""
        self.resumed_out_of_step = False
        """The notes were brief: what was in progress on the connections is not known any more. That is to be stated."""
        if notes:
            resumed = msgspec.msgpack.decode(notes, type=PipelineNotes)
            self.transcript = Transcript.resume(resumed.transcript)
            self.resumed_out_of_step = resumed.transcript.brief
            self.rows, self.gaps = resumed.rows, resumed.gaps
            redactor.learn(resumed.secrets)

    @property
    def undecided(self) -> bool:
        """Whether a venue may still show itself, with whose dialect all rows so far are then to be read."""
        return self._recogniser is not None and not self._recogniser.over

    @property
    def finished(self) -> str | None:
        """Why the recording ended, as JSON, once that was seen."""
        return self.transcript.finished

    def notes(self, brief: bool = False) -> bytes:
        """What a successor needs, together with the rows that are staged, to go on from here."""
        notes = PipelineNotes(self.transcript.notes(brief), self.rows, self.gaps, self._redactor.known())
        return msgspec.msgpack.encode(notes)

    def recall(self, event: Event) -> None:
        """Take note of an event that an earlier scribe staged: requests in flight are answered across its death."""
        if event.seq >= self.transcript.next_seq:  # made after the notes were
            self.rows += 1
            self.gaps += event.kind == "gap"
        if event.part == 0:
            if self._recogniser is not None:
                self._recogniser.keep(event)
            self._decoder.see(event)

    def see(self, record: Record, after: int = 0) -> list[Event]:
        """The rows of a record; those with a ``seq`` up to ``after`` are staged already and left out."""
        try:
            observed = self.transcript.see(record)
        except Exception as error:  # one record must not end a recording
            loss = Loss(records=1, bytes=len(record.body), from_mono_ns=record.mono_ns, to_mono_ns=record.mono_ns)
            loss.legs = [(record.conn, record.venue_side)]
            why = f"a record of kind {record.what.name} could not be read: {error}"
            observed = self.transcript.gap(why, loss, record.at_ns, record.mono_ns)
        if after:
            observed = [event for event in observed if event.seq > after]
        return self._completed(observed)

    def take(self, observed: list[Event], *, witnessed: bool = False) -> list[Event]:
        """The rows of events that somebody else observed; ``witnessed``: with their secrets, which are gone since."""
        self._witnesses = not witnessed
        return self._completed(observed)

    def lose(self, reason: str, loss: Loss, at_ns: int, mono_ns: int) -> list[Event]:
        """The rows that state a loss which no record states."""
        return self._completed(self.transcript.gap(reason, loss, at_ns, mono_ns))

    def end(self) -> list[Event]:
        """The rows that follow from there being no further record."""
        return self._completed(self.transcript.rest())

    def _completed(self, observed: list[Event]) -> list[Event]:
        if len(observed) == 1:  # as nearly always, and this is what a recording spends its time in
            rows = self._complete(observed[0])
        else:
            rows = []
            for _, (event, *facts) in groupby(observed, key=_seq):
                rows += self._complete(event, facts)
        self.rows += len(rows)
        return rows

    def _complete(self, event: Event, observed: Sequence[Event] = ()) -> list[Event]:
        """The rows of one event, ready to be written. ``observed``: facts that the transcript found with it."""
        rows = self._decoded(event, observed)
        redact = self._redactor.redact
        for row in rows:
            try:
                redact(row)
            except Exception as error:  # what may hold a secret is not written
                _withhold(row, error)
        if self._recogniser is not None:
            self._recogniser.keep(event)
        return rows

    def _recognise(self, event: Event) -> None:
        """Let the dialect of the venue that shows itself take over, as if it had been there from the beginning."""
        assert self._recogniser is not None
        found = self._recogniser.see(event)
        if found is not None:
            self.recognised = found, event.seq
            self._witnessing, self._decoder = Witnessing(found), Decoder(found)
            self._redactor.adopt(found.secrets)
            for earlier in self._recogniser.seen():
                self._decoder.see(earlier)
        if self._recogniser.over:
            self._recogniser = None
            if found is None:
                self._redactor.adopt(self._unnamed)

    def _decoded(self, event: Event, observed: Sequence[Event] = ()) -> list[Event]:
        """The event and its facts. ``observed``: those that the transcript found, which come with it."""
        kind = event.kind
        if kind == "gap":
            self.gaps += 1
        if self._recogniser is not None:
            self._recognise(event)
        try:
            if self._witnesses:
                self._witnessing.see(event)
        except Exception:  # a third party's dialect must not end a recording, and the column may be empty
            event.signer = event.signature_ok = event.token_expires = None
        try:
            return self._decoder.see(event, observed)
        except Exception as error:  # the row is what was observed, with or without a meaning
            for name in DERIVED:
                setattr(event, name, None)
            event.error_code = f"not decoded: {type(error).__name__}"
            return [event, *observed]


def _withhold(event: Event, error: Exception) -> None:
    for name in ("text", "data", "close_reason", *DERIVED):
        setattr(event, name, None)
    event.error_code = f"withheld, redaction failed: {type(error).__name__}"


def reason_in(finished: str | None) -> str:
    """How a recording ended, in words, from the JSON of its FINISH record."""
    try:
        return msgspec.json.decode(finished or "{}", type=dict[str, str]).get("why") or FINISHED
    except msgspec.MsgspecError:
        return FINISHED
