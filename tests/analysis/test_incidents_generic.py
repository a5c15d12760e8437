"""A stranger's venue: what nobody answers there is no lost response."""

from __future__ import annotations

import json

from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.venues.registry import dialect


def found(*said: tuple[str, object]) -> list[str]:
    """The incidents of a session in which this was said, and whose line then broke."""
    rows: list[tuple[str, str, str | None, str | None]] = [(s, "text", json.dumps(m), None) for s, m in said]
    rows += [("venue", "end", None, "rst"), ("client", "end", None, "proxy")]
    decoder, events = Decoder(dialect("generic")), []
    for seq, (sender, kind, text, ended) in enumerate(rows, 1):
        stamps = {"at_ns": seq, "mono_ns": seq, "first_mono_ns": seq, "relay_ns": 1}
        event = Event(seq=seq, conn=1, sender=sender, kind=kind, text=text, ended_by=ended, **stamps)  # type: ignore[arg-type]
        events += decoder.see(event)
    return [incident.kind for incident in incidents_in(events)]


def test_messages_that_name_nothing_wait_for_no_reply() -> None:
    assert "lost-response" not in found(*[("client", {"x": "y"})] * 20)


def test_an_operation_that_this_venue_never_answers_has_lost_nothing() -> None:
    assert "lost-response" not in found(("client", {"op": "heartbeat-please"}), ("client", {"op": "heartbeat-please"}))


def test_an_operation_that_it_does_answer_has() -> None:
    assert "lost-response" in found(
        ("client", {"op": "place", "size": 1}), ("venue", {"op": "place", "result": "ok"}), ("client", {"op": "place"})
    )


def test_a_request_with_an_id_and_an_order_have() -> None:
    assert "lost-response" in found(("client", {"id": 1, "op": "anything"}))
    order = {"op": "order", "symbol": "X", "side": "buy", "qty": "1", "price": "2"}
    assert "lost-response" in found(("client", order))
