"""Scenarios by name: each does to a bot what it says, whatever the venue calls its orders."""

from __future__ import annotations

import time
from pathlib import Path

from testing.async_bot import WARM_UP, create
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from wsreplay.testing.marks import Scene
from wsreplay.testing.scenarios import scenario_file, scenarios
from wsreplay.testing.session import Session


def met(tmp_path: Path, name: str) -> tuple[str, Session]:
    """What a bot with one order meets: how it ended for it, and the session."""

    async def client() -> str:
        async with connect(ours.url, proxy=None) as line:
            began = time.monotonic()
            try:
                reply = await create(line, WARM_UP)
                took = time.monotonic() - began
                await line.recv()
            except ConnectionClosed as closed:
                return f"closed {closed.rcvd.code if closed.rcvd else 'without a word'}"
            return f"answered in {took:.1f} s: {reply['ok']}"

    ours = Session(Scene(venue="reya", faults=(str(scenario_file(name)),)), tmp_path)
    try:
        return ours.play(client, limit_s=60), ours
    except RuntimeError:
        return "waits", ours


def test_in_flight_the_line_is_cut_and_the_order_stands(tmp_path: Path) -> None:
    told, ours = met(tmp_path, "disconnect-in-flight")
    assert told == "closed without a word"
    ours.assert_incident("lost-response")
    ours.assert_outcome("createOrder", "late", client_order_id=WARM_UP.client_order_id)


def test_a_lost_response_leaves_the_bot_waiting_on_a_line_that_lives(tmp_path: Path) -> None:
    told, ours = met(tmp_path, "lost-response")
    assert told == "waits"
    ours.assert_incident("lost-response")
    ours.assert_outcome("createOrder", "late", client_order_id=WARM_UP.client_order_id)


def test_a_server_that_shuts_down_says_so(tmp_path: Path) -> None:
    told, ours = met(tmp_path, "server-shutdown")
    assert told == "closed 1012"
    ours.assert_outcome("createOrder", "ok")


def test_a_slow_venue_takes_its_time(tmp_path: Path) -> None:
    told, ours = met(tmp_path, "slow-venue")
    assert told == "waits", "for more than the reply"
    (reply,) = [event for event in ours.events if event.role == "reply"]
    assert reply.relay_ns is not None
    assert reply.relay_ns >= 8_000_000_000


def test_what_happens_on_the_line_alone_is_offered_and_what_a_bot_does_alone_is_not() -> None:
    assert {"disconnect-in-flight", "lost-response", "server-shutdown", "slow-venue"} <= set(scenarios())
    assert not {"duplicate-request-id", "extra-pong", "stale-nonce"} & set(scenarios())
