"""The incident: one thing that went wrong, with its evidence, and one sentence that says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, get_args

import msgspec

from wsreplay.captures.event import Event

type Kind = Literal[
    "disconnect",
    "lost-response",
    "late-reply",
    "duplicate-order",
    "blind-retry",
    "duplicate-request-id",
    "rejected",
    "rate-limited",
    "auth-failed",
    "malformed",
    "reconnect-storm",
    "sent-before-auth",
    "missed-heartbeat",
    "extra-pong",
    "lost-subscription",
    "duplicate-subscription",
    "unanswered-subscription",
    "sequence-gap",
]
type Certainty = Literal["proven", "possible"]

KINDS: tuple[str, ...] = get_args(Kind.__value__)
"""All kinds that are looked for."""
BY_WEIGHT: tuple[str, ...] = (
    "duplicate-order",
    "blind-retry",
    "lost-response",
    "late-reply",
    "disconnect",
    "sequence-gap",
    "lost-subscription",
    "missed-heartbeat",
    "extra-pong",
    "reconnect-storm",
    "sent-before-auth",
    "auth-failed",
    "rate-limited",
    "rejected",
    "unanswered-subscription",
    "duplicate-subscription",
    "duplicate-request-id",
    "malformed",
)
"""The same, what may have cost money first."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(Protocol):
    """Whatever happened somewhere in a recording."""

    @property
    def seq(self) -> int: ...  # noqa: D102

    @property
    def conn(self) -> int | None: ...  # noqa: D102

    @property
    def at_ns(self) -> int: ...  # noqa: D102

    @property
    def mono_ns(self) -> int: ...  # noqa: D102


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that went wrong."""

    kind: str
    certainty: Certainty
    conn: int | None
    seq: int
    """The event that it is about."""
    at_ns: int
    mono_ns: int
    """When that event was."""
    evidence: tuple[int, ...]
    """The events that show it, in order."""
    summary: str
    facts: dict[str, Any] = {}
    """What only this kind of incident has: ``intent``, ``order_ids``, …"""
    advice: str | None = None
    """What to do, in one sentence: by the venue's own rules, where its dialect states them."""

    @classmethod
    def at(cls, place: Place, **said: Any) -> Incident:
        """One that happened there."""
        return cls(conn=place.conn, seq=place.seq, at_ns=place.at_ns, mono_ns=place.mono_ns, **said)

    def as_json(self) -> dict[str, Any]:
        """The incident as programs read it."""
        return {
            "kind": self.kind,
            "certainty": self.certainty,
            "conn": self.conn,
            "seq": self.seq,
            "at": _iso(self.at_ns),
            "evidence": list(self.evidence),
            "summary": self.summary,
            "advice": self.advice,
            **self.facts,
        }

    def as_row(self) -> Event:
        """The incident as a row of the capture that it was found in; whoever stores it gives it a ``part``."""
        return Event(
            seq=self.seq,
            at_ns=self.at_ns,
            mono_ns=self.mono_ns,
            first_mono_ns=self.mono_ns,
            conn=self.conn,
            sender="proxy",
            kind="incident",
            text=msgspec.json.encode(self.as_json()).decode(),
            op=self.kind,
            status=self.certainty,
            symbol=self.facts.get("symbol"),
            client_order_id=self.facts.get("client_order_id"),
            intent=self.facts.get("intent"),
        )

    @classmethod
    def of_row(cls, row: Event) -> Incident | None:
        """The incident that a stored row holds; None if its text is none of ours."""
        try:
            said = msgspec.json.decode(row.text or "", type=dict[str, Any])
        except msgspec.MsgspecError:
            return None
        known = {name: said.pop(name, None) for name in _COMMON}
        if row.op is None or row.status not in ("proven", "possible") or not isinstance(known["summary"], str):
            return None
        evidence = known["evidence"] if isinstance(known["evidence"], list) else []
        return cls(
            kind=row.op,
            certainty="proven" if row.status == "proven" else "possible",
            conn=row.conn,
            seq=row.seq,
            at_ns=row.at_ns,
            mono_ns=row.mono_ns,
            evidence=tuple(seq for seq in evidence if isinstance(seq, int)),
            summary=known["summary"],
            facts=said,
            advice=known["advice"] if isinstance(known["advice"], str) else None,
        )


_COMMON = ("kind", "certainty", "conn", "seq", "at", "evidence", "summary", "advice")


def evidence_of(*seqs: int | None) -> tuple[int, ...]:
    """Those of the seqs that are there, each once, in order."""
    return tuple(sorted({seq for seq in seqs if seq is not None}))


def _iso(at_ns: int) -> str:
    try:
        moment = _EPOCH + timedelta(microseconds=at_ns // 1000)
    except OverflowError:  # of no clock that ever was right
        return f"{at_ns} ns since 1970"
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
