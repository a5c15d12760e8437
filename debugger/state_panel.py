"""What the state panel says: what was true when the event at the cursor had just passed."""

from __future__ import annotations

from rich.segment import Segment

from wsreplay.analysis.session.state import Connection, Order, Request, State
from wsreplay.captures.harmless import harmless
from wsreplay.captures.units import duration
from wsreplay.debugger.line_view import Line
from wsreplay.debugger.palette import Palette

_UP = ("open", "closing", "half open")


def state_lines(state: State, look: Palette) -> list[Line]:
    """The state as lines: what is open first, what is over last."""
    up = [line for line in state.connections if line.state in _UP]
    down = [line for line in state.connections if line.state not in _UP]
    lines: list[Line] = []
    lines += _section(f"Connections {len(up)}", [_connection(each, look) for each in up], look)
    lines += _section(
        f"In flight {len(state.in_flight)}", [_request(each, look) for each in reversed(state.in_flight)], look
    )
    if state.unanswered:
        entries = [_request(each, look) for each in reversed(state.unanswered)]
        lines += _section(f"Never heard {len(state.unanswered)}", entries, look)
    lines += _section(f"Open orders {len(state.orders)}", [_order(each, look) for each in reversed(state.orders)], look)
    entries = [
        [
            Segment(f" c{each.conn or 0:<2} ", look.dim),
            Segment(harmless(each.channel)),
            Segment(f" {each.outcome}", look.dim),
        ]
        for each in state.subscriptions
    ]
    lines += _section(f"Subscriptions {len(state.subscriptions)}", entries, look)
    if down:
        lines += _section(f"Over {len(down)}", [_connection(each, look) for each in reversed(down)], look)
    for name, count in state.more.items():
        lines.append([Segment(f"and {count:,} more: {name}", look.dim)])
    return lines


def _section(title: str, entries: list[list[Segment]], look: Palette) -> list[Line]:
    return [[Segment(title, look.strong)], *entries]


def _connection(line: Connection, look: Palette) -> list[Segment]:
    good = line.state in ("open", "ended")
    said = f" {line.detail}" if line.detail else ""
    segments = [
        Segment(f" c{line.conn:<2} ", look.dim),
        Segment(harmless(line.state + said), look.plain if good else look.bad),
    ]
    if line.age_ns is not None and line.state in _UP:
        segments.append(Segment(f" {duration(line.age_ns)}", look.dim))
    if line.heartbeat_age_ns is not None and line.state in _UP:
        segments.append(Segment(f" beat {duration(line.heartbeat_age_ns)} ago", look.dim))
    segments.append(Segment(f" {harmless(line.url)}", look.dim))
    return segments


def _request(request: Request, look: Palette) -> list[Segment]:
    deal = " ".join(word for word in (request.side, request.qty, request.symbol) if word)
    at = f" @ {request.price}" if request.price else ""
    pending = request.outcome == "pending"
    return [
        Segment(f" {request.seq:>5} ", look.dim),
        Segment(harmless(request.op), look.client),
        Segment(
            f" {duration(request.age_ns)}" if pending else f" {request.outcome}", look.strong if pending else look.bad
        ),
        Segment(harmless(f" {deal}{at}")),
    ]


def _order(order: Order, look: Palette) -> list[Segment]:
    deal = " ".join(word for word in (order.side, order.qty, order.symbol) if word)
    at = f" @ {order.price}" if order.price else ""
    client = f" client {order.client_order_id}" if order.client_order_id else ""
    return [
        Segment(f" {order.seq:>5} ", look.dim),
        Segment(harmless(order.status), look.venue),
        Segment(harmless(f" {deal}{at}")),
        Segment(harmless(f" {order.order_id}{client}"), look.dim),
    ]
