"""Connections as a recording tells of them: where they led, how they ended, and who was first to end them."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec

from wsreplay.captures.event import Event
from wsreplay.captures.wire import Handshake

LINES = 4_096
"""Connections that are remembered. Beyond it the oldest are forgotten, those that are over first."""
_SWITCHED = 101
_ORDERLY = frozenset({None, 1000, 1001})
"""Close codes with which a bot just leaves."""

_STRUCK = {
    "drop": "the line was cut",
    "withhold": "a message was withheld",
    "stall": "the line stalled",
    "delay": "a message was delayed",
}

_handshake = msgspec.json.Decoder(Handshake).decode
_fault = msgspec.json.Decoder(dict[str, Any]).decode


class Line:
    """One WebSocket connection, or an attempt at one."""

    __slots__ = (
        "asked_mono_ns",
        "close_code",
        "close_reason",
        "conn",
        "end",
        "ended_by",
        "fault",
        "fault_seq",
        "first_end",
        "mourned",
        "opened_at_ns",
        "opened_mono_ns",
        "opened_seq",
        "refused",
        "url",
    )

    def __init__(self, conn: int | None) -> None:
        self.conn = conn
        self.url = ""
        """Without its query, which may hold what is different each time."""
        self.opened_seq = 0
        """0: it was open before the recording began to see it."""
        self.opened_at_ns = 0
        self.opened_mono_ns = 0
        self.asked_mono_ns = 0
        self.refused: str | None = None
        """Why it never came up."""
        self.fault: str | None = None
        self.fault_seq: int | None = None
        """The last fault on it before it ended."""
        self.first_end: Event | None = None
        """The close frame or the end of a leg that was first."""
        self.end: Event | None = None
        """The first end of a leg."""
        self.ended_by: str | None = None
        """How the first leg that ended by itself did."""
        self.close_code: int | None = None
        self.close_reason: str | None = None
        """Of the first close frame."""
        self.mourned = False
        """It broke, and that was noticed."""

    @property
    def broken(self) -> bool:
        """Whether it ended, and otherwise than by the bot's own wish or with the recording."""
        first = self.first_end
        if first is None:
            return False
        if first.kind == "close":
            # The bot's answer to a close frame of a fault is kept from the venue, and no wish of its own.
            answers_fault = self.fault is not None and first.relay_ns is None
            return first.sender != "client" or first.close_code not in _ORDERLY or answers_fault
        # Where neither leg ended by itself, nor by a fault, we ended both: the recording was over.
        return self.fault is not None or self.ended_by is not None

    def see(self, event: Event) -> None:
        """A close frame, an end, or a fault on it."""
        if event.kind == "fault":
            if self.first_end is None:
                self.fault, self.fault_seq = fault_name(event), event.seq
            return
        if self.first_end is None:
            self.first_end = event
            if event.kind == "close":
                self.close_code, self.close_reason = event.close_code, event.close_reason
        if event.kind == "end":
            self.end = self.end or event
            if self.ended_by is None and event.ended_by != "proxy":
                self.ended_by = event.ended_by


class Lines:
    """The connections of a recording."""

    def __init__(self) -> None:
        self._by_conn: OrderedDict[int | None, Line] = OrderedDict()

    def get(self, conn: int | None) -> Line | None:
        """The connection with this number, if it is remembered."""
        return self._by_conn.get(conn)

    def see(self, event: Event) -> Line | None:
        """The connection that this event begins, disturbs or ends."""
        if event.kind == "open":
            line = self._by_conn[event.conn] = Line(event.conn)
            self._by_conn.move_to_end(event.conn)
            _open(line, event)
            self._bound()
            return line
        if event.kind not in ("close", "end", "fault") or event.conn is None or event.part:
            return None
        known = self._by_conn.get(event.conn)
        if known is None:
            known = self._by_conn[event.conn] = Line(event.conn)
            self._bound()
        known.see(event)
        return known

    def _bound(self) -> None:
        if len(self._by_conn) <= LINES:
            return
        for conn, line in self._by_conn.items():
            if line.first_end is not None or line.refused is not None:
                del self._by_conn[conn]
                return
        self._by_conn.popitem(last=False)


def _open(line: Line, event: Event) -> None:
    line.opened_seq, line.opened_at_ns, line.opened_mono_ns = event.seq, event.at_ns, event.mono_ns
    line.asked_mono_ns = event.first_mono_ns
    try:
        handshake = _handshake(event.text or "{}")
    except msgspec.MsgspecError:
        return
    line.url = handshake.url.partition("?")[0]
    if handshake.error:
        line.refused = handshake.error
    elif handshake.status != _SWITCHED:
        line.refused = f"{handshake.status} {handshake.reason}".rstrip()


def fault_name(event: Event) -> str:
    """What the plan calls the fault that this row states."""
    try:
        said = _fault(event.text or "{}")
    except msgspec.MsgspecError:
        return "a fault"
    name = said.get("fault") or said.get("effect")
    return str(name) if name else "a fault"


def fault_words(name: str) -> str:
    """The same, as a clause of a sentence."""
    return _STRUCK.get(name.partition(" ")[0], "a fault struck the line")
