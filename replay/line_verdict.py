"""Whether the same lines came up, ended alike, and carried data. Sans-I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from wsreplay.replay.telling import ChannelTale, LineTale, Telling
from wsreplay.replay.terms import Difference, Terms

_AT_LEAST_NS = 1_000_000_000
_TIMES = 5
"""A market that was quick once may be slow the next time, but hardly by so much."""


def line_divergences(recorded: Sequence[LineTale], replayed: Sequence[LineTale], terms: Terms) -> Iterator[Difference]:
    """The lines that only one of the two has, that came up in only one, or that ended otherwise."""
    for number, (before, now) in enumerate(_lines(recorded, replayed).values(), 1):
        if before is None or now is None:
            yield _only_one(before, now)
            continue
        name = _name(before, number)
        if before.refused != now.refused:
            yield Difference(
                what=name, recorded=_start(before), replayed=_start(now), seq=before.seq, replay_seq=now.seq
            )
        elif before.refused is None and _ended_otherwise(before, now, terms):
            yield Difference(
                what=name,
                recorded=before.end,
                replayed=now.end,
                seq=before.ended_seq or before.seq,
                replay_seq=now.ended_seq or now.seq,
            )


def line_pairs(recorded: Sequence[LineTale], replayed: Sequence[LineTale]) -> dict[int, int]:
    """Where each of the replay's lines was opened, with where that was in the recording."""
    return {now.seq: before.seq for before, now in _lines(recorded, replayed).values() if before and now}


def channel_divergences(recorded: Telling, replayed: Telling) -> Iterator[Difference]:
    """The subscriptions of which something came in only one of the two."""
    pairs = _lines(recorded.lines, replayed.lines)
    places = {id(line): place for place, both in enumerate(pairs.values()) for line in both if line is not None}
    first = _channels(recorded, places)
    second = _channels(replayed, places)
    for key, before in first.items():
        now = second.get(key)
        if now is None:
            continue  # the request that was not sent is told already
        what = f"subscription to {before.name}"
        if before.pushed_seq is not None and now.pushed_seq is None and _silent(now, before):
            yield Difference(
                what=what, recorded="data came", replayed="none came", seq=before.pushed_seq, replay_seq=now.seq
            )
        elif before.pushed_seq is None and now.pushed_seq is not None and _silent(before, now):
            yield Difference(
                what=what, recorded="no data came", replayed="it came", seq=before.seq, replay_seq=now.pushed_seq
            )


def _silent(silent: ChannelTale, other: ChannelTale) -> bool:
    """Whether it was waited long enough where nothing came, by how soon something came in the other."""
    return silent.waited_ns >= _AT_LEAST_NS + _TIMES * other.waited_ns


def _lines(
    recorded: Sequence[LineTale], replayed: Sequence[LineTale]
) -> dict[tuple[object, int], tuple[LineTale | None, LineTale | None]]:
    """Both sides' lines, aligned by where they led and the how manieth to there each is."""
    common = {(line.upstream, line.path) for line in recorded} & {(line.upstream, line.path) for line in replayed}

    def label(line: LineTale) -> object:
        # A server that stands in for another may have its own paths.
        return (line.upstream, line.path) if (line.upstream, line.path) in common else line.upstream

    before, now = _by_occurrence(recorded, label), _by_occurrence(replayed, label)
    return {key: (before.get(key), now.get(key)) for key in (*before, *(key for key in now if key not in before))}


def _channels(side: Telling, places: dict[int, int]) -> dict[tuple[object, int], ChannelTale]:
    def label(channel: ChannelTale) -> object:
        line = side.lines[channel.line] if channel.line >= 0 else None
        return places.get(id(line)), channel.channel

    return _by_occurrence(side.channels, label)


def _by_occurrence[T](told: Iterable[T], label: Callable[[T], object]) -> dict[tuple[object, int], T]:
    counted: Counter[object] = Counter()
    found: dict[tuple[object, int], T] = {}
    for each in told:
        name = label(each)
        counted[name] += 1
        found[name, counted[name]] = each
    return found


def _only_one(before: LineTale | None, now: LineTale | None) -> Difference:
    one = before or now
    assert one is not None
    what = f"line to {_place(one)}"
    if before is not None:
        return Difference(
            what=what, recorded=_start(before), replayed="no such line", seq=before.seq, only_in="recorded"
        )
    return Difference(what=what, recorded="no such line", replayed=_start(one), replay_seq=one.seq, only_in="replayed")


def _ended_otherwise(before: LineTale, now: LineTale, terms: Terms) -> bool:
    if terms.ends_of == "both":
        return (before.by, before.how, before.code) != (now.by, now.how, now.code)
    if now.by != terms.ends_of:
        return False  # the replay ended it, or left it open: in whoever's place
    # An end is news where the other side had left first, and where it gives another reason than it gave.
    if before.by == now.by:
        return before.how == now.how == "close" and before.code != now.code
    if before.by is None:
        return now.by == "venue"  # a bot leaves when it has done its work, and nobody recorded when that was
    return before.by != "fault"


def _start(line: LineTale) -> str:
    return "opened" if line.refused is None else f"refused ({line.refused})"


def _name(line: LineTale, number: int) -> str:
    return f"line {number}, to {_place(line)}"


def _place(line: LineTale) -> str:
    path = f"/{line.path}"
    return f"{line.upstream} {path}" if line.upstream else path
