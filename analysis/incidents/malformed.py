"""``malformed``: bytes on the line that break the rules of WebSocket, as the frame parser noted them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.captures.event import Event


class Malformed:
    """One incident for each event that has something wrong with it, however many things these are."""

    def __init__(self) -> None:
        self._first: Event | None = None
        self._problems: list[str] = []

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:  # noqa: ARG002 - as all detectors
        """Gather the problems of one event."""
        if event.kind != "fact" or event.op != "malformed" or event.of_seq is not None:
            return ()
        found = list(self.end()) if self._first is not None and event.seq != self._first.seq else ()
        self._first = self._first or event
        self._problems.append(event.error_code or "")
        return found

    def end(self) -> Iterator[Incident]:
        """Those of the last event."""
        fact, self._first = self._first, None
        problems, self._problems = self._problems, []
        if fact is None:
            return
        who = "The bot" if fact.sender == "client" else "The venue"
        yield Incident(
            kind="malformed",
            certainty="proven",
            conn=fact.conn,
            seq=fact.seq,
            at_ns=fact.at_ns,
            mono_ns=fact.mono_ns,
            evidence=(fact.seq,),
            summary=f"{who} broke the rules of WebSocket on connection {fact.conn}: {'; '.join(problems)}.",
            facts={"sender": fact.sender, "problems": problems},
        )
