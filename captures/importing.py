"""A recording of another program becomes a capture: decoded, correlated, redacted, and saying what it can't know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
        for number, event in enumerate(events, 1):
            if not ours:
                event.seq = number
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
            session.stage.append(pipeline.take([event], witnessed=ours))
            rows += 1
            if rows % _FLUSH_ROWS == 0:
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
