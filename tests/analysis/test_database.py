"""A database over captures is locked down, follows a recording that moves, and tells captures apart."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from captures.recorded import capture, event, events, session

from wsreplay.analysis.database import Database, interruptible, names_of
from wsreplay.analysis.selection import Selection
from wsreplay.captures import query
from wsreplay.captures.capture import Capture
from wsreplay.captures.columns import events_of, sparse_batch, widen
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.sql_error import QueryError


def count(database: Database) -> int:
    (batch,) = database.ask("SELECT count(*) FROM events").batches()
    return int(batch.column(0)[0].as_py())


def test_a_recording_that_ends_while_it_is_opened_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = session(tmp_path, *events(3))
    recording.rotate()
    opened = Capture.open(recording.folder)
    connect = query.connect

    def too_late(*arguments: object, **more: object) -> duckdb.DuckDBPyConnection:
        if recording.folder.exists():
            recording.publish()
            raise CaptureError("a file has gone")
        return connect(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(query, "connect", too_late)
    with Database.of_captures([opened]) as database:
        assert count(database) == 3
    assert not opened.path.name.endswith(".live")


def test_captures_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    paths = [capture(tmp_path / folder, *events(1)) for folder in ("a", "b")]
    paths.append(capture(tmp_path / "a", *events(1), venue="other"))
    captures = [Capture.open(path) for path in paths]
    assert names_of(captures) == [str(paths[0]), str(paths[1]), paths[2].stem]


def test_rows_in_memory_are_asked_like_captures_and_as_locked(tmp_path: Path) -> None:
    with Database.of_rows("it's") as database:
        assert count(database) == 0
        for total in (2, 5):
            database.replace(pa.Table.from_batches([widen(sparse_batch(events(total)))]))
            assert count(database) == total
        (batch,) = database.ask("SELECT DISTINCT capture FROM events").batches()
        assert batch.to_pylist() == [{"capture": "it's"}]
        for question in ("FROM read_text('/etc/hostname')", "FROM '/etc/hostname'", "FROM events_of"):
            with pytest.raises(QueryError):
                database.ask(question)


def test_an_error_while_rows_are_read_is_told_like_any_other(tmp_path: Path) -> None:
    path = capture(tmp_path, *events(3), event(4, text="no json"))
    with Capture.open(path) as opened, Database.of_captures([opened]) as database:
        answer_batches = None
        with pytest.raises(QueryError, match="Malformed JSON") as told:
            answer_batches = list(database.ask("SELECT text::JSON FROM events").batches())
        assert answer_batches is None
        assert "\n" not in str(told.value)
        assert count(database) == 4


@pytest.mark.parametrize(("message", "becomes"), [("Query interrupted", KeyboardInterrupt), ("other", RuntimeError)])
def test_an_interrupt_of_the_engine_is_an_interrupt(message: str, becomes: type[BaseException]) -> None:
    with pytest.raises(becomes), interruptible():
        raise RuntimeError(message)


def test_a_selection_chooses_the_same_rows_at_once_and_piece_by_piece(tmp_path: Path) -> None:
    rows = [event(seq, conn=1 + seq % 3) for seq in range(1, 50)] + [event(50, sender="proxy", kind="gap")]
    opened = Capture.open(capture(tmp_path, *rows))
    for where, conn, first in [(None, None, 0), (None, 2, 10), ("seq % 5 = 0", None, 7), ("seq < 40", 1, 5)]:
        with Selection(opened, where=where, conn=conn, first=first) as selection:
            at_once = [event for batch in selection.batches() for event in events_of(batch)]
            pieces = [widen(sparse_batch(rows[start : start + 7])) for start in range(0, len(rows), 7)]
            piecewise = [event for piece in pieces for batch in selection.of(piece) for event in events_of(batch)]
        assert at_once == piecewise
        assert [event.seq for event in at_once] == [
            row.seq
            for row in rows
            if row.seq >= first
            and (conn is None or row.conn == conn)
            and (where is None or (row.seq % 5 == 0 if "5" in where else row.seq < 40))
        ]
