"""How long a replay waits for replies: as long as the recording says, and the patience longer. Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterable

from wsreplay.replay.outputs import Note
from wsreplay.replay.pairing import LiveRequests
from wsreplay.replay.script import Leave, Script


class Waiting:
    """What the present step waits for, and since when."""

    def __init__(self, script: Script, live: LiveRequests, patience_ns: int, notes: list[Note]) -> None:
        self._script = script
        self._live = live
        self._patience_ns = patience_ns
        self._notes = notes
        self.since_ns: int | None = None
        """None: it did not wait for a reply."""

    def over(self) -> None:
        """The step need not wait any more."""
        self.since_ns = None

    def until(self, awaited: Iterable[int], now_ns: int) -> int | None:
        """Until when these requests' replies are waited for; None: they are in, or had their time."""
        missing = [seq for seq in awaited if seq in self._live.waiting]
        if not missing:
            return None
        latest = max((reply.latency_ns for seq in missing if (reply := self._script.replies.get(seq))), default=0)
        until_ns = self._begun(now_ns) + latest + self._patience_ns
        if now_ns < until_ns:
            return until_ns
        for seq in missing:
            self._live.give_up(seq, now_ns)
            self._notes.append(Note(seq, "the reply never came"))
        return None

    def until_may_leave(self, leave: Leave, now_ns: int) -> int | None:
        """A line is cut when the replies are in that it was cut off from, or when they had their time."""
        owed = [(seq, waited_ns) for seq, waited_ns in leave.owed if seq in self._live.waiting]
        if not owed:
            return None
        until_ns = self._begun(now_ns) + max(self._worth(seq, waited_ns) for seq, waited_ns in owed)
        return until_ns if now_ns < until_ns else None

    def _begun(self, now_ns: int) -> int:
        if self.since_ns is None:
            self.since_ns = now_ns
        return self.since_ns

    def _worth(self, seq: int, waited_ns: int) -> int:
        reply = self._script.replies.get(seq)
        # A reply that is on record will come again; of one that is not, nobody knows.
        return min(waited_ns, self._patience_ns) if reply is None else reply.latency_ns + self._patience_ns
