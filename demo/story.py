"""The story that a capture tells of one order, in lines that a person reads at a glance. Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from wsreplay.captures.event import Event

SENT, CAME, LOST, CUT = "bot → venue", "bot ← venue", "bot ✗ venue", "    ✂      "


def story_of(events: Iterable[Event], client_order_id: str) -> Iterator[str]:
    """What was said about one order: wanted, answered or lost, wanted again, and what the venue showed in the end."""
    tellings = 0
    requests: dict[int, str] = {}
    shown: dict[int, int] = {}
    for event in events:
        if event.kind == "fault":
            yield _line(event, CUT, "the line is cut")
        elif event.kind == "text" and event.client_order_id == client_order_id:
            if event.role == "request":
                tellings += 1
                requests[event.seq] = event.op or ""
                wish = f"{event.op}: {event.side} {event.qty} {event.symbol} at {event.price}"
                yield _line(event, SENT, wish + (", the same order again" if tellings > 1 else ""))
            elif event.reply_to in requests:
                lost = event.relay_ns is None
                fate = "; the bot never saw it" if lost else ""
                yield _line(event, LOST if lost else CAME, f"reply: {event.status}, order {event.order_id}{fate}")
        elif event.kind == "http_request" and tellings:
            yield _line(event, SENT, "which orders are open?")
        elif event.kind == "http_response" and tellings:
            shown[event.seq] = 0
        elif event.seq in shown and event.order_id is not None:
            shown[event.seq] += 1
            yield _line(event, CAME, f"open: order {event.order_id}, {event.side} {event.qty} {event.symbol}")


def _line(event: Event, arrow: str, words: str) -> str:
    at = datetime.fromtimestamp(event.at_ns // 1_000_000_000, UTC).astimezone()
    return f"{at:%H:%M:%S}.{event.at_ns // 1_000_000 % 1000:03}  {arrow}  {words}"
