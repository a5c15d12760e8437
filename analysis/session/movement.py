"""Moving through a capture by what its rows are: along a connection, to the reply, to a time. Positions in and out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from wsreplay.analysis.session.index import Chunk, Index
from wsreplay.errors import UserError

_STEP = 8192
"""Rows that are looked at in one go: most of what one looks for is near."""
_MOST = 2_000_000
"""Rows after which an answer is not looked for any more."""
_CLOCK = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d)[T ])?(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z)?")


def along(index: Index, position: int, direction: int) -> int | None:
    """The next event (1) or the one before (-1) on the same connection."""
    conn = index.row(position).conn
    return _find(index, position, direction, lambda c, a, b: _event(c, a, b, pc.equal(c.conn.slice(a, b - a), conn)))


def across(index: Index, position: int, direction: int) -> int | None:
    """The next event (1) or the one before (-1) on any other connection: this one is stepped over."""
    conn = index.row(position).conn
    return _find(
        index, position, direction, lambda c, a, b: _event(c, a, b, pc.not_equal(c.conn.slice(a, b - a), conn))
    )


def request_of(index: Index, position: int) -> int | None:
    """The request that this event answers."""
    request = index.row(position).reply_to
    return None if request is None else index.at(request)


def reply_to(index: Index, position: int, *, most: int = _MOST) -> int | None:
    """The first event that answers this one, among so many that follow it."""
    seq = index.seq(position)

    def answers(chunk: Chunk, first: int, last: int) -> pa.Array:
        back, seqs = chunk.back.slice(first, last - first), chunk.seq.slice(first, last - first)
        return pc.and_(pc.not_equal(back, 0), pc.equal(pc.subtract(seqs, back.cast(pa.int64())), seq))

    return _find(index, position, 1, answers, most=most)


def partner(index: Index, position: int, *, most: int = _MOST) -> int | None:
    """Of a reply its request, of a request its reply."""
    row = index.row(position)
    if row.reply_to is not None:
        return request_of(index, position)
    if row.role != "request" or row.part:
        return None
    return reply_to(index, position, most=most)


def at_time(index: Index, at_ns: int) -> int | None:
    """The first row that was recorded at this wall-clock time or later."""
    return _find(index, -1, 1, lambda c, a, b: pc.greater_equal(c.at_ns.slice(a, b - a), at_ns), step=1 << 20)


def at_mono(index: Index, mono_ns: int) -> int:
    """About the first row at this monotonic time or later: a REST request stands where its answer came."""
    low, high = 0, len(index)
    while low < high:
        middle = (low + high) // 2
        if index.mono_ns(middle) < mono_ns:
            low = middle + 1
        else:
            high = middle
    return min(low, max(len(index) - 1, 0))


def parse_time(text: str, near_ns: int, *, local: bool = True) -> int | None:
    """Nanoseconds since 1970 of ``HH:MM[:SS[.fff]]`` on the day of ``near_ns``, or with ``YYYY-MM-DD`` before it.

    Local time, or UTC where it ends in Z. None: it is no time at all.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zulu = found.groups()
    zone = UTC if zulu or not local else None
    try:
        base = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=near_ns // 1000)
        base = base.astimezone(zone)
        if year:
            base = base.replace(year=int(year), month=int(month), day=int(day))
        moment = base.replace(hour=int(hour), minute=int(minute), second=int(second or 0), microsecond=0)
        if zone is None:
            moment = moment.replace(tzinfo=None).astimezone()  # the zone's rule of that day, not of another
    except (ValueError, OverflowError) as error:
        raise UserError(f"there is no time {text!r} ({error})") from error
    return int(moment.timestamp()) * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def _event(chunk: Chunk, first: int, last: int, holds: pa.Array) -> pa.Array:
    """Only events themselves: their facts are where they are."""
    return pc.and_(holds, pc.equal(chunk.part.slice(first, last - first), 0))


def _find(
    index: Index, position: int, direction: int, holds: object, *, most: int | None = None, step: int = _STEP
) -> int | None:
    assert callable(holds)
    first = position + 1 if direction > 0 else 0
    last = len(index) if direction > 0 else position
    if most is not None:
        first, last = (first, min(last, first + most)) if direction > 0 else (max(first, last - most), last)
    pieces = list(index.pieces(first, last))
    for start, chunk, begin, end in pieces if direction > 0 else reversed(pieces):
        cuts = range(begin, end, step)
        for cut in cuts if direction > 0 else reversed(cuts):
            there = pc.indices_nonzero(holds(chunk, cut, min(cut + step, end)))
            if len(there):
                offset: int = there[0 if direction > 0 else -1].as_py()
                return start + cut + offset
    return None
