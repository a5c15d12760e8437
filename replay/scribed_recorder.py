"""The replay as a capture of its own, written by a scribe in another process, as a recording's is.

Whoever keeps time to the microsecond, or sends a hundred thousand messages a second, has no time to parse and to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wsreplay.captures.handover import HandOver
from wsreplay.captures.schema import FINISHED
from wsreplay.captures.scribe_process import Assignment, ScribeProcess
from wsreplay.venues.dialect import Dialect

_LEAST, _MOST = 64 << 20, 256 << 20
_PER_MESSAGE = 4
"""So many times the size of what is sent is room for that and for what comes back."""


class ScribedRecorder:
    """Hands records over, and never waits."""

    def __init__(
        self,
        out: Path,
        dialect: Dialect,
        *,
        upstreams: dict[str, str],
        notes: dict[str, Any],
        fault_plan: Any = None,
        finishers: Sequence[str] = (),
        secrets: Mapping[str, str] | None = None,
        size: int = 0,
        unread_ms: int = 1000,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``secrets``: those that are known beforehand, each with its token. ``size``: bytes that are to be sent.

        ``unread_ms``: how long records may lie. The scribe has its work to do at some time, but while the replay talks
        to a server on the same machine, it would take its time from both. ``tell`` is given lines for people (a full
        disk), in another thread.
        """
        self._hand_over = HandOver.create(min(max(_PER_MESSAGE * size, _LEAST), _MOST))
        self.note = self._hand_over.put
        assignment = Assignment(
            out=str(out.absolute()),
            venue=dialect.name,
            upstreams=upstreams,
            mode="run",
            notes=notes,
            fault_plan=fault_plan,
            finishers=list(finishers),
            secrets=dict(secrets or {}),
            unread_ms=unread_ms,
        )
        try:
            self._scribe = ScribeProcess.start(self._hand_over, assignment, tell=tell)
        except BaseException:
            self._hand_over.close()
            raise

    @property
    def has_room(self) -> bool:
        """Whether the scribe keeps up; what does not fit would be missing from the capture.

        Nobody need wait for one that is dead for good: the end of the replay says that there is no capture.
        """
        hand_over = self._hand_over
        return self._scribe.over or hand_over.written - hand_over.released < hand_over.capacity * 3 // 4

    @property
    def pid(self) -> int | None:
        """The process that writes."""
        return self._scribe.pid

    def kill(self) -> None:
        """End the writing at once, without a capture."""
        self._scribe.kill()

    def finish(self, ended: str = FINISHED) -> Path:
        """Wait until all is written, and give the capture its place."""
        try:
            return self._scribe.finish(ended)
        finally:
            self._hand_over.close()
