"""What the proxy hands to the scribe: records of raw bytes and moments, before anything is understood.

A record is a fixed header of 40 bytes and a body. The header is packed by hand in the proxy's hot path
(:mod:`wsreplay.captures.handover`); everything here is its meaning.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import msgspec


class What(IntEnum):
    """The kind of a record."""

    OPEN = 1
    """A WebSocket handshake is over (101 or refused). Body: JSON of :class:`Handshake`."""
    DATA = 2
    """Bytes read from one leg after the 101, handed on to the other at ``mono_ns + relay_ns``. Body: the bytes."""
    END = 3
    """One leg ended. Body: ``fin``, ``rst``, ``timeout`` or ``proxy``."""
    OVER = 4
    """Both legs have ended; nothing more comes for this connection. No body."""
    HTTP = 5
    """A REST request was answered, or never will be. Body: JSON of :class:`Exchange`."""
    FAULT = 6
    """The proxy was told to disturb the line, and did. Body: JSON."""
    LOST = 7
    """The hand-over was full. Body: JSON of :class:`Loss`."""
    FINISH = 8
    """The recording ends in order. Body: JSON, why."""
    ASKED = 9
    """A REST request was read to its end, and is about to be handed on. Body: JSON of :class:`Exchange`, no answer yet.

    Its HTTP follows once that is known. A request that has none (it was answered before its end, or nobody could tell
    when that was) is told by its HTTP alone.
    """


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as the scribe reads it back."""

    what: What
    venue_side: bool
    """True: from the venue's leg; False: from the bot's."""
    conn: int
    at_ns: int
    mono_ns: int
    relay_ns: int
    """Time from read to hand-on; -1: never handed on, the other leg was gone."""
    body: bytes


class Handshake(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An HTTP upgrade, as it was asked for and answered. Becomes the ``open`` row's JSON text."""

    url: str
    """Where the venue's side of this connection is, with scheme (ws, wss), path and query."""
    upstream: str = ""
    """The name given with ``--to NAME=URL``; empty for the only or first one."""
    request: list[tuple[str, str]] = []
    status: int
    reason: str = ""
    response: list[tuple[str, str]] = []
    body: str = ""
    """Of a refusal; text, undecodable bytes replaced."""
    error: str = ""
    """Why there was no answer at all: the connection to the venue failed."""
    client: str = ""
    venue: str = ""
    """Addresses, host:port."""
    asked_at_ns: int = 0
    asked_mono_ns: int = 0
    """When the bot's request was read."""

    def extensions(self) -> str:
        """The ``Sec-WebSocket-Extensions`` that the venue agreed to."""
        return ", ".join(v for n, v in self.response if n.lower() == "sec-websocket-extensions")


class Exchange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A REST request and its response."""

    method: str
    url: str
    upstream: str = ""
    request: list[tuple[str, str]] = []
    request_body: bytes = b""
    status: int | None = None
    """None: it was never answered."""
    reason: str = ""
    response: list[tuple[str, str]] = []
    response_body: bytes = b""
    cut: bool = False
    """The bodies are longer than what is kept."""
    error: str = ""
    asked_at_ns: int = 0
    asked_mono_ns: int = 0
    """When the request's first byte was read; the record's own times are the response's (of an ASKED, those of the
    request's last byte)."""
    asked_before: bool = False
    """The request was handed over as an ASKED before this, and is left out here."""

    def without_request(self) -> Exchange:
        """What is to be told of it once the request was told."""
        return msgspec.structs.replace(self, request=[], request_body=b"", asked_before=True)


class Loss(msgspec.Struct, kw_only=True):
    """What did not fit into the hand-over."""

    records: int
    bytes: int
    from_mono_ns: int
    to_mono_ns: int
    legs: list[tuple[int, bool]] = []
    """The legs (connection, venue's side) that records are missing of; none: it is not known."""


def as_json(body: msgspec.Struct | dict[str, Any]) -> bytes:
    """The body of a record that is JSON (bytes fields as base64)."""
    return msgspec.json.encode(body)
