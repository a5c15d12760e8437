"""A recording of another program becomes a capture: decoded, correlated, redacted, and saying what it can't know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.finishers import found_by
from wsreplay.captures.pipeline import Pipeline
from wsreplay.captures.read_by import notes_of_map
from wsreplay.captures.recognition import RECOGNISED, Recogniser, candidates
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.redaction_key import load_or_create_key
from wsreplay.captures.schema import Clocks, Metadata
from wsreplay.captures.session import Session
from wsreplay.venues.registry import GENERIC, dialect_described

_FLUSH_ROWS = 5_000
_MOST = (1 << 63) - 1


def import_events(
    events: Iterable[Event],
    out: Path,
    *,
    source: str,
    blind: Sequence[str],
    venue: str | None = None,
    map_file: Path | None = None,
    ours: bool = False,
    finishers: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> Path:
    """Make a capture of observed events; where it is.

    ``blind`` says what the source does not show. ``ours``: the events come from a capture, with their numbers and with
    what was witnessed.
    """
    read_by = dialect_described(venue, map_file)
    redactor = Redactor(load_or_create_key(), read_by.secrets)
    unknown = venue is None and map_file is None and read_by.name == GENERIC
    pipeline = Pipeline(read_by, redactor, recogniser=Recogniser(candidates()) if unknown else None)
    session: Session | None = None
    rows = 0
    try:
        # What was observed with an event is decoded together with it: both kinds of facts share its parts.
        together = groupby(events, key=attrgetter("seq")) if ours else ((0, (event,)) for event in events)
        for number, (_, observed) in enumerate(together, 1):
            event, *facts = observed
            if not ours:
                event.seq = number
            if not all(map(_holds, (event, *facts))):
                raise CaptureError(f"{source} has an event ({number}) with a number or a time that no capture can hold")
            if session is None:
                session = Session.create(
                    out,
                    Metadata(
                        clocks=Clocks(wall_ns=event.at_ns, mono_ns=event.mono_ns),
                        venue=read_by.name,
                        dialect_version=read_by.version,
                        mode="import",
                        notes={
                            "imported_from": source,
                            "blind": list(blind),
                            **notes_of_map(None if map_file is None else str(map_file)),
                        },
                    ),
                )
            session.stage.append(pipeline.take([event, *facts], witnessed=ours))
            rows += 1 + len(facts)
            if number % _FLUSH_ROWS == 0:
                session.stage.flush()
                progress(rows)
        if session is None:
            raise CaptureError(f"{source} holds no messages and no exchanges: nothing to import")
        session.stage.flush()
        if pipeline.recognised is not None:
            found, seq = pipeline.recognised
            notes = session.metadata.notes | {RECOGNISED: seq}
            session.describe(venue=found.name, dialect_version=found.version, notes=notes)
        for finisher in finishers:
            session.stage.append(found_by(finisher, session.folder))
            session.stage.flush()
        return session.publish("the imported file ended")
    except BaseException:
        if session is not None:
            session.discard()
        raise


def _holds(event: Event) -> bool:
    """Whether the event's address and clocks fit into their columns."""
    return (
        0 < event.seq < _MOST
        and 0 <= event.part < 1 << 31
        and 0 <= event.at_ns <= _MOST
        and min(event.mono_ns, event.first_mono_ns) >= -_MOST
        and max(event.mono_ns, event.first_mono_ns) <= _MOST
    )
