"""The format of Perfetto and chrome://tracing: connections as tracks, requests as slices, incidents as instants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from wsreplay.analysis.exports import Wanted
from wsreplay.captures.event import Event
from wsreplay.captures.wire import Handshake

_PID = 1
_handshake = msgspec.json.Decoder(Handshake).decode


def write(wanted: Wanted, path: Path) -> int:
    """Write the trace; how many records it has."""
    tracks = _Tracks(wanted.capture.name)
    for event in wanted.events():
        tracks.see(event)
    tracks.end()
    content = {"displayTimeUnit": "ns", "traceEvents": tracks.records}
    path.write_bytes(msgspec.json.encode(content))
    return len(tracks.records)


class _Tracks:
    """Slices that may overlap have an id of their own, as requests in flight do."""

    def __init__(self, name: str) -> None:
        self.records: list[dict[str, Any]] = [_named("process_name", 0, name)]
        self._start_ns: int | None = None
        self._open: dict[int, tuple[str, int]] = {}
        """Requests without an outcome: what and on which track."""
        self._in_flight: dict[int, int] = {}
        self._lines: dict[int, int] = {}
        """Connections that are open, and since when."""
        self._last_ns = 0

    def see(self, event: Event) -> None:
        track = event.conn or 0
        if self._start_ns is None:
            self._start_ns = event.mono_ns
        self._last_ns = event.mono_ns
        if event.kind == "incident":
            self._instant(event, event.op or "incident", "incident", {"certainty": event.status})
        elif event.kind == "fault":
            self._instant(event, "fault", "fault", {"text": event.text})
        elif event.kind == "gap":
            self._instant(event, "gap", "gap", {"text": event.text})
        elif event.part == 0:
            self._main(event, track)
        elif event.kind == "fact" and event.outcome is not None and event.of_seq in self._open:
            what, of_track = self._open.pop(event.of_seq)
            said = {"outcome": event.outcome, "resolved_by": event.resolved_by, "error_code": event.error_code}
            self._slice("e", event, what, event.of_seq, of_track, {**said, "resolved_seq": event.seq})
            self._count(event, of_track, -1)

    def _main(self, event: Event, track: int) -> None:
        if event.kind == "open":
            self.records.append(_named("thread_name", track, f"{track} {_url(event)}"))
            self._lines[track] = event.mono_ns
        elif event.kind == "end" and track in self._lines:
            since_ns = self._lines.pop(track)
            self.records.append(self._whole("connection", track, since_ns, event.mono_ns))
        elif event.role == "request" and event.sender == "client":
            what = event.op or "request"
            self._open[event.seq] = what, track
            facts = ("key", "channel", "symbol", "side", "price", "qty", "client_order_id", "order_id")
            said = {name: value for name in facts if (value := getattr(event, name)) is not None}
            self._slice("b", event, what, event.seq, track, {"seq": event.seq, **said})
            self._count(event, track, 1)

    def end(self) -> None:
        """What is still open ends where the capture does."""
        for track, since_ns in self._lines.items():
            self.records.append(self._whole("connection", track, since_ns, self._last_ns))

    def _slice(self, phase: str, event: Event, what: str, seq: int, track: int, args: dict[str, Any]) -> None:
        self.records.append(
            {
                "ph": phase,
                "cat": "request",
                "name": what,
                "id": seq,
                "pid": _PID,
                "tid": track,
                "ts": self._us(event.mono_ns),
                "args": {name: value for name, value in args.items() if value is not None},
            }
        )

    def _whole(self, what: str, track: int, since_ns: int, until_ns: int) -> dict[str, Any]:
        us = self._us(since_ns)
        length = self._us(until_ns) - us
        return {"ph": "X", "cat": "connection", "name": what, "pid": _PID, "tid": track, "ts": us, "dur": length}

    def _instant(self, event: Event, name: str, category: str, args: dict[str, Any]) -> None:
        self.records.append(
            {
                "ph": "i",
                "s": "t",
                "cat": category,
                "name": name,
                "pid": _PID,
                "tid": event.conn or 0,
                "ts": self._us(event.mono_ns),
                "args": {"seq": event.seq, **args},
            }
        )

    def _count(self, event: Event, track: int, change: int) -> None:
        self._in_flight[track] = self._in_flight.get(track, 0) + change
        self.records.append(
            {
                "ph": "C",
                "name": f"in flight {track}",
                "pid": _PID,
                "ts": self._us(event.mono_ns),
                "args": {"requests": self._in_flight[track]},
            }
        )

    def _us(self, mono_ns: int) -> float:
        return (mono_ns - (self._start_ns or 0)) / 1000


def _named(what: str, track: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": _PID, "tid": track, "args": {"name": name}}


def _url(event: Event) -> str:
    try:
        return _handshake(event.text or "").url
    except msgspec.MsgspecError:
        return ""
