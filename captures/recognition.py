"""Which venue is it? Known by its traffic, where nobody said so. Sans-I/O.

A recording without a venue is read by the generic dialect until a message shows beyond doubt whose it is. From there
on its own dialect reads; the few rows before are staged already, and are decoded again whenever they are read from the
stage (:func:`understood`), so that the capture is the same as if the venue had been known from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy

import pyarrow as pa
import pyarrow.compute as pc

from wsreplay.captures.columns import events_of, sparse_batch, widen
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.captures.read_by import dialect_of
from wsreplay.captures.schema import Metadata
from wsreplay.venues.dialect import RecognisingDialect, Secrets
from wsreplay.venues.registry import dialect, names

WINDOW = 500
"""Who has not shown itself in so many events is not looked for any more."""
RECOGNISED = "recognised_at"
"""Under this name the address of the message that showed the venue stands in a capture's ``notes``."""


class Recogniser:
    """Looks at the first events of a recording."""

    def __init__(self, candidates: Sequence[RecognisingDialect]) -> None:
        self._candidates = candidates
        self._seen: list[Event] = []
        self.over = not candidates
        """Whether there is nothing more to find out."""

    @property
    def secrets(self) -> list[Secrets]:
        """What is secret at the venues that it may be."""
        return [candidate.secrets for candidate in self._candidates]

    def see(self, event: Event) -> RecognisingDialect | None:
        """The venue that this event shows. Its payload must still be as it came."""
        if self.over or event.kind not in ("text", "binary"):
            return None
        payload = event.text if event.text is not None else event.data
        if payload is None:
            return None
        for candidate in self._candidates:
            try:
                shown = candidate.recognises(payload, event.sender)
            except Exception:  # a third party's dialect must not end a recording
                shown = False
            if shown:
                self.over = True
                return candidate
        return None

    def keep(self, event: Event) -> None:
        """Remember an event for the decoder that takes over; after too many, give up."""
        if self.over:
            return
        self._seen.append(copy(event))
        if len(self._seen) >= WINDOW:
            self.over = True
            self._seen.clear()

    def seen(self) -> list[Event]:
        """What was kept; it is given away."""
        seen, self._seen = self._seen, []
        return seen


def candidates() -> list[RecognisingDialect]:
    """The dialects that know their venue by its traffic."""
    return [found for name in names() if isinstance(found := dialect(name), RecognisingDialect)]


def understood(batches: Iterable[pa.RecordBatch], metadata: Metadata) -> Iterator[pa.RecordBatch]:
    """Rows of a stage, those from before the venue was recognised decoded again."""
    at = metadata.notes.get(RECOGNISED)
    if not isinstance(at, int):
        yield from batches
        return
    before: list[Event] = []
    for batch in batches:
        is_early = pc.less(batch.column("seq"), at)
        early = batch.filter(is_early)
        if early.num_rows:
            before += events_of(early)
        if early.num_rows == batch.num_rows:
            continue
        if before:
            yield _decoded_again(before, metadata)
            before = []
        # Whoever reads along gets late rows as they come: those from before need not stand together.
        yield batch.filter(pc.invert(is_early)) if early.num_rows else batch
    if before:
        yield _decoded_again(before, metadata)


def _decoded_again(rows: list[Event], metadata: Metadata) -> pa.RecordBatch:
    incidents = [row for row in rows if row.kind == "incident"]
    decoded = [*Decoder(dialect_of(metadata)).decode_again(rows), *incidents]
    decoded.sort(key=lambda row: (row.seq, row.part))
    return widen(sparse_batch(decoded))
