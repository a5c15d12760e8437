"""Who signed what: worked out while the secrets are still there, and kept in observed columns. Sans-I/O."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from wsreplay.captures.event import Event
from wsreplay.captures.rest_rows import request_in, response_in
from wsreplay.captures.wire import Handshake
from wsreplay.venues.dialect import Dialect, PlacedDialect
from wsreplay.venues.envelope import HttpMessage, Witness

CONNECTIONS = 10_000
"""So many connections are remembered with what is known of their place; the oldest go first."""


class Witnessing:
    """Asks the dialect who signed each message; where it can be told its place, it knows more."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._placed: dict[int | None, PlacedDialect] = {}
        self._asked: dict[int | None, HttpMessage] = {}

    def see(self, event: Event) -> None:
        """Fill in the signer, and whether the signature is good, of an event that says something."""
        kind = event.kind
        if kind == "text" or kind == "binary":
            payload = event.text if event.text is not None else event.data
            if payload is not None:
                _put(event, self._placed.get(event.conn, self._dialect).witness(payload, event.sender))
        elif isinstance(self._dialect, PlacedDialect):
            if kind == "open":
                self._place(event.conn, _host(event))
            elif kind == "http_request":
                asked = self._asked[event.conn] = request_in(event)
                if len(self._asked) > CONNECTIONS:
                    del self._asked[next(iter(self._asked))]
                if event.conn not in self._placed:
                    self._place(event.conn, urlsplit(asked.url).hostname)
                _put(event, self._placed[event.conn].witness_http(asked))
            elif kind == "http_response":
                self._learn(event)

    def _place(self, conn: int | None, host: str | None) -> None:
        assert isinstance(self._dialect, PlacedDialect)
        self._placed.pop(conn, None)
        self._placed[conn] = self._dialect.at(host or "")
        if len(self._placed) > CONNECTIONS:
            del self._placed[next(iter(self._placed))]

    def _learn(self, event: Event) -> None:
        """An answer may tell what signatures commit to, such as the numbers of markets."""
        asked = self._asked.pop(event.conn, None)
        answer = response_in(event, asked)
        if answer is None or not isinstance(self._dialect, PlacedDialect):
            return
        known = self._dialect.knowing(answer, asked)
        if known is not self._dialect:
            self._dialect = known
            self._placed = {conn: placed.knowing(answer, asked) for conn, placed in self._placed.items()}


def _put(event: Event, seen: Witness | None) -> None:
    if seen is not None:
        event.signer = seen.signer
        event.signature_ok = seen.signature_ok
        event.token_expires = seen.token_expires


def _host(event: Event) -> str | None:
    try:
        return urlsplit(msgspec.json.decode(event.text or "", type=Handshake).url).hostname
    except (msgspec.MsgspecError, ValueError):
        return None
