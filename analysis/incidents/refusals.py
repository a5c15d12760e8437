"""What a venue refuses: ``rejected``, ``rate-limited``, ``auth-failed``, and the words for requests that it can't read.

What a refusal is about, the venue's dialect says, if it has a ``trouble(error_code, payload)``; else its words do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from functools import cache

import msgspec

from wsreplay.analysis.incidents.incident import Incident, evidence_of
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.analysis.incidents.wording import present, request_words
from wsreplay.captures.event import Event
from wsreplay.captures.wire import Handshake
from wsreplay.venues.errors import VenueError
from wsreplay.venues.registry import dialect

type Trouble = Callable[[str, str | bytes], str]

_LIMITED = re.compile(r"rate.?limit|too.?many|throttl|\b429\b")
_UNAUTHORIZED = re.compile(r"unauthori[sz]ed|forbidden|signature|api.?key|login|\bauth|\b40[13]\b")
_UNREADABLE = re.compile(r"malformed|(invalid|bad|not).?json|parse.?error")
_TOLD = ("rejected", "rate-limited", "auth-failed")
_switched = msgspec.json.Decoder(Handshake).decode


class Refusals:
    """One incident for each refusal. That an id was used twice is told by :mod:`.request_ids`, and not here."""

    def __init__(self, repeated: Container[int]) -> None:
        """``repeated``: the requests whose id was used twice."""
        self._repeated = repeated
        self._answer: Event | None = None

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:
        """A refusal that is known to answer a request is a fact; one that answers nothing is only a message."""
        found: list[Incident] = []
        if event.part == 0:
            found += self.end()
            if event.kind == "open":
                found += _handshake(event)
            elif event.role in ("reply", "error") and event.sender == "venue":
                self._answer = event
        elif event.kind == "fact" and event.outcome is not None:
            answer = self._answer
            if answer is not None and event.of_seq == answer.reply_to:
                self._answer = None
                if event.outcome == "rejected" and event.of_seq not in self._repeated:
                    found.append(_refusal(answer, event.error_code or "error", request, event.of_seq))
        return found

    def end(self) -> Iterable[Incident]:
        """The last message, if it was an error that answered nothing."""
        answer, self._answer = self._answer, None
        if answer is None or answer.reply_to is not None or not (answer.role == "error" or answer.error_code):
            return ()
        return (_refusal(answer, answer.error_code or "error", None, None),)


def _refusal(answer: Event, code: str, request: Sent | None, request_seq: int | None) -> Incident:
    kind = trouble(answer.venue, code, answer.text if answer.text is not None else answer.data or b"")
    what = request_words(request) if request is not None else answer.op if answer.op != "error" else None
    summary = {
        "rate-limited": f"The venue turned away {what or 'a request'} as one too many: {code}.",
        "auth-failed": f"The venue did not accept who sent {what or 'a request'}: {code}.",
        "malformed": f"The venue could not read {what or 'what the bot sent'}: {code}.",
        "rejected": f"The venue refused {what or 'something that the bot sent'}: {code}.",
    }[kind]
    return Incident(
        kind=kind,
        certainty="proven",
        conn=answer.conn,
        seq=answer.seq,
        at_ns=answer.at_ns,
        mono_ns=answer.mono_ns,
        evidence=evidence_of(request_seq, answer.seq),
        summary=summary,
        facts=present(
            error_code=code,
            request_seq=request_seq,
            op=request.op if request else None,
            key=answer.key,
            symbol=request.symbol if request else None,
            client_order_id=request.client_order_id if request else answer.client_order_id,
            intent=request.intent if request else None,
        ),
    )


def _handshake(event: Event) -> Iterable[Incident]:
    """A handshake refused for the same reasons."""
    try:
        handshake = _switched(event.text or "{}")
    except msgspec.MsgspecError:
        return ()
    kind = {401: "auth-failed", 403: "auth-failed", 429: "rate-limited"}.get(handshake.status)
    if kind is None:
        return ()
    why = "as one too many" if kind == "rate-limited" else "of somebody it does not accept"
    answer = f"{handshake.status} {handshake.reason}".rstrip()
    return (
        Incident(
            kind=kind,
            certainty="proven",
            conn=event.conn,
            seq=event.seq,
            at_ns=event.at_ns,
            mono_ns=event.mono_ns,
            evidence=(event.seq,),
            summary=f"The venue refused connection {event.conn} {why}: {answer}.",
            facts={"error_code": str(handshake.status)},
        ),
    )


def trouble(venue: str | None, code: str, payload: str | bytes = "") -> str:
    """What a refusal is about: an incident's kind."""
    if _UNREADABLE.search(code.lower().replace("_", " ")):
        return "malformed"
    says = _trouble_of(venue)
    if says is not None:
        try:
            told = says(code, payload)
        except Exception:  # a third party's dialect must not end an analysis
            told = ""
        if told in _TOLD:
            return told
    words = code.lower().replace("_", " ")
    if _LIMITED.search(words):
        return "rate-limited"
    return "auth-failed" if _UNAUTHORIZED.search(words) else "rejected"


@cache
def _trouble_of(venue: str | None) -> Trouble | None:
    if venue is None:
        return None
    try:
        return getattr(dialect(venue), "trouble", None)
    except VenueError:  # described by a map file, or not installed here
        return None
