"""From the events of a capture to a :class:`~wsreplay.replay.served.script.ServedScript`. Sans-I/O.

What the venue said is taken from its own leg: what a fault kept from the bot was said all the same. Where only the
recording's fault plan ended a line, nothing ends it here; where the venue did, it does so again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

import msgspec

from wsreplay.captures.event import Event
from wsreplay.captures.rest_rows import request_in, response_in
from wsreplay.captures.wire import Handshake
from wsreplay.replay.rows import headers_of, json_of
from wsreplay.replay.scriptwriter import KNOWS_RELAY
from wsreplay.replay.served.makers import Makers
from wsreplay.replay.served.recorded_line import RecordedLine
from wsreplay.replay.served.script import Said, ServedLine, ServedScript, Wish, is_ping, sendable, subscriptions
from wsreplay.replay.served.stages import Stages
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.rules import rules_of


class ServedScriptwriter:
    """Reads the events of a capture, once."""

    def __init__(self, dialect: Dialect, mode: str, upstreams: Mapping[str, str]) -> None:
        """``mode`` and ``upstreams`` as the metadata has them."""
        self._dialect = dialect
        self._rules = rules_of(dialect)
        self._knows_relay = mode in KNOWS_RELAY
        self._upstreams = upstreams
        self._lines: dict[int, RecordedLine] = {}
        self._wishes: dict[int, dict[str, Any]] = {}
        self._asked: dict[int, tuple[int, HttpMessage]] = {}
        self._makers = Makers()
        self._accounts: dict[str, None] = {}
        self._symbols: dict[str, None] = {}
        self._stages = Stages(upstreams)
        self._struck_first: set[int | None] = set()
        """Connections on which a fault struck before they were open."""
        self._gaps = 0

    def write(self, events: Iterable[Event]) -> ServedScript:
        """The script of these events."""
        for _, rows in groupby(events, key=lambda event: event.seq):
            event, *facts = rows
            if event.part == 0:
                self._see(event)
            for fact in facts:
                # An order can turn up elsewhere than in the reply to its request.
                self._makers.known(fact.of_seq or 0, fact.order_id)
        wishes = {
            seq: Wish(**wish, order_ids=tuple(self._makers.orders.get(seq, ()))) for seq, wish in self._wishes.items()
        }
        about_orders = [each for each in wishes.values() if each.about_orders and each.answered and not each.unknown]
        orders = sorted((each.mono_ns, each.seq) for each in about_orders)
        lines = {
            conn: msgspec.structs.replace(
                each.line, said=tuple(self._caused(each, orders)), wishes=tuple(each.wishes), pongs=tuple(each.pongs)
            )
            for conn, each in self._lines.items()
        }
        return ServedScript(
            stages=self._stages.all(),
            lines=lines,
            wishes=wishes,
            makers=self._makers.by_order,
            orders=tuple(seq for _, seq in orders),
            accounts=tuple(self._accounts),
            symbols=tuple(self._symbols),
            gaps=self._gaps,
        )

    def _see(self, event: Event) -> None:
        match event.kind, event.sender:
            case "open", _:
                self._opened(event)
            case (("text" | "binary"), "client"):
                self._heard(event)
            case (("text" | "binary"), "venue"):
                self._said(event)
            case (("ping" | "pong"), "client"):
                self._line(event).life.heard(event)
            case "ping", "venue":
                self._line(event).life.said(event)
                self._note(event, kind="ping", payload=(event.data or b"")[:125])
            case "close", _:
                self._closed(event)
            case "end", _:
                self._ended(event)
            case "fault", _:
                self._struck(event)
            case "http_request", _:
                self._asked_rest(event)
            case "http_response", _:
                self._answered_rest(event)
            case "gap", _:
                self._gaps += 1

    # Lines

    def _opened(self, event: Event) -> None:
        try:
            handshake = msgspec.json.decode(event.text or "", type=Handshake)
        except msgspec.MsgspecError:
            return
        if handshake.status != 101 and event.conn in self._struck_first:
            return  # a fault refused it; the venue never heard of it
        line = ServedLine(
            conn=event.conn or 0,
            seq=event.seq,
            upstream=self._stages.meet(handshake.upstream, handshake.url, sockets=True),
            url=handshake.url,
            mono_ns=event.mono_ns,
            status=handshake.status,
            headers=headers_of([list(pair) for pair in handshake.response]),
            body=handshake.body,
        )
        self._lines[event.conn or 0] = RecordedLine(line, self._rules)

    def _struck(self, event: Event) -> None:
        if event.conn not in self._lines:
            self._struck_first.add(event.conn)
        elif json_of(event.text).get("effect") == "drop":
            self._lines[event.conn].cut = True

    def _line(self, event: Event) -> RecordedLine:
        conn = event.conn or 0
        if conn not in self._lines:
            # The capture begins in the middle of this connection.
            name = next(iter(self._upstreams), "")
            url = self._upstreams.get(name, "ws://venue.invalid/")
            name = self._stages.meet(name, url, sockets=True)
            line = ServedLine(conn=conn, seq=event.seq, upstream=name, url=url, mono_ns=event.mono_ns)
            self._lines[conn] = RecordedLine(line, self._rules)
        return self._lines[conn]

    def _closed(self, event: Event) -> None:
        line = self._line(event)
        if event.sender == "client":
            line.goodbye = line.client_over = True
        elif event.sender == "venue" and not line.client_over:
            self._end(line, event, kind="close", code=sendable(event.close_code), reason=event.close_reason or "")

    def _ended(self, event: Event) -> None:
        line = self._line(event)
        if event.sender == "client":
            line.client_over = True
            return
        if not line.over and not line.client_over and not line.cut and event.ended_by in ("fin", "rst", "timeout"):
            self._end(line, event, kind="fin" if event.ended_by == "fin" else "rst")
        line.over = True
        self._forsaken(line)

    def _end(self, line: RecordedLine, event: Event, **how: Any) -> None:
        line.over = True
        if line.life.ended_by_rule(event):
            line.line = msgspec.structs.replace(line.line, end_by_rule=self._made(event, line, **how))
        else:
            self._note(event, **how)

    def _forsaken(self, line: RecordedLine) -> None:
        """The line was cut, by a fault, by the client or by us, while requests waited: nobody knows their answers.

        Who says goodbye in order waits for none.
        """
        if line.goodbye or not (line.cut or line.client_over):
            return
        for seq in line.wishes:
            wish = self._wishes[seq]
            if wish.get("reply") is None and wish["envelope"].replies and not wish.get("unknown"):
                wish["unknown"] = "its line was cut before the venue had answered"

    # Messages

    def _heard(self, event: Event) -> None:
        payload = event.text if event.text is not None else event.data
        if payload is None:
            return
        line = self._line(event)
        envelope = self._dialect.decode(payload, "client")
        line.life.heard(event, envelope)
        if envelope.role == "heartbeat":
            line.beat = payload if is_ping(envelope) else None
            return
        if event.role != "request" and envelope.role != "request":
            return
        lost = self._knows_relay and event.relay_ns is None
        self._wish(event, envelope, payload=payload, line=event.conn or 0, upstream=line.line.upstream)
        wish = self._wishes[event.seq]
        if lost:
            wish["unknown"] = "it never reached the venue"
            return
        wish["index"], wish["number"] = len(line.said), len(line.wishes)
        line.wishes.append(event.seq)
        line.last_wish = event.seq
        for channel, begins in subscriptions(envelope):
            for each in list(line.subscribed) if channel == "*" else [channel]:
                if begins or each in line.subscribed:
                    line.subscribed[each] = begins

    def _wish(self, event: Event, envelope: Envelope, **more: Any) -> None:
        self._wishes[event.seq] = {
            "seq": event.seq,
            "at_ns": event.at_ns,
            "mono_ns": event.mono_ns,
            "envelope": envelope,
            **more,
        }
        self._makers.wanted(event.seq, envelope)
        for names, name in ((self._accounts, envelope.account), (self._symbols, envelope.symbol)):
            if name is not None:
                names[name] = None

    def _said(self, event: Event) -> None:
        payload = event.text if event.text is not None else event.data
        if payload is None:
            return
        line = self._line(event)
        envelope = self._dialect.decode(payload, "venue")
        line.life.said(event, envelope)
        if envelope.role == "heartbeat" and not is_ping(envelope) and line.beat is not None:
            answer = self._made(event, line, kind="message", payload=payload, envelope=envelope)
            line.pongs.append((line.beat, answer))
            line.beat = None
            return
        about = event.reply_to if event.reply_to in self._wishes else None
        answers = about if event.role in ("reply", "error") else None
        causes = (about,) if about is not None and answers is None else ()
        said = self._note(event, payload=payload, envelope=envelope, answers=answers, causes=causes)
        if answers is not None:
            wish = self._wishes[answers]
            if wish.get("reply") is None:
                wish["reply"], wish["unknown"] = said, ""
                self._makers.made(answers, envelope)

    def _note(self, event: Event, **fields: Any) -> Said:
        line = self._line(event)
        said = self._made(event, line, **fields)
        line.said.append(said)
        line.last_wish = None
        return said

    def _made(self, event: Event, line: RecordedLine, **fields: Any) -> Said:
        channel, wanted = None, True
        envelope: Envelope = fields.get("envelope", Envelope())
        if envelope.role == "push" and envelope.channel in line.subscribed:
            channel, wanted = envelope.channel, line.subscribed[envelope.channel]
        return Said(
            seq=event.seq,
            index=len(line.said),
            at_ns=event.at_ns,
            mono_ns=event.mono_ns,
            before=len(line.wishes),
            after=line.last_wish,
            channel=channel,
            late=not wanted,
            **fields,
        )

    def _caused(self, line: RecordedLine, orders: list[tuple[int, int]]) -> Iterator[Said]:
        """What was said waits for orders; only now it is known which there were, and which it speaks of."""
        for said in line.said:
            if said.answers is not None:
                yield said
                continue
            maker = self._makers.maker(said)
            causes = (maker,) if maker is not None and maker not in said.causes else ()
            before = bisect_left(orders, (said.mono_ns, 0))
            yield msgspec.structs.replace(said, causes=(*said.causes, *causes), orders=before)

    # REST

    def _asked_rest(self, event: Event) -> None:
        http = request_in(event)
        upstream = str(json_of(event.text).get("upstream", ""))
        envelope = self._dialect.decode_http(http, None)
        stage = self._stages.meet(upstream, http.url, sockets=False)
        self._wish(event, envelope, line=0, http=http, upstream=stage)
        self._asked[event.conn or 0] = (event.seq, http)

    def _answered_rest(self, event: Event) -> None:
        seq, http = self._asked.pop(event.conn or 0, (event.reply_to or 0, None))
        wish = self._wishes.get(seq)
        response = response_in(event, http)
        if wish is None or response is None:
            return
        envelope = self._dialect.decode_http(response, http)
        wish["response"] = response
        wish["reply"] = Said(
            seq=event.seq, index=0, at_ns=event.at_ns, mono_ns=event.mono_ns, envelope=envelope, answers=seq
        )
        self._makers.made(seq, envelope)
