"""``disconnect``: a connection that ended otherwise than by the bot's own wish."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents.incident import Incident, evidence_of
from wsreplay.analysis.incidents.lines import Line, Lines
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.analysis.incidents.wording import count, lasting, present
from wsreplay.captures.event import Event

_WAITING = 4_096
_NAMED = 20
"""Requests that a disconnect names; the number of all is told."""


class _Broken:
    __slots__ = ("line", "lost", "waiting")

    def __init__(self, line: Line) -> None:
        self.line = line
        self.lost = 0
        self.waiting: list[int] = []


class Disconnects:
    """Told at the end of the recording: until then, the replies that it cost may come, and never reach the bot."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._broken: OrderedDict[int | None, _Broken] = OrderedDict()
        self._early: dict[int | None, list[int]] = {}
        """Requests whose replies did not reach the bot, on lines that have not ended: perhaps they are about to."""

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:
        """Notice ends, and the requests whose replies they cost."""
        if event.kind == "fact":
            if request is not None and (event.outcome == "unknown" or event.resolved_by == "undelivered-reply"):
                self._lost(request)
            return ()
        if self._early and event.sender == "venue" and event.relay_ns is not None and event.kind in ("text", "binary"):
            self._early.pop(event.conn, None)
        if event.kind == "open":
            return self._tell(event.conn)  # a number that is used again
        if event.kind not in ("close", "end"):
            return ()
        line = self._lines.get(event.conn)
        if line is None or not line.broken or event.conn in self._broken:
            return ()
        broken = self._broken[event.conn] = _Broken(line)
        broken.waiting = self._early.pop(event.conn, [])
        broken.lost = len(broken.waiting)
        return self._tell(next(iter(self._broken))) if len(self._broken) > _WAITING else ()

    def end(self) -> Iterator[Incident]:
        """All of them are told now: their requests can't be lost any more."""
        for conn in list(self._broken):
            yield from self._tell(conn)

    def _lost(self, request: Sent) -> None:
        broken = self._broken.get(request.conn)
        if broken is None:
            early = self._early.setdefault(request.conn, [])
            if len(early) < _NAMED:
                early.append(request.seq)
            if len(self._early) > _WAITING:
                del self._early[next(iter(self._early))]
            return
        first = broken.line.first_end
        if first is not None and request.seq < first.seq:
            broken.lost += 1
            if len(broken.waiting) < _NAMED:
                broken.waiting.append(request.seq)

    def _tell(self, conn: int | None) -> Iterable[Incident]:
        broken = self._broken.pop(conn, None)
        if broken is None or broken.line.first_end is None:
            return ()
        line, first = broken.line, broken.line.first_end
        lasted = first.mono_ns - line.opened_mono_ns if line.opened_seq else None
        after = f" after {lasting(lasted)}" if lasted is not None else ""
        cost = ""
        if broken.lost:
            cost = f", while {count(broken.lost, 'request')} waited for {'its' if broken.lost == 1 else 'their'} reply"
        return (
            Incident(
                kind="disconnect",
                certainty="proven",
                conn=conn,
                seq=first.seq,
                at_ns=first.at_ns,
                mono_ns=first.mono_ns,
                evidence=evidence_of(line.fault_seq, first.seq, line.end.seq if line.end else None, *broken.waiting),
                summary=f"{_how(line, first)}{after}{cost}.",
                facts=present(
                    url=line.url or None,
                    ended_by_side=first.sender,
                    how="close" if first.kind == "close" else line.ended_by or first.ended_by,
                    close_code=line.close_code,
                    close_reason=line.close_reason or None,
                    fault=line.fault,
                    lasted_ns=lasted,
                    waiting=broken.lost,
                    waiting_seqs=broken.waiting,
                ),
            ),
        )


def _how(line: Line, first: Event) -> str:
    """What happened to the connection, without its full stop."""
    name = f"connection {line.conn}"
    if first.kind == "close":
        code = "without a code" if line.close_code is None else f"with {line.close_code}"
        reason = f" ({line.close_reason})" if line.close_reason else ""
        who = "The bot" if first.sender == "client" else "The venue"
        why = f" as the fault plan wanted it ({line.fault})" if line.fault else ""
        return f"{who} closed {name} {code}{reason}{why}"
    if line.fault is not None and line.ended_by is None:
        return f"Connection {line.conn} was cut by the recording's fault plan ({line.fault})"
    side = "The bot's side" if first.sender == "client" else "The venue's side"
    how = {"rst": "was reset", "timeout": "timed out"}.get(line.ended_by or "", "ended without a close frame")
    return f"{side} of {name} {how}"
