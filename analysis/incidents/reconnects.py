"""``reconnect-storm``: a bot that comes back again and again, and gives the venue no time to recover."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.lines import Line, Lines
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.analysis.incidents.wording import count, lasting
from wsreplay.captures.event import Event

RECONNECTS = 5
"""So many in a row, within ..."""
WITHIN_NS = 10_000_000_000
"""... this time, the last after hardly longer a pause than the first, are a storm."""
_GROWN = 2
_NAMED = 20
_URLS = 1_024
_LOST = 256


class _Attempt:
    __slots__ = ("event", "pause_ns")

    def __init__(self, event: Event, pause_ns: int) -> None:
        self.event = event
        self.pause_ns = pause_ns


class _Coming:
    """The comings back to one address."""

    __slots__ = ("attempts", "ends", "number", "seqs", "storm")

    def __init__(self) -> None:
        self.ends: deque[int] = deque(maxlen=_LOST)
        """When lines to it broke, or failed to come up, that were not replaced yet."""
        self.attempts: deque[_Attempt] = deque(maxlen=RECONNECTS)
        self.storm: Event | None = None
        """The reconnect that began it."""
        self.seqs: list[int] = []
        self.number = 0


class Reconnects:
    """Counts the lines that replace one that broke or never came up; a bot that backs off is left in peace."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._by_url: OrderedDict[str, _Coming] = OrderedDict()

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:  # noqa: ARG002 - as all detectors
        """Notice ends, and what follows them."""
        if event.kind not in ("open", "close", "end") or event.part:
            return ()
        line = self._lines.get(event.conn)
        if line is None or not line.url:
            return ()
        if event.kind != "open":
            if line.broken and not line.mourned:
                line.mourned = True
                self._coming(line).ends.append(event.mono_ns)
            return ()
        coming = self._coming(line)
        found = self._opened(coming, line, event)
        if line.refused is not None:
            coming.ends.append(event.mono_ns)
        return found

    def end(self) -> Iterator[Incident]:
        """The storms that last until the end."""
        for url, coming in self._by_url.items():
            yield from _tell(url, coming)

    def _coming(self, line: Line) -> _Coming:
        coming = self._by_url.get(line.url)
        if coming is None:
            coming = self._by_url[line.url] = _Coming()
            if len(self._by_url) > _URLS:
                self._by_url.popitem(last=False)
        return coming

    def _opened(self, coming: _Coming, line: Line, event: Event) -> Iterable[Incident]:
        if not coming.ends:
            return ()
        pause = max(line.asked_mono_ns - coming.ends.popleft(), 0)
        found: Iterable[Incident] = ()
        if coming.attempts and event.mono_ns - coming.attempts[-1].event.mono_ns > WITHIN_NS:
            found = _tell(line.url, coming)
            coming.attempts.clear()
        coming.attempts.append(_Attempt(event, pause))
        if coming.storm is not None:
            coming.number += 1
            if len(coming.seqs) < _NAMED:
                coming.seqs.append(event.seq)
        elif _is_storm(coming.attempts):
            coming.storm = coming.attempts[0].event
            coming.seqs = [attempt.event.seq for attempt in coming.attempts]
            coming.number = len(coming.seqs)
        return found


def _is_storm(attempts: deque[_Attempt]) -> bool:
    if len(attempts) < RECONNECTS:
        return False
    first, last = attempts[0], attempts[-1]
    if last.event.mono_ns - first.event.mono_ns > WITHIN_NS:
        return False
    return last.pause_ns <= _GROWN * max(first.pause_ns, 1)


def _tell(url: str, coming: _Coming) -> Iterable[Incident]:
    began, coming.storm = coming.storm, None
    if began is None:
        return ()
    last = coming.attempts[-1].event if coming.attempts else began
    took = last.mono_ns - began.mono_ns
    return (
        Incident(
            kind="reconnect-storm",
            certainty="proven",
            conn=began.conn,
            seq=began.seq,
            at_ns=began.at_ns,
            mono_ns=began.mono_ns,
            evidence=tuple(coming.seqs),
            summary=f"The bot reconnected {count(coming.number, 'time')} in {lasting(took)} without backing off.",
            facts={"url": url, "reconnects": coming.number, "lasted_ns": took},
        ),
    )
