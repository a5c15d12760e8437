"""The session: the one object that a screen talks to."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Self

import msgspec
import pyarrow as pa

from wsreplay.analysis.analysed import AnalysedCapture
from wsreplay.analysis.exports import Wanted, export
from wsreplay.analysis.incidents.incident import BY_WEIGHT, Incident
from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.analysis.session import movement
from wsreplay.analysis.session.annotations import Annotations, Note
from wsreplay.analysis.session.asking import Asking
from wsreplay.analysis.session.breakpoints import Search
from wsreplay.analysis.session.comparison import Difference, differences, matching
from wsreplay.analysis.session.excerpt import write_test
from wsreplay.analysis.session.index import COLUMNS, Index
from wsreplay.analysis.session.lifetimes import Lifetimes
from wsreplay.analysis.session.lines import Growing, Lines, lines_of
from wsreplay.analysis.session.rows import Rows
from wsreplay.analysis.session.state import State, state_at
from wsreplay.captures.event import Event
from wsreplay.captures.follow import Follower

_CHUNK = 122_880
"""Rows that are added to the index in one go, once the first few are there."""
_SEARCHED = 200_000
"""Rows up to which incidents that nobody stored are looked for without being asked to: a second or two."""


class Detail(msgspec.Struct, frozen=True):
    """All that is known about the event at the cursor."""

    event: Event
    facts: list[Event]
    """What was derived from it, incidents too."""
    incidents: list[Incident]
    """Those that it is evidence of."""
    note: Note | None
    request: int | None
    """The address of what it answers."""
    reply: int | None
    """The address of what answers it."""
    other: Event | None = None
    """Its counterpart in the capture that this one is compared with."""
    differences: list[Difference] = []


class Session:
    """A capture, finished or still being recorded, with an index to list it and answers about it.

    Methods that read the capture's files are slow and meant for threads other than a screen's; they say so.
    """

    def __init__(self, capture: AnalysedCapture, against: AnalysedCapture | None = None) -> None:
        self.capture = capture
        self.index = Index()
        self.story = Growing(self.index)
        """All rows that say something of their own."""
        self.everything = Growing(self.index, everything=True)
        self.asking = Asking(capture)
        self.rows = Rows(self.index, self.asking)
        self.annotations = Annotations(capture)
        self.incidents: list[Incident] = []
        """Once they were loaded; in the order of their addresses."""
        self.complete = False
        """Every row that there is, or ever will be, is in the index."""
        self.against = against
        self._other = Asking(against) if against is not None else None
        self._follower = Follower(capture.path) if capture.live else None
        self._lifetimes: Lifetimes | None = None
        self._lifetimes_rows = -1
        self._working = threading.Lock()
        self._evidence: dict[int, list[Incident]] = {}

    @classmethod
    def open(cls, path: str | PathLike[str], against: str | PathLike[str] | None = None) -> Self:
        """Open the capture at ``path``, to be compared with the one at ``against`` if there is one."""
        return cls(AnalysedCapture.open(path), AnalysedCapture.open(against) if against is not None else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of everything. No thread may be asking."""
        self.asking.close()
        self.capture.close()
        if self._other is not None and self.against is not None:
            self._other.close()
            self.against.close()
        if self._follower is not None:
            self._follower.close()

    @property
    def live(self) -> bool:
        """Whether it is still being recorded."""
        return self._follower is not None and not self._follower.over

    @property
    def abandoned(self) -> bool:
        """Whether the recording has not ended, and nobody records any more."""
        return self._follower is not None and self._follower.abandoned

    def total(self) -> int:
        """How many rows there are, as far as the files say without being read."""
        return 0 if self._follower is not None else sum(segment.rows for segment in self.capture.segments)

    def address(self, position: int) -> str:
        """What one pastes into a ticket, and gives to any command."""
        return f"{self.capture.path}#{self.index.seq(position)}"

    # Reading

    def read(self) -> Iterator[int]:
        """Read the capture, or what has come since the last call; gives the rows so far after each piece. Slow."""
        batches = self._follower.read() if self._follower is not None else self.capture.batches(columns=COLUMNS)
        waiting: list[pa.RecordBatch] = []
        rows = 0
        for batch in batches:
            waiting.append(batch.select(COLUMNS))
            rows += batch.num_rows
            if rows >= _CHUNK or not len(self.index):
                yield self._take(waiting)
                waiting, rows = [], 0
        if rows:
            yield self._take(waiting)
        self.complete = self._follower is None or self._follower.over

    def load_incidents(self, *, search: bool = False) -> bool:
        """Read the incidents, or find them where none are stored; ``search``: however long that takes. Slow.

        False: none are stored, and the capture is too long to be searched without being asked to.
        """
        stored = self.asking.incidents()
        if stored:
            self._learn(stored)
            return True
        if len(self.index) > _SEARCHED and not search:
            return False
        # Rows that are there now: a recording that goes on may be asked again.
        self._learn(incidents_in(self.capture.events()))
        return True

    def state(self, position: int) -> State:
        """What was true when this event had just passed. Slow the first time."""
        row = self.index.row(position)
        with self._working:
            if self._lifetimes is None or self._lifetimes_rows != len(self.index):
                rows = len(self.index)
                self._lifetimes = Lifetimes(self.asking)
                self._lifetimes_rows = rows if self.complete else -1
            lifetimes = self._lifetimes
        return state_at(lifetimes, row.seq, row.mono_ns)

    def detail(self, position: int) -> Detail | None:
        """Everything about the event there. Slow."""
        row = self.index.row(position)
        rows = self.asking.events(row.seq, row.seq, full=True)
        event = next((each for each in rows if each.part == row.part), None)
        if event is None:
            return None
        reply = movement.reply_to(self.index, position) if row.role == "request" else None
        other, differing = None, list[Difference]()
        if self._other is not None and event.part == 0:
            other = matching(event, self.asking, self._other)
            differing = differences(event.text, other.text) if other is not None else []
        return Detail(
            event=event,
            facts=[each for each in rows if each.part > 0],
            incidents=self._evidence.get(row.seq, []),
            note=self.annotations.at(row.seq),
            request=row.reply_to if row.reply_to is not None else event.of_seq,
            reply=self.index.seq(reply) if reply is not None else None,
            other=other,
            differences=differing,
        )

    def filtered(self, condition: str) -> Lines:
        """The lines for which a condition holds. Slow."""
        self.asking.check(condition)
        question = f"SELECT seq, part FROM events WHERE (\n{condition}\n) ORDER BY seq, part"  # noqa: S608
        return lines_of(self.index, self.asking.ask(question))

    def export(self, path: Path, *, where: str | None = None, first: int = 0, last: int | None = None) -> int:
        """Write a part as a capture of its own; as a test case beside it where ``path`` ends in ``.py``. Slow."""
        excerpt = path.with_suffix(".parquet") if path.suffix == ".py" else path
        written = export(Wanted(self.capture, where=where, first=first, last=last), "parquet", excerpt)
        if path.suffix == ".py":
            write_test(excerpt, self.capture.name, path)
        return written

    # Moving

    def run_to(self, search: Search, position: int, direction: int) -> int | None:
        """The next match of a search after this position (1) or before it (-1). Slow."""
        row = self.index.row(position)
        if direction > 0:
            found = search.forward(row.seq, row.part, self.index.seq(len(self.index) - 1))
        else:
            found = search.backward(row.seq, row.part, self.index.seq(0))
        return self.index.at(found.seq, found.part) if found is not None else None

    def incident_from(self, position: int, direction: int) -> Incident | None:
        """The next incident (1) or the one before (-1), by the events that they are about."""
        seqs = [incident.seq for incident in self.incidents]
        seq = self.index.seq(position)
        if direction > 0:
            place = bisect_right(seqs, seq)
            return self.incidents[place] if place < len(seqs) else None
        place = bisect_left(seqs, seq)
        return self.incidents[place - 1] if place else None

    def worst(self) -> list[Incident]:
        """The incidents, what may have cost money first."""
        weight = {kind: place for place, kind in enumerate(BY_WEIGHT)}
        return sorted(
            self.incidents, key=lambda each: (weight.get(each.kind, len(weight)), each.certainty != "proven", each.seq)
        )

    def evidence(self, seq: int) -> list[Incident]:
        """The incidents that this event is evidence of."""
        return self._evidence.get(seq, [])

    def _take(self, batches: list[pa.RecordBatch]) -> int:
        self.index.append(pa.Table.from_batches(batches))
        self.asking.behind = True
        self.story.grow()
        self.everything.grow()
        return len(self.index)

    def _learn(self, incidents: list[Incident]) -> None:
        evidence: dict[int, list[Incident]] = {}
        for incident in incidents:
            for seq in {incident.seq, *incident.evidence}:
                evidence.setdefault(seq, []).append(incident)
        self._evidence, self.incidents = evidence, incidents
