"""REST rows read back as the messages that they were."""

from __future__ import annotations

import msgspec

from wsreplay.captures.event import Event
from wsreplay.venues.envelope import HttpMessage


class _Said(msgspec.Struct):
    """The JSON of an ``http_request`` or ``http_response`` row."""

    method: str = ""
    url: str = ""
    status: int | None = None
    headers: list[tuple[str, str]] = []
    body: str | None = None


_read = msgspec.json.Decoder(_Said).decode


def request_in(event: Event) -> HttpMessage:
    """The request in an ``http_request`` row; an empty one where the row can't be read."""
    said = _said(event)
    return HttpMessage(method=said.method, url=said.url, headers=tuple(said.headers), body=_body(said, event))


def response_in(event: Event, asked: HttpMessage | None) -> HttpMessage | None:
    """The answer to ``asked`` in an ``http_response`` row; None: there was none."""
    said = _said(event)
    if said.status is None:
        return None
    return HttpMessage(
        method=asked.method if asked else "",
        url=asked.url if asked else "",
        headers=tuple(said.headers),
        body=_body(said, event),
        status=said.status,
    )


def _said(event: Event) -> _Said:
    try:
        return _read(event.text or "{}")
    except (msgspec.MsgspecError, RecursionError):
        return _Said()


def _body(said: _Said, event: Event) -> bytes:
    return said.body.encode() if said.body is not None else event.data or b""
