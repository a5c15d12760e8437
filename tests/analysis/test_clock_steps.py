"""The wall clock may be set while a session is recorded: it tells people when, and no interval comes from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from captures.recorded import capture

import wsreplay
from wsreplay.analysis.database import Database
from wsreplay.analysis.views import VIEWS
from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event

SAMPLES = Path(wsreplay.__file__).parent / "captures" / "samples"
HOUR = 3_600_000_000_000


def stepped(sample: Path, out: Path, step_ns: int) -> tuple[Path, Path]:
    """The sample as it is, and as it would be had the wall clock been set in its middle."""
    with wsreplay.open(sample) as opened:
        rows = [event for event in opened.events() if event.kind != "incident"]
        venue = opened.metadata.venue
    middle = rows[len(rows) // 2].seq
    made = []
    for name, step in (("as it was", 0), ("stepped", step_ns)):
        moved = [_moved(event, step if event.seq >= middle else 0) for event in rows]
        made.append(capture(out / name, *moved, venue=venue))
    return made[0], made[1]


def _moved(event: Event, step_ns: int) -> Event:
    columns = {name: getattr(event, name) for name in Event.__struct_fields__}
    return Event(**columns | {"at_ns": event.at_ns + step_ns})


def intervals(path: Path) -> dict[str, list[str]]:
    """All that the views say, but for when by the wall clock."""
    found = {}
    with Capture.open(path) as opened, Database.of_captures([opened]) as database:
        for view in VIEWS:
            answer = database.ask(f"SELECT * FROM {view}")
            rows: list[dict[str, Any]] = pa.Table.from_batches(answer.batches(), answer.schema).to_pylist()
            found[view] = sorted(
                repr({name: value for name, value in row.items() if not _is_a_moment(name)}) for row in rows
            )
    return found


def _is_a_moment(name: str) -> bool:
    return name in ("at", "capture") or name.endswith(("_at", "at_ns"))


@pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forward"])
def test_a_step_of_the_wall_clock_changes_no_interval_and_no_incident(tmp_path: Path, step: int) -> None:
    before, after = stepped(SAMPLES / "loopring-reconnect.parquet", tmp_path, step)
    assert intervals(after) == intervals(before)
    with wsreplay.open(before) as one, wsreplay.open(after) as other:
        assert [event.seq for event in other.events()] == [event.seq for event in one.events()]
        found = [[(each.kind, each.seq) for each in opened.incidents()] for opened in (one, other)]
    assert found[0] == found[1]
