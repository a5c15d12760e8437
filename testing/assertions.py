"""What a test demands of a session. Each message names what was there, what came nearest, and how to look at it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from wsreplay.analysis.incidents.incident import BY_WEIGHT, KINDS, Certainty, Incident
from wsreplay.analysis.incidents.wording import count as counted
from wsreplay.analysis.incidents.wording import request_words
from wsreplay.cli.harmless import harmless
from wsreplay.testing.keeping import shown
from wsreplay.testing.nearest import Candidate, candidates, named

OUTCOMES = ("ok", "rejected", "late", "unknown", "pending")
_SHOWN = 3
"""So many that come near are told."""
_OF_INCIDENTS = frozenset({"certainty", "conn", "seq"})


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What is asserted of: a capture's incidents, and its requests as rows of that view."""

    path: Path
    incidents: Sequence[Incident]
    requests: Sequence[Mapping[str, Any]]
    columns: Sequence[str]
    """What a request has."""

    def show(self, seq: int) -> str:
        """The command that shows an event."""
        return f"wsreplay show {shlex.quote(f'{shown(self.path)}#{seq}')}"


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the served recording does not have."""

    what: str
    nearest: int | None = None
    difference: str = ""


def no_incident(findings: Findings, kinds: Sequence[str], certainty: Certainty | None = None) -> None:
    """Fail if an incident of these kinds happened (of any kind, without kinds)."""
    __tracebackhide__ = True
    for kind in kinds:
        named(kind, KINDS, "kind of incident")
    found = [
        each
        for each in _by_weight(findings.incidents)
        if (not kinds or each.kind in kinds) and certainty in (None, each.certainty)
    ]
    if not found:
        return
    told = "\n".join(_incident(each, findings) for each in found[:_SHOWN])
    rest = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    others = dict.fromkeys(each.kind for each in _by_weight(findings.incidents) if each not in found)
    beside = f"\nbeside it: {', '.join(others)}" if others else ""
    raise AssertionError(f"{_kinds(found)} happened:\n{told}{rest}{beside}")


def incident(findings: Findings, kind: str, facts: Mapping[str, Any]) -> Incident:
    """The first incident of this kind with these facts; fail if there is none."""
    __tracebackhide__ = True
    named(kind, KINDS, "kind of incident")
    rows = [{"kind": each.kind, **_facts(each)} for each in findings.incidents]
    near = candidates(rows, {"kind": kind, **facts})
    if near and not near[0].differences:
        return findings.incidents[near[0].place]
    wanted = ", ".join([kind, *(f"{name} {value}" for name, value in facts.items())])
    if not near:
        raise AssertionError(f"no {wanted} happened: nothing did, in {shown(findings.path)}")
    told = "\n".join(
        _incident(findings.incidents[each.place], findings) + _but(each) for each in _of_its_kind(near, kind)[:_SHOWN]
    )
    raise AssertionError(f"no {wanted} happened; nearest to it:\n{told}")


def outcome(findings: Findings, wanted: Mapping[str, Any], times: int | None = None) -> None:
    """Fail unless a request with these facts came (as many ``times``, if that is said)."""
    __tracebackhide__ = True
    for name in wanted:
        named(name, findings.columns, "fact of a request")
    if wanted.get("outcome") is not None:
        named(str(wanted["outcome"]), OUTCOMES, "outcome")
    near = candidates(findings.requests, wanted)
    met = [candidate.row for candidate in near if not candidate.differences]
    if (met and times is None) or len(met) == times:
        return
    what = " with " + ", ".join(f"{name} {value}" for name, value in wanted.items()) if wanted else ""
    if met:
        there = f"{len(met)} requests" if len(met) > 1 else "1 request"
        told = "\n".join(_request(row, findings) for row in met)
        raise AssertionError(f"{there}{what}, not {times}:\n{told}")
    none = f"no request{what}" if times is None else f"no request{what}, where {times} were wanted"
    if not near:
        raise AssertionError(f"{none}: there was no request at all, in {shown(findings.path)}")
    told = "\n".join(_request(each.row, findings) + _but(each) for each in near[:_SHOWN])
    raise AssertionError(f"{none}; of {counted(len(near), 'request')} nearest to it:\n{told}")


def no_unmatched(missed: Sequence[Missed], recorded: Path) -> None:
    """Fail if the bot asked what the served recording does not have."""
    __tracebackhide__ = True
    if not missed:
        return
    told = []
    for each in missed[: 2 * _SHOWN]:
        told.append(f"  {harmless(each.what)}")
        if each.nearest is not None:
            told.append(f"    nearest to it is #{each.nearest}: {harmless(each.difference) or 'otherwise the same'}")
            told.append(f"    wsreplay show {shlex.quote(f'{shown(recorded)}#{each.nearest}')}")
    if len(missed) > 2 * _SHOWN:
        told.append(f"  and {len(missed) - 2 * _SHOWN} more")
    raise AssertionError("\n".join(["the bot asked what was never recorded:", *told]))


def _incident(each: Incident, findings: Findings) -> str:
    evidence = ", ".join(map(str, each.evidence[:12])) + (", …" if len(each.evidence) > 12 else "")
    first = min(each.evidence, default=each.seq)
    lines = [
        f"  {each.kind} ({each.certainty}): {harmless(each.summary)}",
        f"    events {evidence or each.seq}: {findings.show(first)}",
    ]
    if each.advice:
        lines.append(f"    What to do: {harmless(each.advice)}")
    return "\n".join(lines)


def _request(row: Mapping[str, Any], findings: Findings) -> str:
    said = SimpleNamespace(**{name: row.get(name) for name in ("op", "side", "qty", "symbol", "price")})
    became = str(row.get("outcome") or "pending")
    if row.get("error_code"):
        became += f" ({row['error_code']})"
    if row.get("resolved_seq") is not None:
        became += f", known from #{row['resolved_seq']}"
    return f"  #{row['seq']} {harmless(request_words(said))}: {harmless(became)}\n    {findings.show(row['seq'])}"


def _but(candidate: Candidate) -> str:
    return "".join(f"\n    but {harmless(str(difference))}" for difference in candidate.differences)


def _kinds(found: Sequence[Incident]) -> str:
    return " and ".join(dict.fromkeys(each.kind for each in found))


def _by_weight(incidents: Sequence[Incident]) -> list[Incident]:
    return sorted(incidents, key=lambda each: BY_WEIGHT.index(each.kind) if each.kind in BY_WEIGHT else len(BY_WEIGHT))


def _facts(each: Incident) -> dict[str, Any]:
    return {**each.facts, **{name: getattr(each, name) for name in _OF_INCIDENTS}}


def _of_its_kind(near: Sequence[Candidate], kind: str) -> list[Candidate]:
    """Of the same kind first, then those that are about the same trouble: they stand near in the order of weight."""
    place = {each: number for number, each in enumerate(BY_WEIGHT)}
    away = {each: abs(number - place[kind]) for each, number in place.items()}
    return sorted(near, key=lambda each: (away.get(str(each.row["kind"]), len(place)), len(each.differences)))
