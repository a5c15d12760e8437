"""``sent-before-auth``: a request on a line on which the venue had not accepted a login yet."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from wsreplay.analysis.incidents.incident import Incident, evidence_of
from wsreplay.analysis.incidents.lines import LINES, Lines
from wsreplay.analysis.incidents.sent import Sent
from wsreplay.analysis.incidents.setting import Setting
from wsreplay.analysis.incidents.wording import count, lasting, present, request_words
from wsreplay.captures.event import Event

_NAMED = 20
_LIKE_A_LOGIN = re.compile(r"(^|[^a-z])(log_?[io]n|sign_?in|auth(enticate|orize|entication)?)([^a-z]|$)")


class _Early:
    """A line as long as nobody is logged in on it."""

    __slots__ = ("answered_seq", "login", "number", "refused", "sent")

    def __init__(self) -> None:
        self.login: Sent | None = None
        """The last that was sent."""
        self.answered_seq: int | None = None
        self.refused = False
        self.sent: list[Sent] = []
        """The first requests that came too early."""
        self.number = 0


class Logins:
    """One incident a line, told when somebody is logged in at last, or when the line is over.

    Where the venue states no rule, a request is too early only if it is refused, on a line where the bot then sent
    something like a login that was accepted.
    """

    def __init__(self, setting: Setting, lines: Lines) -> None:
        self._setting = setting
        self._lines = lines
        self._early: OrderedDict[int | None, _Early] = OrderedDict()
        """The lines that were seen from their beginning; those on which a login was accepted are gone."""

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:
        """A line that begins or ends, a request, or what became of one."""
        if request is None and event.kind == "text":
            return ()  # nearly all that there is
        match event.kind:
            case "open":
                found = self._told(event.conn)
                line = self._lines.get(event.conn)
                if line is not None and line.refused is None:
                    self._early[event.conn] = _Early()
                    if len(self._early) > LINES:
                        return [*found, *self._told(next(iter(self._early)))]
                return found
            case "close" | "end":
                return self._told(event.conn)
            case "fact":
                if request is not None and not request.rest:
                    return self._learned(event, request)
            case _:
                if request is not None and not request.rest:
                    self._sent(request)
        return ()

    def end(self) -> Iterator[Incident]:
        """The lines that are still open."""
        for conn in list(self._early):
            yield from self._told(conn)

    def _sent(self, request: Sent) -> None:
        early = self._early.get(request.conn)
        if early is None:
            return
        if self._is_login(request.op):
            early.login, early.refused, early.answered_seq = request, False, None
            return
        early.number += 1
        if len(early.sent) < _NAMED:
            early.sent.append(request)

    def _is_login(self, op: str | None) -> bool:
        rules = self._setting.rules
        if rules is not None:
            return op is not None and op == rules.login
        return op is not None and _LIKE_A_LOGIN.search(op.lower()) is not None

    def _learned(self, fact: Event, request: Sent) -> Iterable[Incident]:
        early = self._early.get(request.conn)
        if early is None or request is not early.login or fact.outcome == "unknown":
            return ()
        early.answered_seq = fact.seq
        early.refused = not request.accepted
        return () if early.refused else self._told(request.conn)

    def _told(self, conn: int | None) -> Iterable[Incident]:
        early = self._early.pop(conn, None)
        rules = self._setting.rules
        if early is None or not early.sent or (rules is not None and rules.login is None):
            return ()
        if rules is None:
            return self._guessed(early)
        return (self._incident(early, early.sent, early.number, proven=True),)

    def _guessed(self, early: _Early) -> Iterable[Incident]:
        login = early.login
        if login is None or early.answered_seq is None or early.refused:
            return ()
        refused = [each for each in early.sent if each.accepted is False and each.seq < early.answered_seq]
        return (self._incident(early, refused, len(refused), proven=False),) if refused else ()

    def _incident(self, early: _Early, sent: list[Sent], number: int, *, proven: bool) -> Incident:
        first, login = sent[0], early.login
        line = self._lines.get(first.conn)
        doubt = line is None or self._setting.gap_since(first.conn, line.opened_seq)
        others = f" and {count(number - 1, 'other request')}" if number > 1 else ""
        return Incident.at(
            first,
            kind="sent-before-auth",
            certainty="proven" if proven and not doubt else "possible",
            evidence=evidence_of(
                line.opened_seq if line is not None and line.opened_seq else None,
                *(each.seq for each in sent),
                *(each.outcome_seq for each in sent),
                login.seq if login is not None else None,
                early.answered_seq,
            ),
            summary=f"The bot sent {request_words(first)}{others} on connection {first.conn} {_when(early, first)}.",
            facts=present(
                op=first.op,
                key=first.key,
                seqs=[each.seq for each in sent],
                sent=number,
                refused=sum(each.accepted is False for each in sent),
                login_seq=login.seq if login is not None else None,
                login_answered_seq=early.answered_seq,
            ),
        )


def _when(early: _Early, first: Sent) -> str:
    login = early.login
    if login is None:
        return "without ever logging in there"
    if early.refused and login.seq < first.seq:
        return "though the venue had refused its login"
    if login.seq < first.seq:
        return f"{lasting(first.mono_ns - login.mono_ns)} after its login, which was not answered yet"
    return "before it logged in"
