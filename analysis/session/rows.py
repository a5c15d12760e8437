"""Rows as lists show them: fetched a page at a time, the last few thousand kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from wsreplay.analysis.session.asking import Asking
from wsreplay.analysis.session.index import Index
from wsreplay.captures.event import Event

_KEPT = 4096
_SPARSE = 8
"""Where the wanted addresses lie this much farther apart than they are many, they are asked for one by one."""


class Rows:
    """The rows of a capture by position, payloads shortened to what a line can show."""

    def __init__(self, index: Index, asking: Asking) -> None:
        self._index = index
        self._asking = asking
        self._kept: OrderedDict[tuple[int, int], Event] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, position: int) -> Event | None:
        """The row, if it is here already."""
        row = self._index.row(position)
        with self._lock:
            return self._kept.get((row.seq, row.part))

    def missing(self, positions: Iterable[int]) -> list[int]:
        """Those of the positions whose rows are not here yet."""
        return [position for position in positions if self.peek(position) is None]

    def fetch(self, positions: list[int]) -> None:
        """Bring these rows here. Slow: from a thread of the caller's own."""
        seqs = sorted({self._index.seq(position) for position in positions})
        if not seqs:
            return
        if seqs[-1] - seqs[0] < _SPARSE * len(seqs):
            found = self._asking.events(seqs[0], seqs[-1])
        else:
            found = self._asking.events_at(seqs)
        with self._lock:
            for event in found:
                self._kept[event.seq, event.part] = event
                self._kept.move_to_end((event.seq, event.part))
            while len(self._kept) > max(_KEPT, len(found)):
                self._kept.popitem(last=False)
