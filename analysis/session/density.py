"""How much was said when: counts of events a side in equal stretches of time, for a timeline."""

from __future__ import annotations

import msgspec
import pyarrow.compute as pc

from wsreplay.analysis.session.index import SENDERS, Index
from wsreplay.analysis.session.movement import at_mono


class Density(msgspec.Struct, frozen=True):
    """Counts by side, each list as long as there are buckets."""

    first_ns: int
    last_ns: int
    """From when to when, by the monotonic clock; ``last_ns`` is in the last bucket."""
    client: list[int]
    venue: list[int]

    def bucket(self, mono_ns: int) -> int | None:
        """The bucket of this moment; None: it lies outside."""
        if not self.client or not self.first_ns <= mono_ns <= self.last_ns:
            return None
        return min((mono_ns - self.first_ns) // self.width_ns, len(self.client) - 1)

    @property
    def width_ns(self) -> int:
        """How long a bucket is."""
        return max(-(-(self.last_ns - self.first_ns + 1) // max(len(self.client), 1)), 1)


def density(index: Index, buckets: int, first_ns: int | None = None, last_ns: int | None = None) -> Density:
    """The events between two moments (without them: all of them), in so many buckets."""
    if not len(index) or buckets < 1:
        return Density(0, 0, [], [])
    first_ns = index.mono_ns(0) if first_ns is None else first_ns
    last_ns = max(index.mono_ns(len(index) - 1) if last_ns is None else last_ns, first_ns)
    counts = [[0] * buckets for _ in SENDERS]
    width = max(-(-(last_ns - first_ns + 1) // buckets), 1)
    begin = at_mono(index, first_ns)
    end = at_mono(index, last_ns + 1)
    for _, chunk, low, high in index.pieces(begin, end + 1):
        mono = chunk.mono_ns.slice(low, high - low)
        number = pc.add(
            pc.multiply(pc.divide(pc.subtract(mono, first_ns), width), len(SENDERS)),
            chunk.sender.slice(low, high - low).cast("int64"),
        )
        for found in pc.value_counts(number):
            place, sender = divmod(found["values"].as_py(), len(SENDERS))
            if 0 <= place < buckets:
                counts[sender][place] += found["counts"].as_py()
    sides = dict(zip(SENDERS, counts, strict=True))
    return Density(first_ns, last_ns, sides["client"], sides["venue"])
