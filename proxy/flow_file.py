"""mitmproxy's own flow files, read into observed events. In this room because only it knows mitmproxy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mitmproxy import http
from mitmproxy.exceptions import FlowReadException
from mitmproxy.io import FlowReader

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.imports.observed import CLOCK, FRAMES, closed, exchanged, opened, said
from wsreplay.captures.wire import Exchange, Handshake

BLIND = (
    CLOCK,
    FRAMES,
    "the time a message spent in the proxy",
    "bytes of connections that mitmproxy kept as plain TCP",
)


def read(path: Path) -> Iterator[Event]:
    """The events in a flow file, in the order of their times."""
    events: list[Event] = []
    with path.open("rb") as file:
        try:
            for conn, flow in enumerate(FlowReader(file).stream(), 1):
                if isinstance(flow, http.HTTPFlow):
                    events += _events_of(flow, conn)
        except Exception as error:
            # What is not as mitmproxy wrote it comes as whatever its reader trips over (a length that is a lie asks for
            # memory that nobody has).
            why = str(error) if isinstance(error, FlowReadException) else type(error).__name__
            raise CaptureError(f"{path} is no flow file of mitmproxy, or is cut short ({why})") from None
    events.sort(key=lambda event: event.at_ns)
    yield from events


def _events_of(flow: http.HTTPFlow, conn: int) -> Iterator[Event]:
    request, response = flow.request, flow.response
    asked_ns = _ns(request.timestamp_start)
    over_ns = _ns(response.timestamp_end or response.timestamp_start) if response else _ns(request.timestamp_end)
    asked = _headers(request.headers)
    answered = _headers(response.headers) if response else []
    if flow.websocket is None:
        yield from exchanged(
            max(over_ns, asked_ns),
            conn,
            Exchange(
                method=_text(request.method),
                url=_text(request.pretty_url),
                request=asked,
                request_body=request.raw_content or b"",
                status=response.status_code if response else None,
                reason=_text(response.reason) if response else "",
                response=answered,
                response_body=(response.raw_content if response else None) or b"",
                error="" if response else _text(str(flow.error or "it was never answered")),
                asked_at_ns=asked_ns,
                asked_mono_ns=asked_ns,
            ),
        )
        return
    yield opened(
        max(over_ns, asked_ns),
        conn,
        Handshake(
            url=_text(request.pretty_url).replace("http", "ws", 1),
            request=asked,
            status=response.status_code if response else 101,
            reason=_text(response.reason) if response else "",
            response=answered,
            asked_at_ns=asked_ns,
            asked_mono_ns=asked_ns,
        ),
    )
    for message in flow.websocket.messages:
        sender = "client" if message.from_client else "venue"
        payload: str | bytes = message.content
        if message.is_text:
            payload = message.content.decode(errors="replace")
        yield said(_ns(message.timestamp), conn, sender, payload)  # type: ignore[arg-type]
    code = flow.websocket.close_code
    if flow.websocket.timestamp_end is not None and code is not None and code != 1006:
        who = "client" if flow.websocket.closed_by_client else "venue"
        reason = _text(flow.websocket.close_reason or "")
        yield closed(_ns(flow.websocket.timestamp_end), conn, who, code, reason)  # type: ignore[arg-type]


def _headers(headers: http.Headers) -> list[tuple[str, str]]:
    return [(_text(name), _text(value)) for name, value in headers.items(multi=True)]


def _text(text: str) -> str:
    """Without the half letters that stand in mitmproxy's texts for bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _ns(seconds: float | None) -> int:
    """Exact to the microsecond, which is all that a double of this size holds."""
    return 0 if seconds is None else round(seconds * 1e6) * 1000
