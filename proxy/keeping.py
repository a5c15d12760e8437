"""What is behind the tap: the hand-over, and the scribe that keeps what goes into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from wsreplay.captures.handover import CAPACITY, HandOver
from wsreplay.captures.scribe_process import Assignment, ScribeProcess
from wsreplay.proxy.plan import RecordingPlan


class Keeping:
    """The recording's memory: made before anything listens, given a scribe before anybody is told to connect."""

    def __init__(self, tell: Callable[[str], None], capacity: int = CAPACITY) -> None:
        self._tell = tell
        self._hand_over = HandOver.create(capacity)
        self._scribe: ScribeProcess | None = None
        self.note = self._hand_over.put
        """Where the tap puts its records. Never blocks."""

    def begin(self, plan: RecordingPlan, *, finishers: Sequence[str] = (), blind: Sequence[str] = ()) -> None:
        """Start the scribe; it takes a second. ``blind`` says what this way of recording does not see."""
        notes: dict[str, object] = {**plan.notes, **({"blind": list(blind)} if blind else {})}
        if plan.fault_plan is not None:
            notes["handshake"] = "the offer of extensions was taken out, so that faults find whole frames"
        assignment = Assignment(
            out=str(plan.out.absolute()),
            venue=plan.venue,
            map_file=str(plan.map_file.absolute()) if plan.map_file else None,
            rotate=plan.rotate,
            keep_secrets=plan.keep_secrets,
            upstreams={upstream.name: upstream.url() for upstream in plan.upstreams},
            mode=plan.kind or plan.mode,
            fault_plan=plan.fault_plan.as_json() if plan.fault_plan else None,
            notes=notes,
            finishers=list(finishers),
        )
        self._scribe = ScribeProcess.start(self._hand_over, assignment, tell=self._tell)

    @property
    def progress(self) -> str:
        """How far the recording has come, for people."""
        assert self._scribe is not None
        status = self._scribe.status
        gaps = f", {status.gaps} gaps" if status.gaps else ""
        return f"{status.rows:,} rows on record{gaps}"

    def finish(self, why: str) -> Path:
        """End the recording and wait for the capture."""
        assert self._scribe is not None
        try:
            return self._scribe.finish(why)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the memory."""
        self._hand_over.close()
