"""Requests on lines on which nobody was logged in."""

from __future__ import annotations

import json

import pytest
from analysis.streaming import MS, Streaming

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.venues.registry import dialect
from wsreplay.venues.rules import Rules

WITH_LOGIN = Rules(login="auth")


@pytest.fixture
def line() -> Streaming:
    line = Streaming(WITH_LOGIN)
    line.opens()
    return line


def test_who_logs_in_first_is_in_order(line: Streaming) -> None:
    line.asks("auth")
    line.replies("auth")
    line.takes("book")
    assert line.incidents() == []


def test_what_is_sent_before_the_login_is_answered_is_too_early(line: Streaming) -> None:
    login = line.asks("auth")
    early = line.asks("orders", "1")
    line.asks("orders", "2")
    answer = line.replies("auth")
    line.asks("orders", "3")
    found = line.only("sent-before-auth")
    assert (found.seq, found.certainty, found.conn) == (early.seq, "proven", 1)
    assert found.summary == (
        "The bot sent orders and 1 other request on connection 1 1 ms after its login, which was not answered yet."
    )
    assert (found.facts["sent"], found.facts["login_seq"]) == (2, login.seq)
    assert {login.seq, early.seq, answer.seq} <= set(found.evidence)


def test_a_login_that_comes_too_late_is_told_so(line: Streaming) -> None:
    line.subscribes("book")
    line.asks("auth")
    line.replies("auth")
    assert line.only("sent-before-auth").summary.endswith("on connection 1 before it logged in.")


def test_a_new_line_needs_a_new_login(line: Streaming) -> None:
    line.asks("auth")
    line.replies("auth")
    line.breaks()
    line.opens(2)
    line.asks("orders", "1", conn=2)
    found = line.only("sent-before-auth")
    assert found.conn == 2
    assert found.summary.endswith("without ever logging in there.")


def test_a_refused_login_is_none(line: Streaming) -> None:
    line.asks("auth")
    line.replies("auth", error_code="INVALID_TOKEN")
    line.asks("orders", "1")
    assert "though the venue had refused its login" in line.only("sent-before-auth").summary


def test_a_second_login_that_is_accepted_makes_it_good(line: Streaming) -> None:
    line.asks("auth")
    line.replies("auth", error_code="INVALID_TOKEN")
    line.asks("auth")
    line.replies("auth")
    line.asks("orders", "1")
    line.assert_none("sent-before-auth")


def test_heartbeats_and_what_is_not_understood_need_no_login(line: Streaming) -> None:
    line.beats("ping")
    line.beats("pong")
    line.pongs()
    line.says("client")
    line.assert_none("sent-before-auth")


def test_a_line_whose_beginning_was_not_seen_may_have_been_logged_in() -> None:
    line = Streaming(WITH_LOGIN)
    line.asks("orders", "1")
    line.assert_none("sent-before-auth")


def test_a_gap_may_have_held_the_login(line: Streaming) -> None:
    line.misses()
    line.asks("orders", "1")
    assert line.only("sent-before-auth").certainty == "possible"


def test_a_venue_without_a_login_asks_for_none() -> None:
    line = Streaming()
    line.opens()
    line.asks("orders", "1")
    line.assert_none("sent-before-auth")


def stranger(*said: tuple[str, object]) -> list[Incident]:
    """What is found where nobody knows the venue."""
    opened = {"kind": "open", "sender": "client", "text": json.dumps({"url": "wss://venue.example/", "status": 101})}
    rows = [opened, *({"kind": "text", "sender": who, "text": json.dumps(what)} for who, what in said)]
    decoder, events = Decoder(dialect("generic")), []
    for seq, row in enumerate(rows, 1):
        times = {"at_ns": seq * MS, "mono_ns": seq * MS, "first_mono_ns": seq * MS, "relay_ns": 1}
        events += decoder.see(Event(seq=seq, conn=1, **times, **row))  # type: ignore[arg-type]
    return [each for each in incidents_in(events) if each.kind == "sent-before-auth"]


def test_of_a_stranger_only_a_refusal_before_an_accepted_login_shows_it() -> None:
    early = ("client", {"op": "orders", "id": 1})
    refused = ("venue", {"op": "orders", "id": 1, "error": {"code": 401, "message": "log in first"}})
    login, accepted = ("client", {"op": "login", "id": 2}), ("venue", {"op": "login", "id": 2, "success": True})
    (found,) = stranger(early, refused, login, accepted)
    assert (found.certainty, found.seq) == ("possible", 2)
    assert stranger(early, ("venue", {"op": "orders", "id": 1, "result": []}), login, accepted) == []
    assert stranger(early, refused) == []
    assert stranger(login, accepted, early, refused) == []
