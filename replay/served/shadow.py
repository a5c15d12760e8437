"""The venue's simulator behind a recording: it lives through all that was accepted, so that it can answer the rest.

Sans-I/O: it has the simulator's gateway and no socket. Orders live under other ids there; what goes in is translated
(and signed again, where the dialect knows how), what comes out is translated back.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any

import msgspec

from wsreplay.replay.served.orders import Swap
from wsreplay.replay.served.patching import patched
from wsreplay.replay.served.script import subscriptions
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.gateway import Ask, Close, Cut, Gateway, Knock, Output, Ping, Responded, Send
from wsreplay.venues.refreshing import Refreshing


class Told(msgspec.Struct, frozen=True):
    """What the simulator says to a live client: on its line, or to its REST request."""

    line: int = 0
    ticket: int = 0
    payload: str | bytes = ""
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()


class _Waiting(msgspec.Struct, frozen=True):
    """A request that was given to the simulator."""

    key: str | None
    answered: bool
    """Whether the client waits for the simulator's reply; else the recording has answered."""
    order_id: str | None = None
    """The order that the recording's answer made."""


class Shadow:
    """One simulator, and the live lines that it knows of."""

    def __init__(self, gateway: Gateway[Any], dialect: Dialect, now_ns: int) -> None:
        self._gateway = gateway
        self._dialect = dialect
        self._now_ns = now_ns
        self._refresher = None
        if isinstance(dialect, Refreshing):
            here = dialect.at("127.0.0.1")
            self._refresher = here.refresher(here.demo_key, secrets=here.demo_secrets)
        self._conns: dict[int, int] = {}
        """The simulator's number of each live line."""
        self._lines: dict[int, int] = {}
        self._waiting: defaultdict[int, deque[_Waiting]] = defaultdict(deque)
        self._tickets: dict[int, tuple[int, HttpMessage, _Waiting]] = {}
        self._channels: set[tuple[int, str]] = set()
        """Channels that a line hears from the simulator alone."""
        self._served: dict[str, str] = {}
        """The ids under which clients know its orders, by its own."""
        self._own: dict[str, str] = {}
        self._made: set[str] = set()
        """Orders that were made here alone."""
        self._told: list[Told] = []

    @property
    def next_ns(self) -> int | None:
        """When it has something to do."""
        return self._gateway.next_ns

    def advance(self, now_ns: int) -> list[Told]:
        """Let it do what is due, and give what its clients are to hear."""
        self._take(self._gateway.advance(now_ns), now_ns)
        told, self._told = self._told, []
        return told

    def heard(
        self,
        line: int,
        knock: Knock,
        payload: str | bytes,
        now_ns: int,
        *,
        answered: bool = False,
        order_id: str | None = None,
    ) -> None:
        """A message of a client; ``answered``: the simulator answers it, else it only takes note.

        ``order_id``: the order that it made, as its client knows it.
        """
        conn = self._conns.get(line)
        if conn is None:
            conn, out = self._gateway.open(knock, now_ns)
            self._conns[line], self._lines[conn] = conn, line
            self._take(out, now_ns)
        envelope = self._dialect.decode(payload, "client")
        if envelope.replies:
            self._waiting[conn].append(_Waiting(envelope.key, answered, order_id))
        if answered:
            self._channels.update((line, channel) for channel, begins in subscriptions(envelope) if begins)
        self._take(self._gateway.receive(conn, self._translated(payload, now_ns), now_ns), now_ns)

    def asked(self, ticket: int, ask: Ask, http: HttpMessage, now_ns: int, order_id: str | None = None) -> None:
        """A REST request; with ticket 0 it only takes note."""
        envelope = self._dialect.decode_http(http, None)
        body = ask.body
        if body and envelope.op is not None and self._refresher is not None:
            text = body.decode(errors="replace")
            body = self._refresher.refresh(text, recorded_at_ns=now_ns, now_ns=now_ns, op=envelope.op).text.encode()
        target = ask.target
        for served, own in self._own.items():
            target = target.replace(served, own)
        own_ticket, out = self._gateway.request(msgspec.structs.replace(ask, body=body, target=target), now_ns)
        self._tickets[own_ticket] = (ticket, http, _Waiting(None, bool(ticket), order_id))
        self._take(out, now_ns)

    def closed(self, line: int, now_ns: int) -> None:
        """A live line is gone."""
        if (conn := self._conns.pop(line, None)) is not None:
            self._forget(conn)
            self._take(self._gateway.closed(conn, now_ns), now_ns)

    # What comes out

    def _take(self, out: list[Output], now_ns: int) -> None:
        for each in out:
            match each:
                case Send(conn, payload):
                    self._said(conn, payload)
                case Ping(conn, _):
                    # Its clients live, or their lines would be gone.
                    self._take(self._gateway.heard(conn, "pong", now_ns), now_ns)
                case Close(conn) | Cut(conn):
                    self._conns.pop(self._lines.get(conn, 0), None)
                    self._forget(conn)
                case Responded():
                    self._responded(each)

    def _said(self, conn: int, payload: str | bytes) -> None:
        line = self._lines.get(conn)
        envelope = self._dialect.decode(payload, "venue")
        if line is None:
            return
        if envelope.role in ("reply", "error"):
            waiting = self._answered(conn, envelope)
            self._learn(waiting, envelope)
            wanted = waiting is not None and waiting.answered
        elif envelope.role == "push":
            wanted = (line, envelope.channel) in self._channels or any(
                each.order_id in self._made for each in (envelope, *envelope.parts)
            )
        else:
            wanted = False
        if wanted:
            self._told.append(Told(line, payload=self._back(payload)))

    def _responded(self, answer: Responded) -> None:
        ticket, asked, waiting = self._tickets.pop(answer.ticket)
        body = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
        message = HttpMessage(
            method=asked.method, url=asked.url, headers=answer.headers, body=body, status=answer.status
        )
        self._learn(waiting, self._dialect.decode_http(message, asked))
        if ticket:
            text = self._back(body.decode(errors="replace"))
            self._told.append(Told(ticket=ticket, payload=text, status=answer.status, headers=answer.headers))

    def _answered(self, conn: int, envelope: Envelope) -> _Waiting | None:
        waiting = self._waiting[conn]
        found = next((each for each in waiting if envelope.key is None or each.key == envelope.key), None)
        if found is not None:
            waiting.remove(found)
        return found

    def _learn(self, waiting: _Waiting | None, envelope: Envelope) -> None:
        """An order was made: clients know it by the recording's id, or by the simulator's, if only that made it."""
        own = envelope.order_id
        if waiting is None or own is None or envelope.error_code is not None:
            return
        if waiting.answered:
            self._made.add(own)
        elif waiting.order_id is not None:
            self._served[own], self._own[waiting.order_id] = waiting.order_id, own
            if self._refresher is not None:
                self._refresher.learn(Envelope(order_id=waiting.order_id), Envelope(order_id=own))

    # Translation

    def _translated(self, payload: str | bytes, now_ns: int) -> str | bytes:
        if isinstance(payload, bytes):
            return payload
        if self._refresher is not None:
            return self._refresher.refresh(payload, recorded_at_ns=now_ns, now_ns=now_ns).text
        return self._swapped(payload, self._own, "client")

    def _back(self, payload: Any) -> Any:
        return self._swapped(payload, self._served, "venue") if isinstance(payload, str) else payload

    def _swapped(self, text: str, ids: dict[str, str], sender: Any) -> str:
        swaps = [Swap("", old, new, fact=True) for old, new in ids.items() if old != new and old in text]
        return patched(text, swaps, lambda each: self._dialect.decode(each, sender)) if swaps else text

    def _forget(self, conn: int) -> None:
        self._lines.pop(conn, None)
        self._waiting.pop(conn, None)
