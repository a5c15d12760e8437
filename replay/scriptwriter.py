"""From the events of a capture to a :class:`~wsreplay.replay.script.Script`. Sans-I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from wsreplay.captures.event import Event
from wsreplay.captures.rest_rows import request_in, response_in
from wsreplay.captures.wire import Handshake
from wsreplay.replay.redacted import MARK, blanks_in, blanks_in_headers, text_of
from wsreplay.replay.rows import envelope_of, headers_of, json_of
from wsreplay.replay.script import Ask, How, Leave, Open, Reply, Say, Script, Step, Who
from wsreplay.venues.envelope import HttpMessage

KNOWS_RELAY = frozenset({"reverse", "regular", "socks5", "run", "serve"})
"""The modes of recording in which a message without a time of relay is one that was never handed on."""
_DROPPED = re.compile(r"drop (rst|fin|close)\b")


class _Happening(NamedTuple):
    """A step, or a reply that reached the bot, where it stands in the bot's own time."""

    at_ns: int
    seq: int
    step: Step | None
    answers: int = 0
    until_ns: int = 0
    """When it was over: a handshake takes a while."""


class _Line:
    """What is known of a connection on the way."""

    def __init__(self) -> None:
        self.over = False
        self.asked: dict[int, int] = {}
        """Requests without a reply that reached the bot, and when they were sent."""
        self.keys: dict[int, str | None] = {}
        """The keys of its requests."""
        self.owed: frozenset[int] = frozenset()
        """Those that it ended before."""


class Scriptwriter:
    """Reads the events of a capture in their order, once."""

    def __init__(
        self,
        mode: str,
        upstreams: Mapping[str, str],
        wanted: Callable[[int], bool] | None = None,
        until: int | None = None,
    ) -> None:
        """``mode`` and ``upstreams`` as the metadata has them.

        ``wanted``: which messages and requests are sent (by their ``seq``; None: all), ``until``: where it stops.
        """
        self._knows_relay = mode in KNOWS_RELAY
        self._upstreams = upstreams
        self._all = wanted is None
        self._wanted = wanted or (lambda _: True)
        self._until = until
        self._lines: dict[int, _Line] = {}
        self._happened: list[_Happening] = []
        self._replies: dict[int, Reply] = {}
        self._requests: set[int] = set()
        self._asked_at: dict[int, int] = {}
        self._over_rest: dict[int, HttpMessage] = {}
        """REST requests without an answer so far."""
        self._held_back: list[int] = []
        self._gaps = 0
        self._pong: str | None = None
        self._accounts: dict[str, None] = {}
        self._symbols: dict[str, None] = {}
        self._used: set[int] = set()
        """Lines on which something is sent."""

    def write(self, events: Iterable[Event]) -> Script:
        """The script of these events."""
        for _, rows in groupby(events, key=lambda event: event.seq):
            event, *facts = rows
            if event.part == 0:
                self._see(event, facts)
        return Script(
            steps=tuple(self._in_order()),
            replies=self._replies,
            requests=frozenset(self._requests),
            followed=frozenset(self._followed()),
            whole=self._all,
            held_back=tuple(self._held_back),
            gaps=self._gaps,
            pong=self._pong,
            accounts=tuple(self._accounts),
            symbols=tuple(self._symbols),
        )

    def _see(self, event: Event, facts: list[Event]) -> None:
        match event.kind, event.sender:
            case "open", _:
                self._opened(event)
            case (("text" | "binary"), "client"):
                self._said(event)
            case (("text" | "binary"), "venue"):
                self._heard(event, facts)
            case "http_request", _:
                self._asked(event)
            case "http_response", _:
                self._heard(event, facts)
            case "close", "client":
                self._left(event, "close", "client")
            case "close", "venue":
                if event.relay_ns is not None or not self._knows_relay:
                    self._left(event, "close", "venue")
            case "end", _:
                if event.ended_by != "proxy":
                    how: How = "fin" if event.ended_by == "fin" else "rst"
                    self._left(event, how, "client" if event.sender == "client" else "venue")
            case "fault", _:
                self._struck(event)
            case "gap", _:
                self._gaps += 1

    # What the client did

    def _opened(self, event: Event) -> None:
        try:
            handshake = msgspec.json.decode(event.text or "", type=Handshake)
        except msgspec.MsgspecError:
            return
        conn = event.conn or 0
        line = self._lines[conn] = _Line()
        line.over = handshake.status != 101
        step = Open(
            seq=event.seq,
            at_ns=event.at_ns,
            line=conn,
            upstream=handshake.upstream,
            url=handshake.url,
            headers=headers_of(handshake.request),
            status=handshake.status,
            redacted=MARK in (event.text or ""),
        )
        self._happened.append(_Happening(event.first_mono_ns, event.seq, step, until_ns=event.mono_ns))

    def _said(self, event: Event) -> None:
        payload = event.text if event.text is not None else event.data
        line = self._line(event)
        if payload is None or line.over:
            return
        if event.relay_ns is None and self._knows_relay:
            self._held_back.append(event.seq)
            return
        if event.role == "heartbeat" and event.op == "pong":
            self._pong = event.text
            return
        if not self._wanted(event.seq):
            return
        conn = event.conn or 0
        self._used.add(conn)
        if event.role == "request":
            self._requests.add(event.seq)
            self._asked_at[event.seq] = line.asked[event.seq] = event.mono_ns
            line.keys[event.seq] = event.key
        self._note_names(event)
        self._step(
            event,
            Say(
                seq=event.seq,
                at_ns=event.at_ns,
                line=conn,
                payload=payload,
                binary=event.kind == "binary",
                signer=event.signer,
                signature_ok=event.signature_ok,
                token_expires=event.token_expires,
                redacted=MARK in payload if isinstance(payload, str) else MARK.encode() in payload,
                asks=envelope_of(event) if event.role == "request" else None,
            ),
        )

    def _asked(self, event: Event) -> None:
        said = json_of(event.text)
        if not self._wanted(event.seq) or not isinstance(said.get("url"), str):
            return
        body = said.get("body")
        self._over_rest[event.seq] = request_in(event)
        self._requests.add(event.seq)
        self._asked_at[event.seq] = event.mono_ns
        self._note_names(event)
        self._step(
            event,
            Ask(
                seq=event.seq,
                at_ns=event.at_ns,
                upstream=str(said.get("upstream", "")),
                method=str(said.get("method", "GET")),
                url=said["url"],
                headers=headers_of(said.get("headers")),
                body=body.encode() if isinstance(body, str) else event.data or b"",
                op=event.op,
                redacted=MARK in (event.text or "") or MARK.encode() in (event.data or b""),
            ),
        )

    def _left(self, event: Event, how: How, by: Who) -> None:
        line = self._line(event)
        if line.over:
            return
        line.over = True
        if self._until is not None and event.seq > self._until:
            return
        # Who says goodbye in order waits for nothing; what is cut off, is cut off from something.
        owed = () if by == "client" and how == "close" else tuple(line.asked.items())
        line.owed = frozenset(seq for seq, _ in owed)
        self._step(
            event,
            Leave(
                seq=event.seq,
                at_ns=event.at_ns,
                line=event.conn or 0,
                how=how,
                by=by,
                code=event.close_code if by == "client" else None,
                reason=(event.close_reason or "") if by == "client" else "",
                owed=tuple((seq, max(0, event.mono_ns - sent)) for seq, sent in owed),
            ),
        )

    def _struck(self, event: Event) -> None:
        dropped = _DROPPED.match(str(json_of(event.text).get("fault", "")))
        if dropped is not None and event.conn in self._lines:
            how: Any = dropped[1]
            self._left(event, how, "fault")

    # What it heard

    def _heard(self, event: Event, facts: list[Event]) -> None:
        request = event.reply_to
        if request is None or event.role not in ("reply", "error") or request not in self._asked_at:
            return
        rest = event.kind == "http_response"
        line = None if rest else self._line(event)
        delivered = rest or event.relay_ns is not None or not self._knows_relay
        answer = response_in(event, self._over_rest.pop(request, None)) if rest else None
        text = event.text if answer is None else text_of(answer)
        self._replies[request] = Reply(
            seq=event.seq,
            delivered=delivered,
            latency_ns=event.mono_ns - self._asked_at[request],
            envelope=envelope_of(event, tuple(envelope_of(fact) for fact in facts if fact.outcome is None)),
            answer=answer,
            blanks=blanks_in(text or ""),
            header_blanks=() if answer is None else blanks_in_headers(answer.headers),
        )
        if delivered:
            if line is not None:
                line.asked.pop(request, None)
            reached_ns = event.mono_ns + (event.relay_ns or 0)
            self._happened.append(_Happening(reached_ns, event.seq, None, request, reached_ns))

    # Private parts

    def _line(self, event: Event) -> _Line:
        conn = event.conn or 0
        line = self._lines.get(conn)
        if line is None:
            # The capture begins in the middle of this connection: it is opened where it is first heard of.
            line = self._lines[conn] = _Line()
            upstream = next(iter(self._upstreams), "")
            url = self._upstreams.get(upstream, "")
            step = Open(seq=event.seq, at_ns=event.at_ns, line=conn, upstream=upstream, url=url)
            self._happened.append(_Happening(event.mono_ns, event.seq, step, until_ns=event.mono_ns))
        return line

    def _step(self, event: Event, step: Step) -> None:
        self._happened.append(_Happening(event.mono_ns, event.seq, step, until_ns=event.mono_ns))

    def _note_names(self, event: Event) -> None:
        if event.account is not None:
            self._accounts[event.account] = None
        if event.symbol is not None:
            self._symbols[event.symbol] = None

    def _followed(self) -> Iterable[int]:
        """The requests whose live replies must be told from others.

        A bot that streams leaves thousands of requests without an answer. What answers them now, if anything does,
        moves nothing, unless it could be mistaken for the reply to another request.
        """
        for line in self._lines.values():
            matter = {key for seq, key in line.keys.items() if seq in self._replies or seq in line.owed}
            yield from (seq for seq, key in line.keys.items() if key in matter)

    def _in_order(self) -> Iterable[Step]:
        """The steps with what each waits for, in the order in which the bot lived them."""
        # An opened line stands in a capture where the handshake was over, and in older ones a REST request where it was
        # answered: time tells when they were begun.
        happened = sorted(self._happened, key=lambda each: (each.at_ns, each.seq))
        awaits: list[int] = []
        last: _Happening | None = None
        for each in happened:
            if each.step is None:
                awaits.append(each.answers)
                last = each
                continue
            if not self._all and isinstance(each.step, Open | Leave) and each.step.line not in self._used:
                continue
            step = each.step
            if isinstance(step, Say) and step.asks is not None and step.seq not in self._replies:
                step = msgspec.structs.replace(step, asks=None)
            yield msgspec.structs.replace(
                step,
                gap_ns=max(0, each.at_ns - last.until_ns) if last is not None else 0,
                after=last.answers if last is not None and last.step is None else None,
                awaits=tuple(awaits),
            )
            awaits = []
            last = each
