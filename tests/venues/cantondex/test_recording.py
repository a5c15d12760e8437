"""Stories recorded through the real proxy: every request has an outcome, and nothing the venue says stays loose."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from venues.cantondex.recording import SLOW, recorded, venue
from venues.cantondex.trader import ACCOUNT

from wsreplay.captures.event import Event
from wsreplay.venues.cantondex.setup import CantonDexSetup


def story(out: Path, name: str, *arguments: str, patience: float = 10.0, code: int = 0) -> list[Event]:
    with recorded(out, name, *arguments, patience=patience, code=code) as capture:
        return list(capture.events())


def loose_ends(events: list[Event]) -> list[tuple[str | None, str | None]]:
    """Requests without an outcome, and answers without a request."""
    known = {event.of_seq for event in events if event.outcome is not None}
    said = [event for event in events if event.kind in ("text", "http_request", "http_response")]
    loose = [(each.role, each.op) for each in said if each.role == "request" and each.seq not in known]
    return loose + [
        (each.role, each.error_code) for each in said if each.role in ("reply", "error") and each.reply_to is None
    ]


def incidents(events: list[Event]) -> Counter[str | None]:
    return Counter(event.op for event in events if event.kind == "incident")


def test_a_happy_session_has_no_loose_end_and_no_incident(tmp_path: Path) -> None:
    events = story(tmp_path, "happy")
    assert loose_ends(events) == []
    assert incidents(events) == {}
    assert {event.outcome for event in events if event.outcome} == {"ok"}
    assert all(event.role for event in events if event.kind == "text"), "everything was understood"
    [login] = [event for event in events if event.op == "auth" and event.role == "request"]
    assert (login.signer, login.signature_ok) == (ACCOUNT, True)
    assert login.token_expires is not None
    assert 0 < login.token_expires - login.at_ns // 10**9 <= 3_600
    asked = [event for event in events if event.kind == "http_request" and event.op != "POST /auth/login"]
    assert {(event.signer, event.signature_ok) for event in asked} == {(ACCOUNT, True)}
    assert not [event for event in events if "eyJ" in (event.text or "")], "no token is left"
    wanted = [event.intent for event in events if event.op == "POST /orders" and event.role == "request"]
    assert wanted == [event.intent for event in events if event.op == "order_created"]


def test_a_careless_session_is_refused_throughout_and_each_refusal_finds_its_request(tmp_path: Path) -> None:
    events = story(tmp_path, "careless")
    # What was no JSON is no request; the venue's answer to it answers nothing that could be named.
    assert loose_ends(events) == [("error", "INVALID_REQUEST")]
    refused = [(e.op, e.channel, e.error_code) for e in events if e.outcome == "rejected"]
    assert refused == [
        ("subscribe", "orders", "AUTH_FAILED"),
        ("auth", None, "INVALID_TOKEN"),
        ("subscribe", "orders", "INSUFFICIENT_PERMISSIONS"),
        ("subscribe", "orders", "ALREADY_SUBSCRIBED"),
        ("subscribe", "candles", "INVALID_CHANNEL"),
        ("subscribe", "compliance_events", "INSUFFICIENT_PERMISSIONS"),
        ("subscribe", "market_data", "SUBSCRIPTION_ERROR"),
        ("order", None, "INVALID_REQUEST"),
        ("subscribe", None, "INVALID_REQUEST"),
        ("order", None, "MESSAGE_SIZE_EXCEEDED"),
        ("unsubscribe", "trades", "NOT_SUBSCRIBED"),
        ("POST /orders", None, "RISK_LIMIT_EXCEEDED"),
        ("POST /orders", None, "INSUFFICIENT_MARGIN"),
        ("GET /orders/{order_id}", None, "NOT_FOUND"),
    ]
    assert incidents(events).keys() == {"auth-failed", "rejected", "sent-before-auth", "duplicate-subscription"}


def test_a_hasty_bot_is_limited(tmp_path: Path) -> None:
    events = story(tmp_path, "hasty")
    codes = Counter(event.error_code for event in events if event.outcome == "rejected")
    assert codes == {"ALREADY_SUBSCRIBED": 98, "RATE_LIMITED": 21}, "auth was the first of a hundred"
    assert incidents(events)["rate-limited"] == 21
    assert incidents(events)["duplicate-subscription"] == 119


def test_a_line_that_is_cut_costs_the_login(tmp_path: Path) -> None:
    events = story(tmp_path, "forgetful", "--fault", "drop rst before reply subscribe #2")
    assert loose_ends(events) == []
    lost = [event for event in events if event.outcome == "late"]
    assert [(event.op, event.channel, event.resolved_by) for event in lost] == [
        ("subscribe", "trades", "undelivered-reply")
    ]
    assert incidents(events) == {"lost-response": 1, "disconnect": 1, "auth-failed": 2, "sent-before-auth": 1}


def test_an_order_sent_again_without_looking_is_two_orders(tmp_path: Path) -> None:
    with venue(CantonDexSetup(delays=SLOW)) as where:
        events = story(tmp_path, "impatient", *where)
    assert loose_ends(events) == []
    assert incidents(events).keys() == {"duplicate-order", "blind-retry", "lost-response"}
    first, second = (event for event in events if event.op == "POST /orders" and event.role == "request")
    assert first.intent == second.intent
    became = [(event.outcome, event.resolved_by) for event in events if event.of_seq == first.seq]
    assert became == [("unknown", "end-of-connection"), ("ok", "rest")]


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("withhold reply subscribe #1", {"lost-response"}),
        ("drop close 1012 after push order_created", {"disconnect"}),
    ],
)
def test_further_faults_leave_their_marks(tmp_path: Path, fault: str, kinds: set[str]) -> None:
    """The bot of the happy story can't bear them, and ends with an error: what was recorded is what counts."""
    events = story(tmp_path, "happy", "--fault", fault, patience=1.0, code=1)
    assert kinds <= incidents(events).keys()
    assert all(event.role for event in events if event.kind == "text")
