"""Events with secrets in them, for the tests of redaction and of leaks."""

from __future__ import annotations

import json
from typing import Any

from wsreplay.captures.event import Event, Kind
from wsreplay.captures.redaction import Redactor
from wsreplay.venues.envelope import Sender

KEY = b"a key for tests, 32 bytes of it."
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib3QiLCJleHAiOjE3fQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
SIGNATURE = "0x" + "33101ed2d328649f" * 8 + "1b"
PEM = (
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg4LVWM9nuwNSk3yByxZpYRTBnVJk5oWcHcbyGpC9Z\n-----END EC PRIVATE KEY-----"
)


def event(text: str | None = None, kind: Kind = "text", sender: Sender = "client", **columns: Any) -> Event:
    return Event(
        seq=columns.pop("seq", 1), at_ns=0, mono_ns=0, first_mono_ns=0, sender=sender, kind=kind, text=text, **columns
    )


def handshake(url: str = "wss://venue.example/ws", **parts: Any) -> Event:
    body = json.dumps({"url": url, "status": 101} | parts, separators=(",", ":"))
    return event(body, kind="open")


def http_request(url: str = "https://venue.example/orders", headers: Any = (), body: str = "") -> Event:
    row = {"method": "POST", "url": url, "upstream": "", "headers": list(headers), "body": body}
    return event(json.dumps(row, separators=(",", ":")), kind="http_request")


def http_response(body: str, headers: Any = ()) -> Event:
    row = {"status": 200, "reason": "OK", "headers": list(headers), "body": body}
    return event(json.dumps(row, separators=(",", ":")), kind="http_response", sender="venue")


def redacted(text: str, redactor: Redactor | None = None, **about: Any) -> str:
    """What is left of a text."""
    row = event(text, **about)
    (redactor or Redactor(KEY)).redact(row)
    assert row.text is not None
    return row.text
