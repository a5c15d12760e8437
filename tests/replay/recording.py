"""Recordings for replays: what was observed, in the words of the story, and decoded as a scribe does it."""

from __future__ import annotations

import json
from typing import Any, Self

from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import EndedBy, Event
from wsreplay.captures.wire import Handshake, as_json
from wsreplay.replay.script import Script
from wsreplay.replay.scriptwriter import Scriptwriter
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Sender
from wsreplay.venues.registry import dialect

MS = 1_000_000
BEGAN_NS = 1_795_242_445_000_000_000
URL = "wss://venue.example/"
REST = "https://api.venue.example"


class Recording:
    """A recording that is told line by line; :meth:`wait` lets time pass in between."""

    def __init__(self, venue: str = "reya") -> None:
        self.now_ns = 1_000 * MS
        self._venue = venue
        self._rows: list[Event] = []

    def wait(self, ms: float) -> Self:
        self.now_ns += round(ms * MS)
        return self

    def open(self, conn: int = 1, *, status: int = 101, url: str = URL, body: str = "", **headers: str) -> Self:
        response = list(headers.items())
        asked = [("Origin", "https://bot.example")]
        handshake = Handshake(url=url, status=status, request=asked, response=response, body=body)
        text = as_json(handshake).decode()
        return self._row(conn, "client", kind="open", text=text)

    def ask(self, key: str, op: str = "cancelAll", conn: int = 1, *, relayed: bool = True, **payload: Any) -> Self:
        return self.say(json.dumps({"type": op, "id": key, "payload": payload}), conn, relayed=relayed)

    def say(self, text: str, conn: int = 1, *, relayed: bool = True) -> Self:
        return self._row(conn, "client", text=text, relay_ns=1000 if relayed else None)

    def answer(
        self, key: str, op: str = "cancelAll", conn: int = 1, *, delivered: bool = True, error: str = "", **payload: Any
    ) -> Self:
        text = reply(key, op, error=error, **payload)
        self._row(conn, "venue", text=text, relay_ns=1000 if delivered else None)
        return self.wait(0.001)  # until it has reached the bot

    def hear(self, text: str, conn: int = 1, *, delivered: bool = True) -> Self:
        return self._row(conn, "venue", text=text, relay_ns=1000 if delivered else None)

    def ping(self, conn: int = 1) -> Self:
        return self._row(conn, "venue", kind="ping", text=None)._row(conn, "client", kind="pong", text=None)

    def close(self, code: int = 1000, conn: int = 1, sender: Sender = "client") -> Self:
        return self._row(conn, sender, kind="close", text=None, close_code=code, close_reason="", relay_ns=1)

    def end(self, how: EndedBy = "rst", conn: int = 1, leg: Sender = "client") -> Self:
        return self._row(conn, leg, kind="end", text=None, ended_by=how)

    def fault(self, short: str, conn: int = 1) -> Self:
        return self._row(conn, "proxy", kind="fault", text=json.dumps({"fault": short, "effect": "drop"}))

    def rest(self, path: str, answer: Any, took_ms: float, conn: int = 9) -> Self:
        """A REST exchange, asked now and answered later; nothing else passes meanwhile."""
        return self.rest_asked(path, conn).wait(took_ms).rest_answered(answer, conn)

    def rest_asked(self, path: str, conn: int = 9, *, asked_ns: int | None = None) -> Self:
        """``asked_ns``: in an older capture, where the request stands where it was answered."""
        asked = {"method": "GET", "url": f"{REST}{path}", "upstream": "rest", "headers": [], "body": ""}
        at_ns = self.now_ns if asked_ns is None else asked_ns
        stamps = {"at_ns": BEGAN_NS + at_ns, "mono_ns": at_ns, "first_mono_ns": at_ns}
        return self._row(conn, "client", kind="http_request", text=json.dumps(asked), **stamps)

    def rest_answered(self, answer: Any, conn: int = 9) -> Self:
        told = json.dumps({"status": 200, "reason": "OK", "headers": [], "body": json.dumps(answer)})
        return self._row(conn, "venue", kind="http_response", text=told)

    def row(self, sender: Sender, *, conn: int = 1, **fields: Any) -> Self:
        return self._row(conn, sender, **fields)

    def events(self, venue: Dialect | None = None) -> list[Event]:
        return list(Decoder(venue or dialect(self._venue)).see_all(self._rows))

    def script(
        self, *wanted: int, until: int | None = None, mode: str = "reverse", venue: Dialect | None = None
    ) -> Script:
        upstreams = {"": URL, "rest": REST}
        return Scriptwriter(mode, upstreams, frozenset(wanted).__contains__ if wanted else None, until).write(
            self.events(venue)
        )

    def _row(self, conn: int, sender: Sender, **fields: Any) -> Self:
        common: dict[str, Any] = {
            "seq": len(self._rows) + 1,
            "at_ns": BEGAN_NS + self.now_ns,
            "mono_ns": self.now_ns,
            "first_mono_ns": self.now_ns,
            "kind": "text",
        }
        self._rows.append(Event(**common | {"conn": conn, "sender": sender} | fields))
        return self


def reply(key: str, op: str = "cancelAll", *, error: str = "", **payload: Any) -> str:
    """What the venue says to a request."""
    if error:
        return json.dumps({"type": op, "id": key, "ok": False, "error": {"error": error, "message": "no"}})
    return json.dumps({"type": op, "id": key, "ok": True, "payload": payload})
