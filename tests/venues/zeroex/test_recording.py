"""The bot recorded by real processes: what passes is told without a loose end."""

from __future__ import annotations

import json
from pathlib import Path

from venues.zeroex.recording import LOSING_RELAYER, record, record_at
from venues.zeroex.venue import MAKER

from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event
from wsreplay.captures.leaks import leaks
from wsreplay.venues.zeroex.dialect import ZeroExDialect

NEVER_ANSWERED = {"subscribe"}
"""All that is sent on the channel: the venue acknowledges nothing."""


def told(capture: Capture) -> tuple[list[Event], set[str | None]]:
    """The events, and the kinds of incidents; whatever was recorded, this holds of it."""
    with capture:
        events = list(capture.events())
        assert leaks(events, secrets=ZeroExDialect.secrets) == []
    requests = {e.seq: e for e in events if e.part == 0 and e.role == "request"}
    outcomes = {e.of_seq for e in events if e.kind == "fact" and e.outcome is not None}
    assert {requests[seq].op for seq in requests.keys() - outcomes} <= NEVER_ANSWERED
    subscriptions = {e.seq: e for e in requests.values() if e.op == "subscribe"}
    began = {e.seq: e.channel for e in events if e.kind == "fact" and e.op == "subscribe"}
    for update in (e for e in events if e.op == "update"):
        assert update.reply_to in subscriptions
        subscription = subscriptions[update.reply_to]
        assert (update.conn, update.key) == (subscription.conn, subscription.key)
        assert update.channel == began[subscription.seq]
    return events, {e.op for e in events if e.kind == "incident"}


def orders_in(events: list[Event]) -> set[str | None]:
    return {e.order_id for e in events if e.kind == "fact" and e.role is None and e.order_id is not None}


def test_the_happy_session_has_no_incident(tmp_path: Path) -> None:
    events, incidents = told(record(tmp_path, "--look-up"))
    assert incidents == set()
    [post] = [e for e in events if e.role == "request" and e.op == "postOrder"]
    assert (post.signer, post.signature_ok, post.account) == (MAKER, True, MAKER)
    assert post.order_id in orders_in(events)
    [answer] = [e for e in events if e.role == "reply" and e.op == "postOrder"]
    assert (answer.reply_to, answer.order_id) == (post.seq, post.order_id)
    assert len({e.channel for e in events if e.op == "update"}) == 2


def test_a_cut_line_is_a_disconnect_and_subscriptions_are_found_again(tmp_path: Path) -> None:
    capture = record(tmp_path, "--updates", "4", "--forged", fault="drop rst before push update #4")
    events, incidents = told(capture)
    assert incidents == {"disconnect", "auth-failed"}
    began = [(e.conn, e.channel) for e in events if e.kind == "fact" and e.op == "subscribe"]
    first, second = ([channel for on, channel in began if on == conn] for conn in dict.fromkeys(on for on, _ in began))
    assert first == second
    [forged, _] = [e for e in events if e.role == "request" and e.op == "postOrder"]
    assert forged.signature_ok is False
    assert [e.error_code for e in events if e.of_seq == forged.seq] == ["1005 Invalid signature or hash"]


def test_the_reference_servers_error_ends_the_line(tmp_path: Path) -> None:
    events, incidents = told(record(tmp_path, "--updates", "4", "--nonsense", '{"type":', venue="zeroex-launch-kit"))
    assert incidents == {"malformed", "disconnect"}
    [error] = [e for e in events if e.role == "error"]
    assert json.loads(error.text or "") == {"code": 101, "reason": "Malformed JSON"}
    assert error.reply_to is None, "it does not say what it refuses"
    first_end = next(e for e in events if e.kind == "end")
    assert (first_end.conn, first_end.sender) == (error.conn, "venue")
    assert not [e for e in events if e.kind == "close" and e.conn == error.conn]


def test_a_stolen_subscription_goes_on_where_the_thief_is(tmp_path: Path) -> None:
    events, incidents = told(record(tmp_path, "--updates", "4", "--steal", venue="zeroex-launch-kit"))
    assert incidents == set()
    asked = [e for e in events if e.op == "subscribe" and e.role == "request"]
    first, second = dict.fromkeys(e.conn for e in asked)
    stolen = max(e.seq for e in asked)
    updates = [e for e in events if e.op == "update"]
    assert {e.conn for e in updates if e.seq > stolen} == {second}
    assert first in {e.conn for e in updates if e.seq < stolen}
    assert {e.key for e in asked if e.conn == first} == {e.key for e in asked if e.conn == second}


def test_an_order_posted_anew_after_a_lost_answer_is_two_orders(tmp_path: Path) -> None:
    events, incidents = told(record_at(LOSING_RELAYER, tmp_path, "--repost"))
    assert incidents == {"lost-response", "duplicate-order", "blind-retry"}
    lost, again = (e for e in events if e.role == "request" and e.op == "postOrder")
    assert lost.intent == again.intent
    assert lost.order_id != again.order_id
    assert [(e.outcome, e.resolved_by) for e in events if e.of_seq == lost.seq][:2] == [
        ("unknown", "reply"),
        ("ok", "rest"),
    ]
    [found] = [e for e in events if e.kind == "incident" and e.op == "duplicate-order"]
    assert json.loads(found.text or "")["certainty"] == "proven"
