"""Whether the bot had given up on a request before its reply could be read."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsreplay.captures.in_flight import Request

_FAULTS = 1024


class _Wanted:
    """The requests of one intent, for as long as any of them is in flight."""

    __slots__ = ("by_client_order_id", "in_flight", "last_seq", "newest_connection")

    def __init__(self) -> None:
        self.in_flight = 0
        self.last_seq = 0
        self.newest_connection = 0
        self.by_client_order_id: dict[str, int] = {}


class Patience:
    """Notes what a bot does while it waits.

    A bot has given up on a request if it lasted longer than its patience, where that is known; or if it sent the same
    intent again after the line was disturbed: on a connection opened since the request, under the same client order id,
    or after a recorded fault on the request's connection. The same intent sent again without any of these is no sign:
    equal slices are pipelined on a live connection every day.
    """

    def __init__(self, patience_ns: int | None) -> None:
        self._patience_ns = patience_ns
        self._wanted: dict[str, _Wanted] = {}
        self._faults: defaultdict[int | None, list[int]] = defaultdict(list)

    def sent(self, request: Request, connection_opened: int) -> None:
        """A request was sent, on a connection opened at that seq."""
        if request.intent is None:
            return
        wanted = self._wanted.get(request.intent)
        if wanted is None:
            wanted = self._wanted[request.intent] = _Wanted()
        wanted.in_flight += 1
        wanted.last_seq = request.seq
        wanted.newest_connection = max(wanted.newest_connection, connection_opened)
        if request.client_order_id is not None:
            wanted.by_client_order_id[request.client_order_id] = request.seq

    def over(self, request: Request) -> None:
        """Nobody waits for its reply any more."""
        if request.intent is not None and (wanted := self._wanted.get(request.intent)) is not None:
            wanted.in_flight -= 1
            if not wanted.in_flight:
                del self._wanted[request.intent]

    def disturbed(self, conn: int | None, seq: int) -> None:
        """A fault was recorded, on one connection or on none in particular."""
        faults = self._faults[conn]
        faults.append(seq)
        if len(faults) > _FAULTS:
            del faults[: _FAULTS // 2]

    def forget(self, conn: int | None) -> None:
        """The connection is over."""
        self._faults.pop(conn, None)

    def had_ended(self, request: Request, reply_at_mono_ns: int) -> bool:
        """Whether it had, for this request, when a reply reached the bot."""
        if self._patience_ns is not None and reply_at_mono_ns - request.mono_ns > self._patience_ns:
            return True
        wanted = self._wanted.get(request.intent) if request.intent is not None else None
        if wanted is None or wanted.last_seq <= request.seq:
            return False
        if wanted.newest_connection > request.seq:
            return True
        if request.client_order_id is not None and wanted.by_client_order_id[request.client_order_id] > request.seq:
            return True
        return any(self._first_fault(conn, request.seq) < wanted.last_seq for conn in {request.conn, None})

    def _first_fault(self, conn: int | None, after: int) -> float:
        faults = self._faults.get(conn, ())
        at = bisect_right(faults, after)
        return faults[at] if at < len(faults) else float("inf")
