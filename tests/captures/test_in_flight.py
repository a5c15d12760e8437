from __future__ import annotations

from time import process_time

import pytest
from captures.conversation import Conversation

from wsreplay.captures import in_flight
from wsreplay.captures.event import Event
from wsreplay.captures.in_flight import InFlight, Request


def waiting(*events: Event) -> tuple[InFlight[Request], list[Request]]:
    table: InFlight[Request] = InFlight()
    requests = [Request(event, reached_venue=True) for event in events]
    for request in requests:
        table.add(request)
    return table, requests


def test_it_counts_and_lists_what_waits_in_the_order_it_was_sent() -> None:
    talk = Conversation()
    table, requests = waiting(talk.event(key="b"), talk.event(op="sub"), talk.event(key="a"))
    assert len(table) == 3
    assert list(table) == requests
    table.remove(requests[1])
    assert list(table) == [requests[0], requests[2]]


def test_removing_twice_is_harmless() -> None:
    table, [request] = waiting(Conversation().event(key="a"))
    table.remove(request)
    table.remove(request)
    assert not len(table)


def test_oldest_and_newest_of_one_key() -> None:
    talk = Conversation()
    table, requests = waiting(*(talk.event(key="a") for _ in range(3)))
    reply = talk.event(key="a")
    assert table.find(reply, "oldest") is requests[0]
    assert table.find(reply, "newest") is requests[2]
    table.remove(requests[1])
    table.remove(requests[2])
    assert table.find(reply, "newest") is requests[0]


def test_oldest_and_newest_of_one_kind() -> None:
    talk = Conversation()
    table, requests = waiting(*(talk.event(op="sub", channel="c") for _ in range(3)))
    reply = talk.event(op="sub", channel="c")
    assert table.find(reply, "oldest") is requests[0]
    assert table.find(reply, "newest") is requests[2]


def test_what_is_about_no_request_finds_none() -> None:
    talk = Conversation()
    table, _ = waiting(talk.event(op="sub"), talk.event(op="sub", key="a"))
    for reply in (talk.event(role="error", op="error"), talk.event(role="error", key="a"), talk.event(op="sub")):
        assert table.find(reply, "none") is None
        assert table.find(reply, "oldest") is not None


def test_the_oldest_is_given_up_on_when_the_table_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_flight, "LIMIT", 2)
    talk = Conversation()
    table, requests = waiting(talk.event(key="a"), talk.event(op="sub"))
    more = Request(talk.event(key="b"), reached_venue=True)
    assert table.add(more) is requests[0]
    assert list(table) == [requests[1], more]
    assert table.find(talk.event(key="a"), "oldest") is None


@pytest.mark.parametrize("key", ["distinct", "same", None])
def test_a_step_costs_the_same_however_many_wait(key: str | None) -> None:
    """Ten times as many may not cost fifty times as much; a step that looks at all others would make it a hundred."""

    def seconds(count: int) -> float:
        talk = Conversation()
        events = [talk.event(key=str(n) if key == "distinct" else key, op="sub", channel="c") for n in range(count)]
        began = process_time()
        table, _ = waiting(*events)
        for event in events:
            found = table.find(event, "oldest")
            assert found is not None
            table.remove(found)
        return process_time() - began

    few = min(seconds(4_000) for _ in range(3))
    many = min(seconds(40_000) for _ in range(2))
    assert many < 50 * few
