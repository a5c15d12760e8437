"""What the panels say about the event at the cursor: its payload, pretty, and the decoded facts beside it."""

from __future__ import annotations

from typing import Any

import msgspec
from rich.segment import Segment

from wsreplay.analysis.event_facts import facts_of
from wsreplay.analysis.session.session import Detail
from wsreplay.captures.event import OBSERVED, Event
from wsreplay.captures.harmless import harmless
from wsreplay.captures.units import duration, iso, size
from wsreplay.debugger.line_view import Line
from wsreplay.debugger.palette import Palette

_MOST = 200_000
"""Characters of a payload that are shown."""
_LONG = 2_000
"""Columns of a line that are shown: nobody scrolls farther."""


class _Exchange(msgspec.Struct):
    """The JSON of ``open``, ``http_request`` and ``http_response`` rows."""

    method: str = ""
    url: str = ""
    status: int | None = None
    reason: str = ""
    error: str = ""
    body: str = ""
    headers: list[tuple[str, str]] = []
    request: list[tuple[str, str]] = []
    response: list[tuple[str, str]] = []


_exchange = msgspec.json.Decoder(_Exchange)
_LEFT_OUT = {
    "seq",
    "part",
    "text",
    "data",
    "venue",
    "price_num",
    "qty_num",
    "first_mono_ns",
    "mono_ns",
    "conn",
    "at_ns",
}


def payload_lines(detail: Detail, look: Palette) -> list[Line]:
    """The payload: JSON pretty-printed with every digit as it came, other text as it is, bytes as a dump."""
    event = detail.event
    if event.data is not None:
        return _dump(event.data, look)
    if event.text is None:
        return [[Segment("no payload", look.dim)]]
    if event.kind in ("open", "http_request", "http_response"):
        try:
            return _http(_exchange.decode(event.text), look)
        except msgspec.MsgspecError:
            pass
    return _text(event.text, look)


def _text(text: str, look: Palette) -> list[Line]:
    text, cut = text[:_MOST], len(text) - _MOST
    lines: list[Line] = [[Segment(harmless(line[:_LONG]))] for line in _pretty(text).split("\n")]
    if cut > 0:
        lines.append([Segment(f"… {cut:,} more characters: write them with e, or `wsreplay show --full`", look.bad)])
    return lines


def _http(exchange: _Exchange, look: Palette) -> list[Line]:
    """A handshake or a REST message as people know them: its first line, its body, its headers."""
    status = "" if exchange.status is None else str(exchange.status)
    first = " ".join(
        word for word in (exchange.method, exchange.url, status, exchange.error or exchange.reason) if word
    )
    lines: list[Line] = [[Segment(harmless(first)[:_LONG], look.strong)]]
    if exchange.body:
        lines += _text(exchange.body, look)
    for headers in (exchange.headers, exchange.request, exchange.response):
        lines += [
            [Segment(harmless(f"{name}: "), look.dim), Segment(harmless(value)[:_LONG])] for name, value in headers
        ]
    return lines


def fact_lines(detail: Detail, look: Palette) -> list[Line]:
    """The facts: what it is, its columns, what was derived from it, and what differs from its counterpart."""
    event = detail.event
    facts = facts_of(event)
    lines: list[Line] = []
    if detail.note is not None:
        lines += [[Segment("* ", look.strong), Segment(harmless(line))] for line in detail.note.text.splitlines()]
    lines.append(
        [Segment(harmless(facts.what), look.bad if facts.bad else look.strong), Segment(_where(event), look.dim)]
    )
    if detail.request is not None:
        after = f" after {duration(event.latency_ns)}" if event.latency_ns is not None else ""
        lines.append([Segment(f"answers {detail.request}{after}", look.strong)])
    if detail.reply is not None:
        lines.append([Segment(f"answered by {detail.reply}", look.strong)])
    for name, value in _columns(event):
        lines.append([Segment(f"{name:<16} ", look.dim), Segment(harmless(value)[:_LONG])])
    for fact in detail.facts:
        if fact.kind == "incident" or fact.part == event.part:
            continue
        said = facts_of(fact)
        line = harmless(f"{said.what}: {said.said}" if said.said else said.what)
        lines.append([Segment(f".{fact.part} ", look.dim), Segment(line, look.bad if said.bad else look.plain)])
    for incident in detail.incidents:
        lines.append([Segment(f"! {harmless(incident.kind)}", look.bad), Segment(f" {incident.certainty}", look.dim)])
    return lines + _compared(detail, look)


def _where(event: Event) -> str:
    conn = f", connection {event.conn}" if event.conn is not None else ""
    weight = f", {size(event.size)}" if event.size is not None else ""
    return f" from {event.sender}{conn}{weight}"


def _columns(event: Event) -> list[tuple[str, str]]:
    found = []
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if value is None or name in _LEFT_OUT or name in ("sender", "kind", "size", "reply_to", "latency_ns", "of_seq"):
            continue
        if (name == "frames" and value == 1) or (name == "compressed" and not value):
            continue
        found.append((name, _shown(name, value)))
    # What was decoded says more than what is on every message.
    return sorted(found, key=lambda pair: pair[0] in OBSERVED)


def _shown(name: str, value: Any) -> str:
    if name == "venue_at_ns":
        return iso(value)
    return duration(value) if name.endswith("_ns") else str(value)


def _compared(detail: Detail, look: Palette) -> list[Line]:
    other = detail.other
    if other is None:
        return []
    lines: list[Line] = [[Segment(f"the other capture: {other.seq}", look.strong)]]
    if not detail.differences:
        lines.append([Segment("no difference in the payload", look.dim)])
    for path, here, there in detail.differences:
        lines.append([Segment(f"{harmless(path) or 'payload'}", look.strong)])
        lines.append([Segment("  here  ", look.client), Segment(_value(here))])
        lines.append([Segment("  there ", look.venue), Segment(_value(there))])
    return lines


def _value(value: str | None) -> str:
    return "(missing)" if value is None else harmless(value[:_LONG])


def _pretty(text: str) -> str:
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        # It moves the tokens apart and changes none of them.
        return msgspec.json.format(text, indent=2)
    except (msgspec.MsgspecError, RecursionError):
        return text


def _dump(data: bytes, look: Palette) -> list[Line]:
    lines: list[Line] = []
    for at in range(0, min(len(data), _MOST // 4), 16):
        row = data[at : at + 16]
        words = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(
            [Segment(f"{at:06x}  ", look.dim), Segment(f"{row.hex(' '):<47}"), Segment(f"  {words}", look.dim)]
        )
    return lines or [[Segment("no payload", look.dim)]]
