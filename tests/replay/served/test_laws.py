"""Whoever repeats a recording hears it again: every message once, in the recorded order of its line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from captures.recorded import transcripts
from hypothesis import given, settings
from hypothesis import strategies as st
from replay.recording import MS, Recording
from replay.served.client import AT_ONCE, Served

from wsreplay.captures.event import Event
from wsreplay.venues.gateway import Knock

OPS = ("place", "cancel", "status", "hello")


@st.composite
def sessions(draw: st.DrawFn, *, pipelined: bool = True) -> list[Event]:
    """``pipelined``: whether a client asks again before it has its answer."""
    session = Recording("generic")
    waiting: list[tuple[int, dict[str, Any]]] = []
    channels: dict[int, list[str]] = {}
    lines = draw(st.integers(1, 3))
    for conn in range(1, lines + 1):
        session.open(conn)
        channels[conn] = []
    for number in range(draw(st.integers(1, 25))):
        # Of two things in the same nanosecond nobody can say which a live client is to do first.
        session.wait(draw(st.integers(1, 50)))
        conn = draw(st.integers(1, lines))
        may_ask = pipelined or not waiting
        match draw(st.sampled_from(["ask", "ask", "answer", "push", "subscribe", "news"])):
            case "ask" if may_ask:
                op = draw(st.sampled_from(OPS))
                asked: dict[str, Any] = {"op": op, "id": f"r{number}"}
                if op == "place":
                    qty = draw(st.sampled_from(["1", "2"]))
                    asked |= {
                        "symbol": "BTC",
                        "side": "buy",
                        "qty": qty,
                        "price": "100",
                        "client_order_id": f"c{number}",
                    }
                session.say(json.dumps(asked), conn)
                waiting.append((conn, asked))
            case "answer" if waiting:
                at = draw(st.integers(0, len(waiting) - 1))
                conn, asked = waiting.pop(at)
                said: dict[str, Any] = {"id": asked["id"], "result": {"status": "ok", "n": number}}
                if asked["op"] == "place":
                    said["result"]["order_id"] = f"venue-order-{number}"
                session.hear(json.dumps(said), conn)
            case "subscribe" if may_ask:
                channel = f"trades.{number}"
                channels[conn].append(channel)
                session.say(json.dumps({"op": "subscribe", "id": f"s{number}", "channel": channel}), conn)
            case "push" if channels[conn]:
                channel = draw(st.sampled_from(channels[conn]))
                session.hear(json.dumps({"channel": channel, "data": {"price": number}}), conn)
            case _:
                session.hear(json.dumps({"type": "news", "text": f"number {number}"}), conn)
    return session.events()


def repeated(events: list[Event], served: Served, late_ms: Callable[[], float] = lambda: 0, pace: float = 1.0) -> None:
    """Do what the recorded client did, ``late_ms`` later each time, and never before having heard what that had."""
    conns: dict[int, int] = {}
    heard: dict[int, int] = {}
    last_ns: int | None = None
    for event in (event for event in events if event.part == 0):
        conn = event.conn or 0
        if last_ns is not None:
            served.wait((event.mono_ns - last_ns) / MS * pace)
        last_ns = event.mono_ns
        if event.kind == "open":
            conns[conn], heard[conn] = served.open(), 0
        elif event.sender == "venue":
            heard[conn] += 1
        else:
            served.wait(late_ms())
            for line, number in heard.items():
                while len(served.heard[conns[line]]) < number:
                    assert served.venue.next_ns is not None, "it waits for what never comes"
                    served.wait((served.venue.next_ns - served.now_ns) / MS)
            served.send(conns[conn], event.text or "")
    served.wait(60_000)


def said(events: list[Event]) -> dict[int, list[str | bytes]]:
    lines: dict[int, list[str | bytes]] = {}
    for event in events:
        if event.kind == "open":
            lines[event.conn or 0] = []
        elif event.sender == "venue" and event.part == 0:
            lines[event.conn or 0].append(event.text or "")
    return lines


@settings(max_examples=300, deadline=None)
@given(sessions())
def test_who_repeats_a_recording_hears_every_message_once_and_in_order(events: list[Event]) -> None:
    served = Served(events, "generic")
    repeated(events, served)
    assert served.heard == said(events)
    assert served.told == []


@settings(max_examples=300, deadline=None)
@given(sessions(pipelined=False), st.lists(st.integers(0, 300), min_size=1))
def test_so_does_a_client_that_is_slower_than_the_recorded_one(events: list[Event], delays: list[int]) -> None:
    served = Served(events, "generic")
    late = itertools.cycle(delays)
    repeated(events, served, lambda: next(late))
    assert served.heard == said(events)


@settings(max_examples=300, deadline=None)
@given(sessions(pipelined=False))
def test_so_does_one_that_is_as_fast_as_it_can_if_the_venue_is_too(events: list[Event]) -> None:
    served = Served(events, "generic", speed=AT_ONCE)
    repeated(events, served, pace=0)
    assert served.heard == said(events)


@settings(max_examples=300, deadline=None)
@given(sessions())
def test_who_does_not_wait_for_answers_hears_every_message_once_all_the_same(events: list[Event]) -> None:
    served = Served(events, "generic", speed=AT_ONCE)
    conns: dict[int, int] = {}
    for event in (event for event in events if event.part == 0):
        if event.kind == "open":
            conns[event.conn or 0] = served.open()
        elif event.sender == "client":
            served.send(conns[event.conn or 0], event.text or "")
    served.wait(60_000)
    assert {conn: sorted(map(str, heard)) for conn, heard in served.heard.items()} == {
        conn: sorted(map(str, heard)) for conn, heard in said(events).items()
    }


@settings(max_examples=200, deadline=None)
@given(sessions(), st.data())
def test_who_leaves_something_out_hears_nothing_that_was_not_said_and_all_its_answers(
    events: list[Event], data: st.DataObject
) -> None:
    asked = [event.seq for event in events if event.sender == "client" and event.kind == "text" and event.part == 0]
    left_out = set(data.draw(st.lists(st.sampled_from(asked), unique=True))) if asked else set()
    kept = [event for event in events if event.seq not in left_out]
    served = Served(events, "generic")
    conns: dict[int, int] = {}
    sent: list[str] = []
    for event in (event for event in kept if event.part == 0):
        if event.kind == "open":
            conns[event.conn or 0] = served.open()
        elif event.sender == "client":
            sent.append(json.loads(event.text or "")["id"])
            served.send(conns[event.conn or 0], event.text or "")
            served.wait(10)
    served.wait(3_600_000)
    everything = [str(each) for heard in served.heard.values() for each in heard]
    assert len(everything) == len(set(everything)), "something was said twice"
    news = [text for text in everything if "result" not in text]
    assert set(news) <= {str(text) for texts in said(events).values() for text in texts}
    answered = [json.loads(text)["id"] for text in everything if "result" in text]
    assert len(answered) == len(set(answered))
    assert set(answered) <= set(sent)


@settings(max_examples=300, deadline=None)
@given(
    transcripts(),
    st.lists(st.text(max_size=30) | st.binary(max_size=10), max_size=4),
    st.sampled_from(["generic", "reya"]),
)
def test_no_capture_and_no_message_is_too_strange(events: list[Event], sent: list[str | bytes], venue: str) -> None:
    served = Served(events, venue)
    for target in ("/", "/ws?a=b"):
        if served.venue.admit(Knock(target=target), served.now_ns) is not None:
            continue
        conn = served.open(target)
        for payload in sent:
            if conn not in served.ends:
                served.send(conn, payload)
        served.wait(10_000)
    served.ask("/v1/time")
    served.wait(10_000)
