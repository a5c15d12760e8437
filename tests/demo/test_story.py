"""The story of one order, told from events."""

from __future__ import annotations

from wsreplay.captures.event import Event
from wsreplay.demo.story import story_of


def said(seq: int, **fields: object) -> Event:
    base = {"seq": seq, "at_ns": seq * 1_000_000, "mono_ns": seq, "first_mono_ns": seq, "kind": "text"}
    return Event(**(base | fields))  # type: ignore[arg-type]


ORDER = {"op": "createOrder", "side": "buy", "qty": "1", "symbol": "X", "price": "2", "client_order_id": "7"}
WANTED = said(1, sender="client", role="request", **ORDER)
OTHER = said(2, sender="client", role="request", **(ORDER | {"client_order_id": "8"}))
CUT = said(3, sender="proxy", kind="fault")
LOST = said(4, sender="venue", role="reply", reply_to=1, client_order_id="7", status="OPEN", order_id="100")
AGAIN = said(5, sender="client", role="request", **ORDER)
REPLY = said(
    6, sender="venue", role="reply", reply_to=5, relay_ns=5, client_order_id="7", status="OPEN", order_id="101"
)
ASKED = said(7, sender="client", kind="http_request")
SHOWN = said(8, sender="venue", kind="http_response")
LISTED = [
    said(8, part=n, sender="venue", kind="fact", order_id=str(99 + n), side="buy", qty="1", symbol="X") for n in (1, 2)
]


def told(*events: Event) -> list[str]:
    return [line.split("  ", 1)[1].strip() for line in story_of(events, "7")]


def test_a_lost_reply_and_a_second_order_are_told() -> None:
    assert told(WANTED, OTHER, CUT, LOST, AGAIN, REPLY, ASKED, SHOWN, *LISTED) == [
        "bot → venue  createOrder: buy 1 X at 2",
        "✂        the line is cut",
        "bot ✗ venue  reply: OPEN, order 100; the bot never saw it",
        "bot → venue  createOrder: buy 1 X at 2, the same order again",
        "bot ← venue  reply: OPEN, order 101",
        "bot → venue  which orders are open?",
        "bot ← venue  open: order 100, buy 1 X",
        "bot ← venue  open: order 101, buy 1 X",
    ]


def test_other_orders_and_what_came_before_are_left_out() -> None:
    assert told(OTHER, ASKED, SHOWN, *LISTED) == []
